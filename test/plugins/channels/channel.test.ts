import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { type Channel, channelOf, wants } from '../../../plugins/channels/channel.ts';
import type { ChannelEntry } from '../../../plugins/channels/check.ts';
import { mailOf } from '../../../plugins/channels/email.ts';
import type { Parcel } from '../../../plugins/channels/parcel.ts';
import type { Notice } from '../../../plugins/shared/notice.ts';
import { type Sink, startSink } from '../../support/sink.ts';
import { fences, read } from '../../support/source.ts';

/** The notice of docs/channels.md. */
const notice: Notice = {
  id: 'budget_exceeded:2f1a0c9be4d75f6a8b30c1d2',
  event: 'budget_exceeded',
  severity: 'critical',
  resolves: false,
  key: 'budget_exceeded:9c0e4b7a1d2f3c5e6a8b9d01',
  title: 'Budget backend of agent coder is used up',
  text: '9.98 of 10 US dollars are spent. Requests for which it has no room are refused. It begins anew at 2027-02-01T00:00:00.000Z.',
  at: '2027-01-31T12:00:00.000Z',
  data: { budget: 'backend', subject: { agent: 'coder' }, spent: '9.98', limit: '10' },
  notify: [],
  tenant: null,
};
const parcel: Parcel = {
  id: '5b1f0e7c9a2d4f6e8b3c1a0d7e9f2b4c',
  notice,
  at: Date.parse(notice.at),
  dashboard: 'https://spy.example.com',
};
const USUAL = { events: [], min_severity: 'info', allow_private: true, timeout: 2000 } as const;
const SECRET = 'a-secret-of-a-webhook';
const documented = fences(read('docs/channels.md'), 'json').map((text) => JSON.parse(text) as object);

describe('a channel', () => {
  let sink: Sink;
  beforeEach(async () => {
    sink = await startSink();
  });
  afterEach(() => sink.close());

  const channel = (entry: Partial<ChannelEntry>): Channel =>
    channelOf('c', { ...USUAL, url: `${sink.url}/hook/abcd1234`, ...entry } as ChannelEntry);
  const bodies = () => sink.posted.map(({ body }) => JSON.parse(body) as Record<string, never>);
  const resolved: Parcel = { ...parcel, notice: { ...notice, resolves: true } };

  describe('of Slack', () => {
    const slack = () => channel({ type: 'slack' });

    it('posts what the document says', async () => {
      expect(await slack().send(parcel)).to.eql({ sent: true, status: 200 });
      expect(bodies()).to.eql([documented[0]]);
      expect(sink.posted[0]).to.include({ path: '/hook/abcd1234' });
      expect(sink.posted[0]!.headers).to.include({
        'content-type': 'application/json',
        'user-agent': 'token-spy',
        'idempotency-key': parcel.id,
      });
    });

    it('calls nobody and links nowhere by a name', async () => {
      const evil = '<!channel> & <http://evil|here>';
      await slack().send({ ...parcel, notice: { ...notice, title: evil, text: evil, data: { [evil]: evil } } });
      const text = sink.posted[0]!.body;
      expect(text).to.include('&lt;!channel&gt; &amp; &lt;http://evil|here&gt;').and.not.include('<!channel');
      expect(text.match(/</g), 'our own link').to.have.length(1);
    });

    it('stays within what Slack takes', async () => {
      const long = '<&>'.repeat(3000);
      const data = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${long}${n}`, long]));
      await slack().send({ ...parcel, notice: { ...notice, title: long, text: long, data } });
      const [body] = bodies() as unknown as [{ blocks: { text?: { text: string }; fields?: { text: string }[] }[] }];
      expect(body.blocks[0]!.text!.text.length).to.be.within(2000, 3000);
      expect(body.blocks[1]!.fields).to.have.length(10);
      for (const { text } of body.blocks[1]!.fields!) expect(text.length).to.be.below(2000);
      expect(JSON.stringify(body)).to.not.match(/&(?!amp;|lt;|gt;)/);
    });

    it('knows what is no success, though it says 200', async () => {
      sink.next(
        { body: 'invalid_payload' },
        { body: '{"ok":false,"error":"channel_is_archived"}' },
        { body: '<html>Please log in</html>' },
        { body: '{"ok":true}' },
        { body: '{"success":true}' },
        { status: 404, body: 'no_service' },
        { status: 500, body: `https://hooks.slack.com/services/${SECRET}` },
        { status: 429, headers: { 'retry-after': '30' } },
      );
      const outcomes: object[] = [];
      for (let n = 0; n < 8; n++) outcomes.push(await slack().send(parcel));
      const no = (error: string, more: object) => ({
        sent: false,
        status: 200,
        again: true,
        after: null,
        ...more,
        error,
      });
      expect(outcomes).to.eql([
        no('it answered 200, but not ok: invalid_payload', {}),
        no('it answered 200, but not ok: channel_is_archived', {}),
        no('it answered 200, but not ok', {}),
        { sent: true, status: 200 },
        { sent: true, status: 200 },
        no('it answered 404: no_service', { status: 404, again: false }),
        no('it answered 500', { status: 500 }),
        no('it answered 429', { status: 429, after: 30_000 }),
      ]);
    });
  });

  describe('of Discord', () => {
    const discord = () => channel({ type: 'discord' });

    it('posts what the document says, and waits for the message', async () => {
      sink.next({ body: '{"id":"1","content":""}' }, { status: 204 });
      expect(await discord().send(parcel)).to.eql({ sent: true, status: 200 });
      expect(bodies()).to.eql([documented[1]]);
      expect(sink.posted[0]!.path).to.equal('/hook/abcd1234?wait=true');
      expect(await discord().send(parcel)).to.eql({ sent: true, status: 204 });
    });

    it('leaves names as they are, and is green when it is over', async () => {
      const evil = '@everyone [x](http://evil) **b** `c`';
      await discord().send({ ...resolved, notice: { ...resolved.notice, text: evil } });
      const [{ embeds, allowed_mentions }] = bodies() as unknown as [
        { embeds: { description: string; title: string; color: number }[]; allowed_mentions: object },
      ];
      expect(allowed_mentions).to.eql({ parse: [] });
      expect(embeds[0]!.description).to.equal('@everyone \\[x\\]\\(http://evil\\) \\*\\*b\\*\\* \\`c\\`');
      expect(embeds[0]).to.deep.include({
        color: 0x16a34a,
        title: 'Resolved: Budget backend of agent coder is used up',
      });
    });

    it('stays within what Discord takes', async () => {
      const long = '*[x]'.repeat(2000);
      const data = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}${long}`, long]));
      await discord().send({ ...parcel, notice: { ...notice, title: long, text: long, data } });
      type Embed = { title: string; description: string; fields: { name: string; value: string }[] };
      const [{ embeds }] = bodies() as unknown as [{ embeds: [Embed] }];
      const [{ title, description, fields }] = embeds;
      expect(title.length).to.be.within(100, 256);
      expect(description.length).to.be.within(1000, 4096);
      expect(fields).to.have.length(10);
      const all = fields.reduce((sum, { name, value }) => sum + name.length + value.length, title.length);
      expect(all + description.length + 100).to.be.below(6000);
    });

    it('keeps the number of a fault, and its wait', async () => {
      sink.next(
        { status: 400, body: '{"code":50006,"message":"Cannot send an empty message"}' },
        { status: 429, body: '{"message":"You are being rate limited.","retry_after":0.65,"global":false}' },
        { body: '{"code":10015,"message":"Unknown Webhook"}' },
      );
      expect(await discord().send(parcel)).to.include({ error: 'it answered 400: error 50006', again: false });
      expect(await discord().send(parcel)).to.include({ status: 429, after: 650, again: true });
      expect(await discord().send(parcel)).to.include({ sent: false, error: 'it answered 200, but error 10015' });
    });
  });

  describe('of PagerDuty', () => {
    const pagerduty = () => channel({ type: 'pagerduty', routing_key: 'ROUTING_KEY' });
    const accepted = { status: 202, body: '{"status":"success","message":"Event processed","dedup_key":"k"}' };

    it('triggers and resolves as the document says', async () => {
      sink.always(accepted);
      expect(await pagerduty().send(parcel)).to.eql({ sent: true, status: 202 });
      expect(await pagerduty().send(resolved)).to.eql({ sent: true, status: 202 });
      expect(bodies()).to.eql([documented[2], documented[3]]);
    });

    it('stays within what PagerDuty takes, and tells long incidents apart', async () => {
      sink.always(accepted);
      for (const end of ['a', 'b'])
        await pagerduty().send({
          ...parcel,
          notice: { ...notice, key: `${'k'.repeat(300)}${end}`, title: 't'.repeat(2000) },
        });
      const [one, other] = bodies() as unknown as { dedup_key: string; payload: { summary: string } }[];
      expect(one!.payload.summary.length).to.equal(1024);
      expect(one!.dedup_key.length).to.be.below(256);
      expect(one!.dedup_key).to.not.equal(other!.dedup_key);
    });

    it('knows what is no success, though it was accepted', async () => {
      sink.next(
        { status: 202, body: '{"status":"invalid event","message":"Event object is invalid"}' },
        { status: 200 },
        { status: 400, body: '{"status":"invalid event","message":"...","errors":["routing_key ROUTING_KEY is bad"]}' },
      );
      expect(await pagerduty().send(parcel)).to.include({
        sent: false,
        error: 'it answered 202, but not success: invalid event',
      });
      expect(await pagerduty().send(parcel)).to.include({ sent: false, error: 'it answered 200, but not success' });
      expect(await pagerduty().send(parcel)).to.include({ error: 'it answered 400: invalid event', again: false });
    });

    it('goes to PagerDuty unless another address is given', () => {
      const { target } = channelOf('c', { ...USUAL, type: 'pagerduty', routing_key: 'R0123456789abcdef' });
      expect(target).to.equal('events.pagerduty.com …cdef');
    });
  });

  describe('of one’s own', () => {
    const webhook = (more: Partial<ChannelEntry> = {}) => channel({ type: 'webhook', secret: SECRET, ...more });

    it('posts what the document says, signed', async () => {
      expect(await webhook({ headers: { Authorization: 'Bearer own' } }).send(parcel)).to.eql({
        sent: true,
        status: 200,
      });
      expect(bodies()).to.eql([documented[4]]);
      const [{ headers, body }] = sink.posted as [Sink['posted'][number]];
      const at = String(Date.parse(notice.at) / 1000);
      const signature = createHmac('sha256', SECRET).update(`${parcel.id}.${at}.${body}`).digest('base64');
      expect(headers).to.include({
        authorization: 'Bearer own',
        'webhook-id': parcel.id,
        'webhook-timestamp': at,
        'webhook-signature': `v1,${signature}`,
        'idempotency-key': parcel.id,
        'user-agent': 'token-spy',
        'content-type': 'application/json',
      });
    });

    it('is taken by the receiver of the document, and what was changed is not', async () => {
      const [code = ''] = fences(read('docs/channels.md'), 'js');
      const { isFromTokenSpy } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
        isFromTokenSpy(headers: object, body: string, secret: string): boolean;
      };
      await webhook().send({ ...parcel, at: Date.now() });
      const [{ headers, body }] = sink.posted as [Sink['posted'][number]];
      expect(isFromTokenSpy(headers, body, SECRET)).to.equal(true);
      expect(isFromTokenSpy(headers, body.replace('coder', 'other'), SECRET)).to.equal(false);
      expect(isFromTokenSpy({ ...headers, 'webhook-id': 'x' }, body, SECRET)).to.equal(false);
      expect(isFromTokenSpy({ ...headers, 'webhook-timestamp': '1' }, body, SECRET)).to.equal(false);
      expect(isFromTokenSpy(headers, body, `${SECRET}.`)).to.equal(false);
    });

    it('is signed with the bytes behind whsec_', async () => {
      const bytes = Buffer.from('0123456789abcdef01234567');
      await webhook({ secret: `whsec_${bytes.toString('base64')}` }).send(parcel);
      const { headers, body } = sink.posted[0]!;
      const content = `${parcel.id}.${headers['webhook-timestamp']}.${body}`;
      expect(headers['webhook-signature']).to.equal(
        `v1,${createHmac('sha256', bytes).update(content).digest('base64')}`,
      );
    });

    it('takes any success, and no redirect', async () => {
      sink.next(
        { status: 204 },
        { status: 201, body: 'x' },
        { status: 302, headers: { location: sink.url } },
        { status: 410 },
      );
      expect(await webhook().send(parcel)).to.eql({ sent: true, status: 204 });
      expect(await webhook().send(parcel)).to.eql({ sent: true, status: 201 });
      expect(await webhook().send(parcel)).to.include({
        error: 'it leads elsewhere (302), and redirects are not followed',
        again: false,
      });
      expect(await webhook().send(parcel)).to.include({ sent: false, status: 410, again: false });
      expect(sink.posted).to.have.length(4);
    });
  });

  it('by mail says what the document says', () => {
    const { text } = mailOf(parcel, 'spy@example.com');
    expect(`${text}\n`).to.equal(fences(read('docs/channels.md'), 'text')[0]);
  });

  it('shows where it leads by the host and four characters', () => {
    expect(channel({ type: 'slack' }).target).to.equal('127.0.0.1 …1234');
    const mail = { type: 'email', smtp: 'smtp://u:p@mail.example.com:587', from: 'a@b.c', to: ['x@y.z'] } as const;
    expect(channel(mail).target).to.equal('mail.example.com, 1 recipient');
  });

  it('wants what names it, or else what it hears of, if that is serious enough', () => {
    const quiet = channel({ type: 'slack', events: ['budget_exceeded'], min_severity: 'warning' });
    const asks = (more: Partial<Notice>) => wants(quiet, { ...notice, ...more });
    expect(asks({})).to.equal(true);
    expect(asks({ severity: 'info' })).to.equal(false);
    expect(asks({ event: 'pause' })).to.equal(false);
    expect(asks({ event: 'budget_exceeded.again' })).to.equal(true);
    expect(asks({ event: 'alert', notify: ['c'] })).to.equal(true);
    expect(asks({ event: 'budget_exceeded.again' }), 'the kind stands before the dot').to.equal(true);
    expect(asks({ notify: ['other'] })).to.equal(false);
    expect(asks({ event: 'alert', notify: ['c'], severity: 'info' })).to.equal(false);
  });
});

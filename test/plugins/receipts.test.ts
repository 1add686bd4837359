import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { send } from '../support/client.ts';
import { type Stage, setStage } from '../support/play.ts';
import { json } from '../support/script.ts';

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
/** Longer than what is hashed at once, and than what is copied for another thread. */
const LONG = [150_000, 3_000_000];

describe('plugins/receipts', () => {
  let stage: Stage;
  before(async () => {
    stage = await setStage({
      plugins: 'receipts, identity, roles, teller, include-usage, usage',
      files: {
        'teller.js': `export default { summary: 'Tells.', setup: () => ({ onRequest(x) {
          if (x.request.header('x-refuse')) return x.refuse(429, 'too_much', 'Not now.');
          if (x.request.header('x-answer')) return x.answer('{}');
          if (x.request.header('x-break')) throw new Error('broken');
          if (x.request.header('x-note')) {
            x.note('teller', 'looked', { agents: 2, usd: '0.01', so: true, else: null });
            x.onFinish(() => x.note('teller', 'saw it end'));
          }
        } }) };`,
      },
      yaml: 'routes: [{ name: small, match: { model: "big" }, targets: [{ provider: openai, model: gpt-4.1-nano }] }]\n',
    });
  });
  after(() => stage.close());

  it('proves that a body left as it came', async () => {
    const request = '{"model":"gpt-4o-mini",  "messages":[{"role":"user","content":"Zürich"}]}';
    const { record, received } = await stage.play({ request });
    expect(record.receipt).to.deep.equal({ body_in: sha256(request), body_out: sha256(request), decisions: [] });
    expect(sha256(received!.body)).to.equal(record.receipt!.body_out);
  });

  it('hashes what left where it was rewritten, by a plugin or a route', async () => {
    const rewritten = '{"messages":[{"role":"developer","content":"x"}],"model":"gpt-4o-mini"}';
    const { record, received } = await stage.play({ request: rewritten });
    expect(record.receipt).to.include({ body_in: sha256(rewritten), body_out: sha256(received!.body) });
    expect(record.receipt!.body_in).not.to.equal(record.receipt!.body_out);
    expect(record.receipt!.decisions.map(({ by, what }) => [by, what])).to.deep.equal([['roles', 'renamed']]);
    const routed = '{"messages":[],"model":"big"}';
    const renamed = await stage.play({ request: routed });
    expect(renamed.received!.json.model).to.equal('gpt-4.1-nano');
    expect(renamed.record.receipt).to.include({ body_in: sha256(routed), body_out: sha256(renamed.received!.body) });
  });

  it('hashes what left in the end, where it was sent more than once', async () => {
    const refused = json({ error: { message: 'Unknown parameter: stream_options' } }, { status: 400 });
    const request = '{"model":"gpt-4o-mini","stream":true,"messages":[]}';
    const { record, received, times } = await stage.play({ request, upstream: [refused, json({ id: 'a' })] });
    expect(times).to.equal(2);
    expect(record.attempts).to.have.lengthOf(2);
    expect(sha256(received!.body)).to.equal(record.receipt!.body_out);
    expect(record.receipt!.decisions.map(({ what }) => what)).to.deep.equal(['added', 'taken_back']);
  });

  it('hashes compressed bodies as they came and left', async () => {
    const body = gzipSync('{"model":"gpt-4o-mini","messages":[]}');
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await send({ url: `${stage.running.url}/v1/chat/completions`, body, headers });
    const record = await stage.running.row(String(answer.headers['x-token-spy-id']));
    const received = stage.upstream.received.at(-1);
    expect(received!.body.equals(body)).to.equal(true);
    expect(record.receipt).to.include({ body_in: sha256(body), body_out: sha256(body) });
  });

  it('has the hashes of long bodies in the row, too', async () => {
    for (const length of LONG) {
      const request = JSON.stringify({ model: 'big', messages: [{ role: 'user', content: 'a'.repeat(length) }] });
      const { record, received } = await stage.play({ request });
      expect(record.receipt).to.include({ body_in: sha256(request), body_out: sha256(received!.body) });
    }
  });

  it('has no hash of what never left, of no body, and of what passes from socket to socket', async () => {
    const request = '{"model":"m"}';
    const { record } = await stage.play({ request, headers: { 'x-refuse': '1' } });
    expect(record.receipt).to.include({ body_in: sha256(request), body_out: null });
    const unread = await stage.play({ path: '/v1/files', request: 'a,b', headers: { 'content-type': 'text/csv' } });
    expect(unread.received!.body.toString()).to.equal('a,b');
    expect(unread.record.receipt).to.include({ body_in: null, body_out: null });
  });

  it('keeps what plugins decided in the order of time, and who refused, answered or failed', async () => {
    const { record } = await stage.play({ headers: { 'x-note': '1' } });
    const { decisions } = record.receipt!;
    expect(decisions.map(({ by, what, facts }) => ({ by, what, facts }))).to.deep.equal([
      { by: 'teller', what: 'looked', facts: { agents: 2, usd: '0.01', so: true, else: null } },
      { by: 'teller', what: 'saw it end', facts: undefined },
    ]);
    expect(decisions[0]!.at_ms).to.be.at.most(decisions[1]!.at_ms);
    const of = async (header: string) => {
      const played = await stage.play({ headers: { [header]: '1' } });
      return played.record.receipt!.decisions.map(({ by, what, facts }) => ({ by, what, ...facts }));
    };
    expect(await of('x-refuse')).to.deep.equal([{ by: 'teller', what: 'refused', status: 429, code: 'too_much' }]);
    expect(await of('x-answer')).to.deep.equal([{ by: 'teller', what: 'answered', status: 200 }]);
    expect(await of('x-break')).to.deep.equal([{ by: 'teller', what: 'refused', status: 500, code: 'plugin_failed' }]);
  });
});

describe('without plugins/receipts', () => {
  it('a row has no receipt', async () => {
    const stage = await setStage({ plugins: 'identity, usage' });
    try {
      expect((await stage.play()).record.receipt).to.equal(null);
    } finally {
      await stage.close();
    }
  });
});

import { expect } from 'chai';
import { draw } from '../../support/drafts.ts';

/** A channel in a whole file, and what is said of it. */
async function complaintOf(entry: string): Promise<string> {
  const yaml = `plugins: [history, identity, channels]\nchannels:\n  ops: ${entry}\n`;
  return draw(yaml).then(
    () => '',
    (error: Error) => error.message,
  );
}

const GOOD = [
  '{ type: slack, url: "https://hooks.slack.com/services/T0/B0/abc" }',
  '{ type: discord, url: "https://discord.com/api/webhooks/1/abc", events: [pause, alert], min_severity: critical }',
  '{ type: pagerduty, routing_key: R0123456789 }',
  '{ type: pagerduty, routing_key: R0123456789, url: "https://events.eu.pagerduty.com/v2/enqueue" }',
  '{ type: email, smtp: "smtps://u:p%40@mail.example.com", from: "Spy <spy@example.com>", to: [a@b.example] }',
  '{ type: webhook, url: "https://h.example/x", secret: 0123456789abcdef, headers: { authorization: Bearer x } }',
  '{ type: webhook, url: "http://127.0.0.1:8080/x", secret: 0123456789abcdef, allow_private: true, timeout: 30s }',
  '{ type: slack, url: "http://mattermost.internal/hooks/x", allow_private: true }',
];

const SECRET = 'T0SECRETB0SECRETabcdef0123';
const BAD: readonly [entry: string, said: string][] = [
  ['{ url: "https://x.example" }', 'channels.ops has no type; add it'],
  [
    '{ type: slak, url: "https://x.example" }',
    'channels.ops.type must be slack, discord, email, pagerduty or webhook, not slak; did you mean slack?',
  ],
  ['{ type: slack }', 'channels.ops is of type slack and has no url; add it'],
  ['{ type: pagerduty }', 'channels.ops is of type pagerduty and has no routing_key; add it'],
  ['{ type: webhook, url: "https://x.example" }', 'channels.ops is of type webhook and has no secret; add it'],
  [
    '{ type: webhook, url: "https://x.example", secret: "" }',
    'channels.ops.secret is empty; give it a value or remove the key',
  ],
  [
    '{ type: webhook, url: "https://x.example", secret: short }',
    'channels.ops.secret is too short; 16 characters are the least',
  ],
  [
    '{ type: webhook, url: "https://x.example", secret: "whsec_no base64 here" }',
    'channels.ops.secret begins with whsec_, so the rest must be base64',
  ],
  [
    '{ type: webhook, url: "https://x.example", secret: "whsec_QUJDREVGR0g=" }',
    'channels.ops.secret is too short; 16 bytes are the least behind whsec_',
  ],
  ['{ type: email, from: a@b.c, to: [a@b.c] }', 'channels.ops is of type email and has no smtp; add it'],
  ['{ type: slack, url: "https://x.example", routing_key: abc }', 'channels.ops.routing_key is nothing of type slack'],
  ['{ type: slack, url: "https://x.example", webhook_url: abc }', 'channels.ops.webhook_url is not known'],
  ['{ type: slack, url: "https://x.example", events: [budgets_exceeded] }', 'did you mean budget_exceeded?'],
  ['{ type: slack, url: "" }', 'channels.ops.url is empty; give it a value or remove the key'],
  [
    `{ type: slack, url: "${SECRET}" }`,
    'channels.ops.url is no address; write all of it, such as https://hooks.example.com/abc',
  ],
  [`{ type: slack, url: "http://hooks.slack.com/${SECRET}" }`, 'channels.ops.url must begin with https://'],
  [
    `{ type: slack, url: "ftp://x.example/${SECRET}", allow_private: true }`,
    'channels.ops.url must begin with https://',
  ],
  [
    `{ type: webhook, url: "https://u:${SECRET}@x.example/", secret: 0123456789abcdef }`,
    'channels.ops.url has a user or a password in it',
  ],
  [
    `{ type: slack, url: "https://127.0.0.1/${SECRET}" }`,
    'channels.ops.url leads to a private address; for a server of your own add allow_private: true',
  ],
  [`{ type: slack, url: "https://0x7f.1/${SECRET}" }`, 'leads to a private address'],
  [`{ type: slack, url: "https://[::ffff:10.0.0.1]/${SECRET}" }`, 'leads to a private address'],
  [`{ type: slack, url: "https://localhost/${SECRET}" }`, 'leads to a private address'],
  ['{ type: slack, url: "https://169.254.169.254/latest" }', 'leads to where a cloud keeps credentials'],
  [
    '{ type: slack, url: "http://169.254.169.254/latest", allow_private: true }',
    'leads to where a cloud keeps credentials, which is never opened',
  ],
  [
    '{ type: email, smtp: mail.example.com, from: a@b.c, to: [a@b.c] }',
    'channels.ops.smtp is no address of a mail server',
  ],
  [
    `{ type: email, smtp: "smtp://u:${SECRET}@10.0.0.1", from: a@b.c, to: [a@b.c] }`,
    'channels.ops.smtp leads to a private address',
  ],
  [
    `{ type: email, smtp: "smtp://u:${SECRET}%zz@m.example", from: a@b.c, to: [a@b.c] }`,
    'channels.ops.smtp has a % in its user or password',
  ],
  ['{ type: email, smtp: "smtp://m.example", from: nobody, to: [a@b.c] }', 'channels.ops.from is no e-mail address'],
  [
    '{ type: email, smtp: "smtp://m.example", from: a@b.c, to: [a@b.c, "x, y@z.example"] }',
    'channels.ops.to[1] is no e-mail address',
  ],
  ['{ type: email, smtp: "smtp://m.example", from: a@b.c, to: [] }', 'channels.ops.to is empty'],
  [
    '{ type: webhook, url: "https://x.example", secret: 0123456789abcdef, headers: { Host: x } }',
    'is a header that each delivery sets by itself',
  ],
  [
    '{ type: webhook, url: "https://x.example", secret: 0123456789abcdef, headers: { webhook-id: x } }',
    'is a header that each delivery sets by itself',
  ],
  [
    '{ type: webhook, url: "https://x.example", secret: 0123456789abcdef, headers: { "a b": x } }',
    'is no name of a header',
  ],
  [
    '{ type: webhook, url: "https://x.example", secret: 0123456789abcdef, headers: { a: "x\\ny" } }',
    'has a value that no header can have',
  ],
  ['{ type: slack, url: "https://x.example", timeout: 31s }', 'channels.ops.timeout is too long; 30s is the longest'],
];

describe('channels in gateway.yaml', () => {
  for (const entry of GOOD) it(`are good: ${entry}`, async () => expect(await complaintOf(entry)).to.equal(''));

  for (const [entry, said] of BAD)
    it(`are refused: ${entry}`, async () => {
      const message = await complaintOf(entry);
      expect(message).to.include(said);
      expect(message, 'the line').to.match(/^gateway\.yaml:3:\d+ /);
      expect(message).to.not.include(SECRET);
    });

  it('have names that fit into an address', async () => {
    const message = await draw(
      'plugins: [channels]\nchannels: { "a/b": { type: slack, url: "https://x.example" } }',
    ).catch((error: Error) => error.message);
    expect(message).to.include('must be letters, digits, - _ .');
  });
});

import { expect } from 'chai';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { type Act, type Stage, setStage } from '../support/play.ts';

const KEY = 'a-gateway-key-of-the-team';
const LONG = 'a'.repeat(300);

/** What is sent, what is recorded of it. */
type Case = [how: string, act: Act, record: Partial<ExchangeRecord>];
const header = (name: string, value: string): Act => ({ headers: { [name]: value } });
const session = (id: string, source: string, confidence: 'high' | 'medium' | 'low'): Partial<ExchangeRecord> => ({
  session: { id, source, confidence },
});
const sessionHeader = (name: string, confidence: 'high' | 'medium' | 'low'): Case => [
  name,
  header(name, 'conv-12345678'),
  session('conv-12345678', `header:${name}`, confidence),
];
const CLAUDE = 'user_0a1b_account_2c3d_session_01234567-89ab-cdef-0123-456789abcdef';

const agents: Case[] = [
  ['nothing', {}, { agent: 'nobody' }],
  ['its own header', header('x-token-spy-agent', 'ci'), { agent: 'ci' }],
  ['a path prefix', { path: '/agents/ci/v1/chat/completions' }, { agent: 'ci' }],
  ['the query', { path: '/v1/chat/completions?agent=ci' }, { agent: 'ci' }],
  ['a gateway key', header('x-token-spy-key', KEY), { agent: 'of-the-key', key: 'team' }],
  ['a header above a key', { headers: { 'x-token-spy-key': KEY, 'x-token-spy-agent': 'ci' } }, { agent: 'ci' }],
  ['an empty header', header('x-token-spy-agent', ' '), { agent: 'nobody' }],
  ['a long name, cut', header('x-token-spy-agent', LONG), { agent: LONG.slice(0, 128) }],
  ['an odd name as it is', header('x-token-spy-agent', '__proto__ <b>"x"'), { agent: '__proto__ <b>"x"' }],
];
const people: Case[] = [
  ['user: its own header', header('x-token-spy-user', 'ann'), { user: 'ann' }],
  ['user: LiteLLM customer', header('x-litellm-customer-id', 'ann'), { user: 'ann' }],
  ['user: LiteLLM end user', header('x-litellm-end-user-id', 'ann'), { user: 'ann' }],
  ['user: Helicone', header('helicone-user-id', 'ann'), { user: 'ann' }],
  ['user: Portkey', header('x-portkey-metadata', '{"_user":"ann"}'), { user: 'ann' }],
  ['user: body', { request: { user: 'ann' } }, { user: 'ann' }],
  ['user: body metadata', { request: { metadata: { user_id: 'ann' } } }, { user: 'ann' }],
  ['user: the key', header('x-token-spy-key', KEY), { user: 'of-the-key', tenant: 'acme', project: 'search' }],
  ['project: its own header', header('x-token-spy-project', 'p'), { project: 'p' }],
  ['project: tokencap', header('x-tokencap-project-id', 'p'), { project: 'p' }],
  ['project: query', { path: '/v1/chat/completions?project_id=p' }, { project: 'p' }],
  ['environment: its own header', header('x-token-spy-environment', 'prod'), { environment: 'prod' }],
  ['environment: a tag', header('x-openclaw-tags', 'env=prod'), { environment: 'prod', tags: { env: 'prod' } }],
  ['environment: the option', {}, { environment: 'dev', tags: {} }],
];
const tags: Case[] = [
  ['its own', header('x-token-spy-tags', 'a=1, b:2 ,flag'), { tags: { a: '1', b: '2', flag: 'true' } }],
  ['OpenClaw', header('x-openclaw-tags', 'team=x'), { tags: { team: 'x' } }],
  ['LiteLLM', header('x-litellm-tags', 'red,blue'), { tags: { red: 'true', blue: 'true' } }],
  [
    'LiteLLM metadata',
    header('x-litellm-spend-logs-metadata', '{"a":"b","n":1,"deep":{}}'),
    { tags: { a: 'b', n: '1' } },
  ],
  ['Portkey', header('x-portkey-metadata', '{"a":"b","_user":"u"}'), { tags: { a: 'b' }, user: 'u' }],
  ['Cloudflare', header('cf-aig-metadata', '{"a":true}'), { tags: { a: 'true' } }],
  ['Helicone', header('Helicone-Property-Team', 'X'), { tags: { team: 'X' } }],
  ['its own as JSON', header('x-token-spy-metadata', '{"a":"b"}'), { tags: { a: 'b' } }],
  ['body metadata', { request: { metadata: { a: 'b', user_id: 'u' } } }, { tags: { a: 'b' }, user: 'u' }],
  [
    'the key below a header',
    { headers: { 'x-token-spy-key': KEY, 'x-token-spy-tags': 'team=mine' } },
    { tags: { team: 'mine', of: 'key' } },
  ],
  ['broken JSON', header('x-portkey-metadata', '{"a":'), { tags: {} }],
  ['a list for an object', header('x-portkey-metadata', '["a"]'), { tags: {} }],
  [
    'twenty at most',
    header('x-token-spy-tags', Array.from({ length: 40 }, (_, i) => `t${i}`).join()),
    { tags: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`t${i}`, 'true'])) },
  ],
  [
    '__proto__',
    header('x-token-spy-tags', '__proto__=x,constructor=y'),
    { tags: JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string> },
  ],
];
const sessions: Case[] = [
  ['nothing', {}, { session: null }],
  sessionHeader('x-token-spy-session', 'high'),
  sessionHeader('x-claude-code-session-id', 'high'),
  sessionHeader('session-id', 'high'),
  sessionHeader('session_id', 'high'),
  sessionHeader('x-session-id', 'high'),
  sessionHeader('x-session-affinity', 'medium'),
  sessionHeader('helicone-session-id', 'high'),
  sessionHeader('x-litellm-trace-id', 'high'),
  sessionHeader('x-litellm-session-id', 'high'),
  sessionHeader('x-acme-session-id', 'medium'),
  sessionHeader('x-portkey-trace-id', 'medium'),
  sessionHeader('x-client-request-id', 'low'),
  ['a short vendor id', header('x-acme-session-id', 'abc'), { session: null }],
  ['a parent session', header('x-parent-session-id', 'conv-12345678'), { session: null }],
  [
    'a trace',
    header('traceparent', `00-${'4b'.repeat(16)}-00f067aa0ba902b7-01`),
    session('4b'.repeat(16), 'header:traceparent', 'low'),
  ],
  [
    'Claude Code, in one text',
    { request: { metadata: { user_id: CLAUDE } } },
    session(CLAUDE.slice(-36), 'body:metadata.user_id', 'high'),
  ],
  [
    'Claude Code, as JSON',
    { request: { metadata: { user_id: '{"device_id":"d","session_id":"0123-4567"}' } } },
    session('0123-4567', 'body:metadata.user_id', 'high'),
  ],
  ['metadata', { request: { metadata: { session_id: 's1' } } }, session('s1', 'body:metadata.session_id', 'high')],
  ['a conversation', { request: { conversation: { id: 'conv_1' } } }, session('conv_1', 'body:conversation', 'high')],
  ['a conversation by name', { request: { conversation: 'conv_1' } }, session('conv_1', 'body:conversation', 'high')],
  ['a prompt cache key', { request: { prompt_cache_key: 'k1' } }, session('k1', 'body:prompt_cache_key', 'medium')],
  [
    'a response before',
    { request: { previous_response_id: 'resp_1' } },
    session('resp_1', 'body:previous_response_id', 'low'),
  ],
  [
    'a header above the body',
    { headers: { 'session-id': 'h1' }, request: { prompt_cache_key: 'k1' } },
    session('h1', 'header:session-id', 'high'),
  ],
];

describe('plugins/identity', () => {
  let stage: Stage;
  before(async () => {
    stage = await setStage({
      plugins: '{ plugin: identity, agent: nobody, environment: dev }',
      yaml: `keys: [{ name: team, key: ${KEY}, agent: of-the-key, user: of-the-key, project: search, tenant: acme, tags: { of: key } }]`,
    });
  });
  after(() => stage.close());

  for (const [title, cases] of Object.entries({
    'the agent': agents,
    'people and places': people,
    tags,
    'the session': sessions,
  })) {
    describe(`finds ${title} by`, () => {
      for (const [how, act, wanted] of cases) {
        it(how, async () => {
          const { record, answer } = await stage.play(act);
          expect(answer.status).to.equal(200);
          for (const [name, value] of Object.entries(wanted))
            expect(record[name as keyof ExchangeRecord], name).to.eql(value);
        });
      }
    });
  }

  const stays = [
    'x-token-spy-agent',
    'x-token-spy-user',
    'x-openclaw-tags',
    'x-litellm-tags',
    'helicone-user-id',
    'x-portkey-metadata',
    'cf-aig-metadata',
    'x-session-id',
    'x-parent-session-id',
    'x-tokencap-project-id',
  ];
  const goes = [
    'x-claude-code-session-id',
    'session-id',
    'session_id',
    'x-session-affinity',
    'x-client-request-id',
    'traceparent',
    'x-acme-session-id',
  ];
  it('keeps what only a gateway understands, and lets on what a provider reads', async () => {
    const headers = Object.fromEntries([...stays, ...goes].map((name) => [name, '{}']));
    const { received } = await stage.play({
      headers,
      path: '/agents/ci/v1/chat/completions?agent=a&project_id=p&beta=true',
    });
    expect(Object.keys(received!.headers)).to.include.members(goes).and.to.not.include.members(stays);
    expect(received!.path).to.equal('/v1/chat/completions?beta=true');
  });

  it('never lets a gateway key up, wherever it stood', async () => {
    for (const headers of [
      { 'x-token-spy-key': KEY },
      { authorization: `Bearer ${KEY}` },
      { 'x-api-key': KEY },
      { 'x-goog-api-key': KEY },
      { 'api-key': KEY },
    ]) {
      const { received, record } = await stage.play({ headers: headers as unknown as Record<string, string> });
      expect(record.key).to.equal('team');
      expect(received!.rawHeaders.join()).to.not.contain(KEY);
    }
  });

  it('leaves the body as it is', async () => {
    const request = '{"model":"gpt-4o-mini",  "user":"ann", "metadata":{"a":"b"}, "messages":[] }';
    const { received, record } = await stage.play({ request });
    expect(received!.body.toString()).to.equal(request);
    expect(record.rewritten_by).to.eql([]);
  });
});

describe('plugins/identity on a port of an agent', () => {
  it('names the agent by the port, unless the caller says more', async () => {
    const stage = await setStage({ plugins: 'identity', yaml: 'listen: [{ port: 0, agent: open-webui }]' });
    expect((await stage.play()).record.agent).to.equal('open-webui');
    expect((await stage.play({ headers: { 'x-token-spy-agent': 'other' } })).record.agent).to.equal('other');
    await stage.close();
  });
});

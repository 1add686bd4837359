import { expect } from 'chai';
import type { PromptPart } from '../../src/pipeline/prompt.ts';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { startGateway } from '../support/gateway.ts';
import { ANSWER, type Stage, setStage } from '../support/play.ts';
import { PrefixCache, words } from '../support/prefix-cache.ts';
import { json } from '../support/script.ts';

const COMPONENTS = `{ plugin: prompts, components: [
  { name: policy, heading: Policy },
  { name: examples, tag: examples },
  { name: ticket, pattern: "Ticket [A-Z]+-[0-9]+" } ] }`;

const SYSTEM = [
  'You are a coder. Ticket ABC-12.',
  `# Policy\n${words(300, 'law')}`,
  `# Other\n<examples>${words(200, 'such')}</examples>`,
  `# Project Context\n## AGENTS.md\n${words(1000, 'agents')}`,
].join('\n');

const tool = (name: string, tokens: number) => ({
  name,
  description: words(tokens, name),
  input_schema: { type: 'object', properties: {} },
});
const kept = { cache_control: { type: 'ephemeral' } };

const partsOf = ({ prompt }: ExchangeRecord): PromptPart[] => prompt!.parts!;
const sum = (parts: readonly PromptPart[], name: 'tokens' | 'read' | 'write' | 'write_1h' | 'uncached'): number =>
  parts.reduce((all, part) => all + part[name]!, 0);
/** Whole pico-dollars. */
const pico = (dollars: string): bigint => {
  const [whole = '0', behind = ''] = dollars.split('.');
  return BigInt(whole + behind.padEnd(12, '0'));
};
const paid = (parts: readonly PromptPart[]): bigint => parts.reduce((all, { cost_usd }) => all + pico(cost_usd!), 0n);
const named = (parts: readonly PromptPart[]): string[] => parts.map(({ kind, name }) => `${kind} ${name}`.trim());

describe('plugins/prompts', () => {
  let stage: Stage;
  let cache: PrefixCache;

  before(async () => {
    stage = await setStage({ plugins: `identity, ${COMPONENTS}, { plugin: usage, count_tokens: false }` });
  });
  after(() => stage.close());
  beforeEach(() => {
    cache = new PrefixCache();
  });

  const anthropic = (said: readonly string[], ttl?: '1h') => ({
    model: 'claude-sonnet-4-5',
    max_tokens: 50,
    tools: [tool('search', 400), { ...tool('paint', 200), cache_control: { type: 'ephemeral', ...(ttl && { ttl }) } }],
    system: [{ type: 'text', text: SYSTEM, ...kept }],
    messages: said.map((text, at) => ({ role: at % 2 ? 'assistant' : 'user', content: [{ type: 'text', text }] })),
  });
  const ask = async (request: object): Promise<ExchangeRecord> =>
    (await stage.play({ path: '/v1/messages', request, upstream: cache.anthropic(request) })).record;

  it('takes a prompt apart in the order of the cache, by tool, file, component and speaker', async () => {
    const said = [words(90, 'one'), words(60, 'two'), words(30, 'new')];
    const parts = partsOf(await ask(anthropic(said)));
    expect(named(parts)).to.have.members([
      'tool search',
      'tool paint',
      'system',
      'component ticket',
      'component policy',
      'component examples',
      'file AGENTS.md',
      'history user',
      'history assistant',
      'new user',
    ]);
    expect(named(parts).slice(0, 3)).to.eql(['tool search', 'tool paint', 'system']);
    expect(named(parts).slice(-3)).to.eql(['history user', 'history assistant', 'new user']);
    const chars = Object.fromEntries(parts.map(({ kind, name, chars }) => [`${kind} ${name}`.trim(), chars]));
    expect(chars).to.deep.include({ 'history user': 360, 'new user': 120, 'component ticket': 13 });
    expect(chars['file AGENTS.md']).to.be.within(4000, 4001);
    expect(parts.every(({ hash }) => /^[0-9a-f]{12}$/.test(hash))).to.equal(true);
  });

  it('shares out what was written at first and read later, tokens and dollars to the last', async () => {
    const first = await ask(anthropic([words(500, 'one')], '1h'));
    const second = await ask(anthropic([words(500, 'one'), words(300, 'two'), words(100, 'new')], '1h'));
    for (const { usage, cost_usd, prompt } of [first, second]) {
      const parts = prompt!.parts!;
      expect(sum(parts, 'tokens')).to.equal(usage!.input_tokens);
      expect(sum(parts, 'read')).to.equal(usage!['cache_read.input_tokens']);
      expect(sum(parts, 'write')).to.equal(usage!['cache_creation.input_tokens']);
      expect(sum(parts, 'write_1h')).to.equal(usage!['cache_creation.1h.input_tokens']);
      for (const part of parts) expect(part.read + part.write + part.uncached).to.equal(part.tokens);
      // $15 a million tokens of output.
      expect(paid(parts)).to.equal(pico(cost_usd!) - BigInt(usage!.output_tokens!) * 15_000_000n);
    }
    const [search] = partsOf(first);
    expect([search!.write_1h, search!.read]).to.eql([search!.tokens, 0]);
    expect(pico(search!.cost_usd!)).to.equal(BigInt(search!.tokens!) * 6_000_000n);
    const again = partsOf(second)[0]!;
    expect([again.read, again.write, again.hash]).to.eql([again.tokens, 0, search!.hash]);
    expect(pico(again.cost_usd!)).to.equal(BigInt(again.tokens!) * 300_000n);
    const newest = partsOf(second).at(-1)!;
    expect([newest.kind, newest.uncached]).to.eql(['new', newest.tokens]);
  });

  it('is near the truth for each part, where the provider counts by the character', async () => {
    const parts = partsOf(await ask(anthropic([words(2000, 'one')])));
    const agents = parts.find(({ name }) => name === 'AGENTS.md')!;
    const message = parts.at(-1)!;
    expect(agents.tokens).to.be.closeTo(1000, 150);
    expect(message.tokens).to.be.closeTo(2000, 300);
  });

  it('does the same for a provider that caches by itself', async () => {
    const talk = (said: string[]) => ({
      model: 'gpt-4o',
      messages: [
        { role: 'system', content: SYSTEM },
        ...said.map((content, at) => ({ role: at % 2 ? 'assistant' : 'user', content })),
      ],
    });
    const play = async (said: string[]) =>
      (await stage.play({ request: talk(said), upstream: cache.openai(talk(said)) })).record;
    await play(['Hi.']);
    const { usage, cost_usd, prompt } = await play(['Hi.', 'Hello.', words(700, 'new')]);
    const parts = prompt!.parts!;
    const read = usage!['cache_read.input_tokens']!;
    expect(read).to.be.greaterThan(1000);
    expect([sum(parts, 'tokens'), sum(parts, 'read'), sum(parts, 'write')]).to.eql([usage!.input_tokens, read, 0]);
    expect(paid(parts)).to.equal(pico(cost_usd!) - BigInt(usage!.output_tokens!) * 10_000_000n);
  });

  it('keeps sizes, and no tokens and dollars, of answers that failed or said nothing', async () => {
    const request = { messages: [{ role: 'user', content: 'Hi' }] };
    const { usage: _, ...silent } = ANSWER;
    for (const upstream of [json({ error: { message: 'no' } }, { status: 500 }), json(silent)]) {
      const { record } = await stage.play({ request, upstream });
      expect(
        partsOf(record).map(({ kind, name, chars, tokens, cost_usd }) => [kind, name, chars, tokens, cost_usd]),
      ).to.eql([['new', 'user', 2, null, null]]);
    }
  });

  it('has no parts of what has no prompt', async () => {
    const { record } = await stage.play({
      path: '/v1/embeddings',
      request: { input: 'x', model: 'text-embedding-3-small' },
    });
    expect(record.prompt?.parts ?? null).to.equal(null);
  });

  it('keeps no text', async () => {
    const secret = 'xyzzy-secret-words';
    const record = await ask({
      ...anthropic([secret, secret, secret]),
      system: [{ type: 'text', text: `${SYSTEM}\n${secret}` }],
    });
    expect(JSON.stringify([record, stage.running.lines])).to.not.include('xyzzy');
  });

  const bad: [components: string, message: RegExp][] = [
    [
      '[{ name: a, heading: A }, { name: b }]',
      /components\[1\]: component "b" has nothing to find it by: give it one of/,
    ],
    ['[{ name: a, heading: A, tag: a }]', /components\[0\]: .*heading and tag: give it one of/],
    ['[{ name: a, pattern: "(" }]', /components\[0\]: .*RE2 does not read/],
    ['[{ name: a, to: x, heading: A }]', /components\[0\]: .*`to` without `from`: add `from`/],
    ['[{ heading: A }]', /components\[0\].*name/],
    ['[{ name: a, headnig: A }]', /components\[0\].*headnig.*heading/s],
    ['policy', /components.*list/s],
  ];
  for (const [components, message] of bad) {
    it(`stops the configuration at components: ${components}`, async () => {
      const start = startGateway(`plugins: [history, { plugin: prompts, components: ${components} }, usage]\n`);
      const error = await start.then(
        async (running) => running.close().then(() => null),
        (error: Error) => error,
      );
      expect(error?.message).to.match(message);
    });
  }
});

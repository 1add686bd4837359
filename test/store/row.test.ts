import { expect } from 'chai';
import type { UsageName } from '../../src/metering/usage.ts';
import type { PromptPart } from '../../src/pipeline/prompt.ts';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { encode } from '../../src/store/line.ts';
import { PART_KINDS } from '../../src/store/packed-parts.ts';
import { toRecord } from '../../src/store/record-of-row.ts';
import { type Row, toRow } from '../../src/store/row.ts';
import { partOf, promptOf, recordOf } from './records.ts';

const SESSION = { id: 'one', source: 'chain', confidence: 'high' } as const;

describe('a record as a row', () => {
  const back = (record: ExchangeRecord): ExchangeRecord => toRecord(JSON.parse(encode(toRow(record))) as Row);

  it('comes back as it was, whatever it holds', () => {
    const random = seeded(20_261_120);
    for (let round = 0; round < 2000; round++) {
      const record = randomRecord(random);
      expect(back(record)).to.deep.equal(record);
    }
  });

  it('keeps unknown apart from zero and empty apart from absent', () => {
    for (const usage of [null, {}, { input_tokens: 0 }, { output_tokens: 1.5 }, { input_tokens: 1e300 }]) {
      expect(back(recordOf({ usage })).usage).to.deep.equal(usage);
    }
    const unknown = { system_chars: null, history_chars: null, tools_chars: null };
    for (const prompt of [null, unknown, { ...unknown, tools_chars: 0 }]) {
      expect(back(recordOf({ prompt })).prompt).to.deep.equal(prompt);
    }
    const error = { type: null, code: null, http_status: null, retry_after_s: null };
    for (const given of [null, error, { ...error, retry_after_s: 0 }]) {
      expect(back(recordOf({ error: given })).error).to.deep.equal(given);
    }
  });

  it('keeps money that is finer than a pico-dollar, or written otherwise, to the last digit', () => {
    for (const cost of ['0.00000000000015', '1.50', '0.000', '1e-7', '12345678.9', null]) {
      expect(back(recordOf({ cost_usd: cost })).cost_usd).to.equal(cost);
    }
  });

  it('replaces what PostgreSQL cannot store as text', () => {
    const record = recordOf({ agent: 'a\0b', model: { request: 'x\ud800y', response: null, priced_as: null } });
    const text = encode(toRow({ ...record, tags: { 'n\0': 'v\udfff', fine: '😀' } }));
    expect(text).not.to.match(/\\u(0000|d[89a-f])/);
    const again = toRecord(JSON.parse(text) as Row);
    expect(again.agent).to.equal('a\uFFFDb');
    expect(again.model.request).to.equal('x\uFFFDy');
    expect(again.tags).to.deep.equal({ 'n\uFFFD': 'v\uFFFD', fine: '😀' });
  });

  it('cuts texts that a client has made too long for an index', () => {
    expect(back(recordOf({ agent: 'a'.repeat(100_000) })).agent).to.have.lengthOf(512);
  });

  it('keeps parts, calls, turns and breaks apart from their absence', () => {
    const broken = { cause: 'ttl_lapse', part: null, tokens: 0, cost_usd: null, idle_s: 0.5 } as const;
    for (const cost of [null, '0', '0.00012', '0.00000000000015', '1.50', '12345678.9']) {
      for (const part of [null, { kind: 'file', name: 'a:b' } as const, { kind: 'system', name: '' } as const]) {
        const record = recordOf({ cache_break: { ...broken, part, cost_usd: cost } });
        expect(back(record).cache_break).to.deep.equal(record.cache_break);
      }
    }
    for (const called of [null, {}, { a: 1 }, { 'it"s': 2, __proto__x: 3, '': 4 }])
      expect(back(recordOf({ tools_called: called })).tools_called).to.deep.equal(called);
    for (const parts of [null, [], [partOf()], [partOf({ tokens: 0, cost_usd: null }), partOf({ tokens: null })]]) {
      const prompt = { ...promptOf(), parts };
      expect(back(recordOf({ prompt })).prompt).to.deep.equal(prompt);
      expect(back(recordOf({ prompt: { ...prompt, tool_results: null, images: 3 } })).prompt).to.include({ images: 3 });
    }
    expect(back(recordOf({ turn: { relation: 'branch', parent: null } })).turn).to.deep.equal({
      relation: 'branch',
      parent: null,
    });
  });

  it('says the only attempt in its milliseconds where the row says all else of it', () => {
    const plain = { provider: 'openai', model: 'gpt-4o', status: 200, reason: 'answered', ms: 204.5 };
    expect(toRow(recordOf({ attempts: [plain] })).detail.attempts).to.equal(204.5);
    const others = [
      { ms: 0 },
      { provider: 'azure' },
      { model: 'gpt-4' },
      { model: null },
      { status: 500 },
      { reason: 'no answer' },
    ];
    const more = [{ key: 'b' }, { class: 'rate' as const }, { waited_ms: 5 }, { cost_usd: null }];
    for (const changes of [{}, ...others, ...more]) {
      const record = recordOf({ attempts: [{ ...plain, ...changes }] });
      expect(back(record).attempts, JSON.stringify(changes)).to.deep.equal(record.attempts);
      const wasRefused = { ...record, status: null, provider: null };
      expect(back(wasRefused).attempts).to.deep.equal(record.attempts);
    }
    const [one, two] = [[plain], [plain, plain]].map((attempts) => toRow(recordOf({ attempts })));
    expect([one!.tries, two!.tries]).to.deep.equal([undefined, 2]);
  });

  it('says a receipt in few characters, and keeps what is no hash', () => {
    const hash = '0123456789abcdef'.repeat(4);
    const decisions = [{ by: 'budgets', at_ms: 0.3, what: 'hold', facts: { accounts: 2, usd: '0.0123' } }];
    const length = (record: ExchangeRecord): number => encode(toRow(record)).length;
    const plain = { body_in: hash, body_out: hash, decisions: [] };
    expect(length(recordOf({ receipt: plain })) - length(recordOf())).to.be.at.most(62);
    for (const body_in of [null, hash, 'f'.repeat(64), 'F'.repeat(64), 'x', ''])
      for (const body_out of [null, hash, '1', 'A'.repeat(43)]) {
        const receipt = { body_in, body_out, decisions };
        expect(back(recordOf({ receipt })).receipt).to.deep.equal(receipt);
      }
  });

  it('keeps what was taken out apart from nothing, and from nobody having looked', () => {
    for (const redactions of [null, {}, { email: 2 }, { 'it"s': 1, '': 4, card: 1000 }]) {
      const record = recordOf({ redactions });
      expect(back(record).redactions).to.deep.equal(redactions);
      expect(toRow(record).detail).to.deep.equal(toRow(recordOf()).detail);
    }
  });

  it('of before prompts were taken apart is read as it was written', () => {
    const { prompt, detail, ...old } = JSON.parse(encode(toRow(recordOf({ session: SESSION })))) as Record<
      string,
      object
    >;
    const text = JSON.stringify({ ...old, detail: { ...detail, prompt: [5, 2, 2, 30] } });
    const counts = { messages: 5, user_messages: 2, assistant_messages: 2, tools: 30 };
    expect(text).to.not.match(/parts|relation|called|break/);
    expect(toRecord(JSON.parse(text) as Row)).to.deep.include({
      session: SESSION,
      turn: null,
      tools_called: null,
      cache_break: null,
      prompt: { system_chars: 120, history_chars: 4000, tools_chars: null, ...counts },
    });
    expect(prompt).to.equal(undefined);
  });

  it('says a part of a prompt in few characters', () => {
    const parts = Array.from({ length: 30 }, (_, n) => partOf({ name: `tool_${n}` }));
    const [bare, full] = [promptOf(), promptOf(...parts)].map((prompt) => encode(toRow(recordOf({ prompt }))).length);
    expect((full! - bare!) / 30).to.be.below(52);
  });

  it('is short: absent members take no place', () => {
    const text = encode(toRow(recordOf()));
    expect(text).not.to.include('null');
    expect(text.length).to.be.below(1050);
  });
});

type Random = () => number;

/** mulberry32: the same numbers at each run, so that a failure can be looked at. */
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TEXTS = [
  '',
  'a',
  'gpt-4o',
  "it's",
  '"quoted"',
  'back\\slash',
  'new\nline',
  'Zürich 😀',
  '{"a":1}',
  '\\u0000',
  '$1',
  "';--",
];
const MONEY = ['0', '0.001425', '1.50', '0.0000000000001', '999999.999999999999', '1234567.89', '0.1'];
const NAMES: UsageName[] = [
  'input_tokens',
  'output_tokens',
  'cache_read.input_tokens',
  'cache_creation.input_tokens',
  'cache_creation.1h.input_tokens',
  'reasoning.output_tokens',
  'audio.seconds',
  'web_search.requests',
];

const RELATIONS = ['start', 'next', 'retry', 'branch', 'compacted', 'joined', 'named'] as const;

function randomRecord(random: Random): ExchangeRecord {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const maybe = <T>(make: () => T): T | null => (random() < 0.5 ? null : make());
  const text = (): string => pick(TEXTS);
  const count = (): number => pick([0, 1, 7, 1e6, 2 ** 31, 1e12, 1e15, 0.5]);
  const whole = (): number => pick([0, 1, 4096, 2 ** 31, 1e12]);
  const usage = () => Object.fromEntries(NAMES.filter(() => random() < 0.4).map((name) => [name, count()]));
  const tags = () => Object.fromEntries(TEXTS.filter(() => random() < 0.2).map((name) => [name, text()]));
  const attempt = () => ({ provider: text(), model: maybe(text), status: maybe(whole), reason: text(), ms: random() });
  const hash = (): string => pick(['0f', 'a1']).repeat(32);
  const notes = () =>
    Array.from({ length: pick([0, 1, 3]) }, () => ({
      by: text(),
      at_ms: random(),
      what: text(),
      ...(random() < 0.5 && { facts: { [text()]: pick([null, true, 0, '0.5']) } }),
    }));
  const part = (): PromptPart => ({
    kind: pick(PART_KINDS),
    name: text(),
    hash: pick(['0123456789ab', 'ffffffffffff']),
    pieces: pick([1, 2, 500]),
    chars: whole(),
    tokens: maybe(whole),
    cost_usd: maybe(() => pick(MONEY)),
    read: whole(),
    write: whole(),
    write_1h: whole(),
    uncached: whole(),
  });
  const counted = () => ({
    messages: maybe(whole),
    user_messages: maybe(whole),
    assistant_messages: maybe(whole),
    tools: maybe(whole),
    ...(random() < 0.5 && {
      tool_results: maybe(whole),
      images: maybe(whole),
      parts: maybe(() => Array.from({ length: pick([0, 1, 5]) }, part)),
    }),
  });
  const at = Math.floor(random() * 4e12);
  return recordOf({
    time: pick([new Date(at).toISOString(), '2026-11-20T12:00:00Z', '2026-11-20T12:00:00.000+01:00']),
    tenant: maybe(text),
    project: maybe(text),
    agent: maybe(text),
    key: maybe(text),
    user: maybe(text),
    session: maybe(() => ({ id: text(), source: text(), confidence: pick(['high', 'medium', 'low'] as const) })),
    environment: maybe(text),
    tags: tags(),
    listener: text(),
    provider: maybe(text),
    api: maybe(text),
    model: { request: maybe(text), response: maybe(text), priced_as: maybe(text) },
    stream: random() < 0.5,
    status: maybe(() => pick([200, 429, 500])),
    outcome: pick(['ok', 'truncated', 'refused'] as const),
    stop_reason: maybe(() => ({ raw: text(), normalized: maybe(() => 'length' as const) })),
    error: maybe(() => ({
      type: maybe(text),
      code: maybe(text),
      http_status: maybe(whole),
      retry_after_s: maybe(count),
    })),
    usage: maybe(usage),
    usage_status: pick(['final', 'missing', 'not_applicable'] as const),
    usage_source: pick(['provider', 'none'] as const),
    raw_usage: maybe(text),
    cost_usd: maybe(() => pick(MONEY)),
    cost_source: maybe(() => pick(['free', 'provider'] as const)),
    unpriced: maybe(() => ({ reason: pick(['no_price', 'no_rate'] as const), missing: maybe(text) })),
    table_cost_usd: maybe(() => pick(MONEY)),
    price: maybe(() => ({ key: text(), version: text(), rates: { input: pick(MONEY) } })),
    usage_by_model: maybe(() => [
      { model: text(), usage: usage(), cost_usd: maybe(() => pick(MONEY)), price_key: maybe(text) },
    ]),
    service_tier: maybe(text),
    estimate: maybe(() => ({
      input_tokens: maybe(whole),
      output_tokens: null,
      cost_usd: maybe(text),
      confidence: 'low' as const,
    })),
    upstream_request_id: maybe(text),
    response_id: maybe(text),
    attempts: Array.from({ length: pick([0, 1, 2, 5]) }, attempt),
    redactions: maybe(() => Object.fromEntries(TEXTS.filter(() => random() < 0.3).map((name) => [name, whole()]))),
    receipt: maybe(() => ({ body_in: maybe(hash), body_out: maybe(hash), decisions: notes() })),
    duration_ms: maybe(() => random() * 1e6),
    time_to_first_token_ms: maybe(() => random() * 1000),
    overhead_ms: maybe(random),
    request_bytes: maybe(whole),
    response_bytes: maybe(whole),
    prompt: maybe(() => ({
      system_chars: maybe(whole),
      history_chars: maybe(whole),
      tools_chars: maybe(whole),
      ...(random() < 0.5 && counted()),
    })),
    turn: maybe(() => ({ relation: pick(RELATIONS), parent: maybe(text) })),
    tools_called: maybe(() => Object.fromEntries(TEXTS.filter(() => random() < 0.3).map((name) => [name, whole()]))),
    cache_break: maybe(() => ({
      cause: pick(['prefix_change', 'ttl_lapse', 'model', 'provider'] as const),
      part: maybe(() => ({ kind: pick(PART_KINDS), name: text() })),
      tokens: whole(),
      cost_usd: maybe(() => pick(MONEY)),
      idle_s: random() * 1000,
    })),
    rewritten_by: random() < 0.5 ? [] : [text(), text()],
    config_version: text(),
  });
}

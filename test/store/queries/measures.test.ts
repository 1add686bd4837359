import { expect } from 'chai';
import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import type { MeasureName, MeasuresQuestion } from '../../../src/store/queries/measure-shapes.ts';
import { MEASURE_NAMES, MOST_GROUPS } from '../../../src/store/queries/measures.ts';
import type { Store } from '../../../src/store/store.ts';
import { onBothDialects } from '../places.ts';
import { DAY, failing, HOUR, NOON, recordOf } from '../records.ts';

const unknown = {
  cost_usd: null,
  cost_source: null,
  price: null,
  unpriced: { reason: 'no_price', missing: null },
} as const;
const model = (name: string) => ({ request: name, response: name, priced_as: null });
const attempt = (provider: string) => ({ provider, model: null, status: 200, reason: 'answered', ms: 5 });
const usage = (input: number, output: number, read = 0) => ({
  input_tokens: input,
  output_tokens: output,
  'cache_read.input_tokens': read,
});

/** Five of coder, two of support, one of nobody; one is out of the day. */
const rows = (): ExchangeRecord[] => [
  recordOf({ agent: 'coder', cost_usd: '0.1', usage: usage(100, 10, 30), duration_ms: 100, attempts: [attempt('a')] }),
  recordOf({
    agent: 'coder',
    cost_usd: '0.2',
    usage: usage(200, 20, 60),
    duration_ms: 300,
    time_to_first_token_ms: 80,
  }),
  recordOf({
    agent: 'coder',
    cost_usd: '0.000000000001',
    usage: usage(3, 0),
    duration_ms: 200.1234,
    attempts: [attempt('a'), attempt('b')],
    redactions: { email: 2, key: 1 },
    tags: { team: 'be' },
  }),
  recordOf(failing({ agent: 'coder', outcome: 'upstream_error', status: 500, duration_ms: 900 })),
  recordOf(failing({ agent: 'coder', outcome: 'refused', status: 402, provider: null, duration_ms: 1 })),
  recordOf({ ...unknown, agent: 'support', model: model('new'), usage: usage(7, 3), tags: { team: 'fe' } }),
  recordOf({ ...unknown, agent: 'support', model: model('newer'), usage: usage(8, 2), redactions: { phone: 4 } }),
  recordOf({ agent: null, tenant: 'acme', cost_usd: '5', usage: usage(1, 1), duration_ms: 50 }, NOON + HOUR),
  recordOf({ agent: 'coder', cost_usd: '77', usage: usage(9, 9) }, NOON - 1),
];

onBothDialects('measures', (place, dialect) => {
  const ask = (store: Store, metric: MeasureName, more: Partial<MeasuresQuestion> = {}) =>
    store.queries.measures({ ...DAY, metric, groupBy: null, ...more });

  /** All rows; by agent: coder, support, nobody. */
  const EXPECTED: Readonly<Record<MeasureName, [all: string, coder: string, support: string | null, nobody: string]>> =
    {
      cost_usd: ['5.300000000001', '0.300000000001', null, '5'],
      tokens: ['355', '333', '20', '2'],
      input_tokens: ['319', '303', '15', '1'],
      output_tokens: ['36', '30', '5', '1'],
      requests: ['8', '5', '2', '1'],
      errors: ['1', '1', '0', '0'],
      error_rate: ['14.2857', '25', '0', '0'],
      refusals: ['1', '1', '0', '0'],
      // 50, 100, 200.123, 300, 612.25, 612.25, 900: the 7th of 7; of coder the 4th of 4.
      latency_ms: ['900', '900', '612.25', '50'],
      time_to_first_token_ms: ['204.5', '204.5', '204.5', '204.5'],
      // 90 of 319, 90 of 303
      cache_hit: ['28.2132', '29.703', '0', '0'],
      unpriced_requests: ['2', '0', '2', '0'],
      unpriced_models: ['2', '0', '2', '0'],
      fallbacks: ['1', '1', '0', '0'],
      redactions: ['7', '3', '4', '0'],
    };

  it('are what a sheet of paper says, of all rows and of each group', async () => {
    const store = await place().filled(...rows());
    expect(MEASURE_NAMES).to.have.members(Object.keys(EXPECTED));
    for (const [metric, [all, coder, support, nobody]] of Object.entries(EXPECTED) as [MeasureName, string[]][]) {
      const [whole, ...rest] = await ask(store, metric);
      expect([whole!.subject, whole!.value, rest.length], metric).to.eql([null, all, 0]);
      const groups = await ask(store, metric, { groupBy: 'agent' });
      const values = Object.fromEntries(groups.map(({ subject, value }) => [subject ?? '', value]));
      expect(values, metric).to.eql({ coder, support, '': nobody });
    }
  });

  it('tell on how many rows they rest, and nothing where there are none', async () => {
    const store = await place().filled(...rows());
    const size = async (metric: MeasureName) => (await ask(store, metric)).map(({ rows }) => rows);
    expect(await size('cost_usd')).to.eql([8]);
    expect(await size('latency_ms')).to.eql([7]);
    const empty = { from: new Date(NOON - 9 * HOUR), to: new Date(NOON - 8 * HOUR) };
    for (const metric of MEASURE_NAMES) expect(await ask(store, metric, empty), metric).to.eql([]);
  });

  it('take any percentile by nearest rank', async () => {
    const store = await place().filled(...rows());
    const at = async (percentile: number) => (await ask(store, 'latency_ms', { percentile }))[0]!.value;
    expect([await at(1), await at(50), await at(42), await at(100)]).to.eql(['50', '300', '200.123', '900']);
    await ask(store, 'latency_ms', { percentile: 0 }).then(
      () => expect.fail('it was taken'),
      (error: { code: string }) => expect(error.code).to.equal('bad_question'),
    );
  });

  it('are narrowed by scope and tenant, and grouped by tags', async () => {
    const store = await place().filled(...rows());
    const requests = async (more: Partial<MeasuresQuestion>) =>
      (await ask(store, 'requests', more)).map(({ subject, value }) => [subject, value]);
    expect(await requests({ where: { agent: ['cod*', 'x'] } })).to.eql([[null, '5']]);
    expect(await requests({ where: { 'tags.team': ['?e', 'f*'] } })).to.eql([[null, '1']]);
    expect(await requests({ where: { project: ['default'], provider: ['openai'] }, tenant: 'acme' })).to.eql([
      [null, '1'],
    ]);
    expect(await requests({ tenant: 'other' })).to.eql([]);
    expect(await requests({ groupBy: 'tags.team' })).to.eql([
      [null, '6'],
      ['be', '1'],
      ['fe', '1'],
    ]);
    expect(await requests({ groupBy: 'project' })).to.eql([['default', '8']]);
    expect(await requests({ groupBy: 'model', where: { agent: ['support'] } })).to.eql([
      ['new', '1'],
      ['newer', '1'],
    ]);
  });

  it('are of a thousand groups at most: those with the most, or with the least', async () => {
    const many = Array.from({ length: MOST_GROUPS + 5 }, (_, n) =>
      recordOf({ session: { id: `s-${n}`, source: 'header', confidence: 'high' }, usage: usage(n, 0), duration_ms: n }),
    );
    const store = await place().filled(...many);
    for (const metric of ['input_tokens', 'latency_ms'] as const) {
      const most = await ask(store, metric, { groupBy: 'session' });
      expect([most.length, most[0]!.value, most.at(-1)!.value], metric).to.eql([MOST_GROUPS, '1004', '5']);
      const least = await ask(store, metric, { groupBy: 'session', least: true });
      expect([least.length, least[0]!.value, least.at(-1)!.value], metric).to.eql([MOST_GROUPS, '0', '999']);
    }
  });

  it('read the rows of their stretch by the index of time', async () => {
    await (await place().filled(recordOf())).close();
    if (dialect === 'postgres') return; // it reads a table of one row whole, whatever indexes it has
    const sql = 'select count(*), sum(input_tokens) from exchanges where time_ms >= 1 and time_ms < 2';
    expect(JSON.stringify(await place().query(`explain query plan ${sql}`))).to.match(/exchanges_time.*time_ms/);
  });
});

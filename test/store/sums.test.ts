import { expect } from 'chai';
import { type Charge, type Dimension, Series, type SeriesParts, type Window } from '../../src/accounts/series.ts';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { chargeOf } from '../../src/store/charge.ts';
import { Database } from '../../src/store/database.ts';
import { toRow } from '../../src/store/row.ts';
import { sums } from '../../src/store/sums.ts';
import { onBothDialects, type Place } from './places.ts';
import { failing, HOUR, NOON, recordOf } from './records.ts';

const ALL: Window = { from: 0, to: null };

const seriesOf = (parts: Partial<SeriesParts>): Series => new Series({ measure: 'usd', where: {}, per: [], ...parts });

/** What the rows come to, counted by the same words in JavaScript. */
function counted(charges: readonly Charge[], series: Series, window: Window): Map<string, bigint> {
  const sum = new Map<string, bigint>();
  for (const { at, fact, amounts } of charges) {
    const subject = series.subjectOf(fact);
    if (subject === null || at < window.from || (window.to !== null && at >= window.to)) continue;
    sum.set(subject, (sum.get(subject) ?? 0n) + amounts[series.measure]);
  }
  return sum;
}

/** Sums up what is stored. What comes to nothing is left out, as far as it has a place in the answer at all. */
async function summed(place: Place, series: Series, window: Window): Promise<Map<string, bigint>> {
  const database = await Database.open(place.address, 'normal');
  try {
    return await sums(database, series, window);
  } finally {
    await database.close();
  }
}

const something = (sum: ReadonlyMap<string, bigint>): [string, bigint][] =>
  [...sum].filter(([, amount]) => amount !== 0n).sort(([a], [b]) => (a < b ? -1 : 1));

/** Names that mean something in a pattern, a text or a language. */
// biome-ignore format: one below the other they are a page
const NAMES = [
  'a', 'A', 'ab', 'a%b', 'a_b', 'axb', 'a[b]c', 'a?c', 'a!b', 'a\\b', "it's", '"', '$1', '--', '%', '_', '[', ']', '*x',
  'gpt-4o', 'gpt-4o-mini', 'GPT-4o', 'ünï', '😀', 'a/b/c', ' ', '',
];

// biome-ignore format: one below the other they are a page
const GLOBS = [
  'a*', '*b', 'a%*', 'a_*', '*_b', '[*', '*]*', 'a?*', '*!*', '*\\*', "*'*", '*"*', '$*', '%*', '*', 'gpt-4*', '😀*',
];

// biome-ignore format: one below the other they are a page
const DIMENSIONS: readonly Dimension[] = [
  'tenant', 'project', 'agent', 'key', 'user', 'session', 'provider', 'model', 'environment', 'tags.team', "tags.it's",
];

onBothDialects('sums of rows', (place) => {
  /** Each row has one of the odd names in one dimension, some in two. */
  function records(): ExchangeRecord[] {
    return DIMENSIONS.flatMap((dimension, d) =>
      NAMES.map((name, n) => {
        const cost = `0.00000000${String(1 + d * NAMES.length + n).padStart(4, '0')}`;
        const other = n % 3 === 0 ? { tenant: NAMES[(n + d) % NAMES.length]! } : {};
        return recordOf({ ...other, ...named(dimension, name), cost_usd: cost }, NOON + n * 1000);
      }),
    );
  }

  it('are those of the rows that the series means, whatever they are called', async () => {
    const made = records();
    await place().filled(...made);
    const charges = made.map((record) => chargeOf(toRow(record)));
    const asked: Series[] = [];
    for (const dimension of DIMENSIONS) {
      for (const glob of [...NAMES, ...GLOBS]) asked.push(seriesOf({ where: { [dimension]: [glob] } }));
      asked.push(seriesOf({ per: [dimension] }), seriesOf({ per: ['tenant', dimension] }));
      asked.push(seriesOf({ where: { tenant: ['a*', '%'], [dimension]: [...GLOBS].slice(0, 3) }, per: [dimension] }));
    }
    const database = await Database.open(place().address, 'normal');
    try {
      for (const series of asked) {
        const found = await sums(database, series, ALL);
        expect(something(found), series.key).to.deep.equal(something(counted(charges, series, ALL)));
      }
    } finally {
      await database.close();
    }
    const hits = asked.filter((series) => counted(charges, series, ALL).size > 0);
    expect(hits.length, 'most of the series have rows').to.be.above(asked.length * 0.9);
  });

  it('are nothing where nothing can match', async () => {
    await place().filled(recordOf());
    expect(await summed(place(), seriesOf({ where: { agent: [] } }), ALL)).to.deep.equal(new Map());
    expect(await summed(place(), seriesOf({ where: { agent: ['open-webui\0*', 'x'] } }), ALL)).to.deep.equal(new Map());
    expect(await summed(place(), seriesOf({ per: ['tags.team'] }), ALL)).to.deep.equal(new Map());
  });

  it('take the first moment of a window and leave the last', async () => {
    await place().filled(...[-1, 0, 1, HOUR - 1, HOUR].map((at) => recordOf({ cost_usd: '1' }, NOON + at)));
    const hour = { from: NOON, to: NOON + HOUR };
    expect(await summed(place(), seriesOf({}), hour)).to.deep.equal(new Map([['', 3_000_000_000_000n]]));
    const onwards = { from: NOON, to: null };
    expect(await summed(place(), seriesOf({ measure: 'requests' }), onwards)).to.deep.equal(new Map([['', 4n]]));
  });

  it('are exact beyond what 64 bits hold', async () => {
    await place().filled(...Array.from({ length: 12 }, () => recordOf({ cost_usd: '999999.999999999999' })));
    expect(await summed(place(), seriesOf({}), ALL)).to.deep.equal(new Map([['', 11_999_999_999_999_999_988n]]));
  });

  it('count what is known of a row, in the order in which it is believed', async () => {
    const estimate = { input_tokens: 70, output_tokens: 7, cost_usd: '0.25', confidence: 'low' } as const;
    const unknown = { cost_usd: null, cost_source: null, usage: null };
    await place().filled(
      recordOf({ agent: 'cost', cost_usd: '1', estimate, reserved_usd: '9' }),
      recordOf({ agent: 'estimate', ...unknown, estimate, reserved_usd: '9' }),
      recordOf({ agent: 'reserved', ...unknown, reserved_usd: '0.5' }),
      recordOf({ agent: 'nothing', ...unknown }),
      recordOf({ agent: 'one side', usage: { input_tokens: 5 }, cost_usd: '0' }),
      recordOf({ agent: 'refused', ...failing(), outcome: 'refused' }),
      recordOf({ agent: 'stayed', ...failing(), outcome: 'client_aborted', overhead_ms: null }),
      recordOf({ agent: 'told', overhead_ms: null, id: `000000000000${'a'.repeat(20)}` }),
    );
    const of = async (measure: SeriesParts['measure']) =>
      Object.fromEntries(await summed(place(), seriesOf({ measure, per: ['agent'] }), ALL));
    expect(await of('usd')).to.deep.equal({
      cost: 1_000_000_000_000n,
      estimate: 250_000_000_000n,
      reserved: 500_000_000_000n,
      'one side': 0n,
      told: 1_425_000_000n,
    });
    expect(await of('tokens')).to.deep.equal({ cost: 1005n, estimate: 77n, 'one side': 5n, told: 1005n });
    expect(await of('requests')).to.deep.equal({
      cost: 1n,
      estimate: 1n,
      reserved: 1n,
      nothing: 1n,
      'one side': 1n,
      told: 1n,
    });
  });

  it('know a name that a row had to cut or mend by the same account as the request had', async () => {
    const odd = { agent: 'x'.repeat(600), user: 'a\0b\ud800c', tags: { team: '😀'.repeat(500) } };
    await place().filled(recordOf({ ...odd, cost_usd: '1' }));
    const series = seriesOf({ per: ['agent', 'user', 'tags.team'] });
    const said = { ...odd, 'tags.team': odd.tags.team } as Record<string, unknown>;
    const subject = series.subjectOf((dimension) => (said[dimension] as string | undefined) ?? null);
    expect([...(await summed(place(), series, ALL)).keys()]).to.deep.equal([subject]);
  });
});

/** A record that says this of itself. */
function named(dimension: Dimension, name: string): Partial<ExchangeRecord> {
  if (dimension.startsWith('tags.')) return { tags: { [dimension.slice(5)]: name, other: 'x' } };
  if (dimension === 'session') return { session: { id: name, source: 'header', confidence: 'high' } };
  if (dimension === 'model') return { model: { request: name, response: 'm', priced_as: null } };
  return { [dimension]: name };
}

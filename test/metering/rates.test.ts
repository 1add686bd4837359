import { expect } from 'chai';

import type { PriceEntry } from '../../src/metering/price-entry.ts';
import { EntryRates, type Selection } from '../../src/metering/rates.ts';

function rates(entry: PriceEntry, selection: Partial<Selection> = {}): Readonly<Record<string, string | true>> | null {
  const plain = { inputTokens: 10, serviceTier: null, speed: null, geo: null, at: new Date('2026-11-20T12:00:00Z') };
  return new EntryRates(entry).choose({ ...plain, ...selection })?.text ?? null;
}

const PRICE: PriceEntry = {
  input: 4,
  cache_read: '0.4',
  output: 20,
  web_search_per_1k: 10,
  tiers: [{ input_over: 100, input: 8, cache_read: '0.8', output: 30 }],
  service_tiers: {
    flex: { multiplier: '0.5' },
    batch: { multiplier: '0.5', cache_read: '0.4' },
    priority: { input: 10, cache_read: 1, output: 60 },
    scale: { output: 1 },
  },
  speeds: { fast: { multiplier: 2 } },
  geo_multiplier: { us: '1.1' },
};

describe('the rates of a request', () => {
  it('multiply in any combination, and leave charges per call alone', () => {
    expect(rates(PRICE, { serviceTier: 'flex' })).to.eql({
      input: '2',
      cache_read: '0.2',
      output: '10',
      web_search_per_1k: '10',
    });
    expect(rates(PRICE, { inputTokens: 101, serviceTier: 'flex', speed: 'fast', geo: 'us' })).to.eql({
      input: '8.8',
      cache_read: '0.88',
      output: '33',
      web_search_per_1k: '10',
    });
  });

  it('leave a rate alone that is named beside the factor, though not by others', () => {
    expect(rates(PRICE, { serviceTier: 'batch' })).to.include({ input: '2', cache_read: '0.4', output: '10' });
    expect(rates(PRICE, { serviceTier: 'batch', geo: 'us' })).to.include({ input: '2.2', cache_read: '0.44' });
    expect(rates(PRICE, { serviceTier: 'batch', speed: 'fast' })).to.include({ input: '4', cache_read: '0.8' });
  });

  it('are unknown where a tier for long prompts and a service tier name different ones', () => {
    expect(rates(PRICE, { inputTokens: 100, serviceTier: 'priority' })).to.include({ input: '10', output: '60' });
    expect(rates(PRICE, { inputTokens: 101, serviceTier: 'priority' })).to.equal(null);
    expect(rates(PRICE, { inputTokens: 101, serviceTier: 'batch' })).to.equal(null);
    const alike = { ...PRICE, service_tiers: { priority: { input: 8, cache_read: '0.80', output: '30.0' } } };
    expect(rates(alike, { inputTokens: 101, serviceTier: 'priority' })).to.include({ input: '8', output: '30' });
  });

  it('are those of a tier by each of its names, its own first', () => {
    for (const serviceTier of ['priority', 'fast', 'FAST', 'ON_DEMAND_PRIORITY'])
      expect(rates(PRICE, { serviceTier }), serviceTier).to.include({ input: '10' });
    expect(rates(PRICE, { serviceTier: 'ON_DEMAND_FLEX' })).to.include({ input: '2' });
    const fast = { input: 1, output: 1, service_tiers: { fast: { multiplier: 3 } } };
    expect(rates(fast, { serviceTier: 'priority' })).to.include({ input: '3' });
    const vertex = { input: 1, service_tiers: { on_demand_priority: { multiplier: 2 } } };
    expect(rates(vertex, { serviceTier: 'on_demand_priority' })).to.include({ input: '2' });
    expect(rates(vertex, { serviceTier: 'priority' }), 'another price list of the same vendor').to.equal(null);
  });

  it('are the ordinary ones for every word that says nothing', () => {
    for (const serviceTier of [null, '', 'default', 'standard', 'auto', 'on_demand', 'ON_DEMAND', 'unspecified'])
      expect(rates(PRICE, { serviceTier }), String(serviceTier)).to.include({ input: '4' });
    for (const geo of [null, '', 'global', 'not_available', 'Global'])
      expect(rates(PRICE, { geo }), String(geo)).to.include({ input: '4' });
    expect(rates(PRICE, { speed: 'standard' })).to.include({ input: '4' });
  });

  it('are unknown for a tier, a speed or a region without a price', () => {
    for (const serviceTier of ['ultrafast', 'provisioned_throughput', 'performance', 'reserved', 'x'])
      expect(rates(PRICE, { serviceTier }), serviceTier).to.equal(null);
    expect(rates(PRICE, { speed: 'slow' })).to.equal(null);
    expect(rates(PRICE, { speed: 'priority' })).to.equal(null);
    expect(rates(PRICE, { geo: 'eu' })).to.equal(null);
    expect(rates({ input: 1 }, { geo: 'eu' }), 'no region has a price of its own').to.include({ input: '1' });
  });

  it('take the highest threshold that the prompt has reached, in whatever order they stand', () => {
    const steps = {
      input: 1,
      tiers: [
        { input_at_least: 200, input: 3 },
        { input_over: 99, input: 2 },
      ],
    };
    for (const [inputTokens, input] of [
      [99, '1'],
      [100, '2'],
      [199, '2'],
      [200, '3'],
      [1e9, '3'],
    ] as const)
      expect(rates(steps, { inputTokens }), String(inputTokens)).to.eql({ input });
  });

  it('leave out peak hours on the dates named, the night behind them included', () => {
    const hours = [{ from: '22:00', to: '02:00', except: ['2026-10-01'], multiplier: 2 }];
    const at = (when: string) => rates({ input: 1, hours }, { at: new Date(when) })?.input;
    expect(at('2026-09-30T23:00:00Z')).to.equal('2');
    expect(at('2026-10-01T01:59:59Z'), 'the night of the day before').to.equal('2');
    expect(at('2026-10-01T23:00:00Z')).to.equal('1');
    expect(at('2026-10-02T01:00:00Z'), 'the night of the holiday').to.equal('1');
    expect(at('2026-10-02T22:00:00Z')).to.equal('2');
  });
});

import { expect } from 'chai';
import type { Cost } from '../../src/metering/cost.ts';
import { Ledger } from '../../src/metering/ledger.ts';

const RATES = Object.freeze({ input: '1', output: '2' });
const priced = (cost_usd: string | null, key = 'openai/gpt-4o', more: Partial<Cost> = {}): Cost => ({
  cost_usd,
  cost_source: cost_usd === null ? null : 'price_table',
  table_cost_usd: null,
  priced_as: key,
  price: { key, version: 'v1', rates: RATES },
  by_model: null,
  unpriced: cost_usd === null ? { reason: 'no_price', missing: null } : null,
  ...more,
});
const entry = (model: string | null, input: number, output: number) => ({
  model,
  usage: { input_tokens: input, output_tokens: output },
  parts: null,
});

describe('metering/ledger', () => {
  it('adds up answers of one model to the last digit, and keeps their price', () => {
    const ledger = new Ledger();
    for (let at = 0; at < 1000; at++) ledger.add(entry('gpt-4o', 10, 1), priced('0.0000000000001'));
    expect(ledger.size).to.equal(1000);
    expect(ledger.model).to.equal('gpt-4o');
    expect(ledger.usage).to.eql({ input_tokens: 10_000, output_tokens: 1000 });
    expect(ledger.total()).to.eql(priced('0.0000000001'));
  });

  it('keeps models apart, each with its own sum', () => {
    const ledger = new Ledger();
    ledger.add(entry('a', 1, 2), priced('0.1', 'openai/a'));
    ledger.add(entry('b', 10, 20), priced('0.02', 'openai/b'));
    ledger.add(entry('a', 100, 200), priced('0.003', 'openai/a'));
    expect(ledger.model).to.equal(null);
    expect(ledger.total()).to.deep.include({ cost_usd: '0.123', priced_as: null, price: null });
    expect(ledger.total().by_model).to.eql([
      { model: 'a', usage: { input_tokens: 101, output_tokens: 202 }, cost_usd: '0.103', price_key: 'openai/a' },
      { model: 'b', usage: { input_tokens: 10, output_tokens: 20 }, cost_usd: '0.02', price_key: 'openai/b' },
    ]);
  });

  it('has an unknown sum once one cost is unknown, and says why', () => {
    const ledger = new Ledger();
    ledger.add(entry('a', 1, 1), priced('1', 'a'));
    ledger.add(entry('b', 1, 1), priced(null, 'b'));
    ledger.add(entry('a', 1, 1), priced('1', 'a'));
    const { cost_usd, cost_source, unpriced, by_model } = ledger.total();
    expect([cost_usd, cost_source, unpriced?.reason]).to.eql([null, null, 'no_price']);
    expect(by_model?.map((line) => line.cost_usd)).to.eql(['2', null]);
  });

  it('names no price where two answers had different rates', () => {
    const ledger = new Ledger();
    const longer = { key: 'openai/gpt-4o', version: 'v1', rates: { input: '2', output: '3' } };
    ledger.add(entry('gpt-4o', 1, 1), priced('1'));
    ledger.add(entry('gpt-4o', 1, 1), priced('1', undefined, { price: { ...longer, rates: { ...RATES } } }));
    expect(ledger.total().price?.rates).to.eql(RATES);
    ledger.add(entry('gpt-4o', 1, 1), priced('1', undefined, { price: longer }));
    expect(ledger.total()).to.deep.include({ cost_usd: '3', price: null, priced_as: null });
  });

  it('keeps the table beside what a provider reports', () => {
    const ledger = new Ledger();
    const reported = { cost_source: 'provider', table_cost_usd: '0.5' } as const;
    ledger.add(entry('a', 1, 1), priced('0.4', 'a', reported));
    expect(ledger.total()).to.include({ cost_usd: '0.4', cost_source: 'provider', table_cost_usd: '0.5' });
    ledger.add(entry('a', 1, 1), priced('0.1', 'a'));
    expect(ledger.total()).to.include({ cost_usd: '0.5', cost_source: 'price_table', table_cost_usd: '0.6' });
  });

  it('takes the parts of an answer that several models worked on', () => {
    const ledger = new Ledger();
    const parts = [
      { model: 'a', usage: { input_tokens: 1 } },
      { model: 'b', usage: { input_tokens: 2 } },
    ];
    const by_model = [
      { ...parts[0]!, cost_usd: '1', price_key: 'a' },
      { ...parts[1]!, cost_usd: '2', price_key: 'b' },
    ];
    ledger.add(
      { model: 'a', usage: { input_tokens: 3, 'web_search.requests': 1 }, parts },
      priced('3', 'a', { by_model }),
    );
    expect(ledger.usage).to.eql({ input_tokens: 3, 'web_search.requests': 1 });
    expect(ledger.total().by_model).to.eql(by_model);
  });

  it('stays small, whatever names come', () => {
    const ledger = new Ledger();
    for (let at = 0; at < 1000; at++) ledger.add(entry(`made-up ${at}`, 1, 1), priced('1'));
    const lines = ledger.total().by_model!;
    expect(lines).to.have.length(51);
    expect(lines.at(-1)).to.deep.include({ model: 'other', usage: { input_tokens: 950, output_tokens: 950 } });
  });

  it('is unknown without an entry that says anything', () => {
    const ledger = new Ledger();
    expect(ledger.usage).to.equal(null);
    ledger.add({ model: null, usage: null, parts: null }, priced(null));
    expect([ledger.usage, ledger.model, ledger.total().cost_usd]).to.eql([null, null, null]);
  });
});

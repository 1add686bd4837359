import { Ajv } from 'ajv';
import { expect } from 'chai';

import { checkPriceEntry, type PriceEntry, priceEntrySchema } from '../../src/metering/price-entry.ts';
import samples from '../wire-samples/prices.json' with { type: 'json' };

describe('price entries', () => {
  it('take the shape of the wire samples', () => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(priceEntrySchema);
    for (const [key, entry] of Object.entries(samples.models)) {
      expect(validate(entry), `${key} ${JSON.stringify(validate.errors)}`).to.equal(true);
      expect(checkPriceEntry(entry as PriceEntry), key).to.deep.equal([]);
    }
  });

  it('refuse unknown members and rates that are not amounts', () => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(priceEntrySchema);
    for (const entry of [{ inputs: 1 }, { input: -1 }, { input: 'cheap' }, { hours: [{ from: '9:00', to: '25:00' }] }])
      expect(validate(entry), JSON.stringify(entry)).to.equal(false);
  });

  it('say in every description of a token rate that it is per million', () => {
    for (const name of ['input', 'output', 'cache_read', 'cache_write_1h', 'output_audio'] as const)
      expect(priceEntrySchema.properties[name].description).to.contain('US dollars per million tokens');
  });

  it('are doubted when a rate was written per token or per thousand', () => {
    expect(checkPriceEntry({ input: '0.00000015', output: 0.6 })[0])
      .to.contain('input is 0.00000015 US dollars per million tokens')
      .and.to.contain('price per token');
    expect(checkPriceEntry({ tiers: [{ input_over: 1, output: 1500 }] })[0]).to.match(/^tiers\[0\]\.output .*1,000/);
    expect(checkPriceEntry({ service_tiers: { flex: { input: 1e-7 } } })[0]).to.match(/^service_tiers\.flex\.input /);
    expect(checkPriceEntry({ input: 1000, output: 0.0001 })).to.deep.equal([]);
  });

  it('may cost an explicit 0, and per-call rates have no such bounds', () => {
    expect(checkPriceEntry({ input: 0, output: '0' })).to.deep.equal([]);
    expect(checkPriceEntry({ audio_per_second: '0.00001' })).to.deep.equal([]);
  });

  it('need a threshold in every tier and real dates', () => {
    expect(checkPriceEntry({ tiers: [{ input: 1 }] })[0]).to.contain('tiers[0] needs');
    expect(checkPriceEntry({ starts: '2026-13-40' })[0]).to.contain('starts');
  });
});

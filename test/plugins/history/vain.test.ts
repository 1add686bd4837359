import { expect } from 'chai';

import { addVain } from '../../../plugins/history/vain.ts';
import { BLANK } from '../../../plugins/shared/blank-record.ts';
import type { AttemptRecord, ExchangeRecord } from '../../../src/pipeline/record.ts';

const attempt = (cost?: string | null): AttemptRecord => ({
  ...{ provider: 'openai', model: 'gpt-4o', status: 200, reason: 'upstream_reset', ms: 5 },
  ...(cost !== undefined && { cost_usd: cost }),
});

function added(row: Partial<ExchangeRecord>): ExchangeRecord {
  const record = { ...BLANK, ...row };
  addVain(record);
  return record;
}

describe('what attempts cost that were given up', () => {
  it('is part of the row’s cost, to the last digit', () => {
    const attempts = [attempt('0.00000000000015'), attempt('0.1'), attempt()];
    expect(added({ cost_usd: '0.2', attempts }).cost_usd).to.equal('0.30000000000015');
  });

  it('is all of the cost of an answer that came to nothing', () => {
    const attempts = [attempt('0.1'), attempt('0.02'), attempt()];
    expect(added({ usage_status: 'not_applicable', attempts }).cost_usd).to.equal('0.12');
  });

  it('makes no cost known that is not, and adds to what was guessed', () => {
    const estimate = { input_tokens: 1, output_tokens: 2, cost_usd: '0.5', confidence: 'low' as const };
    const row = added({ usage_status: 'missing', estimate, attempts: [attempt('0.25'), attempt()] });
    expect(row.cost_usd).to.equal(null);
    expect(row.estimate?.cost_usd).to.equal('0.75');
    expect(estimate.cost_usd).to.equal('0.5');
  });

  it('changes nothing where nothing was told of it', () => {
    const row = { cost_usd: '0.2', estimate: null, attempts: [attempt(null), attempt()] };
    expect(added(row)).to.deep.equal({ ...BLANK, ...row });
  });
});

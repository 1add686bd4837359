import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { checkPriceFile } from '../../src/config/price-file.ts';
import { problemLine } from '../../src/config/problem.ts';

const lines = (text: string) => checkPriceFile({ text, file: 'prices.yaml', env: {} }).map(problemLine);

describe('a price file', () => {
  it('holds prices by model, or the same under models', () => {
    expect(lines('openai/gpt-4o: { input: 2.5, output: 10 }\n')).to.eql([]);
    expect(lines('version: 2026-11\nmodels:\n  gpt-4o: { input: "2.50" }\n')).to.eql([]);
  });

  it('may say that it is in US dollars, and in no other currency', () => {
    expect(lines('currency: USD\nunit: per million tokens\nmodels:\n  gpt-4o: { input: 2 }\n')).to.eql([]);
    expect(lines('currency: EUR\nmodels:\n  gpt-4o: { input: 2 }\n')).to.have.length(1);
  });

  it('takes the table of the wire samples', () => {
    const text = readFileSync(new URL('../wire-samples/prices.json', import.meta.url), 'utf8');
    expect(checkPriceFile({ text, file: 'prices.json', env: {} })).to.eql([]);
  });

  it('is refused with the line that is wrong', () => {
    expect(lines('a: { input: -1 }\n')).to.eql(['prices.yaml:1:13 a.input must be at least 0, not -1']);
    expect(lines('models:\n  a: { inptu: 1 }\n')).to.eql([
      'prices.yaml:2:8 models.a.inptu is not known; did you mean input?',
    ]);
    expect(lines('models:\n  a: { input: 5000 }\n')).to.eql([
      'prices.yaml:2:6 models.a input is 5000 US dollars per million tokens, above 1,000: is the unit right?',
    ]);
    expect(lines('- a\n')).to.have.length(1);
  });
});

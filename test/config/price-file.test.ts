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

  it('names the rate and the unit that are meant by the names of other tables', () => {
    const said = (name: string) => lines(`a: { ${name}: 0.1 }\n`)[0]?.replace(/^.* is not known; did you mean /, '');
    const perToken = 'Here it is US dollars per million tokens: a price per token times 1,000,000.';
    expect(said('input_cost_per_token')).to.equal(`input? ${perToken}`);
    expect(said('output_cost_per_token')).to.equal(`output? ${perToken}`);
    expect(said('cache_read_input_token_cost')).to.equal(`cache_read? ${perToken}`);
    expect(said('cache_creation_input_token_cost_above_1hr')).to.equal(`cache_write_1h? ${perToken}`);
    expect(said('input_cost_per_audio_token')).to.equal(`input_audio? ${perToken}`);
    expect(said('prompt')).to.equal(`input? ${perToken}`);
    expect(said('input_cost_per_token_above_200k_tokens')).to.match(/^tiers\? .*per million/);
    expect(said('cache_read_input_token_cost_flex')).to.match(/^service_tiers\? .*per million/);
    expect(said('input_mtok')).to.equal('input? Here as there it is US dollars per million tokens.');
    expect(said('input_cost_per_second')).to.equal(
      'audio_per_second? Here as there it is US dollars per second of audio.',
    );
    expect(said('max_cost')).to.match(/known here/);
  });

  it('takes every member that the documentation tells', () => {
    const rates = 'input: 1, output: "2.50", cache_read: 0.1, cache_write: 1.25, cache_write_1h: 2, input_audio: 9';
    const entry = `${rates}, audio_per_minute: 0.006, web_search_per_1k: 10, dated: true, match: [b, c-*]`;
    const rest = [
      'tiers: [{ input_at_least: 200000, input: 2 }, { input_over: 400000, input: 3 }]',
      'service_tiers: { flex: { multiplier: 0.5, cache_read: 0.1 }, priority: { input: 2, output: 5 } }',
      'speeds: { fast: { multiplier: 2 } }',
      'geo_multiplier: { us: "1.1" }',
      'hours: [{ from: "22:00", to: "02:00", days: [mon], except: ["2027-01-01"], multiplier: 2 }]',
      'same_as: { cache_write_30m: input }',
      'starts: "2026-01-01"',
      'ends: "2027-01-01T16:00Z"',
      'source: the contract',
    ].join(', ');
    expect(lines(`a: { ${entry}, ${rest} }\n`)).to.eql([]);
    expect(lines('a: { hours: [{ from: "22:00", to: "02:00", except: ["1 January"] }] }\n')).to.have.length(1);
    expect(lines('a: { service_tiers: { flex: { input: 0.0000001 } } }\n')[0]).to.contain('price per token');
  });
});

import { expect } from 'chai';
import { draw } from '../support/drafts.ts';

const PROVIDERS = `
providers:
  openai: {}
  mine: { base_url: "http://127.0.0.1:1", models: { house-large: { input: 1 }, "house-mini-*": {}, named: { max_output: 5 } } }
  listed: { base_url: "http://127.0.0.1:1", models: [one, two] }
  blank: { base_url: "http://127.0.0.1:1" }
  free: { base_url: "http://127.0.0.1:1", free: true, models: [one] }
`;
const lines = (targets: string): Promise<string> =>
  draw(`routes: [ { targets: [ ${targets} ] } ]${PROVIDERS}`).then(
    () => '',
    (error: Error) => error.message,
  );

describe('the models of targets', () => {
  it('that stand in the prices of their provider, or in its own list, are good', async () => {
    const good = [
      '{ provider: openai, model: gpt-4o-mini }',
      '{ provider: openai, model: gpt-4o-2024-11-20 }',
      '{ provider: mine, model: house-large }',
      '{ provider: mine, model: house-mini-2 }',
      '{ provider: mine, model: named }',
      '{ provider: listed, model: two }',
    ];
    expect(await lines(good.join(', '))).to.equal('');
  });

  it('may be anything where nothing is known, where all is free, and where none is named', async () => {
    expect(await lines('{ provider: blank, model: x }, { provider: free, model: x }, { provider: openai }')).to.equal(
      '',
    );
  });

  it('that nobody knows are refused with their line, and what was meant', async () => {
    expect(await lines('{ provider: openai, model: gpt-4o-minni }')).to.equal(
      'gateway.yaml:1:51 routes[0].targets[0].model "gpt-4o-minni" is no known model of openai; did you mean gpt-4o-mini? If not, add it under providers.openai.models',
    );
    expect(
      await lines('{ provider: blank }, { provider: listed, model: seventeen }, { provider: mine, model: house-tiny }'),
    ).to.equal(
      [
        'gateway.yaml:1:72 routes[0].targets[1].model "seventeen" is no known model of listed; add it under providers.listed.models',
        'gateway.yaml:1:110 routes[0].targets[2].model "house-tiny" is no known model of mine; add it under providers.mine.models',
      ].join('\n'),
    );
  });

  it('that have a price of the operator’s are good', async () => {
    const text = `pricing: { models: { openai/ours: { input: 1, output: 1 } } }\nroutes: [ { targets: [ { provider: openai, model: ours } ] } ]${PROVIDERS}`;
    expect((await draw(text)).config.routes).to.have.length(1);
  });
});

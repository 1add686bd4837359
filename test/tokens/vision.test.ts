import { expect } from 'chai';

import { type Detail, visionOf } from '../../src/tokens/vision.ts';

const look = (model: string, width: number, height: number, detail: Detail = 'high') =>
  visionOf(model)({ width, height }, detail);
const tokens = (model: string, width: number, height: number, detail?: Detail) =>
  look(model, width, height, detail).tokens;

describe('what a picture costs', () => {
  it('is by tiles what OpenAI says in its examples', () => {
    for (const model of ['gpt-4o', 'gpt-4.1', 'openai/gpt-4o-2024-08-06', 'gpt-4-turbo']) {
      expect(tokens(model, 1024, 1024), model).to.equal(765);
      expect(tokens(model, 2048, 4096), model).to.equal(1105);
      expect(tokens(model, 4096, 8192, 'low'), model).to.equal(85);
      expect(tokens(model, 512, 512), model).to.equal(255);
    }
    expect(tokens('gpt-4o-mini', 1024, 1024)).to.equal(2833 + 4 * 5667);
    expect(tokens('gpt-4o-mini', 1024, 1024, 'low')).to.equal(2833);
    expect(tokens('gpt-5', 1024, 1024)).to.equal(70 + 4 * 140);
    expect(tokens('gpt-5.1-codex', 1024, 1024)).to.equal(70 + 4 * 140);
    expect(tokens('o1', 1024, 1024)).to.equal(75 + 4 * 150);
    expect(tokens('o3-pro', 2048, 4096)).to.equal(75 + 6 * 150);
    expect(tokens('computer-use-preview', 1024, 768)).to.equal(65 + 4 * 129);
  });

  it('is by patches what OpenAI says in its examples', () => {
    expect(tokens('gpt-4.1-mini', 1024, 1024)).to.equal(Math.ceil(1024 * 1.62));
    expect(tokens('gpt-5-mini', 1800, 2400)).to.equal(Math.ceil(1452 * 1.62));
    expect(tokens('o4-mini', 1800, 2400)).to.equal(Math.ceil(1452 * 1.72));
    expect(tokens('gpt-5-nano', 1800, 2400)).to.equal(Math.ceil(1452 * 2.46));
    expect(tokens('gpt-4.1-nano', 1800, 2400)).to.equal(Math.ceil(1452 * 2.46));
    expect(tokens('gpt-5.4-mini', 1800, 2400)).to.equal(Math.ceil(1452 * 1.62));
    expect(tokens('gpt-5.2', 640, 480)).to.equal(360);
  });

  it('is by patches what was measured of the newest', () => {
    for (const model of ['gpt-6-astra', 'gpt-5.6-sol', 'us.openai.gpt-5.6-luna']) {
      expect(tokens(model, 640, 480), model).to.equal(360);
      expect(tokens(model, 640, 480, 'low'), model).to.equal(231);
      expect(tokens(model, 3200, 960, 'original'), model).to.equal(3600);
      expect(tokens(model, 3200, 960, 'auto'), model).to.equal(3600);
      expect(tokens(model, 3200, 960), model).to.equal(2916);
      expect(tokens(model, 2560, 1440), model).to.equal(2931);
      expect(tokens(model, 1280, 720), model).to.equal(1104);
      expect(tokens(model, 1280, 720, 'low'), model).to.equal(173);
    }
    expect(tokens('gpt-5.4', 6000, 4000, 'original')).to.be.within(11_500, 12_000);
    expect(look('gpt-5.4', 6000, 4000, 'auto').most, 'it may choose').to.equal(
      tokens('gpt-5.4', 6000, 4000, 'original'),
    );
    expect(tokens('gpt-5.4', 6000, 4000, 'auto')).to.be.at.most(3000);
  });

  it('is with Claude what its documentation says, before 4.7 and since', () => {
    for (const [width, height, before, since] of [
      [1092, 1092, 1521, 1521],
      [1000, 1000, 1296, 1296],
      [1920, 1080, 1560, 2691],
      [3840, 2160, 1560, 4784],
      [4032, 3024, 1530, 4740],
      [3024, 1964, 1540, 4760],
      [200, 200, 64, 64],
    ] as const) {
      const what = `${width} x ${height}`;
      expect(tokens('claude-sonnet-4-6', width, height), what).to.be.within(before - 40, Math.min(before + 40, 1568));
      for (const model of ['claude-opus-4-7', 'us.anthropic.claude-sonnet-5', 'claude-haiku-5-5', 'claude-fable-5'])
        expect(tokens(model, width, height), `${model} ${what}`).to.equal(since);
    }
    expect(tokens('claude-sonnet-4-6', 1920, 1080)).to.equal(1560);
    expect(tokens('claude-sonnet-4-6', 1092, 1092)).to.equal(1521);
  });

  it('is with Gemini a number of tiles, and from 3 on a figure for each resolution', () => {
    expect(tokens('gemini-2.5-flash', 384, 384)).to.equal(258);
    expect(tokens('gemini-2.0-flash', 960, 540), 'the example of its documentation').to.equal(6 * 258);
    expect(tokens('models/gemini-2.5-pro', 960, 540, 'low')).to.equal(64);
    for (const model of ['gemini-3-pro-preview', 'gemini-3.1-pro-preview', 'gemini-10-flash'])
      expect(
        (['low', 'medium', 'high', 'auto'] as const).map((detail) => tokens(model, 960, 540, detail)),
        model,
      ).to.eql([280, 560, 1120, 1120]);
  });

  it('is a figure with everybody else', () => {
    expect(look('pixtral-large', 640, 480)).to.eql({ tokens: 414, most: 1600 });
    expect(look('qwen3-vl-plus', 4000, 3000)).to.eql({ tokens: 1600, most: 15_444 });
  });

  it('is a usual one, and the most there is, where the size is not known', () => {
    for (const [model, usual, most] of [
      ['gpt-4o', 765, 1445],
      ['gpt-4o-mini', 25_501, 48_169],
      ['gpt-5-mini', 1659, 2489],
      ['gpt-6-astra', 1229, 36_000],
      ['claude-sonnet-4-5', 1369, 1568],
      ['claude-opus-5', 1369, 4784],
      ['gemini-2.5-pro', 1032, 3096],
      ['gemini-3-flash', 1120, 1120],
      ['llama-4', 1369, 16_384],
    ] as const)
      expect(visionOf(model)(null, 'auto'), model).to.eql({ tokens: usual, most });
    expect(visionOf('gpt-4o')(null, 'low')).to.eql({ tokens: 85, most: 85 });
  });

  it('is never nothing, no number, or more than its most, whatever the size', () => {
    const models = [
      'gpt-4o',
      'gpt-4o-mini',
      'gpt-5',
      'gpt-5-nano',
      'gpt-5.4',
      'gpt-6-astra',
      'claude-3-opus',
      'claude-opus-5',
      'gemini-2.5-pro',
      'gemini-3-pro',
      'any',
      '',
    ];
    const sides = [1, 27, 28, 29, 100, 511, 512, 513, 768, 2047, 2049, 65_535, 2 ** 31];
    for (const model of models)
      for (const width of sides)
        for (const height of sides)
          for (const detail of ['low', 'medium', 'high', 'original', 'auto'] as const) {
            const { tokens: one, most } = look(model, width, height, detail);
            const isSound = Number.isSafeInteger(one) && Number.isSafeInteger(most) && one > 0 && most >= one;
            if (!isSound) expect.fail(`${model} ${width} x ${height} ${detail}: ${one}, ${most}`);
          }
  });
});

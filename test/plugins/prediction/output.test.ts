import { expect } from 'chai';

import { guessOutput, mostOutput } from '../../../plugins/prediction/output.ts';

const GPT4O = { maxOutput: 16_384, contextWindow: 128_000 };
const UNKNOWN = { maxOutput: null, contextWindow: null };
const MOST = Number.MAX_SAFE_INTEGER;

describe('plugins/prediction/output', () => {
  it('expects three quarters of what a request allows', () => {
    expect(guessOutput({ each: 100, answers: 1 }, GPT4O, null, 1)).to.eql({ half: 75, nine: 100, basis: 'max_tokens' });
    expect(guessOutput({ each: 101, answers: 3 }, UNKNOWN, null, 1)).to.eql({
      half: 228,
      nine: 303,
      basis: 'max_tokens',
    });
  });

  it('expects half of what a model can give where the request says nothing', () => {
    expect(guessOutput({ each: null, answers: 1 }, GPT4O, null, 1)).to.eql({
      half: 8192,
      nine: 16_384,
      basis: 'model',
    });
    const unknown = guessOutput({ each: null, answers: 2 }, UNKNOWN, null, 32_768);
    expect(unknown).to.eql({ half: 8192, nine: 65_536, basis: 'model' });
    expect(guessOutput({ each: null, answers: 1 }, UNKNOWN, null, 1000).half).to.equal(1000);
  });

  it('expects what was learned, within what the request and the model allow', () => {
    const learned = { half: 200, nine: 900 };
    expect(guessOutput({ each: null, answers: 2 }, GPT4O, learned, 1)).to.eql({
      half: 400,
      nine: 1800,
      basis: 'learned',
    });
    expect(guessOutput({ each: 500, answers: 1 }, GPT4O, learned, 1)).to.include({ half: 200, nine: 500 });
    expect(guessOutput({ each: 100, answers: 1 }, GPT4O, learned, 1)).to.include({ half: 100, nine: 100 });
    expect(guessOutput({ each: null, answers: 1 }, { ...GPT4O, maxOutput: 50 }, learned, 1)).to.include({
      half: 50,
      nine: 50,
    });
  });

  it('takes what comes exactly as it is said', () => {
    expect(guessOutput({ each: 1056, answers: 2 }, UNKNOWN, null, 1, 1)).to.include({ half: 2112, nine: 2112 });
    expect(guessOutput({ each: 0, answers: 1 }, UNKNOWN, null, 1)).to.include({ half: 0, nine: 0 });
  });

  it('bounds the output by the request, then the model, then the option, and all by the window', () => {
    expect(mostOutput({ each: 100, answers: 3 }, GPT4O, 7)).to.equal(300);
    expect(mostOutput({ each: null, answers: 3 }, GPT4O, 7)).to.equal(3 * 16_384);
    expect(mostOutput({ each: null, answers: 3 }, UNKNOWN, 7)).to.equal(21);
    expect(mostOutput({ each: 20_000, answers: 1 }, GPT4O, 7), 'the table may be old').to.equal(20_000);
    expect(mostOutput({ each: 10 ** 12, answers: 1 }, GPT4O, 7)).to.equal(128_000);
  });

  it('stays an exact number whatever is asked', () => {
    for (const answers of [1, 2 ** 31, MOST]) {
      for (const each of [null, 1, MOST]) {
        const { half, nine } = guessOutput({ each, answers }, UNKNOWN, null, 32_768);
        for (const count of [half, nine, mostOutput({ each, answers }, UNKNOWN, 32_768)]) {
          expect(Number.isSafeInteger(count) && count > 0, `${answers} of ${each}: ${count}`).to.equal(true);
        }
      }
    }
  });
});

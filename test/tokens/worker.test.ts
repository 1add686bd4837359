import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';

import type { Answer, Numbered, Question } from '../../src/tokens/token-count.ts';

describe('the thread that counts', () => {
  const ask = async (question: Question): Promise<Answer> => {
    const worker = new Worker(new URL('../../src/tokens/worker.ts', import.meta.url));
    try {
      worker.postMessage([{ id: 7, asked: question }]);
      const [[{ id, asked }]] = (await once(worker, 'message')) as [[Numbered<Answer>]];
      expect(id).to.equal(7);
      return asked;
    } finally {
      await worker.terminate();
    }
  };

  it('answers a question', async () => {
    expect(await ask({ model: 'gpt-4o', texts: ['2 + 2 = 4'] })).to.eql({
      tokens: 7,
      most: 7,
      hasUnseen: false,
      source: 'counted',
      confidence: 'high',
    });
  });

  it('answers a short question before a long one that came first', async () => {
    const worker = new Worker(new URL('../../src/tokens/worker.ts', import.meta.url));
    try {
      worker.postMessage([{ id: 1, asked: { model: 'gpt-4o', texts: ['some words, and more. '.repeat(20_000)] } }]);
      worker.postMessage([{ id: 2, asked: { model: 'gpt-4o', texts: ['Hello!'] } }]);
      const [[first]] = (await once(worker, 'message')) as [[Numbered<Answer>]];
      const [[second]] = (await once(worker, 'message')) as [[Numbered<Answer>]];
      expect([first.id, second.id]).to.eql([2, 1]);
    } finally {
      await worker.terminate();
    }
  });

  it('says the kind of a trouble and nothing of the text', async () => {
    const body = Uint8Array.from(Buffer.from('a secret that is no JSON'));
    expect(await ask({ model: 'gpt-4o', body })).to.eql({ problem: 'SyntaxError' });
  });
});

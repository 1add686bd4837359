import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';

import type { Answer, Question } from '../../src/tokens/token-count.ts';

describe('the thread that counts', () => {
  const ask = async (question: Question): Promise<Answer> => {
    const worker = new Worker(new URL('../../src/tokens/worker.ts', import.meta.url));
    try {
      worker.postMessage(question);
      const [answer] = (await once(worker, 'message')) as [Answer];
      return answer;
    } finally {
      await worker.terminate();
    }
  };

  it('answers a question', async () => {
    expect(await ask({ model: 'gpt-4o', texts: ['2 + 2 = 4'] })).to.eql({
      tokens: 7,
      source: 'counted',
      confidence: 'high',
    });
  });

  it('says the kind of a trouble and nothing of the text', async () => {
    const body = Uint8Array.from(Buffer.from('a secret that is no JSON'));
    expect(await ask({ model: 'gpt-4o', body })).to.eql({ problem: 'SyntaxError' });
  });
});

/** The counter's thread: answers questions, a long one in slices, so that short ones need not wait for it. */
import { parentPort } from 'node:worker_threads';

import { answer } from './answer.ts';
import type { Answer, Numbered, Question } from './token-count.ts';

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

parentPort?.on('message', async ({ id, asked }: Numbered<Question>) => {
  // The code or kind of an error, never its message: that of a parser quotes the prompt.
  const problem = ({ code, name }: NodeJS.ErrnoException): Answer => ({ problem: code ?? name });
  const numbered: Numbered<Answer> = { id, asked: await answer(asked, pause).catch(problem) };
  parentPort?.postMessage(numbered);
});

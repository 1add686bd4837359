/** The counter's thread: takes one question at a time and answers it. */
import { parentPort } from 'node:worker_threads';

import { answer } from './answer.ts';
import type { Answer, Question } from './token-count.ts';

parentPort?.on('message', async (question: Question) => {
  // The code or kind of an error, never its message: that of a parser quotes the prompt.
  const problem = ({ code, name }: NodeJS.ErrnoException): Answer => ({ problem: code ?? name });
  parentPort?.postMessage(await answer(question).catch(problem));
});

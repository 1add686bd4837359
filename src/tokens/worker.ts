/** The counter's thread: answers questions, a long one in slices, so that short ones need not wait for it. */
import { parentPort } from 'node:worker_threads';

import { answer } from './answer.ts';
import type { Answer, Numbered, Question } from './token-count.ts';

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What is answered in one turn goes back together: to wake the other thread costs more than to count a short prompt. */
let answered: Numbered<Answer>[] = [];

function tell(one: Numbered<Answer>): void {
  answered.push(one);
  if (answered.length > 1) return;
  setImmediate(() => {
    parentPort?.postMessage(answered);
    answered = [];
  });
}

// The code or kind of an error, never its message: that of a parser quotes the prompt.
const problem = ({ code, name }: NodeJS.ErrnoException): Answer => ({ problem: code ?? name });

parentPort?.on('message', (questions: readonly Numbered<Question>[]) => {
  for (const { id, asked } of questions)
    void answer(asked, pause)
      .catch(problem)
      .then((found) => tell({ id, asked: found }));
});

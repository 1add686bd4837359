/** The API of redactions: the same numbers as on their page. */
import type Router from '@koa/router';
import type { Lent } from '../../src/plugin.ts';
import { answer } from '../shared/answer.ts';
import type { Entry } from './entries.ts';
import { redactionsView } from './view.ts';

const KNOWN = ['range', 'from', 'to', 'agent', 'tenant'];

export function addRoutes(router: Router, { records, log }: Pick<Lent, 'records' | 'log'>, entry: Entry): void {
  router.get('/api/v1/redactions', (ctx) =>
    answer(ctx, log, KNOWN, async (question) => ({
      ...(await redactionsView(records, question)),
      entries: entry.all.map(({ facts }) => facts),
    })),
  );
}

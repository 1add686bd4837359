/** The API of cache breaks: the same numbers as on their page. */
import type Router from '@koa/router';
import type { Lent } from '../../src/plugin.ts';
import { answer } from '../shared/answer.ts';
import { KNOWN } from '../shared/question.ts';
import { breaksView } from './view.ts';

const USUAL = 100;
const MOST = 500;
const MOST_SESSION = 512;

export function addRoutes(router: Router, { records, log }: Pick<Lent, 'records' | 'log'>): void {
  router.get('/api/v1/cache-breaks', (ctx) =>
    answer(ctx, log, [...KNOWN, 'session', 'limit'], async (question) => {
      const { session, limit = String(USUAL) } = ctx.query;
      if (session !== undefined && (typeof session !== 'string' || session.length > MOST_SESSION))
        return { field: 'session', rule: `may be given once, with at most ${MOST_SESSION} characters` };
      const count = typeof limit === 'string' && /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
      if (count < 1 || count > MOST) return { field: 'limit', rule: `must be a whole number from 1 to ${MOST}` };
      return breaksView(records, question, { session: session || undefined, limit: count });
    }),
  );
}

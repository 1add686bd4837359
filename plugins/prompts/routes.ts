/** The API of prompts: the same numbers as on their page. */
import type Router from '@koa/router';
import type { Lent, PartKind } from '../../src/plugin.ts';
import { answer, type Context } from '../shared/answer.ts';
import { KNOWN, type Question } from '../shared/question.ts';
import { economicsOf, toolsOf } from './economics.ts';

const KINDS: readonly PartKind[] = ['tool', 'schema', 'system', 'file', 'skills', 'component', 'history', 'new'];
const HOUR_MS = 3_600_000;
const MOST_NAME = 512;

export function addRoutes(router: Router, records: Lent['records'], log: Lent['log']): void {
  router.get('/api/v1/prompts', (ctx) => answer(ctx, log, KNOWN, async (question) => economicsOf(records, question)));
  router.get('/api/v1/tools', (ctx) =>
    answer(ctx, log, KNOWN, async (question) => {
      const economics = await economicsOf(records, question);
      const { from, to, since, hours, turns } = economics;
      return { from, to, since, hours, turns, ...toolsOf(economics) };
    }),
  );
  router.get('/api/v1/prompts/growth', (ctx) =>
    answer(ctx, log, [...KNOWN, 'kind', 'name', 'bucket_hours'], (question) => growthOf(ctx, records, question)),
  );
}

async function growthOf({ query }: Context, records: Lent['records'], question: Question): Promise<object> {
  const kind = KINDS.find((one) => one === query.kind);
  if (kind === undefined) return { field: 'kind', rule: `must be one of ${KINDS.join(', ')}` };
  const name = query.name ?? '';
  if (typeof name !== 'string' || name.length > MOST_NAME)
    return { field: 'name', rule: `may be given once, with at most ${MOST_NAME} characters` };
  const hours = query.bucket_hours ?? String(question.bucketMs / HOUR_MS);
  if (typeof hours !== 'string' || !/^[1-9]\d{0,3}$/.test(hours))
    return { field: 'bucket_hours', rule: 'must be a whole number from 1 to 9999' };
  const points = await records.growth({ ...question, kind, name, bucketMs: Number(hours) * HOUR_MS });
  return { from: question.from.toISOString(), to: question.to.toISOString(), kind, name, points };
}

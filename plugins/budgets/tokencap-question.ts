import type { ParsedUrlQuery } from 'node:querystring';
import { type Fault, invalid } from './tokencap-project.ts';

/** Which rows are asked for. */
export interface Stretch {
  readonly limit: number;
  readonly from: Date | undefined;
  readonly to: Date | undefined;
}

const USUAL = 100;
const MOST = 1000;
/** A day, which is its first moment in UTC, or a time; one without a zone is UTC. */
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** Reads `limit`, 100 unless told, and `from` and `to`, without which there is no bound. */
export function readHistory(query: ParsedUrlQuery): Stretch | Fault {
  const limit = limitOf(query.limit);
  if (limit === null) return invalid(`limit must be a whole number from 1 to ${MOST}.`);
  const from = timeOf(query.from);
  const to = timeOf(query.to);
  if (from === null || to === null)
    return invalid(`${from === null ? 'from' : 'to'} must be a time such as 2026-11-20T09:10:11Z, or a day.`);
  if (from && to && from > to) return invalid('from must not be after to.');
  return { limit, from, to };
}

function limitOf(text: string | string[] | undefined): number | null {
  if (text === undefined) return USUAL;
  const limit = typeof text === 'string' && /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= MOST ? limit : null;
}

function timeOf(text: string | string[] | undefined): Date | undefined | null {
  if (text === undefined) return undefined;
  if (typeof text !== 'string' || !TIME.test(text)) return null;
  const isLocal = text.includes('T') && !/(Z|[+-]\d{2}:?\d{2})$/.test(text.slice(11));
  const date = new Date(isLocal ? `${text}Z` : text);
  return Number.isNaN(date.getTime()) ? null : date;
}

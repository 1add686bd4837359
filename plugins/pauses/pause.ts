import { createHash } from 'node:crypto';
import type { Json } from '../../src/plugin.ts';
import { type Complaint, Fields, isMembers, type Members } from '../shared/fields.ts';
import { readThrottle, type Throttle, throttleOf } from './throttle.ts';

/** What can be paused. */
export const DIMENSIONS = ['agent', 'key', 'session', 'user', 'project', 'provider'] as const;
export type Paused = (typeof DIMENSIONS)[number];
/** Exact names; all of them must fit. */
export type PauseScope = Readonly<Partial<Record<Paused, string>>>;

/** Requests that are not let through, or slowly, until somebody resumes them. */
export interface Pause {
  /** Of its scope: the same is paused once. */
  readonly id: string;
  readonly scope: PauseScope;
  /** How they are slowed down; null: none is let through. */
  readonly throttle: Throttle | null;
  readonly reason: string | null;
  /** UTC ISO. */
  readonly since: string;
  /** UTC ISO: from then on it holds no more; null: until it is resumed. */
  readonly until: string | null;
  /** Name of the key of who paused it; null where none was needed. */
  readonly by: string | null;
}

export type Slowed = Pause & { readonly throttle: Throttle };

export type PauseRead = { readonly pause: Pause } | { readonly complaints: readonly Complaint[] };

const LONGEST_NAME = 256;
const LONGEST_REASON = 500;
const HINT = 'is not known here';
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/** Reads what somebody wants to pause: `{ scope: { agent }, throttle, reason, until }`. */
export function readPause(value: unknown, by: string | null, now: number): PauseRead {
  if (!isMembers(value)) return { complaints: [{ at: '', message: 'must be an object' }] };
  const complaints: Complaint[] = [];
  const fields = new Fields(value, { complaints });
  const scope = readScope(fields, complaints);
  const throttle = readThrottle(fields, (members) => new Fields(members, { at: 'throttle', complaints }));
  const reason = fields.text('reason', LONGEST_REASON);
  const until = readUntil(fields, now);
  fields.end(`${HINT}; known are scope, throttle, reason, until`);
  if (complaints.length > 0) return { complaints };
  return { pause: { id: idOf(scope), scope, throttle, reason, since: new Date(now).toISOString(), until, by } };
}

function readScope(fields: Fields, complaints: Complaint[]): PauseScope {
  const members: Members = fields.object('scope') ?? {};
  const inner = new Fields(members, { at: 'scope', complaints });
  const names = DIMENSIONS.flatMap((name) => {
    const text = inner.text(name, LONGEST_NAME);
    return text === null ? [] : [[name, text] as const];
  });
  inner.end(`${HINT}; known are ${DIMENSIONS.join(', ')}`);
  if (names.length === 0 && complaints.length === 0) fields.wrong('scope', `must name one of ${DIMENSIONS.join(', ')}`);
  return Object.fromEntries(names);
}

function readUntil(fields: Fields, now: number): string | null {
  const text = fields.text('until', 40);
  if (text === null) return null;
  const at = MOMENT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return fields.wrong('until', 'must be a time with its zone, such as 2027-01-31T12:00:00Z');
  return at > now ? new Date(at).toISOString() : fields.wrong('until', 'must be a time to come');
}

/** The names are in the order of the dimensions, so that one scope has one id. */
function idOf(scope: PauseScope): string {
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(scope)))
    .digest('hex')
    .slice(0, 16);
}

/** A stored pause; null for what an older or newer version has stored otherwise. */
export function pauseOf(id: string, body: Json): Pause | null {
  const members = isMembers(body) ? body : {};
  const { scope, reason, since, until, by } = members as Readonly<Record<string, unknown>>;
  if (!isMembers(scope) || typeof since !== 'string' || Object.keys(scope).length === 0) return null;
  const known = Object.entries(scope).every(
    ([name, value]) => (DIMENSIONS as readonly string[]).includes(name) && typeof value === 'string',
  );
  const throttle = throttleOf(members.throttle);
  if (!known || throttle === undefined) return null;
  return { id, scope: scope as PauseScope, throttle, reason: text(reason), since, until: text(until), by: text(by) };
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** The first dimension that it names. */
export const firstOf = (scope: PauseScope): Paused => DIMENSIONS.find((name) => scope[name] !== undefined)!;

/** `agent ci-bot of project web`. */
export const scopeWords = (scope: PauseScope): string =>
  DIMENSIONS.flatMap((name) => (scope[name] === undefined ? [] : [`${name} ${scope[name]}`])).join(' of ');

/** Whether it holds at that time, epoch milliseconds. */
export const holdsAt = ({ until }: Pause, now: number): boolean => until === null || Date.parse(until) > now;

/** Routes and health in words for people. */
import type { HealthView } from '../pipeline/plan.ts';
import { FAILURES } from './failure-words.ts';
import { duration, whole } from './format.ts';
import type { RouteView } from './house.ts';

type Globs = string | readonly string[];

const oneOf = (globs: Globs): string => (typeof globs === 'string' ? globs : globs.join(' or '));

/** What a request must be: name and value of each condition; none where it takes everything. */
export function matchWords({ match }: RouteView): { name: string; value: string }[] {
  const { model, path, listener, agent, key, tags = {}, body, stream } = match;
  const globs: [string, Globs | undefined][] = [
    ['model', model],
    ['path', path],
    ['listener', listener],
    ['agent', agent],
    ['gateway key', key],
    ...Object.entries(tags).map(([name, value]): [string, Globs] => [`tag ${name}`, value]),
  ];
  const words = globs.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: oneOf(value) }]));
  const size = body && sizeWords(body);
  if (size) words.push({ name: 'body', value: size });
  if (stream !== undefined) words.push({ name: 'stream', value: stream ? 'yes' : 'no' });
  return words;
}

function sizeWords({ min, max }: NonNullable<RouteView['match']['body']>): string {
  const [least, most] = [min, max].map((size) => (size === undefined ? null : sizeText(Number(size))));
  if (least !== null && most !== null) return `${least} to ${most}`;
  return least !== null ? `${least} or more` : most !== null ? `up to ${most}` : '';
}

/** Exactly, since it is a bound: in the largest unit of which it is a whole number. */
function sizeText(bytes: number): string {
  for (const [unit, size] of UNITS) if (bytes >= size && bytes % size === 0) return `${whole(bytes / size)} ${unit}`;
  return `${whole(bytes)} B`;
}

const UNITS = [
  ['MiB', 1024 * 1024],
  ['MB', 1e6],
  ['KiB', 1024],
  ['KB', 1000],
] as const;

const STRATEGIES: Readonly<Record<RouteView['strategy'], string>> = {
  fallback: 'in this order: the next one where one fails',
  weighted: 'by chance, as the weights say',
  cheapest: 'the cheapest for this request first',
  fastest: 'the quicker one of two first',
};

export const strategyWords = ({ strategy }: RouteView): string => STRATEGIES[strategy];

const STICKY: Readonly<Record<RouteView['sticky'], string>> = {
  state: 'what only its origin can read goes back there',
  session: 'all of a session goes where it began',
  never: 'nothing is bound to where it came from',
};

export const stickyWords = ({ sticky }: RouteView): string => STICKY[sticky];

export function retryWords({ retry, restart }: RouteView): string {
  const { attempts, retries, backoffMs, maxBackoffMs, maxWaitMs, deadlineMs } = retry;
  if (attempts === 1) return `sent once; an answer must begin within ${duration(deadlineMs)}`;
  const again =
    retries === 0
      ? 'none is asked twice'
      : `each is asked ${retries === 1 ? 'once' : `${retries} times`} more, after ${duration(backoffMs)} up to ${duration(maxBackoffMs)}`;
  const held = restart ? '; answers are held until they are whole, and made anew where they break off' : '';
  return `${attempts} attempts at most, ${again}; waits of more than ${duration(maxWaitMs)} are not kept; an answer must begin within ${duration(deadlineMs)}${held}`;
}

/** How a place fares: a word and its tone, and why. */
export function stateWords(health: HealthView | null): { word: string; tone: string; why: string | null } {
  if (health === null) return { word: 'not asked yet', tone: 'calm', why: null };
  const why = health.failure && FAILURES[health.failure];
  if (health.state === 'open') return { word: 'left alone', tone: 'bad', why };
  if (health.state === 'half_open') return { word: 'being tried', tone: 'warn', why };
  if (health.recent === 0)
    return { word: health.attempts === 0 ? 'not asked yet' : 'no answer yet', tone: 'calm', why: null };
  const isShaky = health.recentFailures > 0;
  return { word: isShaky ? 'answers, not always' : 'answers', tone: isShaky ? 'warn' : 'good', why: null };
}

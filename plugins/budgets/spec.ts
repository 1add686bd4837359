import { createHash } from 'node:crypto';
import { fromPico, instantOf, isZone, type Measure, readPeriod, Series, windowOf } from '../../src/plugin.ts';
import { MOST, picoOf } from '../shared/amounts.ts';
import { perSchema, scopeSchema } from '../shared/scope.ts';
import { Fields, isLine } from './fields.ts';
import { readPer, readScope, scopeSpec } from './scope.ts';
import type { Budget, BudgetRead, BudgetSpec, Recurrence } from './types.ts';

const LONGEST_NAME = 128;
const LONGEST_MODEL = 256;
const ACTIONS = ['reject', 'warn'] as const;
const USUAL_WARNINGS = [80];
const MOST_WARNINGS = 10;
/** The limit of each measure, by the name it has in gateway.yaml. */
const LIMITS = { limit_usd: 'usd', limit_tokens: 'tokens', limit_requests: 'requests' } as const;
type LimitName = keyof typeof LIMITS;

const dollars = { type: ['number', 'string'], minimum: 0, pattern: '^\\d+(\\.\\d+)?$' } as const;

/** A budget in gateway.yaml. `readBudget` says what of this a schema cannot say. */
export const budgetSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'period'],
  description: 'A limit on what requests may cost, or use, in a period of time.',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: LONGEST_NAME, description: 'What it is called; no two alike.' },
    scope: scopeSchema,
    per: perSchema,
    limit_usd: {
      ...dollars,
      patternErrorMessage: 'must be US dollars, such as 10 or "0.50"',
      description: 'US dollars that may be spent in a period. 0: nothing.',
    },
    limit_tokens: { type: 'integer', minimum: 0, description: 'Tokens that may be used, input and output together.' },
    limit_requests: { type: 'integer', minimum: 0, description: 'Requests that may be sent on to a provider.' },
    period: {
      type: 'string',
      minLength: 1,
      description: 'hour, day, week, month, quarter, year or total, or a span such as 12h, 30d, 2w, 3mo or 1y.',
    },
    time_zone: { type: 'string', minLength: 1, description: 'Whose midnight begins a day. Without it: UTC.' },
    starts: {
      type: 'string',
      minLength: 1,
      description: 'A day or a time at which the first period begins; before it there is no limit.',
    },
    action: {
      type: 'string',
      enum: ACTIONS,
      description: 'reject: what does not fit is refused. warn: it passes, and is told. Without it: reject.',
    },
    warn_at: {
      type: ['integer', 'array'],
      minimum: 1,
      maximum: 100,
      maxItems: MOST_WARNINGS,
      items: { type: 'integer', minimum: 1, maximum: 100 },
      description: 'Percent of the limit at which it is told, each once a period. Without it: 80.',
    },
    when_short: {
      type: ['string', 'object'],
      minLength: 1,
      additionalProperties: false,
      required: ['model'],
      properties: {
        model: { type: 'string', minLength: 1, maxLength: LONGEST_MODEL, description: 'Model to ask instead.' },
      },
      description:
        'What becomes of a request that does not fit. refuse: it is refused. clamp: its answer is made as short as there is room for. { model: NAME }: that model is asked, if it fits then. Without it: refuse.',
    },
    on_unpriced: {
      type: ['string', 'object'],
      minLength: 1,
      additionalProperties: false,
      required: ['reserve_usd'],
      properties: {
        reserve_usd: {
          ...dollars,
          patternErrorMessage: 'must be US dollars, such as 0.05',
          description: 'US dollars that count for it.',
        },
      },
      description:
        'What becomes of a request whose cost nobody can foresee, under a limit in dollars. block: it is refused. allow: it passes, and counts nothing. { reserve_usd: 0.05 }: it counts so much. Without it: block.',
    },
  },
} as const;

const KNOWN = Object.keys(budgetSchema.properties);

/** Reads a budget of gateway.yaml, of the API or of the database. Whatever is wrong is told at once, by the name of its field. */
export function readBudget(value: unknown, origin: Budget['origin']): BudgetRead {
  const fields = new Fields(value, KNOWN);
  const name = fields.text('name', LONGEST_NAME);
  if (name === null && !fields.has('name')) fields.complain('name', 'is missing');
  const where = readScope(fields);
  const per = readPer(fields);
  const limit = readLimit(fields, origin);
  const when = readRecurrence(fields);
  const action = fields.word('action', ACTIONS, 'reject');
  const warnAt = readWarnings(fields);
  const whenShort = readWhenShort(fields, limit?.measure ?? null);
  const onUnpriced = readUnpriced(fields);
  if (fields.complaints.length > 0 || name === null || limit === null || when === null)
    return { budget: null, complaints: fields.complaints };
  const series = new Series({ measure: limit.measure, where, per });
  const parts = { name, origin, series, limit: limit.amount, when, action, warnAt, whenShort, onUnpriced };
  return { budget: { id: idOf(name), ...parts, spec: specOf(parts) }, complaints: null };
}

/** The id of a name: the name itself where it fits into an address, else a hash of it. */
export function idOf(name: string): string {
  const isPlain = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) && !/^b-[0-9a-f]{24}$/.test(name);
  return isPlain ? name : `b-${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
}

function readLimit(fields: Fields, origin: Budget['origin']): { measure: Measure; amount: bigint } | null {
  const [name, ...more] = (Object.keys(LIMITS) as LimitName[]).filter((field) => fields.has(field));
  if (name === undefined) {
    fields.complain('limit_usd', 'is missing: a budget has limit_usd, limit_tokens or limit_requests');
    return null;
  }
  for (const other of more) fields.complain(other, `cannot stand beside ${name}: make a budget of its own of it`);
  const measure = LIMITS[name];
  const amount = measure === 'usd' ? readDollars(fields, name, fields.get(name)) : readCount(fields, name);
  if (amount === 0n && origin === 'api') fields.complain(name, 'must be more than 0');
  return amount === null ? null : { measure, amount };
}

function readCount(fields: Fields, name: LimitName): bigint | null {
  const value = fields.get(name);
  if (Number.isSafeInteger(value) && (value as number) >= 0) return BigInt(value as number);
  fields.complain(name, 'must be a whole number, and not negative');
  return null;
}

/** US dollars as pico-dollars. A number is as good as a text: JSON and YAML have both. */
function readDollars(fields: Fields, field: string, value: unknown): bigint | null {
  const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
  const isNumber = typeof text === 'string' && text.length <= 40 && /^-?\d+(\.\d+)?(e[+-]?\d{1,2})?$/.test(text);
  if (!isNumber) {
    fields.complain(field, 'must be a number of US dollars, such as 10 or 0.50');
    return null;
  }
  const pico = picoOf(text);
  if (pico < 0n) fields.complain(field, 'must not be negative');
  else if (pico > MOST) fields.complain(field, `must be at most ${fromPico(MOST)}`);
  else return pico;
  return null;
}

function readRecurrence(fields: Fields): Recurrence | null {
  const text = fields.text('period', 16);
  const zone = fields.text('time_zone', 64) ?? 'UTC';
  const starts = fields.text('starts', 40);
  const period = text === null ? null : readPeriod(text);
  if (!fields.has('period')) fields.complain('period', `is missing; ${PERIODS}`);
  else if (text !== null && period === null) fields.complain('period', `is none; ${PERIODS}`);
  const isKnown = isZone(zone);
  if (!isKnown) fields.complain('time_zone', 'is not known; write it as Europe/Berlin, or UTC');
  const first = starts === null || !isKnown ? null : firstOf(starts, zone);
  if (starts !== null && isKnown && first === null)
    fields.complain('starts', 'must be a day such as 2026-11-01, or a time such as 2026-11-01T08:00:00Z');
  if (period === null || !isKnown) return null;
  const calendar = { zone, starts: first };
  const windowAt = (at: number) => (first !== null && at < first ? null : windowOf(period, calendar, at));
  return { period: period.text, zone, starts, windowAt };
}

const PERIODS = 'it must be hour, day, week, month, quarter, year, total, or a span of at most ten years such as 30d';
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/** A day begins at its midnight in the zone. 31 February is no day. */
function firstOf(text: string, zone: string): number | null {
  if (!DAY.test(text) && !TIME.test(text)) return null;
  const day = text.slice(0, 10);
  const face = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(face) || face < 0 || new Date(face).toISOString().slice(0, 10) !== day) return null;
  const at = DAY.test(text) ? instantOf(zone, face) : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

function readWarnings(fields: Fields): readonly number[] {
  const value = fields.get('warn_at');
  if (value === undefined) return USUAL_WARNINGS;
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const isGood = (percent: unknown): percent is number =>
    Number.isInteger(percent) && (percent as number) >= 1 && (percent as number) <= 100;
  if (list.length <= MOST_WARNINGS && list.every(isGood)) return [...new Set(list)].sort((a, b) => a - b);
  fields.complain('warn_at', `must be a whole number of percent from 1 to 100, or a list of ${MOST_WARNINGS} at most`);
  return USUAL_WARNINGS;
}

function readWhenShort(fields: Fields, measure: Measure | null): Budget['whenShort'] {
  const value = fields.get('when_short');
  if (value === undefined || value === 'refuse') return 'refuse';
  if (value === 'clamp') {
    if (measure === 'requests') fields.complain('when_short', 'cannot be clamp: a shorter answer is a request, too');
    return 'clamp';
  }
  const model = only(value, 'model');
  if (isLine(model, LONGEST_MODEL)) return { model };
  fields.complain('when_short', 'must be refuse, clamp or { model: NAME }');
  return 'refuse';
}

function readUnpriced(fields: Fields): Budget['onUnpriced'] {
  const value = fields.get('on_unpriced');
  if (value === undefined || value === 'block') return 'block';
  if (value === 'allow') return 'allow';
  const reserve = only(value, 'reserve_usd');
  if (reserve === undefined) fields.complain('on_unpriced', 'must be block, allow or { reserve_usd: 0.05 }');
  const pico = reserve === undefined ? null : readDollars(fields, 'on_unpriced.reserve_usd', reserve);
  return pico === null ? 'block' : { reserve: pico };
}

/** The one member of an object; undefined where it has others, or is none. */
function only(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const [[key, member] = [], ...more] = Object.entries(value);
  return key === name && more.length === 0 ? (member as unknown) : undefined;
}

function specOf(parts: Omit<Budget, 'id' | 'spec'>): BudgetSpec {
  const { name, series, limit, when, action, warnAt, whenShort, onUnpriced } = parts;
  return {
    name,
    scope: scopeSpec(series.where),
    per: series.per,
    ...(series.measure === 'usd' && { limit_usd: fromPico(limit) }),
    ...(series.measure === 'tokens' && { limit_tokens: Number(limit) }),
    ...(series.measure === 'requests' && { limit_requests: Number(limit) }),
    period: when.period,
    time_zone: when.zone,
    ...(when.starts !== null && { starts: when.starts }),
    action,
    warn_at: warnAt,
    when_short: whenShort,
    on_unpriced: typeof onUnpriced === 'string' ? onUnpriced : { reserve_usd: fromPico(onUnpriced.reserve) },
  };
}

/** What the form of a budget looks like: its fields in groups, with what was typed and what is wrong with it. */

import { DIMENSIONS } from '../shared/scope.ts';
import type { Values } from './form.ts';

/** A field as views/partials/field.hbs shows it. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: 'text' | 'select' | 'checks';
  readonly value: string;
  readonly error: string | null;
  readonly hint: string | null;
  /** Ids of what is said about it. */
  readonly about: string | null;
  readonly options?: readonly { readonly value: string; readonly text: string; readonly chosen: boolean }[];
  readonly list?: readonly string[];
  readonly width?: string;
  readonly mode?: string;
  readonly placeholder?: string;
  readonly focus?: boolean;
}

export interface Group {
  readonly title: string;
  readonly hint: string;
  /** It can be folded away, and is open where something stands in it. */
  readonly folded: boolean;
  readonly open: boolean;
  readonly fields: readonly Field[];
}

interface State {
  readonly values: Values;
  readonly problems: ReadonlyMap<string, string>;
  /** What somebody else has set meanwhile; null: nobody has. */
  readonly theirs: Values | null;
  /** The name is what the budget is known by: it is given once. */
  readonly named: boolean;
  /** The reader's time zone. */
  readonly zone: string;
}

type Look = Partial<Omit<Field, 'options'>> & { readonly options?: Readonly<Record<string, string>> };

const UNITS = { usd: 'US dollars', tokens: 'tokens', requests: 'requests' };
const PERIODS = ['hour', 'day', 'week', 'month', 'quarter', 'year', 'total', '24h', '30d'];
const ACTIONS = { reject: 'is held back', warn: 'passes, and it is told' };
const SHORT = { refuse: 'it is refused', clamp: 'its answer is shortened', model: 'it goes to another model' };
const UNPRICED = { block: 'is refused', allow: 'passes, and counts nothing', reserve: 'counts a flat sum' };
/** Dimensions that most budgets look at. */
const USUAL = ['project', 'agent', 'model', 'key'];

export function groupsOf(state: State): Group[] {
  const field = (name: string, label: string, look: Look = {}): Field => fieldOf(state, name, label, look);
  return [amount(state, field), scope(state, field), accounts(state, field), ends(state, field)];
}

type Make = (name: string, label: string, look?: Look) => Field;

function amount({ named, zone }: State, field: Make): Group {
  const first = named ? [] : [field('name', 'Name', { width: 'wide', focus: true })];
  return group('How much', '', [
    ...first,
    field('limit', 'Limit', { mode: 'decimal', placeholder: '10', focus: named, ...(named && { width: 'wide' }) }),
    field('unit', 'Counted in', { kind: 'select', options: UNITS }),
    field('period', 'Period', { list: PERIODS, hint: 'or a span such as 12h, 30d, 2w, 3mo; total never begins anew' }),
    field('time_zone', 'Time zone', { list: [...new Set([zone, 'UTC'])] }),
    field('starts', 'First period begins', {
      placeholder: '2026-12-01',
      hint: 'a day, or a time; empty: as the calendar has it',
    }),
  ]);
}

function scope({ values }: State, field: Make): Group {
  const rest = DIMENSIONS.filter((name) => !USUAL.includes(name));
  const isOpen = [...DIMENSIONS.map((name) => `scope_${name}`), 'tags'].some((name) => values[name]);
  const names = [...USUAL, ...rest];
  return group(
    'Of which requests',
    'all, unless something stands here; several with commas, * for anything',
    [
      ...names.map((name) => field(`scope_${name}`, capital(name))),
      field('tags', 'Tags', { width: 'wide', placeholder: 'team=backend, env=prod' }),
    ],
    isOpen,
  );
}

function accounts({ values }: State, field: Make): Group {
  const options = Object.fromEntries(DIMENSIONS.map((name) => [name, name]));
  return group(
    'One limit for each',
    'instead of one for all together',
    [
      field('per', 'The limit is for each', { kind: 'checks', options, width: 'whole' }),
      field('per_tags', 'And for each value of the tags', { width: 'wide', placeholder: 'team' }),
    ],
    Boolean(values.per || values.per_tags),
  );
}

function ends({ values }: State, field: Make): Group {
  const { action, warn_at: marks, when_short: short, on_unpriced: unpriced } = values;
  const isUsual = action === 'reject' && marks === '80' && short === 'refuse' && unpriced === 'block';
  return group(
    'When it is short',
    '',
    [
      field('action', 'What does not fit', { kind: 'select', options: ACTIONS }),
      field('warn_at', 'Tell at', { mode: 'numeric', hint: 'percent; several with commas' }),
      field('when_short', 'Held back means', { kind: 'select', options: SHORT }),
      field('when_short_model', 'The other model', { placeholder: 'gpt-4o-mini' }),
      field('on_unpriced', 'What has no price', { kind: 'select', options: UNPRICED }),
      field('reserve_usd', 'The flat sum, US dollars', { mode: 'decimal', placeholder: '0.05' }),
    ],
    !isUsual,
  );
}

/** The first group is always open; the others fold, and show what is in them. */
function group(title: string, hint: string, fields: readonly Field[], isOpen?: boolean): Group {
  const isWrong = fields.some(({ error }) => error !== null);
  return { title, hint, fields, folded: isOpen !== undefined, open: isOpen === true || isWrong };
}

function fieldOf(state: State, name: string, label: string, { options, hint, ...look }: Look): Field {
  const { values, problems, theirs } = state;
  const value = values[name] ?? '';
  const error = problems.get(name) ?? null;
  const other = theirs === null || (theirs[name] ?? '') === value ? null : (theirs[name] ?? '');
  const usual = error === null ? (hint ?? null) : null;
  const said = other === null ? usual : `Now it is ${other === '' ? 'empty' : other}.`;
  const ids = [error !== null && `f-${name}-error`, said !== null && `f-${name}-hint`].filter((id) => id !== false);
  return {
    name,
    label,
    kind: 'text',
    value,
    error,
    hint: said,
    about: ids.length > 0 ? ids.join(' ') : null,
    ...(options && { options: chosenIn(options, value) }),
    ...look,
    focus: problems.size > 0 ? name === [...problems.keys()][0] : look.focus === true,
  };
}

function chosenIn(options: Readonly<Record<string, string>>, value: string): NonNullable<Field['options']> {
  const chosen = new Set(value.split(','));
  return Object.entries(options).map(([name, text]) => ({ value: name, text, chosen: chosen.has(name) }));
}

const capital = (word: string): string => word[0]!.toUpperCase() + word.slice(1);

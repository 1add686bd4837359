/** Alerts as the page shows them. */

import type { Change, Mark } from './book.ts';
import type { GroupView, RuleView, Word } from './desk.ts';
import { metricOf } from './metrics.ts';
import type { Rule } from './rule.ts';
import { PAGE } from './tell.ts';
import { groupWords, metricWords, thresholdWords, valueWords } from './words.ts';

/** Groups of an alert that the page lists. */
const SHOWN = 20;
/** Units of the width of a bar. */
const WIDTH = 1000;
/** A bar ends so far beyond the threshold. */
const ROOM = 1.25;

const TONES: Readonly<Record<Word, string>> = {
  OK: 'good',
  WARNING: 'warn',
  ALERT: 'bad',
  NO_DATA: 'calm',
  PAUSED: 'calm',
};
/** Told apart by more than their colours. */
const SIGNS: Readonly<Record<Word, string>> = { OK: '✓', WARNING: '!', ALERT: '‼', NO_DATA: '?', PAUSED: '‖' };
const WORDS: Readonly<Record<Word, string>> = {
  OK: 'OK',
  WARNING: 'Warning',
  ALERT: 'Alert',
  NO_DATA: 'No data',
  PAUSED: 'Paused',
};

const badgeOf = (state: Word) => ({ label: `${SIGNS[state]} ${WORDS[state]}`, tone: TONES[state] });

const iso = (at: number): string => new Date(at).toISOString();

export function ruleView(view: RuleView) {
  const { rule, state, paused, at, failing, reason, cut, groups } = view;
  const rows = groups.slice(0, SHOWN).map((group) => groupView(rule, group));
  const isLone = groups.length === 1 && groups[0]!.labels === null;
  const isBad = groups.some(({ group, acknowledged }) => isOpen(group.state) && acknowledged === null);
  return {
    id: rule.id,
    name: rule.name,
    state,
    badge: badgeOf(state),
    tone: TONES[state],
    about: aboutOf(rule),
    scope: scopeWords(rule),
    channels: rule.notify.join(', '),
    lone: isLone ? rows[0] : null,
    groups: isLone ? [] : rows,
    groupedBy: rule.groupBy?.replace(/^tags\./, '') ?? 'of',
    more: groups.length > SHOWN || cut ? groups.length - SHOWN : 0,
    cut,
    checked: at === null ? null : iso(at),
    failing: failing && { since: iso(failing.since), why: failing.why },
    reason,
    paused: paused && (paused.inFile ? { inFile: true } : { by: paused.by, at: iso(paused.at) }),
    canAcknowledge: isBad,
    canPause: paused === null,
    canResume: paused !== null && !paused.inFile,
    links: { pause: linkTo('pause', rule), test: linkTo('test', rule) },
  };
}

const isOpen = (state: string): boolean => state === 'ALERT' || state === 'WARNING';

const linkTo = (what: string, { name }: Rule): string => `${PAGE}?${what}=${encodeURIComponent(name)}`;

function aboutOf(rule: Rule): string {
  const warn = rule.warn === null ? '' : `, a warning ${thresholdWords(rule, rule.warn.text)}`;
  const held = rule.forMs === 0 ? '' : `, for ${spanWords(rule.forMs)}`;
  return `${metricWords(rule)}: critical ${thresholdWords(rule, rule.critical.text)}${warn}${held}`;
}

/** `agent ci-*, team be`; '' for all requests. */
function scopeWords({ where }: Rule): string {
  return Object.entries(where)
    .map(([dimension, globs = []]) => `${dimension.replace(/^tags\./, '')} ${globs.join(' or ')}`)
    .join(', ');
}

function spanWords(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

function groupView(rule: Rule, { key, labels, group, acknowledged }: GroupView) {
  const { unit } = metricOf(rule.metric);
  return {
    key,
    label:
      labels === null
        ? 'all'
        : Object.values(labels)
            .map((value) => value ?? 'none')
            .join(' · '),
    words: groupWords(labels),
    badge: badgeOf(group.state),
    tone: TONES[group.state],
    value: group.value === null ? null : shown(group.value, unit),
    exact: valueWords(group.value, unit),
    threshold: thresholdWords(rule, rule.critical.text),
    bar: barOf(rule, group.value),
    since: iso(group.since),
    waits: isOpen(group.state) && group.known !== group.state,
    acknowledged: acknowledged && markOf(acknowledged),
    canAcknowledge: isOpen(group.state) && acknowledged === null,
  };
}

const markOf = ({ by, at }: Mark) => ({ by, at: iso(at) });

/** As people read it: dollars to the cent from one dollar on, the rest to three digits behind the point. */
function shown(value: string, unit: ReturnType<typeof metricOf>['unit']): string {
  if (unit === 'usd')
    return valueWords(
      Number(value) >= 1 ? Number(value).toFixed(2) : String(Number(Number(value).toPrecision(3))),
      unit,
    );
  return valueWords(value.includes('.') ? String(Number(Number(value).toFixed(unit === 'ms' ? 0 : 2))) : value, unit);
}

/** How far a value is on its way to the threshold, and beyond it; null where there is none. */
function barOf({ critical, warn }: Rule, value: string | null) {
  if (value === null) return null;
  const [is, limit] = [Number(value), Number(critical.text)];
  const marks = [limit, ...(warn === null ? [] : [Number(warn.text)])];
  const most = Math.max(is, ...marks.map((mark) => mark * ROOM)) || 1;
  const place = (amount: number): number => Math.round((Math.max(0, amount) / most) * WIDTH);
  return { width: place(is), limit: place(limit), warn: warn === null ? null : place(Number(warn.text)) };
}

export function changeView({ at, alert, labels, metric, from, to, value, threshold, told }: Change) {
  const { unit } = metricOf(metric);
  return {
    at: iso(at),
    alert,
    words: groupWords(labels),
    from: badgeOf(from),
    to: badgeOf(to),
    value: value === null ? null : shown(value, unit),
    threshold: valueWords(threshold, unit),
    told,
  };
}

/** How many alerts are in which state, for the top of the page. */
export function countsOf(views: readonly RuleView[]) {
  return (['ALERT', 'WARNING', 'OK', 'NO_DATA', 'PAUSED'] as const).map((state) => ({
    ...badgeOf(state),
    count: views.filter((view) => view.state === state).length,
  }));
}

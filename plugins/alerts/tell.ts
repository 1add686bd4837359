/** What channels are told of alerts. */
import { createHash, randomUUID } from 'node:crypto';
import type { Notice, Severity } from '../shared/notice.ts';
import { ownerOf } from './book.ts';
import type { GroupState, State, Telling } from './machine.ts';
import { metricOf } from './metrics.ts';
import type { Rule } from './rule.ts';
import { groupWords, metricWords, thresholdWords, valueWords } from './words.ts';

export const PAGE = '/dashboard/alerts';

/** What was told of a group before, and how it is now. */
export interface Told {
  readonly key: string;
  readonly before: GroupState | null;
  readonly after: GroupState;
  readonly telling: Telling;
  readonly at: number;
}

/** The notice of a change. The same change has the same id, whichever process tells it, and after a restart, too. */
export function noticeOf(rule: Rule, { key, before, after, telling, at }: Told): Notice {
  const group = groupWords(after.labels);
  const { tenant } = ownerOf(rule, after.labels);
  return {
    id: idOf(rule, { key, before, after, telling, at }),
    event: telling === 'resolved' ? 'alert.resolved' : telling === 'no_data' ? 'alert.no_data' : 'alert.triggered',
    severity: severityOf(rule, before, after, telling),
    resolves: telling === 'resolved',
    key: incidentOf(rule.name, group),
    title: titleOf(rule, after, telling),
    text: textOf(rule, after, telling),
    at: new Date(at).toISOString(),
    data: dataOf(rule, before, after, telling),
    notify: rule.notify,
    tenant,
  };
}

/** The notice of somebody who wants to see whether channels work; it opens no incident of the rule. */
export function testNotice(rule: Rule, at: number): Notice {
  return {
    id: `alert-test-${randomUUID()}`,
    event: 'alert.test',
    // A channel that hears of nothing less would not be tested.
    severity: rule.severity,
    resolves: false,
    key: `${incidentOf(rule.name, '')} (test)`,
    title: `Test of the alert ${rule.name}`,
    text: `Nothing has happened: somebody tests who is told. It tells when ${metricWords(rule)} is ${thresholdWords(rule, rule.critical.text)}.`,
    at: new Date(at).toISOString(),
    data: { alert: rule.name, metric: rule.metric, test: true, path: PAGE },
    notify: rule.notify,
    tenant: ownerOf(rule, null).tenant,
  };
}

/** The end of what is not looked at any more: its rule is gone, or looks at something else. */
export function endOf(
  { name, notify, severity }: Pick<Rule, 'name' | 'notify' | 'severity'>,
  key: string,
  { labels, state, known, told, value }: GroupState,
  at: number,
): Notice {
  const group = groupWords(labels);
  return {
    id: hashOf([name, key, state, told, 'end']),
    event: 'alert.resolved',
    severity: ofState({ severity }, known),
    resolves: true,
    key: incidentOf(name, group),
    title: `${name}${group && `: ${group}`} is not looked at any more`,
    text: 'The alert was removed from the configuration, or looks at something else now.',
    at: new Date(at).toISOString(),
    data: { alert: name, group: labels, state: 'OK', before: state, value, reason: 'rule_changed', path: PAGE },
    notify,
    tenant: labels?.tenant ?? null,
  };
}

const incidentOf = (name: string, group: string): string => `alert ${name}${group && ` / ${group}`}`;

const hashOf = (parts: readonly unknown[]): string =>
  `alert-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`;

/** Of what was told before, and of what it is now: both are kept. */
function idOf({ name, renotifyMs }: Rule, { key, before, after, telling, at }: Told): string {
  if (telling !== 'reminder') return hashOf([name, key, before?.known ?? 'OK', before?.told ?? birth(at), after.state]);
  return hashOf([name, key, 'reminder', after.told, Math.floor((at - after.told) / (renotifyMs ?? 1))]);
}

/** Of a group that was never seen: two processes that see it in the same minute tell the same. */
const birth = (at: number): number => Math.floor(at / 60_000) * 60_000;

/** Of the end of something, that of its beginning: so both reach the same channels. */
function severityOf(rule: Rule, before: GroupState | null, { state }: GroupState, telling: Telling): Severity {
  return ofState(rule, telling === 'resolved' || telling === 'no_data' ? (before?.known ?? 'OK') : state);
}

export function ofState({ severity }: Pick<Rule, 'severity'>, state: State): Severity {
  if (state === 'ALERT') return severity;
  return state === 'WARNING' && severity !== 'info' ? 'warning' : 'info';
}

function titleOf(rule: Rule, { labels, state, value }: GroupState, telling: Telling): string {
  const group = groupWords(labels);
  const what = `${rule.name}${group && `: ${group}`}`;
  if (telling === 'resolved') return `${what} is well again`;
  if (telling === 'no_data' || value === null) return `${what} has no data`;
  const limit = state === 'WARNING' ? (rule.warn ?? rule.critical) : rule.critical;
  const is = telling === 'reminder' ? 'is still' : 'is';
  return `${what} ${is} at ${valueWords(value, metricOf(rule.metric).unit)}, ${thresholdWords(rule, limit.text)}`;
}

function textOf(rule: Rule, { labels, state, value, since }: GroupState, telling: Telling): string {
  const group = groupWords(labels);
  const { unit } = metricOf(rule.metric);
  const what = `The ${metricWords(rule)}${group && ` of ${group}`}`;
  if (telling === 'no_data') return `${what} cannot be told: nothing was there to look at.`;
  const is = value === null ? `${what} cannot be told` : `${what} is ${valueWords(value, unit)}`;
  if (telling === 'resolved') return `${is}; it is critical ${thresholdWords(rule, rule.critical.text)}.`;
  const limit = state === 'ALERT' || rule.warn === null ? rule.critical : rule.warn;
  const still = telling === 'reminder' ? ` It is so since ${new Date(since).toISOString()}.` : '';
  if (value === null) return `${is}: nothing was there to look at, and this alert takes that for critical.${still}`;
  return `${is}, which is ${thresholdWords(rule, limit.text)}.${still}`;
}

function dataOf(rule: Rule, before: GroupState | null, after: GroupState, telling: Telling): Notice['data'] {
  const isWarning = after.state === 'WARNING' && rule.warn !== null;
  return {
    alert: rule.name,
    metric: rule.metric,
    unit: metricOf(rule.metric).unit,
    value: after.value,
    threshold: isWarning ? rule.warn.text : rule.critical.text,
    direction: rule.direction,
    window: rule.window,
    ...(rule.percentile !== null && { percentile: rule.percentile }),
    group: after.labels,
    state: after.state,
    before: before?.state ?? 'OK',
    told_before: before?.known ?? 'OK',
    since: new Date(after.since).toISOString(),
    rows: after.rows,
    reminder: telling === 'reminder',
    path: `${PAGE}#a-${rule.id}`,
  };
}

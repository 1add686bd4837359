/** Alerts in words and figures, for messages, the log and the page. */
import type { Labels } from './ask.ts';
import { metricOf, type Unit } from './metrics.ts';
import type { Rule } from './rule.ts';

/** `agent coder`, `budget company, agent ci`; '' where there are no groups. */
export function groupWords(labels: Labels): string {
  if (labels === null) return '';
  return Object.entries(labels)
    .map(([dimension, value]) => {
      const name = dimension.replace(/^tags\./, '');
      return value === null ? `no ${name}` : `${name} ${value}`;
    })
    .join(', ');
}

/** A value with its unit, exact: `$12.4`, `7.5%`, `1,812 ms`, `2.1 times`, `1,200`. */
export function valueWords(value: string | null, unit: Unit): string {
  if (value === null) return 'nothing known';
  const [whole = '', fraction] = value.split('.');
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction === undefined ? '' : `.${fraction}`);
  return WRITTEN[unit](text);
}

const WRITTEN: Readonly<Record<Unit, (text: string) => string>> = {
  usd: (text) => (text.startsWith('-') ? `-$${text.slice(1)}` : `$${text}`),
  percent: (text) => `${text}%`,
  ms: (text) => `${text} ms`,
  times: (text) => `${text} times`,
  count: (text) => text,
};

/** What it looks at: `cost over 1h`, `latency (p95) over 15m`. */
export function metricWords({ metric, percentile, window }: Rule): string {
  const { title } = metricOf(metric);
  return `${title}${percentile === null ? '' : ` (p${percentile})`}${window === null ? '' : ` over ${window}`}`;
}

/** `above $10`. */
export const thresholdWords = ({ direction, metric }: Rule, text: string): string =>
  `${direction} ${valueWords(text, metricOf(metric).unit)}`;

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

import type { GaugeReading, Metrics } from './plugin.ts';

/** Distinct values of one label of one metric; the rest is `other`, so that made-up names make no series. */
const MAX_VALUES = 50;

/**
 * The gateway's metrics. A metric lives as long as the process: a plugin that is loaded
 * anew goes on with the counters it had.
 */
export class GatewayMetrics {
  readonly registry = new Registry();
  readonly #seen = new Map<string, Set<string>>();
  readonly #reads = new Map<string, () => number | readonly GaugeReading[]>();
  readonly #counters = new Map<string, (values?: Record<string, string>) => { inc(amount?: number): void }>();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** What a plugin is lent: names begin with `gateway_<plugin>_`, or are OpenTelemetry's `gen_ai_...`. */
  lend(plugin: string): Metrics {
    const full = (what: string, suffix: string): string =>
      what.startsWith('gen_ai_')
        ? what + suffix
        : `gateway_${plugin.replaceAll(/[^a-zA-Z0-9]/g, '_')}_${what}${suffix}`;
    return {
      counter: (what, help, labels = []) => {
        const counter = this.counter(full(what, '_total'), help, labels);
        return { add: (amount, values) => counter(values).inc(amount) };
      },
      histogram: (what, help, buckets, labels = []) => {
        const histogram = this.histogram(full(what, ''), help, buckets, labels);
        return { observe: (value, values) => histogram(values).observe(value) };
      },
      gauge: (what, help, read, labels = []) => this.gauge(full(what, ''), help, read, labels),
    };
  }

  /** Adds are kept as plain numbers and handed to the registry when somebody asks: an exchange makes several of them. */
  counter(
    name: string,
    help: string,
    labels: readonly string[],
  ): (values?: Record<string, string>) => { inc(amount?: number): void } {
    const known = this.#counters.get(name);
    if (known) return known;
    const children = new Map<string, { values: Record<string, string>; pending: number; inc(amount?: number): void }>();
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: [...labels],
      registers: [this.registry],
      collect() {
        for (const child of children.values()) {
          if (child.pending > 0) counter.inc(child.values, child.pending);
          child.pending = 0;
        }
      },
    });
    const bounded = this.#bounded(name, labels, (values) => {
      // One for each series, however many made-up values lead to it.
      const series = JSON.stringify(values);
      const known = children.get(series);
      if (known) return known;
      const child = {
        values,
        pending: 0,
        inc: (amount = 1): void => {
          child.pending += amount;
        },
      };
      children.set(series, child);
      return child;
    });
    this.#counters.set(name, bounded);
    return bounded;
  }

  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labels: readonly string[],
  ): (values?: Record<string, string>) => { observe(value: number): void } {
    const known = this.registry.getSingleMetric(name) as Histogram | undefined;
    const histogram =
      known ??
      new Histogram({ name, help, buckets: [...buckets], labelNames: [...labels], registers: [this.registry] });
    return this.#bounded(name, labels, (values) => histogram.labels(values));
  }

  /** A figure that is read when somebody asks; who says it last is asked. */
  gauge(
    name: string,
    help: string,
    read: () => number | readonly GaugeReading[],
    labels: readonly string[] = [],
  ): void {
    const reads = this.#reads;
    reads.set(name, read);
    if (this.registry.getSingleMetric(name)) return;
    const bounded = (values: Readonly<Record<string, string>>): Record<string, string> =>
      Object.fromEntries(labels.map((label) => [label, this.#bound(`${name}\n${label}`, values[label] ?? '')]));
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [this.registry],
      collect() {
        const now = reads.get(name)!();
        if (typeof now === 'number') return this.set(now);
        // What is not read any more is gone.
        this.reset();
        for (const { labels: values, value } of now) this.set(bounded(values), value);
      },
    });
  }

  /** Remembers the child of each combination of values: looking one up by an object is the dear part. */
  #bounded<T>(
    name: string,
    labels: readonly string[],
    child: (values: Record<string, string>) => T,
  ): (values?: Record<string, string>) => T {
    const children = new Map<string, T>();
    return (values = {}) => {
      let key = '';
      for (const label of labels) key += `${values[label] ?? ''}\n`;
      let found = children.get(key);
      if (found === undefined) {
        const bounded = Object.fromEntries(
          labels.map((label) => [label, this.#bound(`${name}\n${label}`, values[label] ?? '')]),
        );
        found = child(bounded);
        // Keys are callers' words: remember only as many as there can be series.
        if (children.size < MAX_VALUES * 20) children.set(key, found);
      }
      return found;
    };
  }

  #bound(label: string, value: string): string {
    let seen = this.#seen.get(label);
    if (!seen) {
      seen = new Set();
      this.#seen.set(label, seen);
    }
    if (seen.has(value)) return value;
    if (seen.size >= MAX_VALUES) return 'other';
    seen.add(value);
    return value;
  }
}

import type { GatewayLog } from './log.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Exchange } from './pipeline/exchange.ts';
import type { HealthView } from './pipeline/plan.ts';
import type { GaugeReading } from './plugin.ts';

/** Figures that are read from the gateway when somebody asks for them. */
interface Readings {
  inFlight(): number;
  refused(): boolean;
  store(): { waiting: number; lost: number };
  health(): readonly HealthView[];
}

/** Counts what the gateway goes through, for its metrics and its pages. */
export class Tally {
  /** Throws of each stage since the start. */
  readonly failures = new Map<string, number>();
  /** Last word of each provider: a status, or why there was none. */
  readonly heard = new Map<string, { status: number | string; at: string }>();
  readonly #log: GatewayLog;
  readonly #exchanges: ReturnType<GatewayMetrics['counter']>;
  readonly #throws: ReturnType<GatewayMetrics['counter']>;
  readonly #attempts: ReturnType<GatewayMetrics['counter']>;
  readonly #retries: ReturnType<GatewayMetrics['counter']>;

  constructor(metrics: GatewayMetrics, log: GatewayLog, { inFlight, refused, store, health }: Readings) {
    this.#log = log;
    const labels = ['provider', 'outcome', 'status'];
    this.#exchanges = metrics.counter('gateway_exchanges_total', 'Finished exchanges.', labels);
    this.#throws = metrics.counter('gateway_plugin_failures_total', 'Throws of plugins.', ['plugin']);
    this.#attempts = metrics.counter('gateway_attempts_total', 'Requests sent to providers, by what came of them.', [
      'provider',
      'class',
    ]);
    this.#retries = metrics.counter(
      'gateway_retries_total',
      'Attempts after the first one of an exchange, here or elsewhere.',
      [],
    );
    const isGood = '1 when gateway.yaml is what runs, 0 when its last change was refused.';
    metrics.gauge('gateway_exchanges_in_flight', 'Exchanges under way.', inFlight);
    metrics.gauge('gateway_config_ok', isGood, () => (refused() ? 0 : 1));
    metrics.gauge('gateway_log_lines_dropped_total', 'Log lines that nobody read in time.', () => log.dropped);
    metrics.gauge('gateway_rows_waiting', 'Finished exchanges on their way to the database.', () => store().waiting);
    metrics.gauge('gateway_rows_lost_total', 'Finished exchanges that could not be kept.', () => store().lost);
    const isOpen = '1 while a provider, or one of its keys by its name, is left alone, 0 otherwise.';
    metrics.gauge('gateway_provider_open', isOpen, () => health().map(openness), ['provider', 'key']);
  }

  stageFailed(stage: string, error: unknown): void {
    this.failures.set(stage, (this.failures.get(stage) ?? 0) + 1);
    this.#throws({ plugin: stage }).inc();
    this.#log.error(`plugin ${stage} failed`, { error });
  }

  finished({ ending, provider, attempts }: Exchange): void {
    const outcome = ending?.outcome ?? '';
    this.#exchanges({ provider: provider?.name ?? '', outcome, status: String(ending?.status ?? '') }).inc();
    if (attempts.length > 1) this.#retries().inc(attempts.length - 1);
    for (const { provider: name, status, reason, class: failure = 'answered' } of attempts) {
      this.#attempts({ provider: name, class: failure }).inc();
      this.heard.set(name, { status: status ?? reason, at: new Date().toISOString() });
    }
  }
}

const openness = ({ provider, key, state }: HealthView): GaugeReading => ({
  labels: { provider, key: key ?? '' },
  value: state === 'closed' ? 0 : 1,
});

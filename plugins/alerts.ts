import { randomUUID } from 'node:crypto';
import { definePlugin, type Lent } from '../src/plugin.ts';
import { Asker } from './alerts/ask.ts';
import { AlertBook } from './alerts/book.ts';
import { checkAlerts } from './alerts/check.ts';
import { AlertDesk, type RuleView } from './alerts/desk.ts';
import { Evaluator } from './alerts/evaluator.ts';
import { Lease } from './alerts/lease.ts';
import { addForms, alertsPage } from './alerts/page.ts';
import { addRoutes } from './alerts/routes.ts';
import { type RuleSpec, ruleOf } from './alerts/rule.ts';
import { alertSchema } from './alerts/schema.ts';

/**
 * Looks at spending, errors, latency and more, and tells people when a threshold is passed, and when it is over.
 *
 * Each alert has a state, or one for each agent, model or tag: OK, WARNING, ALERT, NO_DATA. Channels are told of
 * changes only, and again while it lasts where `renotify` says so. States are kept in the database: a restart tells
 * nothing twice, and of several processes one looks. Rows are never waited for by requests.
 *
 * @example
 *   - plugin: alerts
 *     every: 15s
 * alerts:
 *   - { name: hourly spend, metric: cost_usd, window: 1h, group_by: agent, above: 10, warn_above: 5, no_data: ok }
 *   - { name: provider trouble, metric: error_rate, window: 15m, group_by: provider, above: 20, for: 2m }
 *   - { name: slow answers, metric: latency_ms, percentile: 99, window: 15m, above: 60000, severity: warning }
 *   - { name: twice the usual, metric: cost_spike, window: 1d, above: 2, renotify: 6h }
 *   - { name: budgets, metric: budget_used, above: 90, warn_above: 75 }
 */
export default definePlugin({
  summary:
    'Looks at spending, errors, latency and more, and tells people when a threshold is passed, and when it is over.',
  section: 'alerts',
  options: {
    alerts: {
      type: 'array',
      description: 'What is looked at, from where on it is told, and who is told.',
      maxItems: 200,
      default: [],
      items: alertSchema,
    },
    every: {
      type: 'string',
      format: 'time-span',
      default: '15s',
      description: 'How often alerts are looked at. One that takes the database long is looked at less often.',
    },
    settle: {
      type: 'string',
      format: 'time-span',
      default: '5s',
      description: 'Rows younger than this are not looked at yet: of requests under way there are none.',
    },
  },
  requires: { history: 'above' },
  needs: ['history'],
  check: ({ alerts }, file) => checkAlerts(alerts as readonly RuleSpec[], file),
  setup: (lent) => {
    const { options, documents, shared, every, log } = lent;
    const rules = (options.alerts as unknown as readonly RuleSpec[]).map(ruleOf);
    const book = new AlertBook(documents);
    const process = shared('process', () => ({ holder: randomUUID(), instances: [] as object[] }));
    const everyMs = options.every as unknown as number;
    const lease = new Lease(documents, process.holder, Math.max(LEASE_MS, 3 * everyMs));
    const evaluator = evaluatorOf(lent, { rules, book, lease, everyMs, settleMs: options.settle as unknown as number });
    const desk = new AlertDesk({ rules, evaluator, book, audit: lent.audit, publish: lent.publish, now: Date.now });
    addGauges(lent, desk);
    // While a changed configuration takes over, the newest instance looks; should it be refused, the one before goes on.
    const own = {};
    process.instances.push(own);
    every(TICK_MS, () => (process.instances.at(-1) === own ? evaluator.look() : undefined));
    return {
      routes(router) {
        addRoutes(router, desk, lent);
        addForms(router, desk, log);
      },
      pages: [alertsPage(desk)],
      close: async () => {
        process.instances.splice(process.instances.indexOf(own), 1);
        if (process.instances.length === 0) await lease.release().catch(() => {});
      },
    };
  },
});

/** How often it is looked whether something is due, milliseconds. */
const TICK_MS = 1000;
const LEASE_MS = 30_000;

interface Core {
  readonly rules: ReturnType<typeof ruleOf>[];
  readonly book: AlertBook;
  readonly lease: Lease;
  readonly everyMs: number;
  readonly settleMs: number;
}

function evaluatorOf({ records, figures, metrics, log, publish }: Omit<Lent, 'options'>, core: Core): Evaluator {
  const changes = metrics.counter('changes', 'Changes of state, by alert and the state it came to.', [
    'alert',
    'state',
  ]);
  const failures = metrics.counter('failures', 'Looks at an alert that the database did not answer.', ['alert']);
  return new Evaluator({
    ...core,
    asker: new Asker({ records, figures, settleMs: core.settleMs }),
    log,
    now: Date.now,
    elapsed: () => performance.now(),
    publish,
    changed: (alert, state) => changes.add(1, { alert, state }),
    failed: (alert) => failures.add(1, { alert }),
  });
}

const NUMBERS: Readonly<Record<RuleView['state'], number>> = { OK: 0, NO_DATA: 1, WARNING: 2, ALERT: 3, PAUSED: -1 };

function addGauges({ metrics }: Omit<Lent, 'options'>, desk: AlertDesk): void {
  metrics.gauge(
    'state',
    'Worst state of each alert: 0 OK, 1 NO_DATA, 2 WARNING, 3 ALERT, -1 PAUSED.',
    () => desk.all(null).map(({ rule, state }) => ({ labels: { alert: rule.name }, value: NUMBERS[state] })),
    ['alert'],
  );
}

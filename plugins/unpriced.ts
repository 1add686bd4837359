import { type Cost, definePlugin, type Exchange } from '../src/plugin.ts';
import { Alerted } from './unpriced/alerted.ts';

/**
 * Tells of each model that has no price, once a day, with the line that would give it one.
 *
 * What such a model costs is unknown, so it is in no sum. The alert is a warning in the log, an
 * event `unpriced` on /api/v1/events and a banner on open pages. Nothing is said of free providers, of answers
 * that the provider has priced, and of answers whose usage nobody told: no price would help those.
 *
 * @example
 *   - plugin: unpriced
 *     on_error: skip     # observers do not stand in the way
 */
export default definePlugin({
  summary: 'Tells of each model that has no price, once a day, with the line that would give it one.',
  requires: { usage: 'below', history: 'above' },
  setup: ({ log, metrics, publish }) => {
    const alerted = new Alerted();
    const help = 'Models that were found to have no price, or not all of one.';
    const count = metrics.counter('alerts', help, ['gen_ai_provider_name', 'reason']);
    const alert = (found: Found): void => {
      const { provider, model, reason, missing } = found;
      const noted = alerted.note(nameOf(found), Date.now());
      if (noted === 'full') log.warn('more models have no price than are told one by one; see /dashboard/prices');
      if (noted !== 'first') return;
      count.add(1, { gen_ai_provider_name: provider, reason });
      publish('unpriced', { provider, model, reason, missing });
      log.warn(wordsFor(found), { provider, model, reason, missing, add: lineFor(found) });
    };
    return {
      onRequest(exchange) {
        exchange.onFinish(() => {
          const found = exchange.state.cost ? look(exchange, exchange.state.cost) : null;
          if (found === null) return;
          if (found.reason !== null) alert({ ...found, reason: found.reason });
          // It has a price now; when that goes again, it is told again.
          else if (alerted.size > 0) alerted.forget(nameOf(found));
        });
      },
    };
  },
});

interface Model {
  provider: string;
  model: string;
}

interface Found extends Model {
  reason: 'no_price' | 'no_rate';
  missing: string | null;
}

/** Characters; what is longer is no model's name. */
const LONGEST = 256;

/** The model of an answer, with the reason where a price is missing; null where no price was looked for, or none would help. */
function look(
  { provider, targetModel, request, state }: Exchange,
  { unpriced, price, cost_source: source }: Cost,
): (Model & { reason: Found['reason'] | null; missing: string | null }) | null {
  const model = state.reading?.model ?? targetModel ?? request.model;
  if (provider === null || model === null) return null;
  const who = { provider: provider.name, model: model.slice(0, LONGEST), missing: null };
  if (unpriced === null) return source === 'price_table' && price !== null ? { ...who, reason: null } : null;
  const { reason, missing } = unpriced;
  if (reason === 'no_rate') return { ...who, reason, missing };
  // Several models took part in one answer: the one without a price has a name of its own.
  if (reason === 'no_price') return { ...who, reason, model: missing?.slice(0, LONGEST) ?? who.model };
  return null;
}

/** A rate may be missing for one answer and not for the next: those are told apart from models without any price. */
const nameOf = ({ provider, model, ...found }: Model & { reason: string | null }): string =>
  `${found.reason === 'no_rate' ? 'rate' : 'price'}\n${provider}\n${model}`;

function wordsFor({ provider, model, reason, missing }: Found): string {
  if (reason === 'no_price') return `${model} of ${provider} has no price, so its cost is unknown`;
  return `the price of ${model} of ${provider} has no rate for ${missing ?? 'all of it'}, so its cost is unknown`;
}

/** What to add to gateway.yaml. It is refused until numbers stand in it, so that nothing is priced by a slip. */
function lineFor({ provider, model, reason, missing }: Found): string | null {
  const unit = '# US dollars per million tokens';
  if (reason === 'no_rate')
    return missing && `${missing}: NUMBER, beside the other rates of ${provider}/${model} ${unit}`;
  // A star would price whatever it stands for.
  if (model.includes('*')) return null;
  return `pricing: { models: { ${JSON.stringify(`${provider}/${model}`)}: { input: NUMBER, output: NUMBER } } }   ${unit}`;
}

/** What is wrong with alerts that a schema cannot say. */
import { mend, type OptionsFault, type OptionsFile } from '../../src/plugin.ts';
import { isMeasure, isTimed, METRICS, metricOf, SPIKE } from './metrics.ts';
import { compare, dimensionOf, type RuleSpec, thresholdOf, windowMsOf } from './rule.ts';

const DAY_MS = 86_400_000;
const MOST_MS = 31 * DAY_MS;
/** It looks thirty windows back. */
const MOST_SPIKE_MS = 7 * DAY_MS;

type Fault = readonly [field: string, message: string, ...more: number[]];

export function checkAlerts(specs: readonly RuleSpec[], file: OptionsFile): OptionsFault[] {
  const names = new Map<string, number>();
  return specs.flatMap((spec, i) => {
    const before = names.get(spec.name);
    if (before === undefined) names.set(spec.name, i);
    const twice: Fault[] = before === undefined ? [] : [['name', `is the same as that of alerts[${before}]`]];
    const faults = [...twice, ...ofMetric(spec), ...ofThresholds(spec), ...ofGroups(spec), ...ofChannels(spec, file)];
    return faults.map(([field, message, ...more]) => ({
      path: ['alerts', i, ...(field === '' ? [] : [field]), ...more],
      message,
    }));
  });
}

function ofMetric({ metric, window, percentile }: RuleSpec): Fault[] {
  const faults: Fault[] = [];
  const isKnown = METRICS.includes(metric);
  const meant = isKnown ? null : /did you mean/.exec(mend(metric, METRICS, 'metrics'));
  // Anything else may be a figure that a plugin offers, and only a gateway that runs can say.
  if (meant) faults.push(['metric', `${metric} is no metric${mend(metric, METRICS, 'metrics')}`]);
  if (percentile !== undefined && !isTimed(metric))
    faults.push(['percentile', `belongs to latency_ms and time_to_first_token_ms; ${metric} has none`]);
  const hasWindow = isMeasure(metric) || metric === SPIKE;
  if (!hasWindow && !meant && window !== undefined)
    faults.push(['window', `cannot stand here: ${metric} is what it is now; take it away`]);
  if (hasWindow && window === undefined) faults.push(['', 'needs a window, such as window: 1h']);
  if (hasWindow && window !== undefined) faults.push(...ofWindow(metric, windowMsOf(window)));
  return faults;
}

function ofWindow(metric: string, milliseconds: number): Fault[] {
  if (milliseconds < 60_000 || milliseconds > MOST_MS) return [['window', 'must be from 1m to 31d']];
  if (metric === SPIKE && milliseconds > MOST_SPIKE_MS)
    return [['window', 'must be 7d at most: cost_spike looks thirty windows back']];
  return [];
}

function ofThresholds(spec: RuleSpec): Fault[] {
  const { above, below, warn_above: warnAbove, warn_below: warnBelow, metric } = spec;
  if (above === undefined && below === undefined) return [['', 'needs above or below: from where on it is critical']];
  if (above !== undefined && below !== undefined)
    return [['below', 'cannot stand beside above: make an alert of its own of it']];
  const faults: Fault[] = [];
  const [side, other] = above === undefined ? (['below', 'above'] as const) : (['above', 'below'] as const);
  if ((side === 'above' ? warnBelow : warnAbove) !== undefined)
    faults.push([`warn_${other}`, `cannot stand beside ${side}; did you mean warn_${side}?`]);
  if (above !== undefined && warnAbove !== undefined && order(warnAbove, above) >= 0)
    faults.push(['warn_above', `must be less than above, ${above}: the warning comes first`]);
  if (below !== undefined && warnBelow !== undefined && order(warnBelow, below) <= 0)
    faults.push(['warn_below', `must be more than below, ${below}: the warning comes first`]);
  if (below !== undefined && order(below, 0) === 0) faults.push(['below', 'must be more than 0: nothing is less']);
  if (isMeasure(metric) && metricOf(metric).unit === 'percent' && above !== undefined && order(above, 100) >= 0)
    faults.push(['above', 'must be less than 100: these are percent, and there are no more']);
  return faults;
}

const order = (one: number | string, other: number | string): number =>
  compare(thresholdOf(one).value, thresholdOf(other).value);

function ofGroups({ metric, group_by: groupBy = 'none', no_data: noData }: RuleSpec): Fault[] {
  const dimension = dimensionOf(groupBy);
  if (dimension === null) return [];
  if (!isMeasure(metric) && metric !== SPIKE)
    return [['group_by', `cannot stand here: ${metric} has groups of its own; narrow them by scope`]];
  if (metric === 'unpriced_models' && dimension === 'model')
    return [['group_by', 'cannot be model: each would be one; take unpriced_requests']];
  if (dimension === 'session' && noData === 'alert')
    return [['no_data', 'cannot be alert by session: every session ends, and each would alert']];
  return [];
}

function ofChannels({ notify = [] }: RuleSpec, file: OptionsFile): Fault[] {
  const known = file.names('channels');
  return notify.flatMap((name, at): Fault[] =>
    known.includes(name) ? [] : [['notify', `${name} is no channel${mend(name, known, 'channels')}`, at]],
  );
}

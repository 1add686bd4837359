/** FailoverBench's sixteen scenarios, at times that a test can wait for, and what runs them through a gateway. */
import { setTimeout as sleep } from 'node:timers/promises';

import { ask, type Heard } from './careful-client.ts';
import {
  advisory,
  attemptsAtLeast,
  attemptsAtMost,
  attemptsExactly,
  attemptsWithin,
  type Check,
  endsWithin,
  isWhole,
  masksNothing,
  namesFallback,
  type Observed,
  probesSeldom,
  recoversWithin,
  type Score,
  type Step,
  score,
  servedUntil,
  staysAlive,
  tellsUsage,
  waits,
} from './scorecard.ts';
import { type Fault, first, type Judge, refuse, type Seen, until, type Wall } from './wall.ts';
import type { Dialect } from './wall-answers.ts';

export interface Scenario {
  id: string;
  /** What the provider does. */
  fault: string;
  does(): Fault | Judge;
  /** What the fallback does, where that is not its best. */
  fallbackDoes?: Judge;
  /** What the caller should get; an answer unless it says otherwise. */
  ideal?: 'error';
  checks: readonly Check[];
  /** Milliseconds after which it counts as a hang. */
  limit: number;
  /** One request every so many milliseconds, for so long after the provider met the first. */
  sequence?: { every: number; lasts: number };
}

/** How long the provider of S15 is down, milliseconds. */
const DOWN = 2000;

export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'S01',
    fault: '429 with `Retry-After`, once',
    does: () => first(1, refuse('rate', { headers: { 'retry-after': '1' } })),
    checks: [advisory(attemptsAtLeast(2)), advisory(waits(950)), attemptsWithin(750, 2)],
    limit: 5000,
  },
  {
    id: 'S02',
    fault: '429 without `Retry-After`, always',
    does: () => refuse('rate'),
    checks: [attemptsWithin(1500, 4), attemptsAtMost(6)],
    limit: 5000,
  },
  {
    id: 'S03',
    fault: '500, once',
    does: () => first(1, refuse('server')),
    checks: [advisory(attemptsAtLeast(2))],
    limit: 5000,
  },
  {
    id: 'S04',
    fault: '503, always',
    does: () => refuse('overloaded'),
    checks: [attemptsAtMost(6)],
    limit: 5000,
  },
  { id: 'S05', fault: 'a reset before any byte, once', does: () => first(1, { do: 'reset' }), checks: [], limit: 5000 },
  {
    id: 'S06',
    fault: 'no answer at all',
    does: () => ({ do: 'silence' }),
    checks: [endsWithin(3000), advisory(attemptsAtMost(1))],
    limit: 6000,
  },
  {
    id: 'S07',
    fault: 'the first token comes late',
    does: () => ({ do: 'slow', ms: 4000 }),
    checks: [advisory(endsWithin(3000))],
    limit: 8000,
  },
  {
    id: 'S08',
    fault: 'the stream is cut in the middle',
    does: () => ({ do: 'cut', after: 40 }),
    checks: [],
    limit: 5000,
  },
  {
    id: 'S09',
    fault: 'the stream falls silent in the middle',
    does: () => ({ do: 'stall', after: 20, ms: 5000 }),
    checks: [endsWithin(3000), staysAlive],
    limit: 8000,
  },
  {
    id: 'S10',
    fault: 'an event that is no JSON',
    does: () => ({ do: 'garbage', at: 10 }),
    checks: [staysAlive, advisory(isWhole)],
    limit: 5000,
  },
  {
    id: 'S11',
    fault: 'a whole stream that does not say that it ends',
    does: () => ({ do: 'no end' }),
    checks: [endsWithin(1500), advisory(tellsUsage)],
    limit: 5000,
  },
  {
    id: 'S12',
    fault: 'the prompt is too long for the model',
    does: () => refuse('context'),
    checks: [attemptsExactly(1)],
    limit: 5000,
  },
  {
    id: 'S13',
    fault: 'the content filter refuses',
    does: () => refuse('filter'),
    ideal: 'error',
    checks: [attemptsExactly(1)],
    limit: 5000,
  },
  {
    id: 'S14',
    fault: 'the stream is cut, and the fallback takes no prefill',
    does: () => ({ do: 'cut', after: 40 }),
    fallbackDoes: ({ prefill }) => (prefill ? refuse('prefill') : null),
    checks: [masksNothing],
    limit: 5000,
  },
  {
    id: 'S15',
    fault: `503 for ${DOWN / 1000} s, then healthy`,
    does: () => until(DOWN, refuse('overloaded')),
    checks: [servedUntil(DOWN), recoversWithin(DOWN, 1000), advisory(probesSeldom(DOWN))],
    limit: 3000,
    sequence: { every: 120, lasts: DOWN + 1200 },
  },
  {
    id: 'S16',
    fault: '503, always: who is named',
    does: () => refuse('overloaded'),
    checks: [namesFallback, advisory(tellsUsage), attemptsAtMost(6)],
    limit: 5000,
  },
];

export const DIALECTS: readonly Dialect[] = ['openai', 'anthropic'];

const nameOf = ({ id }: Scenario, dialect: Dialect): string => `${id.toLowerCase()}-${dialect}`;

/** Of every provider: far from what a busy machine needs for a word, and still short. */
const TIMEOUTS = 'timeouts: { connect: 1s, response_headers: 600ms, first_token: 600ms, idle: 600ms, total: 20s }';

/**
 * One route for each scenario and dialect, with a provider of its own, so that what is known
 * of one says nothing of another, and one fallback.
 */
export function yamlOf(wall: Wall, restart: boolean): string {
  const cells = SCENARIOS.flatMap((scenario) => DIALECTS.map((dialect) => nameOf(scenario, dialect)));
  const place = `base_url: "${wall.url}/v1", adapter: [openai_chat, anthropic_messages], api_key: sk-of-the-wall, ${TIMEOUTS}`;
  const providers = cells.map(
    (name) => `  ${name}: { ${place}, models: { ${name}: { input: 3, output: 15, context_window: 8192 } } }
  ${name}-spare: { ${place}, models: { ${name}-backup: { input: 1, output: 5, context_window: 200000 } } }`,
  );
  const routes = cells.map(
    (name) => `  - name: ${name}
    match: { model: ${name} }
    targets: [ { provider: ${name} }, { provider: ${name}-spare, model: ${name}-backup } ]${restart ? '\n    restart: true' : ''}`,
  );
  return `breaker: { window: 20, share: 50, least: 3, probe: 200ms }
providers:
${providers.join('\n')}
routes:
${routes.join('\n')}
`;
}

export interface Cell extends Score {
  observed: Observed;
}

/** Runs one scenario in one dialect through what answers at `url`. */
export async function run(wall: Wall, url: string, scenario: Scenario, dialect: Dialect): Promise<Cell> {
  const model = nameOf(scenario, dialect);
  wall.set(model, scenario.does());
  if (scenario.fallbackDoes) wall.set(`${model}-backup`, scenario.fallbackDoes);
  const started = wall.now();
  const { every, lasts } = scenario.sequence ?? { every: 0, lasts: 0 };
  const seen = (name: string): Seen[] => wall.calls.filter((call) => call.model === name && call.at >= started);
  const begun = (): number => seen(model)[0]?.at ?? started;
  const sent: Step[] = [];
  do {
    const sentAt = wall.now();
    sent.push({ sentAt, heard: await ask({ url, dialect, model, limit: scenario.limit }) });
    if (lasts > 0) await sleep(Math.max(0, sentAt + every - wall.now()));
  } while (wall.now() - begun() < lasts);
  // From the first call on, or a busy machine would shift what the provider does against what is asked.
  const steps = sent.map((step) => ({ ...step, sentAt: step.sentAt - begun() }));
  const calls = (name: string): Seen[] => seen(name).map((call) => ({ ...call, at: call.at - begun() }));
  const primary = calls(model);
  const fallback = calls(`${model}-backup`);
  const spare = await ask({ url, dialect, model: `${model}-backup`, limit: 5000 });
  const alive = spare.outcome === 'success' && spare.complete;
  const observed = { heard: worst(steps), primary, fallback, alive, steps };
  return { ...score(scenario.ideal ?? 'answer', scenario.checks, observed), observed };
}

function worst(steps: readonly Step[]): Heard {
  const heard = steps.map((step) => step.heard);
  const bad = heard.find(({ outcome }) => outcome === 'hang') ?? heard.find(({ outcome }) => outcome === 'error');
  return bad ?? heard.find(({ complete }) => !complete) ?? heard.at(-1)!;
}

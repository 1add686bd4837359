import type { Exchange, Lent } from '../../src/plugin.ts';
import { within } from './actual.ts';
import { givesOf } from './asked.ts';
import { Calibration } from './calibration.ts';
import { LearnedOutputs } from './learned.ts';
import type { Outlook } from './outlook.ts';
import { compareUsd } from './usd.ts';

/** Answers that are read at the start, and how long the database may take for it, milliseconds. */
const WARM = 20_000;
const WARM_MS = 5000;
/** How long an answer waits for the count of its prompt, milliseconds. */
const PATIENCE_MS = 100;
/** The same while the tokenizer is still being started. */
const START_MS = 1500;

/** What is learned from answers. It outlives a change of options. */
export class Memory {
  readonly learned = new LearnedOutputs();
  readonly calibration = new Calibration();
  #hasCounted = false;
  #isWarm = false;

  /** Reads what answers have had before. Without a database that answers it begins with nothing. */
  async warm({ records, log }: Pick<Lent, 'records' | 'log'>): Promise<void> {
    if (this.#isWarm) return;
    this.#isWarm = true;
    const known = await within(WARM_MS, records.outputs(WARM));
    if (known === null) log.warn('what answers had before could not be read; it is learned anew');
    for (const { key, api, model, output_tokens: tokens } of [...(known ?? [])].reverse())
      if (api !== null && model !== null && givesOf(api) === 'text') this.learned.add(key, api, model, tokens);
  }

  /** How long an answer may wait for a count, milliseconds. */
  get patience(): number {
    return this.#hasCounted ? PATIENCE_MS : START_MS;
  }

  /** The tokenizer has answered. */
  counted(): void {
    this.#hasCounted = true;
  }

  /** Takes note of an exchange that ended well. */
  learn({ state, ending, api, principal, request }: Exchange, outlook: Outlook): void {
    const { reading, cost, prediction } = state;
    const { model } = request;
    if (ending?.outcome !== 'ok' || reading?.usageStatus !== 'final' || model === null || api === null) return;
    const tokens = reading.usage?.output_tokens;
    if (tokens !== undefined && givesOf(api) === 'text')
      this.learned.add(principal?.name ?? null, api, model, tokens / outlook.view.output.answers);
    const actual = cost?.cost_usd ?? null;
    const stated = prediction?.cost_usd_p90 ?? null;
    if (actual !== null && stated !== null && cost?.cost_source !== 'free')
      this.calibration.note(model, outlook.reckoned, compareUsd(actual, stated) <= 0);
  }
}

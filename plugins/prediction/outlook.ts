import type { Bound, Exchange, Foresight, Prediction, TokenCount, Tokens } from '../../src/plugin.ts';
import { clampOutput } from './bounds.ts';
import type { Calibration, Confidence } from './calibration.ts';
import { likelyCost, mostCost } from './cost.ts';
import type { LearnedOutputs } from './learned.ts';
import { guessOutput, mostOutput } from './output.ts';
import { compareUsd, dearer } from './usd.ts';
import { type Bytes, leavingOf, shapeOf, type View, viewOf } from './view.ts';

/** What all predictions of one instance share. */
export interface Means {
  readonly tokens: Tokens;
  readonly memory: {
    readonly learned: LearnedOutputs;
    readonly calibration: Calibration;
    /** The tokenizer has answered just now. */
    counted(): void;
  };
  /** Output of a model of which nobody has said the most, tokens. */
  readonly unknownMaxOutput: number;
  /** Prompt and answer of such a model together, tokens. */
  readonly unknownContextWindow: number;
  /** False: by length alone. */
  readonly counts: boolean;
}

/** The counting of one prompt. */
interface Counting {
  leaving: Bytes | null;
  readonly model: string | null;
  /** Null where nothing can change any more. */
  readonly shape: string | null;
  readonly promise: Promise<TokenCount>;
  done: TokenCount | null;
}

/** The most that a request and all its answers may have, wherever it goes; tokens. */
export interface MostOfAll {
  readonly input: number;
  readonly output: number;
  /** Something is in it of which nobody knows how much it is. */
  readonly hasUnseen: boolean;
}

/** What was said of a view with a count. */
interface Said {
  readonly view: View;
  readonly count: TokenCount;
  readonly prediction: Prediction | null;
  readonly bound: Bound;
}

/** What can be said of one request before it leaves. It looks when it is asked, and again after a change. */
export class Outlook implements Foresight {
  /** The class by the rules alone, before it is measured. */
  reckoned: Confidence = 'low';
  readonly #exchange: Exchange;
  readonly #means: Means;
  #view: View | null = null;
  #counting: Counting | null = null;
  #said: Said | null = null;
  #isTold = false;

  constructor(exchange: Exchange, means: Means) {
    this.#exchange = exchange;
    this.#means = means;
  }

  bound(): Bound {
    const view = this.view;
    return this.#boundOf(view, view.body && this.#means.tokens.mostByLength(view.body, view.model));
  }

  async counted(): Promise<{ readonly prediction: Prediction | null; readonly bound: Bound }> {
    const { view } = this;
    if (view.body === null) return { prediction: null, bound: this.bound() };
    const count = await this.#count(view, view.body);
    return this.#say(view, count);
  }

  async countedEach(): Promise<readonly Bound[]> {
    const { view } = this;
    const count = view.body && (await this.#count(view, view.body));
    return this.#boundsOf(view, count && { tokens: count.most, hasUnseen: count.hasUnseen });
  }

  /** The numbers behind the bound. */
  async most(): Promise<MostOfAll> {
    const { view } = this;
    const count = view.body && (await this.#count(view, view.body));
    const inputs = this.#mostInput(view, count && { tokens: count.most, hasUnseen: count.hasUnseen });
    return {
      input: Math.max(0, ...inputs),
      output: Math.max(0, ...view.places.map((_, at) => this.#mostOutput(view, at))),
      hasUnseen: count?.hasUnseen ?? true,
    };
  }

  async affordable({ usd, tokens }: { usd?: string; tokens?: number }): Promise<number | null> {
    const { view } = this;
    if (view.body === null || view.asked.gives !== 'text') return null;
    const { most, hasUnseen } = await this.#count(view, view.body);
    const { answers } = view.output;
    const input = this.#mostInput(view, { tokens: most, hasUnseen });
    const each = Math.floor(Math.max(...view.places.map((_, at) => this.#mostOutput(view, at))) / answers);
    const room = tokens === undefined ? each : Math.min(each, Math.floor((tokens - Math.max(...input)) / answers));
    if (usd === undefined) return Math.max(0, room);
    const cost = (output: number): string | null =>
      view.places.reduce<string | null>(
        (sum, place, at) => dearer(sum, mostCost(place, { input: input[at]!, output: output * answers }, hasUnseen)),
        view.places.length === 0 ? null : '0',
      );
    return largest(Math.max(0, room), usd, cost);
  }

  clamp(outputTokens: number, by: string): boolean {
    return clampOutput(this.#exchange, outputTokens, by);
  }

  /** The request as it is now. */
  get view(): View {
    const { request, targets } = this.#exchange;
    const view = this.#view;
    if (view !== null && view.leaving === leavingOf(request) && view.targets === targets) return view;
    this.#view = viewOf(this.#exchange);
    return this.#view;
  }

  /** Begins to count, for whoever asks later. */
  begin(): void {
    if (this.#exchange.targets.length > 0) void this.counted().catch(() => {});
  }

  /** Whether the prompt as it is now is counted. */
  get isReady(): boolean {
    const { view } = this;
    return view.body === null || this.#countedOf(view) !== null;
  }

  /** The prediction that is told now: counted, or by length if the count is not there. From then on it stands in the row. */
  tell(): Prediction | null {
    const { view } = this;
    if (view.body === null) return null;
    const count = this.#countedOf(view) ?? this.#means.tokens.byLength(view.body);
    const { prediction } = this.#say(view, count);
    this.#isTold = true;
    return prediction;
  }

  #count(view: View, body: Bytes): Promise<TokenCount> {
    if (this.#countingOf(view) === null) this.#begin(view, body);
    return this.#counting!.promise;
  }

  #begin({ leaving, model }: View, body: Bytes): void {
    const { tokens, counts, memory } = this.#means;
    const { request, leftAt } = this.#exchange;
    const promise = counts ? tokens.prompt(model, body) : Promise.resolve(tokens.byLength(body));
    const shape = leftAt === null ? shapeOf(request) : null;
    const counting: Counting = { leaving, model, shape, promise, done: null };
    this.#counting = counting;
    void promise.then((count) => {
      counting.done = count;
      memory.counted();
    });
  }

  #countedOf(view: View): TokenCount | null {
    return this.#countingOf(view)?.done ?? null;
  }

  /** The counting, if it is of this prompt: what was changed beside it does not matter. */
  #countingOf(view: View): Counting | null {
    const counting = this.#counting;
    if (counting === null || counting.model !== view.model) return null;
    if (counting.leaving === view.leaving) return counting;
    if (counting.shape !== shapeOf(this.#exchange.request)) return null;
    counting.leaving = view.leaving;
    return counting;
  }

  #say(view: View, count: TokenCount): Said {
    if (this.#said?.view === view && this.#said.count === count) return this.#said;
    const bound = this.#boundOf(view, { tokens: count.most, hasUnseen: count.hasUnseen });
    const prediction = this.#predict(view, count, bound);
    const said = { view, count, prediction, bound };
    this.#said = said;
    // What a client was told stands in the row, though the count may come after all.
    if (prediction !== null && !this.#isTold) this.#exchange.state.prediction = prediction;
    return said;
  }

  #predict(view: View, count: TokenCount, bound: Bound): Prediction | null {
    const { asked, places, output } = view;
    const [place] = places;
    if (place === undefined || asked.gives === 'other') return null;
    const { memory, unknownMaxOutput } = this.#means;
    const { api, principal, request } = this.#exchange;
    const known =
      asked.gives === 'text' ? memory.learned.expect(principal?.name ?? null, api ?? '', request.model ?? '') : null;
    const { half, nine, basis } = guessOutput(
      output,
      place.limits,
      known,
      unknownMaxOutput,
      asked.gives === 'pictures' ? 1 : undefined,
    );
    const cost = likelyCost(place, { input: count.tokens, output: half });
    const isSure = count.source === 'counted' && !asked.hasTools && !asked.hosted && cost !== null && !asked.hasParts();
    this.reckoned = isSure ? (basis === 'model' && asked.gives === 'text' ? 'medium' : 'high') : 'low';
    return {
      input_tokens: count.tokens,
      source: count.source,
      output_tokens: half,
      output_tokens_p90: nine,
      basis,
      cost_usd: cost,
      cost_usd_p90: likelyCost(place, { input: count.tokens, output: nine }),
      cost_usd_max: bound.cost_usd,
      confidence: memory.calibration.tell(request.model ?? '', this.reckoned),
    };
  }

  /** @param input null: nobody knows */
  #boundOf(view: View, input: Most | null): Bound {
    let tokens = 0;
    let cost: string | null = view.places.length === 0 ? null : '0';
    for (const each of this.#boundsOf(view, input)) {
      tokens = Math.max(tokens, each.tokens);
      cost = dearer(cost, each.cost_usd);
    }
    return { tokens, cost_usd: cost };
  }

  /** Of each place. */
  #boundsOf(view: View, input: Most | null): Bound[] {
    const inputs = this.#mostInput(view, input);
    return view.places.map((place, at) => {
      const most = { input: inputs[at]!, output: this.#mostOutput(view, at) };
      return { tokens: most.input + most.output, cost_usd: mostCost(place, most, input?.hasUnseen ?? true) };
    });
  }

  /** Of each place. What is not seen may fill all of the context window. */
  #mostInput({ places }: View, input: Most | null): readonly number[] {
    const { unknownContextWindow } = this.#means;
    const least = input?.tokens ?? 0;
    if (input?.hasUnseen === false) return places.map(() => least);
    return places.map(({ limits }) => Math.max(least, limits.contextWindow ?? unknownContextWindow));
  }

  #mostOutput({ places, output }: View, at: number): number {
    return mostOutput(output, places[at]!.limits, this.#means.unknownMaxOutput);
  }
}

interface Most {
  readonly tokens: number;
  readonly hasUnseen: boolean;
}

/** The largest number up to `most` whose cost is within the amount; null where the cost is unknown. */
function largest(most: number, usd: string, cost: (output: number) => string | null): number | null {
  const isWithin = (output: number): boolean | null => {
    const amount = cost(output);
    return amount === null ? null : !usd.startsWith('-') && compareUsd(amount, usd) <= 0;
  };
  const fitsAll = isWithin(most);
  if (fitsAll === null || fitsAll) return fitsAll === null ? null : most;
  if (!isWithin(0)) return 0;
  let fits = 0;
  let tooMany = most;
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (isWithin(middle)) fits = middle;
    else tooMany = middle;
  }
  return fits;
}

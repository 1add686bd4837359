/** What can be done for a request that does not fit, where its budgets allow it. */

import type { Exchange } from '../../src/plugin.ts';
import { tell } from '../shared/amounts.ts';
import { headerText } from '../shared/header-text.ts';
import type { Shortage } from './claims.ts';
import { leaveOutDear } from './dear.ts';
import { leftIn } from './refusal.ts';

/** Of whom a row says that he changed the request. */
const BY = 'budgets';
/** Characters of a model's name that is noted: clients choose it. */
const MOST_NAME = 256;

/** Changes one request until it fits, and tells the caller what was changed. */
export class Relief {
  readonly #exchange: Exchange;
  /** The model that was asked for, once another one has its place. */
  #asked: string | null = null;
  /** Output tokens that its answer was held to. */
  #most: number | null = null;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Takes the next step; null: there is none. `elsewhere`: it is another model's request from now on, or of fewer targets. */
  async next(shortages: readonly Shortage[]): Promise<'shorter' | 'elsewhere' | null> {
    if (await leaveOutDear(this.#exchange, shortages)) return 'elsewhere';
    const wishes = shortages.map(({ budget }) => budget.whenShort);
    if (wishes.includes('refuse')) return null;
    const other = wishes.find((wish) => typeof wish === 'object');
    if (other !== undefined) return this.#turnTo(other.model) ? 'elsewhere' : null;
    return (await this.#shorten(shortages)) ? 'shorter' : null;
  }

  /** Gives the request its model back: it does not leave, and its row says what was asked for. */
  undo(): void {
    if (this.#asked !== null) this.#exchange.request.set(['model'], this.#asked, BY);
  }

  /** Says what was changed, now that it fits. */
  announce(): void {
    const { request } = this.#exchange;
    if (this.#asked !== null) {
      this.#exchange.setHeader('x-token-spy-downgraded', headerText(`${this.#asked} -> ${request.model}`));
      this.#exchange.note(BY, 'cheaper_model', { asked: this.#asked.slice(0, MOST_NAME), model: request.model });
    }
    if (this.#most !== null) {
      this.#exchange.setHeader('x-token-spy-clamped', `max_tokens=${this.#most}`);
      this.#exchange.note(BY, 'clamp', { max_tokens: this.#most });
    }
  }

  /** Once only: what the other model does not fit either, a third one is not asked for. */
  #turnTo(model: string): boolean {
    const { request } = this.#exchange;
    const { model: asked, namesModelInPath, bodyBytes } = request;
    if (this.#asked !== null || asked === null || asked === model || namesModelInPath || bodyBytes === 0) return false;
    request.set(['model'], model, BY);
    this.#asked = asked;
    return true;
  }

  async #shorten(shortages: readonly Shortage[]): Promise<boolean> {
    const { foresight } = this.#exchange.state;
    if (!foresight) return false;
    let most = Number.POSITIVE_INFINITY;
    for (const { budget, standing } of shortages) {
      const { measure } = budget.series;
      const left = tell(measure, leftIn(budget, standing));
      const tokens = await foresight.affordable(measure === 'usd' ? { usd: left } : { tokens: Number(left) });
      if (tokens === null || tokens < 1) return false;
      most = Math.min(most, tokens);
    }
    if (!foresight.clamp(most, BY)) return false;
    this.#most = most;
    return true;
  }
}

import type { Usage } from '../metering/usage.ts';
import type { RememberedPrompt, TurnRelation } from './prompt.ts';

/** How an exchange goes on from earlier ones of its session. */
export interface Turn {
  readonly relation: TurnRelation;
  /** The session it branched from. */
  readonly parent: string | null;
  /**
   * The newest exchange that it goes on from and that a provider answered, as this process knows it; null: there is
   * none. Where several talk in the name of one session, an agent and its helpers, it is of the same of them.
   */
  readonly before: PriorTurn | null;
}

/** What is remembered of an exchange for the next of its session; in memory only. */
export interface PriorTurn {
  /** Epoch milliseconds: when its answer was over. */
  readonly at: number;
  readonly prompt: RememberedPrompt;
  /** Tokens of each of its pieces, as shares of what the provider counted; null where it said nothing. */
  readonly tokens: Float64Array | null;
  readonly usage: Usage | null;
  readonly provider: string | null;
  readonly model: string | null;
}

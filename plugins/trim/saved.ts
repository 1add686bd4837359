/** What was saved since the start, by agent. */
import type { Trimmed } from './body.ts';

export interface Saved {
  requests: number;
  chars: number;
  /** A fourth of the characters: an estimate. */
  tokens: number;
  tools_removed: number;
}

/** Agents are named by callers: of more, the rest is counted together. */
const MOST_AGENTS = 1000;
const OTHERS = 'other';

/** Tokens by the predecessor's rule: four characters each, rounded down. */
export const tokensOf = (chars: number): number => Math.floor(chars / 4);

export class Savings {
  /** UTC ISO: what is counted began here. */
  readonly since = new Date().toISOString();
  readonly #byTenant = new Map<string, Map<string, Saved>>();
  #agents = 0;

  add(tenant: string | undefined, agent: string, { chars, tools }: Trimmed): void {
    const saved = this.#of(tenant ?? '', agent);
    saved.requests++;
    saved.chars += chars;
    saved.tokens += tokensOf(chars);
    saved.tools_removed += tools;
  }

  /** Of all agents that the holder of a key may see: those of its tenant, or all. */
  of(tenant: string | undefined): Record<string, Saved> {
    const sums = new Map<string, Saved>();
    for (const [name, agents] of this.#byTenant) {
      if (tenant !== undefined && name !== tenant) continue;
      for (const [agent, saved] of agents) sums.set(agent, sum(sums.get(agent) ?? NONE, saved));
    }
    return Object.fromEntries(sums);
  }

  #of(tenant: string, agent: string): Saved {
    const agents = this.#byTenant.get(tenant) ?? new Map<string, Saved>();
    const known = agents.get(agent);
    if (known) return known;
    const isFull = this.#agents >= MOST_AGENTS;
    if (isFull && (agent !== OTHERS || tenant !== '')) return this.#of('', OTHERS);
    this.#agents++;
    const saved = { ...NONE };
    this.#byTenant.set(tenant, agents.set(agent, saved));
    return saved;
  }
}

export const NONE: Readonly<Saved> = { requests: 0, chars: 0, tokens: 0, tools_removed: 0 };

const sum = (one: Saved, two: Saved): Saved => ({
  requests: one.requests + two.requests,
  chars: one.chars + two.chars,
  tokens: one.tokens + two.tokens,
  tools_removed: one.tools_removed + two.tools_removed,
});

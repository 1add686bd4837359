/** What was taken out of requests, for people and for the API. */
import type { Lent, RedactionSum } from '../../src/plugin.ts';
import type { Question } from '../shared/question.ts';

export interface RedactionsView {
  readonly from: string;
  readonly to: string;
  /** How often something was found. */
  readonly count: number;
  /** By kind, the most first. */
  readonly kinds: readonly { readonly kind: string; readonly requests: number; readonly count: number }[];
  /** By kind and agent, the most first. */
  readonly sums: readonly RedactionSum[];
}

export async function redactionsView(
  records: Lent['records'],
  { from, to, tenant, agent }: Question,
): Promise<RedactionsView> {
  const sums = await records.redactions({ from, to, tenant, agent });
  const kinds = new Map<string, { kind: string; requests: number; count: number }>();
  for (const { kind, requests, count } of sums) {
    const sum = kinds.get(kind) ?? { kind, requests: 0, count: 0 };
    kinds.set(kind, { kind, requests: sum.requests + requests, count: sum.count + count });
  }
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    count: sums.reduce((all, { count }) => all + count, 0),
    kinds: [...kinds.values()].sort((one, other) => other.count - one.count),
    sums,
  };
}

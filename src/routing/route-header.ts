import type { Exchange } from '../pipeline/exchange.ts';

const NONE = Object.freeze({});
/** Characters of a name: it may be the client's. */
const LONGEST = 128;

/**
 * Tells which way a request went, where it had a choice:
 * `x-token-spy-route: chat; strategy=fallback; target=azure/gpt-4o; key=b; attempts=2`.
 * Without a route it begins with a dash.
 */
export function routeHeader({ plan, target, attempts, request }: Exchange): Readonly<Record<string, string>> {
  if (target === null) return NONE;
  const { targets, decision } = plan;
  const { route, strategy, alias, isBound } = decision;
  if (route === null && alias === null && targets.length < 2 && !isBound) return NONE;
  const model = target.model ?? request.model;
  const { name, keys } = target.provider;
  const words = [
    route ?? '-',
    strategy && `strategy=${strategy}`,
    alias !== null && `alias=${plain(alias)}`,
    `target=${model === null ? name : `${name}/${plain(model)}`}`,
    keys.length > 1 && target.key !== null && `key=${target.key.name}`,
    `attempts=${attempts.length}`,
  ];
  return { 'x-token-spy-route': words.filter(Boolean).join('; ') };
}

/** As it may stand in a header between semicolons. */
const plain = (name: string): string => name.slice(0, LONGEST).replace(/[^!-:<-~]/g, '?');

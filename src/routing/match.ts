/** What a route asks of a request. */
import { compileGlobs } from '../bytes/glob.ts';
import type { Asked } from '../pipeline/asked.ts';
import type { Exchange } from '../pipeline/exchange.ts';

type Globs = string | readonly string[];

/** `match` of a route of gateway.yaml; sizes are bytes. */
export interface MatchSpec {
  readonly model?: Globs;
  readonly path?: Globs;
  readonly listener?: Globs;
  readonly agent?: Globs;
  readonly key?: Globs;
  readonly tags?: Readonly<Record<string, Globs>>;
  readonly body?: { readonly min?: string | number; readonly max?: string | number };
  readonly stream?: boolean;
}

type Test = (asked: Asked, model: string | null) => boolean;

/** Compiles a `match` into one test: all its members must hold. What is unknown matches nothing, `*` included. */
export function compileMatch(match: MatchSpec): Test {
  const tests = [...testsOfNames(match), ...testsOfTags(match.tags ?? {}), ...testsOfSize(match.body ?? {})];
  const { stream } = match;
  if (stream !== undefined) tests.push(({ exchange }) => exchange.request.stream === stream);
  if (tests.length === 0) return () => true;
  if (tests.length === 1) return tests[0]!;
  return (asked, model) => {
    for (const test of tests) if (!test(asked, model)) return false;
    return true;
  };
}

function testsOfNames({ model, path, listener, agent, key }: MatchSpec): Test[] {
  const tests: Test[] = [];
  const add = (globs: Globs | undefined, fact: (asked: Asked) => string | null): void => {
    if (globs === undefined) return;
    const fits = compileGlobs(globs);
    tests.push((asked) => {
      const text = fact(asked);
      return text !== null && fits(text);
    });
  };
  add(listener, (asked) => asked.listener.name);
  add(path, ({ exchange }) => exchange.request.path);
  add(key, ({ exchange }) => exchange.principal?.name ?? null);
  add(agent, ({ exchange }) => agentOf(exchange));
  if (model !== undefined) {
    const fits = compileGlobs(model);
    tests.push(({ exchange }, meant) => {
      const named = exchange.request.model;
      return (named !== null && fits(named)) || (meant !== null && fits(meant));
    });
  }
  return tests;
}

function testsOfTags(tags: Readonly<Record<string, Globs>>): Test[] {
  return Object.entries(tags).map(([tag, globs]) => {
    const fits = compileGlobs(globs);
    return ({ exchange }) => {
      const tags = exchange.state.tags;
      return tags !== undefined && Object.hasOwn(tags, tag) && fits(tags[tag]!);
    };
  });
}

function testsOfSize({ min, max }: NonNullable<MatchSpec['body']>): Test[] {
  if (min === undefined && max === undefined) return [];
  const least = Number(min ?? 0);
  const most = Number(max ?? Number.POSITIVE_INFINITY);
  return [
    ({ exchange }) => {
      const bytes = bodyBytes(exchange);
      return bytes >= least && bytes <= most;
    },
  ];
}

/** As the provider will read it, where that is known: a body that passes unread is as long as its head says. */
export function bodyBytes({ request, requestBytes }: Exchange): number {
  const known = request.bodyBytes || requestBytes;
  return known > 0 ? known : Number(request.header('content-length') ?? 0) || 0;
}

/** What `identity` found; where it is not listed, what the path, the key or the port says. */
export const agentOf = ({ state, request, principal, listener }: Exchange): string | null =>
  state.agent ?? request.pathAgent ?? principal?.agent ?? listener.agent;

/** Sessions in words: states, names, how a session was found. */
import type { AuditEntry, HealthState, SessionEntry, TurnRelation } from '../../src/plugin.ts';

/** A word with its colour, and what it means. */
export interface StateWords {
  readonly label: string;
  /** A class of views/assets/sessions.css. */
  readonly tone: string;
  readonly hint: string;
  /** A fresh start would help: it may be reset from here. */
  readonly resettable: boolean;
}

/** The gravest first. */
export const STATES: Readonly<Record<HealthState, StateWords>> = {
  reset_recommended: {
    label: 'reset recommended',
    tone: 'bad urgent',
    hint: 'Its history is so long, or so full of tool results, that a fresh session is better.',
    resettable: true,
  },
  compact_soon: {
    label: 'compact soon',
    tone: 'bad',
    hint: 'Its history is more than twice as long as its limit.',
    resettable: true,
  },
  monitor: { label: 'monitor', tone: 'warn', hint: 'Its history is longer than its limit.', resettable: true },
  cache_unstable: {
    label: 'cache unstable',
    tone: 'cache',
    hint: 'Of what it has in the provider’s cache, more than a fifth is written anew.',
    resettable: false,
  },
  healthy: { label: 'healthy', tone: 'good', hint: 'Its history is within its limit.', resettable: false },
  no_data: {
    label: 'no data',
    tone: 'calm',
    hint: 'Nothing of it is known in this stretch of time.',
    resettable: false,
  },
};

const GRAVITY = Object.keys(STATES);

/** The lower, the graver. */
export const gravityOf = (state: HealthState): number => GRAVITY.indexOf(state);

const LONGEST_ID = 13;
const KEPT_OF_ID = 8;
/** Ids that the chain gives say first of all that it did. */
const CHAIN = 'chain-';

/** An id short enough for a table; the whole of it belongs in a title. */
export function shortOf(id: string): string {
  const letters = [...(id.startsWith(CHAIN) ? id.slice(CHAIN.length) : id)];
  return letters.length > LONGEST_ID ? `${letters.slice(0, KEPT_OF_ID).join('')}…` : letters.join('');
}

const SURE: Readonly<Record<SessionEntry['confidence'], string>> = {
  high: 'That is sure.',
  medium: 'That is likely, not sure.',
  low: 'That is a guess.',
};

/** How a session was found, as sentences. */
export function foundWords({ source, confidence }: Pick<SessionEntry, 'source' | 'confidence'>): string {
  const [kind = '', ...rest] = source.split(':');
  const name = rest.join(':');
  const said: Readonly<Record<string, string>> = {
    header: `The client says it, in the header ${name}.`,
    body: `The client says it, in ${name} of the request’s body.`,
    chain: 'Nobody says it: each request begins with the messages of the one before.',
    history: 'Nobody says it: the length of the history went on growing.',
  };
  const how = Object.hasOwn(said, kind) ? said[kind] : `It was found by ${source}.`;
  return `${how} ${SURE[confidence]}`;
}

/** How a turn goes on from those before: a word, and a sentence. */
export const RELATIONS: Readonly<Record<TurnRelation, readonly [label: string, hint: string]>> = {
  start: ['start', 'A first message, nothing before it.'],
  next: ['next', 'The messages of the turn before, and more.'],
  retry: ['retry', 'The same messages once more.'],
  branch: ['branch', 'Begins like an earlier turn, then goes another way.'],
  compacted: ['compacted', 'The history of an earlier turn, shortened by the client.'],
  joined: ['joined', 'Nothing proves it; the length of the history put it here.'],
  named: ['named', 'An id says it belongs here, and the messages do not tell more.'],
};

const FACTS = 4;
const LONGEST_FACT = 80;

/** Small facts of an audit entry as one line: `reason: history limit, bytes: 52,000`. */
export function factsOf(entry: Pick<AuditEntry, 'facts'>): string {
  const plain = Object.entries(entry.facts).filter(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  return plain
    .slice(0, FACTS)
    .map(([name, value]) => {
      const text = typeof value === 'number' ? value.toLocaleString('en-US') : String(value).slice(0, LONGEST_FACT);
      return `${name.replaceAll('_', ' ')}: ${text}`;
    })
    .join(', ');
}

/** A request that says which session it is, to be copied. */
export const EXAMPLE = `curl http://localhost:9110/v1/chat/completions \\
  -H 'content-type: application/json' \\
  -H 'x-token-spy-agent: my-agent' \\
  -H 'x-token-spy-session: my-first-session' \\
  -d '{"model":"simulated","messages":[{"role":"user","content":"Hello"}]}'`;

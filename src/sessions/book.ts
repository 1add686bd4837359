import type { CutPrompt, TurnRelation } from '../pipeline/prompt.ts';
import { Answers } from './answers.ts';
import { beginsSession } from './boundary.ts';
import { type Asked, askedOf, type Found, find } from './chain.ts';
import { addTip, begin, goOn } from './course.ts';
import { derivedId, freshId } from './id.ts';
import type { Line, SessionName } from './line.ts';
import { type LineBounds, Lines } from './lines.ts';
import { mix, seedOf } from './mix.ts';
import { Place, type Placing } from './place.ts';

/** A request that wants to know its session. */
export interface SessionQuestion {
  readonly tenant?: string | undefined;
  /** Name of the gateway key. */
  readonly key?: string | undefined;
  readonly agent?: string | undefined;
  readonly user?: string | undefined;
  /** What its headers and its body name. */
  readonly named?: SessionName | undefined;
  /** The session it says it comes from. */
  readonly parent?: string | undefined;
  readonly cut: CutPrompt | null;
  /** Characters of its history where `cut` has no messages; null where it has none. Asked only then. */
  historyChars(): number | null;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Ids of one request, or of one task: they name a session where nothing proves another. */
const WEAK: ReadonlySet<string> = new Set(['header:x-client-request-id', 'header:traceparent']);
/** Names the answer that a request goes on from. */
const LINK = 'body:previous_response_id';

const DAY_MS = 24 * 3_600_000;
/** Providers keep what they cache for an hour at most: later, what was in it says nothing. */
const REST_MS = 75 * 60_000;
/** Sessions of before that are known by their ids. */
const MOST_KNOWN = 10_000;

/**
 * Tells which session each request belongs to, and remembers the conversations of one process for it.
 *
 * In this order: an id that means a session; the answer that it names to go on from; the chain of its messages' hashes;
 * an id that may mean one request; the history rule. Only numbers are kept, and ids.
 */
export class SessionBook {
  readonly #lines: Lines;
  readonly #answers = new Answers();
  readonly #known = new Set<string>();

  constructor(bounds: Partial<LineBounds> = {}) {
    this.#lines = new Lines(bounds);
  }

  /** Conversations that are remembered, their messages, and turns whose prompt is kept. */
  get size(): { conversations: number; messages: number; turns: number } {
    return { conversations: this.#lines.size, messages: this.#lines.marks, turns: this.#lines.priors };
  }

  /** Says that a session of before has this id, so that no new one gets it. */
  know(id: string): void {
    if (this.#known.size < MOST_KNOWN) this.#known.add(id);
  }

  /** Forgets what rests. */
  sweep(now: number): void {
    this.#lines.sweep(now - DAY_MS, now - REST_MS);
  }

  place(question: SessionQuestion): Place {
    const { named } = question;
    if (named?.source === LINK) return this.#linked(question, named);
    if (named && !WEAK.has(named.source)) return this.#ofId(question, named);
    return this.#chained(question, named);
  }

  #ofId(question: SessionQuestion, session: SessionName): Place {
    const { tenant, cut, now } = question;
    const scope = seedOf('id', tenant, session.id);
    const asked = cut?.isWhole ? askedOf(cut, { scope, isNamed: true, now }) : null;
    if (asked === null) return this.#unread(question, scope, session);
    const found = find(this.#lines, asked);
    if (found) return this.#follow(question, found, asked, session);
    const line = begin(this.#lines, asked, { scope, session: session.id, isNamed: true, now });
    const relation = asked.opening === asked.marks.length ? 'start' : 'named';
    return this.#placed(question, { line, tip: addTip(this.#lines, line, asked), relation, session });
  }

  /** An id says which session it is, and nothing can be compared. */
  #unread(question: SessionQuestion, scope: number, session: SessionName, answerBefore: number | null = null): Place {
    const { now } = question;
    const line =
      this.#lines.newestOf(scope) ?? begin(this.#lines, null, { scope, session: session.id, isNamed: true, now });
    this.#lines.use(line, now);
    return this.#placed(question, { line, tip: null, relation: 'named', session, answerBefore });
  }

  #chained(question: SessionQuestion, weak: SessionName | undefined): Place {
    const { tenant, key, agent, user, cut, now } = question;
    const scope = seedOf('chain', tenant, key, agent, user);
    const asked = cut && askedOf(cut, { scope, isNamed: false, now });
    if (!asked) return weak ? this.#ofId(question, weak) : this.#byLength(question, scope);
    const found = find(this.#lines, asked);
    if (found) return this.#follow(question, found, asked);
    const { session, relation } = this.#fresh(asked, weak);
    const line = begin(this.#lines, asked, { scope, session: session.id, isNamed: false, now });
    return this.#placed(question, { line, tip: addTip(this.#lines, line, asked), relation, session });
  }

  /**
   * The name of a conversation that was not seen here before. What began elsewhere, or before a restart, gets the id
   * that it had got there by its first words; one that begins gets an id that none had.
   */
  #fresh(asked: Asked, weak: SessionName | undefined): { session: SessionName; relation: TurnRelation } {
    const { scope, marks, opening } = asked;
    const begins = opening === marks.length;
    if (weak) return { session: weak, relation: begins ? 'start' : 'named' };
    const derived = derivedId(scope, marks.subarray(0, opening));
    const isHere = this.#lines.hasSession(derived);
    const wasThere = !isHere && this.#known.has(derived);
    const id = isHere || (wasThere && begins) ? freshId() : derived;
    return {
      session: { id, source: 'chain', confidence: 'medium' },
      relation: wasThere && !begins ? 'joined' : 'start',
    };
  }

  #follow(question: SessionQuestion, found: Found, asked: Asked, named?: SessionName): Place {
    const { line, relation, confidence } = found;
    if (found.forks) return this.#fork(question, found.line, { asked, named, confidence });
    const source = relation === 'joined' ? 'history' : 'chain';
    const session = named ?? { id: line.session, source, confidence };
    return this.#placed(question, { line, tip: goOn(this.#lines, found, asked), relation, session });
  }

  /** A session that begins with the turns of another; where an id names both, it stays one session. */
  #fork(
    question: SessionQuestion,
    from: Line,
    {
      asked,
      named,
      confidence,
    }: { asked: Asked | null; named?: SessionName | undefined; confidence: 'high' | 'medium' | 'low' },
    answerBefore: number | null = null,
  ): Place {
    const { scope, isNamed, firstSeen } = from;
    const session = named ?? { id: isNamed ? from.session : freshId(), source: 'chain', confidence };
    const line = begin(this.#lines, asked, { scope, session: session.id, isNamed, now: question.now, firstSeen });
    const tip = asked && addTip(this.#lines, line, asked);
    const parent = session.id === from.session ? null : from.session;
    return this.#placed(question, { line, tip, relation: 'branch', session, parent, answerBefore });
  }

  #linked(question: SessionQuestion, named: SessionName): Place {
    const { tenant, cut, now } = question;
    const answerBefore = Answers.keyOf(tenant, named.id);
    const known = this.#answers.find(answerBefore);
    if (known === null) return this.#unread(question, seedOf('id', tenant, named.id), named, answerBefore);
    const { line, place } = known;
    const { scope } = line;
    const session: SessionName = { id: line.session, source: LINK, confidence: 'high' };
    // What it says is new to the answer before it: the same words after another answer are another turn.
    const asked = cut && askedOf(cut, { scope, isNamed: true, now, seed: mix(scope, answerBefore) });
    if (place === 'fork') {
      const forked = line.isNamed ? session : { ...session, id: freshId() };
      return this.#fork(question, line, { asked, named: forked, confidence: 'high' }, answerBefore);
    }
    this.#lines.use(line, now);
    if (!asked) return this.#placed(question, { line, tip: null, relation: 'next', session, answerBefore });
    const same = this.#lines.tipsAt(asked.chain.at(-1)!)?.findLast((tip) => tip.line === line) ?? null;
    const relation = same ? 'retry' : place === 'next' ? 'next' : 'branch';
    const tip = goOn(this.#lines, { line, tip: same, relation, confidence: 'high', forks: false }, asked);
    return this.#placed(question, { line, tip, relation, session, answerBefore });
  }

  /** The history rule, where there are no messages to compare. */
  #byLength(question: SessionQuestion, scope: number): Place {
    const { now } = question;
    const chars = question.historyChars();
    const newest = this.#lines.newestOf(scope);
    const joins = newest !== null && newest.usedAt >= now - DAY_MS && !beginsSession(newest.chars, chars);
    const id = joins ? newest.session : freshId();
    const line = joins ? newest : begin(this.#lines, null, { scope, session: id, isNamed: false, now, chars });
    line.chars = chars ?? line.chars;
    this.#lines.use(line, now);
    const relation = joins ? 'joined' : 'start';
    return this.#placed(question, { line, tip: null, relation, session: { id, source: 'history', confidence: 'low' } });
  }

  #placed(
    { tenant, parent, now }: SessionQuestion,
    placing: Omit<Placing, 'parent'> & { parent?: string | null },
  ): Place {
    const from = placing.parent ?? (parent === placing.session.id ? null : (parent ?? null));
    return new Place(this.#lines, { ...placing, parent: from }, now, (id, line, before) =>
      this.#answers.note(Answers.keyOf(tenant, id), { line, before }),
    );
  }
}

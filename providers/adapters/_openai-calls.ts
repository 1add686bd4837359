import { asList, asObject, type Draft, type JsonObject, nameOf } from '../../src/adapter.ts';

/** Calls of one answer that are told apart; no answer has as many. */
const MOST = 1000;

/**
 * Notes the tools that an answer of Chat Completions calls, each call once.
 *
 * In a stream the name stands in the first delta of a call, and the rest brings its arguments; some
 * servers say the name again with each of them. A call is known by its id, else by its place; one
 * that has neither came whole.
 */
export class ChatCalls {
  /** Made when a call comes: most answers bring none. */
  #seen: Set<string> | null = null;

  /** Looks through the message of a choice, whole or the piece of it that an event brings. */
  read(message: JsonObject, choice: unknown, draft: Draft): void {
    for (const each of asList(message.tool_calls)) {
      const call = asObject(each);
      const tool = nameIn(call?.function) ?? nameIn(call?.custom);
      if (tool !== null && this.#isNew(choice, nameOf(call?.id) ?? call?.index)) draft.called(tool);
    }
    // Of before there were several calls in one answer.
    const tool = nameIn(message.function_call);
    if (tool !== null && this.#isNew(choice, 'function_call')) draft.called(tool);
  }

  #isNew(choice: unknown, call: unknown): boolean {
    if (typeof call !== 'string' && typeof call !== 'number') return true;
    const key = `${choice} ${call}`;
    this.#seen ??= new Set();
    if (this.#seen.has(key) || this.#seen.size === MOST) return false;
    this.#seen.add(key);
    return true;
  }
}

/** A name that may be as long as it likes; null where there is none. */
function nameIn(called: unknown): string | null {
  const name = asObject(called)?.name;
  return typeof name === 'string' && name !== '' ? name : null;
}

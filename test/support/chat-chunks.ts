/** Builders of Chat Completions answers, for tests of what reads them. */

export const CHAT = { api: 'openai.chat' };
export const JSON_CHAT = { api: 'openai.chat', contentType: 'application/json', streamAsked: false };

/** One event with a delta; `choice` lays members over the choice, `more` over the event. */
export const chunk = (delta: object, more: object = {}, choice: object = {}) => ({
  id: 'c-1',
  model: 'm-1',
  choices: [{ index: 0, delta, finish_reason: null, ...choice }],
  ...more,
});

export const hello = chunk({ role: 'assistant', content: 'Hello' });
export const finish = chunk({}, {}, { finish_reason: 'stop' });

/** The event that carries nothing but usage. */
export const bill = (usage: object) => ({ id: 'c-1', model: 'm-1', choices: [], usage });

/** A whole JSON answer that says "Hello". */
export const answer = (usage: unknown, more: object = {}) =>
  Buffer.from(
    JSON.stringify({
      id: 'c-1',
      model: 'm-1',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
      usage,
      ...more,
    }),
  );

import { asList, asObject, type JsonObject } from '../../src/adapter.ts';

/** What a message of Chat Completions says, thinks, refuses, speaks and calls tools with. */
export function messageTexts(message: JsonObject): string[] {
  const calls = [...asList(message.tool_calls).map((call) => asObject(call)?.function), message.function_call];
  const thoughts = textsOf(message.reasoning_content);
  return [
    ...textsOf(message.content),
    ...(thoughts.length > 0 ? thoughts : textsOf(message.reasoning)),
    ...textsOf(message.refusal),
    ...textsOf(asObject(message.audio)?.transcript),
    ...calls.flatMap((call) => textsOf(asObject(call)?.arguments)),
  ];
}

/** A text, or a list of parts with texts; Mistral's parts may hold further parts, their thoughts. */
export function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return asList(value).flatMap((each) => {
    const part = asObject(each);
    return textsOf(part?.text ?? part?.thinking);
  });
}

/** A member of a delta that carries no content. */
export function isNothing(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

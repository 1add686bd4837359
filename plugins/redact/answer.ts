/** How the originals come back into an answer, by its framing. */
import type { ExchangeRequest, ExchangeResponse, StreamEvent } from '../../src/plugin.ts';
import { eventOf, withData } from './event-data.ts';
import { JsonObjects } from './json-objects.ts';
import { Restorer } from './restorer.ts';
import type { Vault } from './vault.ts';

/** Why an answer keeps its tokens. */
export type Left = 'framing' | 'size';

export interface AnswerListener {
  restored(): void;
  left(why: Left): void;
}

const LINES = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines']);
const FRAMES = 'application/vnd.amazon.eventstream';
const NO_BYTES = Buffer.alloc(0);

/** Sees to it that the client gets its own text. */
export function restoreIn(
  response: ExchangeResponse,
  request: ExchangeRequest,
  vault: Vault,
  listener: AnswerListener,
): void {
  const { contentType } = response;
  const asJson = vault.needsCare && asksForJson(request);
  const restored = (): void => listener.restored();
  if (contentType === 'text/event-stream') {
    restoreEvents(response, new Restorer(vault, { streams: true, asJson }, restored));
  } else if (LINES.has(contentType)) {
    const restorer = new Restorer(vault, { streams: true, asJson }, restored);
    restoreObjects(response, () => restorer, '\n', listener);
  } else if (contentType === 'application/json' || contentType.endsWith('+json')) {
    restoreJson(response, vault, asJson, listener);
  } else if (contentType === FRAMES) listener.left('framing');
}

function restoreEvents(response: ExchangeResponse, restorer: Restorer): void {
  let last: StreamEvent | null = null;
  response.mapEvents(
    (event) => {
      if (event.data === null) return true;
      last = event;
      const data = Buffer.from(event.data.buffer, event.data.byteOffset, event.data.byteLength);
      const { before, json } = restorer.restore(data);
      if (before.length === 0 && json === null) return true;
      const own = json === null ? event.raw : withData(event, json);
      return Buffer.concat([...before.map((text) => eventOf(text, event)), own]);
    },
    () => Buffer.concat(restorer.rest().map((text) => eventOf(text, last ?? { raw: NO_BYTES }))),
  );
}

/** An array is a stream of Gemini's; one object is an answer that came whole. */
function restoreJson(response: ExchangeResponse, vault: Vault, asJson: boolean, listener: AnswerListener): void {
  let restorer: Restorer | null = null;
  let isArray: boolean | null = null;
  const objects = objectsOf(
    () => {
      restorer ??= new Restorer(vault, { streams: isArray === true, asJson }, () => listener.restored());
      return restorer;
    },
    ',\r\n',
    listener,
  );
  response.mapBody({
    push: (chunk) => {
      const first = isArray === null ? chunk.find((byte) => byte > 32) : undefined;
      if (first !== undefined) isArray = first === 0x5b;
      return objects.push(chunk);
    },
    end: () => objects.end(),
  });
}

function restoreObjects(
  response: ExchangeResponse,
  restorer: () => Restorer,
  border: string,
  listener: AnswerListener,
): void {
  const objects = objectsOf(restorer, border, listener);
  const rest = (): Buffer =>
    Buffer.from(
      restorer()
        .rest()
        .map((text) => text + border)
        .join(''),
    );
  response.mapBody({
    push: (chunk) => objects.push(chunk),
    end: () => Buffer.concat([objects.end(), rest()]),
  });
}

/** @param border what parts an object from the next one */
function objectsOf(restorer: () => Restorer, border: string, listener: AnswerListener): JsonObjects {
  const map = (bytes: Buffer): Buffer => {
    const { before, json } = restorer().restore(bytes);
    if (before.length === 0) return json ?? bytes;
    return Buffer.concat([Buffer.from(before.map((text) => text + border).join('')), json ?? bytes]);
  };
  return new JsonObjects(map, () => listener.left('size'));
}

/** Marks of a request for an answer in JSON, of all APIs: only then its texts are JSON, and what is put into them is escaped. */
const JSON_MARKS = [
  '"json_schema"',
  '"json_object"',
  '"application/json"',
  '"responseSchema"',
  '"format":"json"',
  '"format":{',
];

const asksForJson = (request: ExchangeRequest): boolean => JSON_MARKS.some((mark) => request.mentions(mark));

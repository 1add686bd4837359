import type { Exchange, ExchangeRequest, ModelLimits } from '../../src/plugin.ts';
import { type Asked, askedOf } from './asked.ts';
import { type AskedOutput, askedOutput } from './bounds.ts';
import { type Priced, placesOf } from './cost.ts';

/** Bytes of which parts can be had; a body that lies in pieces is not copied into one. */
export interface Bytes {
  readonly length: number;
  slice(start: number, end: number): Uint8Array;
}

/** A request as it would leave now. */
export interface View {
  /** What leaves. Another object after each change of the body. */
  readonly leaving: Bytes | null;
  /** The same as plain JSON; null for a form, a recording, or no body. */
  readonly body: Bytes | null;
  /** Where it may go. Another list after a plugin took one out. */
  readonly targets: Exchange['targets'];
  /** As the first place knows it. */
  readonly model: string | null;
  readonly asked: Asked;
  readonly output: AskedOutput;
  /** Where it may go, best first, each with what its model takes and gives. */
  readonly places: readonly (Priced & { readonly limits: ModelLimits })[];
}

/** Reads a request; cheap, and nothing of it is copied. */
export function viewOf(exchange: Exchange): View {
  const { request, terms } = exchange;
  const output = askedOutput(exchange);
  const asked = askedOf(exchange, output);
  const places = placesOf(exchange, asked).map((place) => ({
    ...place,
    limits: terms.limits(place.provider, place.model),
  }));
  return {
    leaving: leavingOf(request),
    targets: exchange.targets,
    body: bodyOf(request),
    model: places[0]?.model ?? request.model,
    asked,
    output,
    places,
  };
}

export const leavingOf = (request: ExchangeRequest): Bytes | null => request.outgoing()?.bytes ?? null;

function bodyOf(request: ExchangeRequest): Bytes | null {
  if (request.bodyBytes === 0) return null;
  const isPacked = request.header('content-encoding') !== undefined && request.rewrittenBy.length === 0;
  return isPacked ? request.body : leavingOf(request);
}

/** Members that a model reads. */
const READ = [
  'messages',
  'input',
  'contents',
  'prompt',
  'system',
  'systemInstruction',
  'system_instruction',
  'instructions',
  'tools',
  'functions',
  'response_format',
  'text',
  'context',
  'message',
  'chat_history',
  'documents',
  'inputText',
  'texts',
] as const;

/** Tells two states of a prompt apart by the sizes of its parts: good enough not to count twice what was not changed. */
export function shapeOf(request: ExchangeRequest): string {
  return `${request.model} ${READ.map((name) => request.length(name) ?? '').join(' ')}`;
}

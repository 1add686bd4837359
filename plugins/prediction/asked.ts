import type { Exchange, ExchangeRequest } from '../../src/plugin.ts';
import type { AskedOutput } from './bounds.ts';

/**
 * What is given: text; nothing that is written, such as the meaning of a text as numbers;
 * pictures whose tokens are known before; or sounds and films, which tokens do not tell.
 */
export type Gives = 'text' | 'nothing' | 'pictures' | 'other';

/** What of a request decides its price beside its tokens. */
export interface Asked {
  readonly gives: Gives;
  readonly serviceTier: string | null;
  readonly speed: string | null;
  readonly geo: string | null;
  /**
   * Whether the prompt is written to a cache: the body says so, the provider may do so by itself
   * where its price has a rate for it, or never.
   */
  readonly writes: 'asked' | 'maybe' | 'never';
  /** For how long, where it is longer than usual: `1h`, `12h`. */
  readonly keeps: '1h' | '12h' | null;
  /** The provider works on its own between two words, with tools that it charges for. */
  readonly hosted: boolean;
  /** Speech is asked for beside text. */
  readonly speaks: boolean;
  readonly hasTools: boolean;
  /** Whether a message has parts; asked where all else is sure. */
  hasParts(): boolean;
  /** Whether pictures, sounds or films may be in the prompt; asked for few prices. */
  hasMedia(): boolean;
}

/** Reads what a request asks for: a few memory searches, and nothing is parsed but short members. */
export function askedOf({ request, api }: Pick<Exchange, 'request' | 'api'>, { each }: AskedOutput): Asked {
  const made = givesOf(api ?? '');
  const writes = writesOf(request, api ?? '');
  return {
    gives: each === 0 ? 'nothing' : made === 'other' && each !== null ? 'pictures' : made,
    serviceTier: tierOf(request),
    speed: request.text('speed') ?? null,
    geo: request.text('inference_geo') ?? null,
    writes,
    keeps: writes === 'asked' ? keepsOf(request) : null,
    hosted: isHosted(request, api ?? ''),
    speaks: isAmong(request.member('modalities'), 'audio'),
    hasTools: (request.count('tools') ?? 0) > 0 || (request.count('functions') ?? 0) > 0,
    hasParts: () => isLarge(request) || request.mentions('"content":[') || request.mentions('"content": ['),
    hasMedia: () => isLarge(request) || MEDIA.some((name) => request.mentions(name)),
  };
}

/** A body beyond this is not searched: each search of 20 MB keeps all others waiting for milliseconds. */
const SEARCHED_BYTES = 1024 * 1024;

const isLarge = ({ bodyBytes }: ExchangeRequest): boolean => bodyBytes > SEARCHED_BYTES;

/** By the API's name. */
export function givesOf(api: string): 'text' | 'other' {
  return /embed|rerank|image|speech|audio|video|predict/i.test(api) ? 'other' : 'text';
}

/** In the words of prices. Anthropic's `standard_only` is its ordinary tier; Gemini's have a prefix; Bedrock's lie in an object. */
function tierOf(request: ExchangeRequest): string | null {
  const said = request.text('service_tier') ?? request.text('serviceTier') ?? typeIn(request.member('serviceTier'));
  if (said === null) return null;
  const word = said.toLowerCase().replace(/^service_tier_/, '');
  return word === 'standard_only' ? 'standard' : word;
}

function typeIn(value: unknown): string | null {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : null;
  return typeof type === 'string' ? type : null;
}

/** Anthropic's API writes what is marked, and so does Bedrock's Converse; with others the provider decides. */
function writesOf(request: ExchangeRequest, api: string): Asked['writes'] {
  if (isLarge(request)) return 'maybe';
  if (request.mentions('"cache_control"') || request.mentions('"cachePoint"')) return 'asked';
  return /^(?:anthropic|bedrock)\./.test(api) ? 'never' : 'maybe';
}

function keepsOf(request: ExchangeRequest): Asked['keeps'] {
  if (request.mentions('"1h"')) return '1h';
  return request.mentions('"12h"') ? '12h' : null;
}

const isAmong = (list: unknown, word: string): boolean => Array.isArray(list) && list.includes(word);

/** How APIs call what is no text, or where it lies. */
const MEDIA = ['"image', '"input_', '"inline', '"file', '"audio', '"video', '"document', '"media', 'data:'];

/** Types of tools that run at the provider. */
const HOSTED =
  /^(?:web_search|web_fetch|file_search|code_interpreter|code_execution|image_generation|mcp|x_search|live_search|browser_search|document_library|builtin_function|openrouter:)/;
/** Members that switch such tools on. */
const SWITCHES = ['web_search_options', 'search_parameters', 'mcp_servers', 'plugins'];
/** Gemini's tools have no type but a name. */
const NAMED = [
  '"googleSearch',
  '"google_search',
  '"googleMaps"',
  '"google_maps"',
  '"codeExecution"',
  '"code_execution"',
  '"urlContext"',
  '"url_context"',
  '"fileSearch"',
  '"file_search"',
];

function isHosted(request: ExchangeRequest, api: string): boolean {
  if (SWITCHES.some((name) => request.length(name) !== null)) return true;
  const types = request.tally('tools', 'type');
  if (types === null) return false;
  for (const type of types.keys()) if (HOSTED.test(type)) return true;
  return api.startsWith('gemini.') && NAMED.some((name) => request.mentions(name));
}

import type { Exchange, ExchangeRequest } from '../../src/plugin.ts';
import { imageTokens } from './bounds-images.ts';

/** How much a request asks for, in its own words. */
export interface AskedOutput {
  /** Tokens of each answer at most, reasoning included; 0 where nothing is written, null where it does not say. */
  readonly each: number | null;
  /** How many answers are made and charged; 1 where it does not say. */
  readonly answers: number;
}

type Path = readonly [string] | readonly [string, string];

/** The members of an API that bound its answers; where several are there, the server decides which one counts. */
interface Words {
  readonly limits: readonly Path[];
  readonly answers?: readonly Path[];
  /** Member that may hold several prompts, each of which is answered. */
  readonly prompts?: string;
}

const GENERATION = ['generationConfig', 'generation_config'] as const;
const inGeneration = (...names: string[]): Path[] =>
  GENERATION.flatMap((config) => names.map((name) => [config, name] as const));

const CHAT: Words = { limits: [['max_completion_tokens'], ['max_tokens']], answers: [['n']] };
const GEMINI: Words = {
  limits: inGeneration('maxOutputTokens', 'max_output_tokens'),
  answers: inGeneration('candidateCount', 'candidate_count'),
};
/** Bodies of each vendor: Anthropic, Mistral, OpenAI, Claude 2, Llama, AI21, Titan, Nova, Cohere. */
const INVOKE: Words = {
  limits: [
    ['max_tokens'],
    ['max_completion_tokens'],
    ['max_output_tokens'],
    ['max_tokens_to_sample'],
    ['max_gen_len'],
    ['maxTokens'],
    ['textGenerationConfig', 'maxTokenCount'],
    ['inferenceConfig', 'maxTokens'],
    ['inferenceConfig', 'max_new_tokens'],
  ],
  answers: [['n'], ['num_generations'], ['numResults']],
};
const LLAMA_CPP: Words = { limits: [['n_predict'], ['max_tokens']], answers: [['n']], prompts: 'prompt' };
const OLLAMA: Words = { limits: [['options', 'num_predict']] };

const WORDS: Readonly<Record<string, Words>> = {
  'openai.chat': CHAT,
  'mistral.chat': CHAT,
  'openai.completions': { limits: [['max_tokens']], answers: [['n'], ['best_of']], prompts: 'prompt' },
  'openai.responses': { limits: [['max_output_tokens']] },
  'openai.responses.compact': { limits: [] },
  'anthropic.messages': { limits: [['max_tokens']] },
  'gemini.generateContent': GEMINI,
  'gemini.streamGenerateContent': GEMINI,
  'gemini.interactions': GEMINI,
  'bedrock.converse': { limits: [['inferenceConfig', 'maxTokens']] },
  'bedrock.invoke': INVOKE,
  'ollama.chat': OLLAMA,
  'ollama.generate': OLLAMA,
  'llama_cpp.completion': LLAMA_CPP,
  'llama_cpp.infill': LLAMA_CPP,
};

/** Calls that write nothing: the meaning of a text as numbers, an order, a count, what is kept. */
const WORDLESS =
  /embed|rerank|moderation|count_?tokens|computeTokens|input_tokens|\.stored$|batch|predictOperation|\.(?:models|files|uploads|resources|server|tokens|fine_tuning|vector_stores|containers|conversations|evals)$/i;
/** So they are in Bedrock, where one call is for all models. */
const WORDLESS_MODEL = /embed|rerank/i;
/** Characters of a number; what is longer is none. */
const LONGEST_NUMBER = 32;
/** More answers than this no server makes of one request. */
const MOST_ANSWERS = 2 ** 31;

/** Reads how much a request asks for: short members only, nothing else is parsed. */
export function askedOutput({ request, api }: Pick<Exchange, 'request' | 'api'>): AskedOutput {
  if (api === 'openai.images') return { each: imageTokens(request), answers: answersIn(request, CHAT) };
  if (isWordless(request, api)) return { each: 0, answers: 1 };
  const words = wordsOf(api);
  if (words === null) return { each: null, answers: 1 };
  const said = words.limits.map((path) => usable(valueAt(request, path))).filter((limit) => limit !== null);
  const each = said.length === 0 ? null : Math.max(...said) + rejectedTokens(request);
  return { each, answers: answersIn(request, words) };
}

function isWordless(request: ExchangeRequest, api: string | null): boolean {
  if (api === 'bedrock.invoke') return WORDLESS_MODEL.test(request.model ?? '');
  return api !== null && WORDS[api] === undefined && WORDLESS.test(api);
}

/** Of a path that no adapter owns anything may be said; of one that makes sounds or films nothing is. */
function wordsOf(api: string | null): Words | null {
  return api === null ? INVOKE : (WORDS[api] ?? null);
}

/** What was predicted and not written is charged as output, too: OpenAI's `prediction`, by its characters. */
function rejectedTokens(request: ExchangeRequest): number {
  return request.length('prediction') ?? 0;
}

function answersIn(request: ExchangeRequest, { answers = [], prompts }: Words): number {
  const said = answers.map((path) => countOf(valueAt(request, path)));
  return Math.max(1, ...said) * (prompts === undefined ? 1 : promptsIn(request, prompts));
}

/** A list of texts, or of lists of token ids, is as many prompts; a list of token ids is one. */
function promptsIn(request: ExchangeRequest, name: string): number {
  const count = request.count(name);
  if (count === null || count < 2) return 1;
  const list = request.member(name);
  return Array.isArray(list) && list.every((one) => typeof one === 'number') ? 1 : count;
}

function valueAt(request: ExchangeRequest, [name, inner]: Path): unknown {
  if (inner === undefined) return (request.length(name) ?? 0) > LONGEST_NUMBER ? undefined : request.member(name);
  const holder = request.member(name);
  const isObject = typeof holder === 'object' && holder !== null && Object.hasOwn(holder, inner);
  return isObject ? (holder as Readonly<Record<string, unknown>>)[inner] : undefined;
}

/** A limit that every server understands as what it says; null for all others. */
function usable(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 ? value : null;
}

/** Some servers read numbers out of texts: for how many answers it is, they may. */
function countOf(value: unknown): number {
  const count = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof count !== 'number' || !(count >= 1 && count < MOST_ANSWERS)) return 1;
  return Math.ceil(count);
}

/** What `clampOutput` has to know of an exchange. */
export type Clampable = Pick<Exchange, 'request' | 'api' | 'provider' | 'targetModel'>;

/** OpenAI's models that think refuse `max_tokens`, and so will those that come. */
const THINKERS = /(?:^|[/.])(?:gpt-[5-9]|o[1-9]|codex-mini)(?![a-z0-9])/i;
const OPENAI_HOST = /^https:\/\/[^/]*\bopenai\.(?:azure\.)?com(?:[:/]|$)/i;
/** Least that the Responses API takes. */
const LEAST_RESPONSE = 16;
/** Whose body has which member, by the name of the model in Bedrock. */
const VENDORS: readonly (readonly [RegExp, Path])[] = [
  [/claude-(?:v2|instant)/, ['max_tokens_to_sample']],
  [/amazon\.nova/, ['inferenceConfig', 'maxTokens']],
  [/amazon\.titan/, ['textGenerationConfig', 'maxTokenCount']],
  [/meta\.llama/, ['max_gen_len']],
  [/ai21\.j2/, ['maxTokens']],
  [
    /(?:^|[./])(?:anthropic|mistral|cohere|ai21|deepseek|openai|qwen|writer|google|moonshotai|minimax|zai)\./,
    ['max_tokens'],
  ],
];

/**
 * Says in the words of the request's API that no answer may have more than so many tokens, by
 * the member that the client uses, or else by the API's own. A smaller limit of the client's stays.
 *
 * Returns false where the API has no such word, or would refuse the number.
 */
export function clampOutput(exchange: Clampable, tokens: number, by: string): boolean {
  const { request, api } = exchange;
  const limit = Math.floor(tokens);
  if (!(limit >= 1) || request.body === null || isSigned(exchange) || wouldRefuse(exchange, limit)) return false;
  if (isWordless(request, api) || api === null) return false;
  const said = (WORDS[api]?.limits ?? []).filter((path) => (valueAt(request, path) ?? null) !== null);
  const usual = said.length > 0 ? null : usualPath(exchange);
  const paths = usual === null ? said : [usual];
  for (const path of paths) {
    const now = usable(valueAt(request, path));
    if (now === null || now > limit) request.set(path, limit, by);
  }
  return paths.length > 0;
}

/** What the client has signed itself would not be what it signed. */
const isSigned = ({ request }: Clampable): boolean =>
  request.header('authorization')?.startsWith('AWS4-HMAC-SHA256') ?? false;

function wouldRefuse({ request, api }: Clampable, limit: number): boolean {
  if (api === 'openai.responses') return limit < LEAST_RESPONSE;
  // The budget for thinking has to be smaller than all of the answer.
  const thinking = request.member('thinking') ?? valueAt(request, ['additionalModelRequestFields', 'thinking']);
  const budget = typeof thinking === 'object' && thinking !== null && 'budget_tokens' in thinking;
  return budget && typeof thinking.budget_tokens === 'number' && thinking.budget_tokens >= limit;
}

/** Where a limit is said in a request that has none. */
function usualPath({ request, api, provider, targetModel }: Clampable): Path | null {
  const model = targetModel ?? request.model ?? '';
  if (api === 'openai.chat') {
    const isNew = THINKERS.test(model) || OPENAI_HOST.test(provider?.baseUrl ?? '');
    return isNew ? ['max_completion_tokens'] : ['max_tokens'];
  }
  if (api === 'mistral.chat') return ['max_tokens'];
  if (api === 'bedrock.invoke') return VENDORS.find(([pattern]) => pattern.test(model))?.[1] ?? null;
  const words = WORDS[api ?? ''];
  const usual = words?.limits[0] ?? null;
  if (words !== GEMINI) return usual;
  const isSnake = api === 'gemini.interactions' || request.length('generation_config') !== null;
  return isSnake ? ['generation_config', 'max_output_tokens'] : usual;
}

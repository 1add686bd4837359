import { detailOf, readAttachment } from './attachment.ts';
import { renderFunctions } from './functions.ts';
import { base64Length } from './thin.ts';
import type { Detail } from './vision.ts';
import type { Vocabulary } from './vocabulary.ts';
import { Scales } from './weights.ts';
import { ELSEWHERE, MEDIA, SCHEMAS, SILENT, TALK, WRITTEN } from './words.ts';

/** What a model reads of a request: texts to be counted, and what is known without counting. */
export interface Prompt {
  texts: readonly string[];
  /** Tokens beside those of the texts: framing, token ids, pictures. */
  tokens: number;
  /** The most of these. */
  most: number;
  /** What stands around the texts: nothing, a chat's documented framing, or something nobody documents. */
  framing: 'none' | 'chat' | 'other';
  /** A history that lies with the provider, a file, a document whose text is packed. */
  hasUnseen: boolean;
  /** A figure stands for a part of it. */
  isRough: boolean;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Around each message of an OpenAI chat and before the answer, and for a name; the words of
 * role and name count themselves: "How to count tokens with tiktoken" in OpenAI's cookbook.
 * Of what nobody documents, templates that are known take up to a dozen for a message.
 */
const PER_MESSAGE = 3;
const PER_ANSWER = 3;
const PER_NAME = 1;
const MOST_PER_MESSAGE = 12;
/** Around each call of a function in a message: not documented, measured by several people. */
const PER_CALL = 5;
const MOST_PER_CALL = 16;
/** Around each tool that is written out as JSON. */
const MOST_PER_TOOL = 24;
/** A tool that the vendor defines and the model has to be told of: Anthropic's take 245 to 735, and one 500 more. */
const BUILT_IN = 500;
const MOST_BUILT_IN = 1300;
/** Characters of base64 or of what was cut, for one token. */
const CHARS_PER_TOKEN = 2;

/**
 * Takes a request's body apart, whichever API it is for: what they call their members
 * differs, and none of them uses another's name for something else.
 */
export function readPrompt(body: JsonObject, model: string | null, vocabulary: Vocabulary): Prompt {
  const config = asObject(body.generationConfig ?? body.generation_config) ?? {};
  const reader = new PromptReader(vocabulary, new Scales(model), detailOf(config) ?? 'auto');
  for (const [name, value] of Object.entries(body)) {
    if (value === null) continue;
    if (name === 'prompt' || name === 'context' || (name === 'input' && vocabulary.embeds)) reader.bare(value);
    else if (name === 'messages') reader.chat(value);
    else if (name === 'input' || name === 'contents') reader.turns(value);
    else if (TALK.has(name)) reader.talk(value);
    else if (name === 'tools' || name === 'functions') reader.tools(value);
    else if (SCHEMAS.has(name)) reader.schema(value);
    else if (name === 'images' || name === 'image_data') reader.attached(name, value);
    else if (ELSEWHERE.has(name)) reader.hasUnseen = true;
  }
  return reader;
}

class PromptReader implements Prompt {
  readonly texts: string[] = [];
  tokens = 0;
  most = 0;
  framing: Prompt['framing'] = 'none';
  hasUnseen = false;
  isRough = false;
  readonly #vocabulary: Vocabulary;
  readonly #scales: Scales;
  readonly #detail: Detail;

  constructor(vocabulary: Vocabulary, scales: Scales, detail: Detail) {
    this.#vocabulary = vocabulary;
    this.#scales = scales;
    this.#detail = detail;
  }

  /** A text, texts, or token ids, which go to the model as they are. A stored prompt with variables lies elsewhere. */
  bare(value: unknown): void {
    if (typeof value === 'object' && !Array.isArray(value)) this.hasUnseen = true;
    this.#value(value);
  }

  chat(messages: unknown): void {
    if (this.framing === 'none') this.framing = 'chat';
    this.turns(messages);
  }

  turns(turns: unknown): void {
    if (this.framing === 'none') this.framing = 'other';
    this.#add(PER_ANSWER, this.#isDocumented ? PER_ANSWER : MOST_PER_MESSAGE);
    for (const turn of Array.isArray(turns) ? turns : [turns]) this.#turn(turn);
  }

  talk(value: unknown): void {
    this.framing = 'other';
    this.#add(0, MOST_PER_MESSAGE);
    this.#value(value);
  }

  tools(value: unknown): void {
    if (!Array.isArray(value)) {
      this.schema(value);
      return;
    }
    if (value.length === 0) return;
    this.#add(this.#vocabulary.toolPrelude, this.#vocabulary.mostToolPrelude);
    const { isOwn, perFunction } = this.#vocabulary;
    const rendered = isOwn ? renderFunctions(value, perFunction) : null;
    if (rendered !== null) {
      this.#add(rendered.tokens, rendered.tokens + MOST_PER_TOOL);
      this.texts.push(...rendered.texts);
      return;
    }
    this.schema(value);
    for (const tool of value) {
      const { type = 'custom' } = asObject(tool) ?? {};
      const isBuiltIn = this.#vocabulary.toolPrelude > 0 && type !== 'custom' && type !== 'function';
      this.#add(isBuiltIn ? BUILT_IN : 0, isBuiltIn ? MOST_BUILT_IN : MOST_PER_TOOL);
    }
  }

  schema(value: unknown): void {
    const format = asObject(value)?.format ?? value;
    const kind = asObject(format)?.type;
    if (typeof format !== 'object' || kind === 'text' || kind === 'json_object') return;
    this.framing = 'other';
    this.#text(JSON.stringify(format));
  }

  attached(name: string, value: unknown): void {
    this.framing = 'other';
    for (const one of Array.isArray(value) ? value : [value]) this.#medium(name, one, {});
  }

  get #isDocumented(): boolean {
    return this.framing === 'chat' && this.#vocabulary.isFramed;
  }

  #add(tokens: number, most = tokens): void {
    this.tokens += tokens;
    this.most += most;
  }

  #turn(turn: unknown): void {
    this.#add(PER_MESSAGE, this.#isDocumented ? PER_MESSAGE : MOST_PER_MESSAGE);
    const message = asObject(turn);
    if (message === null) this.#value(turn);
    else this.#message(message);
  }

  #message({ role, name, content, tool_calls: calls, ...more }: JsonObject): void {
    if (typeof role === 'string') this.texts.push(role);
    if (typeof name === 'string') {
      this.texts.push(name);
      this.#add(PER_NAME);
    }
    this.#value(content);
    if (Array.isArray(calls)) {
      this.#add(PER_CALL * calls.length, MOST_PER_CALL * calls.length);
      this.#members({ calls });
    }
    this.#members(more);
  }

  #value(value: unknown): void {
    if (typeof value === 'string') this.#text(value);
    else if (Array.isArray(value)) {
      for (const each of value) {
        if (typeof each === 'number') this.#add(1);
        else this.#value(each);
      }
    } else if (typeof value === 'object' && value !== null) this.#part(value as JsonObject);
  }

  #part(part: JsonObject): void {
    if (part.type === 'text' && typeof part.text === 'string') this.#text(part.text);
    else this.#members(part);
  }

  /** Members of which no documentation says what they become. */
  #members(members: JsonObject): void {
    for (const [name, value] of Object.entries(members)) {
      if (value === null || value === undefined) continue;
      this.framing = 'other';
      if (name === 'encrypted_content') this.#sealed(value);
      if (SILENT.has(name)) continue;
      if (MEDIA.has(name)) this.#media(name, value, members);
      else if (WRITTEN.has(name) && asObject(value) !== null && !isPicture(value)) this.#text(JSON.stringify(value));
      else this.#value(value);
    }
  }

  #media(name: string, value: unknown, holder: JsonObject): void {
    // Anthropic's documents may be text after all, and so may Bedrock's.
    const written = name === 'source' || name === 'document' ? textOf(asObject(value)) : null;
    if (written !== null) this.#value(written);
    else if (Array.isArray(value)) for (const one of value) this.#medium(name, one, holder);
    else this.#medium(name, value, holder);
  }

  #medium(name: string, value: unknown, holder: JsonObject): void {
    const weight = this.#scales.weigh(readAttachment(name, value, holder), this.#detail);
    this.#add(weight.tokens, weight.most);
    this.hasUnseen ||= weight.isUnseen;
    this.isRough ||= weight.isRough;
  }

  /** Thoughts that only the provider can read: as long as their text, or shorter. */
  #sealed(value: unknown): void {
    if (typeof value !== 'string') return;
    const bytes = Math.ceil((value.length * 3) / 4);
    this.#add(Math.ceil(bytes / 4), bytes);
    this.isRough = true;
  }

  #text(text: string): void {
    if (text === '') return;
    this.texts.push(text);
    const missing = base64Length(text) - text.length;
    if (missing <= 0) return;
    this.#add(Math.ceil(missing / CHARS_PER_TOKEN), missing);
    this.isRough = true;
  }
}

/** What a tool that uses a computer gives back: `{type:'computer_screenshot',image_url}`. */
function isPicture(value: unknown): boolean {
  const { type } = asObject(value) ?? {};
  return typeof type === 'string' && /image|screenshot/.test(type);
}

/** `{type:'text',data}`, `{type:'content',content}`, or Bedrock's `{source:{text}}`. */
function textOf(source: JsonObject | null): unknown {
  const inner = asObject(source?.source) ?? source;
  if (inner?.type === 'text') return inner.data ?? null;
  if (inner?.type === 'content') return inner.content ?? null;
  return typeof inner?.text === 'string' ? inner.text : null;
}

function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

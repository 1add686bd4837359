/** What a model reads of a request: texts to be counted, and what is known without counting. */
export interface Prompt {
  texts: readonly string[];
  /** Tokens beside those of the texts: framing, token ids, flat figures. */
  tokens: number;
  /** What stands around the texts: nothing, a chat's documented framing, or something nobody documents. */
  framing: 'none' | 'chat' | 'other';
  /** Pictures and the like are in it, or a history that lies with the provider: a count of texts is far from all. */
  hasUnseen: boolean;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Around each message of an OpenAI chat and before the answer, and for a name; the words of
 * role and name count themselves: "How to count tokens with tiktoken" in OpenAI's cookbook.
 */
const PER_MESSAGE = 3;
const PER_ANSWER = 3;
const PER_NAME = 1;

/**
 * Flat figures for what is no text. 765 is OpenAI's own example, a picture of 1024 x 1024 in
 * GPT-4o, and 85 its price of low detail; Claude takes up to 1,600 for one, Gemini 258 for
 * each tile. A document or a recording goes by its length, which only a decoder knows.
 */
const PICTURE = 765;
const PICTURE_LOW = 85;
const RECORDING = 1500;

/** Members of a request that are talk: of chats and completions of OpenAI, Anthropic, Gemini, Bedrock, Ollama, Cohere, Titan. */
const TALK = new Set([
  'messages',
  'contents',
  'chat_history',
  'system',
  'systemInstruction',
  'system_instruction',
  'instructions',
  'preamble',
  'suffix',
  'message',
  'inputText',
  'texts',
  'documents',
]);
/** Members whose value the model reads as a schema. */
const SCHEMAS = new Set([
  'tools',
  'functions',
  'toolConfig',
  'tool_config',
  'response_format',
  'text',
  'output_config',
]);
/** Members that point to a history which is not here. */
const ELSEWHERE = new Set(['previous_response_id', 'conversation', 'cachedContent', 'cached_content']);
/** Members of messages and parts that are no words of the prompt. */
const SILENT = new Set([
  'type',
  'role',
  'id',
  'tool_call_id',
  'tool_use_id',
  'toolUseId',
  'call_id',
  'item_id',
  'status',
  'detail',
  'format',
  'cache_control',
  'cachePoint',
  'signature',
  'thoughtSignature',
  'thought_signature',
  'encrypted_content',
  'redactedContent',
  'mimeType',
  'mime_type',
  'media_type',
]);
/** Members that hold a picture, a recording or a file, or say where it lies. */
const MEDIA = new Set([
  'image',
  'images',
  'image_url',
  'input_audio',
  'audio',
  'inlineData',
  'inline_data',
  'fileData',
  'file_data',
  'file',
  'file_id',
  'file_url',
  'video',
  'video_url',
  'document',
  'source',
]);
/** Members whose objects the model reads as JSON: arguments and results of tools. */
const WRITTEN = new Set(['input', 'output', 'args', 'arguments', 'parameters', 'response', 'json', 'result']);

/**
 * Takes a request's body apart, whichever API it is for: what they call their members
 * differs, and none of them uses another's name for something else.
 *
 * @param embeds the model embeds its input; without that an `input` is a message
 */
export function readPrompt(body: JsonObject, embeds: boolean): Prompt {
  const reader = new PromptReader();
  for (const [name, value] of Object.entries(body)) {
    if (value === null) continue;
    if (name === 'prompt' || (name === 'input' && embeds)) reader.bare(value);
    else if (name === 'messages') reader.chat(value);
    else if (name === 'input' || name === 'contents') reader.turns(value);
    else if (name === 'context') reader.bare(value);
    else if (TALK.has(name)) reader.talk(value);
    else if (SCHEMAS.has(name)) reader.schema(value);
    else if (ELSEWHERE.has(name)) reader.hasUnseen = true;
  }
  return reader;
}

class PromptReader implements Prompt {
  readonly texts: string[] = [];
  tokens = 0;
  framing: Prompt['framing'] = 'none';
  hasUnseen = false;

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
    this.tokens += PER_ANSWER;
    for (const turn of Array.isArray(turns) ? turns : [turns]) this.#turn(turn);
  }

  talk(value: unknown): void {
    this.framing = 'other';
    this.#value(value);
  }

  schema(value: unknown): void {
    const format = asObject(value)?.format ?? value;
    const kind = asObject(format)?.type;
    if (typeof format !== 'object' || kind === 'text' || kind === 'json_object') return;
    if (Array.isArray(format) && format.length === 0) return;
    this.framing = 'other';
    this.texts.push(JSON.stringify(format));
  }

  #turn(turn: unknown): void {
    this.tokens += PER_MESSAGE;
    const message = asObject(turn);
    if (message === null) this.#value(turn);
    else this.#message(message);
  }

  #message({ role, name, content, ...more }: JsonObject): void {
    if (typeof role === 'string') this.texts.push(role);
    if (typeof name === 'string') {
      this.texts.push(name);
      this.tokens += PER_NAME;
    }
    this.#value(content);
    this.#members(more);
  }

  #value(value: unknown): void {
    if (typeof value === 'string') this.#text(value);
    else if (Array.isArray(value)) {
      for (const each of value) {
        if (typeof each === 'number') this.tokens++;
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
      if (SILENT.has(name)) continue;
      if (MEDIA.has(name)) this.#medium(name, value, members);
      else if (WRITTEN.has(name) && asObject(value) !== null) this.texts.push(JSON.stringify(value));
      else this.#value(value);
    }
  }

  #medium(name: string, value: unknown, holder: JsonObject): void {
    const inner = asObject(value);
    // Anthropic's documents may be text after all, and so may Bedrock's.
    const written = name === 'source' || name === 'document' ? textOf(inner) : null;
    if (written !== null) {
      this.#value(written);
      return;
    }
    const isPicture = [name, holder.type, inner?.mimeType, inner?.mime_type].some(
      (word) => typeof word === 'string' && word.includes('image'),
    );
    const isLow = (inner?.detail ?? holder.detail) === 'low';
    const each = isPicture ? (isLow ? PICTURE_LOW : PICTURE) : RECORDING;
    this.tokens += each * (Array.isArray(value) ? value.length : 1);
    this.hasUnseen = true;
  }

  #text(text: string): void {
    if (text === '') return;
    if (/^data:[\w/+.-]{0,64};base64,/.test(text)) {
      this.tokens += PICTURE;
      this.hasUnseen = true;
    } else this.texts.push(text);
  }
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

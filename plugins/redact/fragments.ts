/** Which strings of a stream's events are pieces of a longer text, by what each API writes. */

type Json = Readonly<Record<string, unknown>>;

/** A string that goes on in a later event. */
export interface Fragment {
  /** Where it stands in the event. */
  readonly path: string;
  /** What it is a piece of; those of one block begin alike. */
  readonly channel: string;
  /** Nothing of it comes any more. */
  readonly isLast: boolean;
  /** Its text is JSON: arguments of a call. */
  readonly isJson: boolean;
  /** An event that says this text of the channel and nothing else. */
  make(text: string): Json;
}

export interface EventReading {
  readonly fragments: readonly Fragment[];
  /** Beginnings of the channels that have ended with this event; '' for all. */
  readonly ended: readonly string[];
  /** Its texts are covered by a signature that comes later, so they have to stay as they are. */
  readonly isSigned?: true;
}

const NOTHING: EventReading = { fragments: [], ended: [] };
const SIGNED: EventReading = { ...NOTHING, isSigned: true };

/** Reads an event by its shape: compatible servers speak these at paths of their own. */
export function readEvent(event: Json): EventReading {
  if (Array.isArray(event.choices)) return choicesOf(event, listOf(event.choices));
  if (Array.isArray(event.candidates)) return candidatesOf(event, listOf(event.candidates));
  const { type } = event;
  if (typeof type === 'string' && type.startsWith('response.')) return ofResponses(event, type);
  if (typeof type === 'string') return ofAnthropic(event, type);
  return typeof event.done === 'boolean' ? ofOllama(event, event.done) : NOTHING;
}

/** OpenAI's chat and completions. */
function choicesOf(event: Json, choices: readonly Json[]): EventReading {
  const fragments: Fragment[] = [];
  const ended: string[] = [];
  for (const [n, choice] of choices.entries()) {
    const index = numberIn(choice, 'index', n);
    const isLast = typeof choice.finish_reason === 'string';
    if (isLast) ended.push(`${index} `);
    const at = (path: string, isJson: boolean, make: (text: string) => Json): void => {
      const made = (text: string): Json => ({
        ...headOf(event, 'id object created model'),
        choices: [{ index, ...make(text), finish_reason: null }],
      });
      fragments.push({ path: `choices.${n}.${path}`, channel: `${index} ${path}`, isLast, isJson, make: made });
    };
    if (typeof choice.text === 'string') at('text', false, (text) => ({ text }));
    const delta = mapOf(choice.delta);
    for (const name of SPOKEN) {
      if (typeof delta[name] === 'string') at(`delta.${name}`, false, (text) => ({ delta: { [name]: text } }));
    }
    for (const [m, call] of listOf(delta.tool_calls).entries()) {
      const path = `delta.tool_calls.${m}.function.arguments`;
      if (typeof mapOf(call.function).arguments !== 'string') continue;
      const at = numberIn(call, 'index', m);
      const make = (text: string): Json => ({
        ...headOf(event, 'id object created model'),
        choices: [
          { index, delta: { tool_calls: [{ index: at, function: { arguments: text } }] }, finish_reason: null },
        ],
      });
      fragments.push({ path: `choices.${n}.${path}`, channel: `${index} call ${at}`, isLast, isJson: true, make });
    }
  }
  return { fragments, ended };
}

/** Members of a delta that are text. */
const SPOKEN = ['content', 'reasoning_content', 'reasoning', 'refusal'];

/** Gemini: the parts of a candidate, text and thoughts apart. */
function candidatesOf(event: Json, candidates: readonly Json[]): EventReading {
  const fragments: Fragment[] = [];
  const ended: string[] = [];
  for (const [n, candidate] of candidates.entries()) {
    const index = numberIn(candidate, 'index', n);
    const isLast = typeof candidate.finishReason === 'string';
    const parts = listOf(mapOf(candidate.content).parts);
    const kinds = new Set(parts.map(({ text, thought }) => (typeof text === 'string' ? thought === true : null)));
    // Another kind of part is the end of the text before it.
    for (const kind of [true, false])
      if (isLast || (kinds.size > 0 && !kinds.has(kind))) ended.push(`${index} ${kind}`);
    const lastOf = new Map(
      parts.map(({ text, thought }, m) => [typeof text === 'string' ? thought === true : null, m]),
    );
    for (const [m, { text, thought }] of parts.entries()) {
      if (typeof text !== 'string') continue;
      const part = thought === true ? { thought: true } : {};
      const make = (rest: string): Json => ({
        candidates: [{ content: { parts: [{ text: rest, ...part }], role: 'model' }, index }],
        ...headOf(event, 'modelVersion responseId'),
      });
      const isEnd = isLast && lastOf.get(thought === true) === m;
      const path = `candidates.${n}.content.parts.${m}.text`;
      fragments.push({ path, channel: `${index} ${thought === true}`, isLast: isEnd, isJson: false, make });
    }
  }
  return { fragments, ended };
}

/** OpenAI's Responses: an event of deltas for each kind of text of each item. */
function ofResponses(event: Json, type: string): EventReading {
  const item = event.item_id ?? mapOf(event.item).id;
  const block = `${String(item)} `;
  if (!type.endsWith('.delta') || typeof event.delta !== 'string') {
    return { fragments: [], ended: item === undefined ? (ENDS.has(type) ? [''] : []) : [block] };
  }
  if (type === 'response.audio.delta') return NOTHING;
  const channel = `${block}${type} ${event.output_index} ${event.content_index ?? event.summary_index}`;
  const isJson = type === 'response.function_call_arguments.delta' || type === 'response.mcp_call_arguments.delta';
  const { obfuscation: _obfuscation, logprobs: _logprobs, ...rest } = event;
  const make = (delta: string): Json => ({ ...rest, delta });
  return { fragments: [{ path: 'delta', channel, isLast: false, isJson, make }], ended: [] };
}

const ENDS = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);

/** Anthropic's Messages. Thinking is not among them: its signature covers it as it is. */
function ofAnthropic(event: Json, type: string): EventReading {
  if (type === 'content_block_stop') return { fragments: [], ended: [`${event.index} `] };
  if (type === 'message_delta' || type === 'message_stop' || type === 'error') return { fragments: [], ended: [''] };
  if (type !== 'content_block_delta') return NOTHING;
  const kind = mapOf(event.delta).type;
  const name = kind === 'text_delta' ? 'text' : kind === 'input_json_delta' ? 'partial_json' : null;
  if (name === null) return kind === 'thinking_delta' ? SIGNED : NOTHING;
  const make = (text: string): Json => ({ type, index: event.index, delta: { type: kind, [name]: text } });
  const fragment = { path: `delta.${name}`, channel: `${event.index} ${name}`, isLast: false, make };
  return { fragments: [{ ...fragment, isJson: name === 'partial_json' }], ended: [] };
}

/** Ollama's chat and generate. */
function ofOllama(event: Json, isLast: boolean): EventReading {
  const message = mapOf(event.message);
  const head = headOf(event, 'model created_at');
  const fragments: Fragment[] = [];
  for (const name of ['content', 'thinking']) {
    if (typeof message[name] !== 'string') continue;
    const make = (text: string): Json => ({
      ...head,
      message: { role: 'assistant', content: '', [name]: text },
      done: false,
    });
    fragments.push({ path: `message.${name}`, channel: `message ${name}`, isLast, isJson: false, make });
  }
  for (const name of ['response', 'thinking']) {
    if (typeof event[name] !== 'string') continue;
    const make = (text: string): Json => ({ ...head, response: '', [name]: text, done: false });
    fragments.push({ path: name, channel: name, isLast, isJson: false, make });
  }
  return { fragments, ended: isLast ? [''] : [] };
}

const mapOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.map(mapOf) : []);

const numberIn = (map: Json, name: string, otherwise: number): number =>
  typeof map[name] === 'number' ? map[name] : otherwise;

const headOf = (event: Json, names: string): Json =>
  Object.fromEntries(names.split(' ').flatMap((name) => (name in event ? [[name, event[name]]] : [])));

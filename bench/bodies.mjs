// Deterministic request bodies of an agent at work: system prompt, tools, tool calls and results, some non-ASCII.

const WORDS =
  'the agent reads file src/index.ts and finds that function handleRequest returns before the stream is closed so we should await it “first” — naïve retries cost tokens; see line 42: `const x = {"a": [1, 2, 3]};`'.split(
    ' ',
  );

/** load.c writes numbers here: each connection is a conversation of its own, and nobody asks the same twice. */
const TALK = 'talk-0000000000000000';
const TURN = 'turn-0000000000000000';
/** Bodies above this size are made of others, bytes. */
const LONG = 204_800;

let seed = 1;
const roll = (sides) => {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  return seed % sides;
};

/** Returns a request body close to `bytes` long, as JSON text; `stream` is its last key but one. */
export function body({ bytes, stream, model }) {
  if (bytes > LONG) return repeated({ bytes, stream, model });
  let low = 1;
  let high = bytes; // the text length that gives the wanted size
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (Buffer.byteLength(make(middle, { bytes, stream, model })) <= bytes) low = middle;
    else high = middle - 1;
  }
  return make(low, { bytes, stream, model });
}

/** A conversation of megabytes: that of 200 KB again and again. */
function repeated({ bytes, stream, model }) {
  const { messages, ...request } = JSON.parse(body({ bytes: LONG, stream, model }));
  const times = Math.floor(bytes / Buffer.byteLength(JSON.stringify(messages)));
  return JSON.stringify({ ...request, messages: Array.from({ length: times }, () => messages).flat() });
}

function make(chars, { bytes, stream, model }) {
  seed = 99;
  const big = bytes >= 8000;
  const turns = big ? (bytes >= 100_000 ? 60 : 16) : 1;
  const messages = [{ role: 'system', content: text(big ? 1500 : 200) }];
  messages.push({ role: 'user', content: `This is ${TALK}.` }, { role: 'assistant', content: 'Good.' });
  for (let i = 0; i < turns; i += 1) messages.push(big ? turn(i, chars) : { role: 'user', content: text(chars) });
  messages.push({ role: 'user', content: `${TURN} and ${text(20)}` });
  const request = { model, messages };
  if (big) request.tools = Array.from({ length: Math.min(16, Math.round(bytes / 4000)) }, (_, i) => tool(i));
  request.temperature = 0.2;
  request.max_completion_tokens = 4096;
  if (stream) Object.assign(request, { stream: true, stream_options: { include_usage: true } });
  return JSON.stringify(request);
}

/** Question, tool call, tool result, answer, and again. */
function turn(i, chars) {
  if (i % 4 === 0) return { role: 'user', content: text(chars) };
  if (i % 4 === 2) return { role: 'tool', tool_call_id: `call_${i - 1}`, content: text(chars * 2) };
  if (i % 4 === 3) return { role: 'assistant', content: text(chars) };
  const args = JSON.stringify({ path: 'src/a.ts', mode: 'read', note: text(80) });
  const call = { id: `call_${i}`, type: 'function', function: { name: 'tool_0', arguments: args } };
  return { role: 'assistant', content: null, tool_calls: [call] };
}

function tool(i) {
  const properties = {
    path: { type: 'string', description: text(60) },
    [`option_${i}`]: { type: 'integer', minimum: 0 },
    mode: { type: 'string', enum: ['read', 'write', 'append'] },
  };
  const parameters = { type: 'object', properties, required: ['path'] };
  return { type: 'function', function: { name: `tool_${i}`, description: text(120), parameters } };
}

function text(chars) {
  let said = '';
  while (said.length < chars) said += WORDS[roll(WORDS.length)] + (roll(17) ? ' ' : '\n\t');
  return said.slice(0, chars);
}

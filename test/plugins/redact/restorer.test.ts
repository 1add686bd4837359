import { expect } from 'chai';

import { restoreIn } from '../../../plugins/redact/answer.ts';
import type { Vault } from '../../../plugins/redact/vault.ts';
import { MappedStream } from '../../../src/pipeline/events.ts';
import { requestOf, responseOf } from '../../pipeline/exchanges.ts';
import { dice, vaultOf } from '../../support/redaction.ts';
import { sse } from '../../support/script.ts';

const VALUE = 'jane@example.com';
const KEY = 'line "one"\nline\\two';

interface Ran {
  readonly text: string;
  readonly restored: number;
  readonly left: readonly string[];
}

/** An answer through its restorer, in chunks. */
function run(vault: Vault, contentType: string, chunks: readonly Buffer[], body = '{"model":"m"}'): Ran {
  const response = responseOf({ 'content-type': contentType });
  let restored = 0;
  const left: string[] = [];
  const listener = { restored: () => restored++, left: (why: string) => left.push(why) };
  restoreIn(response, requestOf(body), vault, listener);
  const mapped = new MappedStream(response.mappers);
  const parts = response.mappers.length === 0 ? chunks : [...chunks.map((chunk) => mapped.push(chunk)), mapped.end()];
  return { text: Buffer.concat(parts).toString(), restored, left };
}

type Event = Record<string, unknown>;

/** How an API streams a text: its events for pieces of it, and how a client puts them together. */
interface Speech {
  readonly contentType: string;
  write(events: readonly Event[]): string;
  read(text: string): Event[];
  piece(text: string, n: number): Event;
  readonly end: readonly Event[];
  textIn(event: Event): string;
  readonly isJson?: true;
}

const events = (text: string): Event[] =>
  text
    .split('\n\n')
    .map((block) => /^data: (\{.*)$/m.exec(block)?.[1])
    .filter((data) => data !== undefined)
    .map((data) => JSON.parse(data) as Event);
const unnamed = (list: readonly Event[]): string => [...sse([...list]), ...sse(['[DONE]'])].join('');
const named = (list: readonly Event[]): string => sse(list.map((event) => [String(event.type), event])).join('');
const at = (event: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>((value, step) => (value as Record<string | number, unknown> | undefined)?.[step], event);
const SSE = { contentType: 'text/event-stream', read: events };
const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' };
const choice = (delta: Event, finish: string | null = null): Event => ({
  ...head,
  choices: [{ index: 0, delta, finish_reason: finish }],
});

const SPEECHES: Readonly<Record<string, Speech>> = {
  'openai.chat': {
    ...SSE,
    write: unnamed,
    piece: (content, n) => choice(n === 0 ? { role: 'assistant', content } : { content }),
    end: [choice({}, 'stop')],
    textIn: (event) => String(at(event, 'choices', 0, 'delta', 'content') ?? ''),
  },
  'openai.chat, arguments of the second call': {
    ...SSE,
    isJson: true,
    write: unnamed,
    piece: (text) => choice({ tool_calls: [{ index: 1, function: { arguments: text } }] }),
    end: [choice({}, 'tool_calls')],
    textIn: (event) => {
      const call = at(event, 'choices', 0, 'delta', 'tool_calls', 0);
      return at(call, 'index') === 1 ? String(at(call, 'function', 'arguments')) : '';
    },
  },
  'openai.completions': {
    ...SSE,
    write: unnamed,
    piece: (text) => ({ ...head, choices: [{ index: 0, text, finish_reason: null }] }),
    end: [{ ...head, choices: [{ index: 0, text: '', finish_reason: 'stop' }] }],
    textIn: (event) => String(at(event, 'choices', 0, 'text') ?? ''),
  },
  'openai.responses': {
    ...SSE,
    write: named,
    piece: (delta, n) => ({
      type: 'response.output_text.delta',
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      delta,
      sequence_number: n,
    }),
    end: [
      { type: 'response.output_text.done', item_id: 'msg_1', output_index: 0, content_index: 0 },
      { type: 'response.completed', response: {} },
    ],
    textIn: (event) => (event.type === 'response.output_text.delta' ? String(event.delta) : ''),
  },
  'openai.responses, arguments': {
    ...SSE,
    isJson: true,
    write: named,
    piece: (delta) => ({ type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 0, delta }),
    end: [{ type: 'response.function_call_arguments.done', item_id: 'fc_1', output_index: 0 }],
    textIn: (event) => (event.type === 'response.function_call_arguments.delta' ? String(event.delta) : ''),
  },
  'anthropic.messages': {
    ...SSE,
    write: named,
    piece: (text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
    end: [{ type: 'content_block_stop', index: 0 }, { type: 'message_stop' }],
    textIn: (event) => String(at(event, 'delta', 'text') ?? ''),
  },
  'anthropic.messages, input': {
    ...SSE,
    isJson: true,
    write: named,
    piece: (text) => ({
      type: 'content_block_delta',
      index: 1,
      delta: { type: 'input_json_delta', partial_json: text },
    }),
    end: [{ type: 'content_block_stop', index: 1 }],
    textIn: (event) => String(at(event, 'delta', 'partial_json') ?? ''),
  },
  'gemini, as events': {
    ...SSE,
    write: (list) => sse([...list], '\r\n').join(''),
    read: (text) => events(text.replaceAll('\r\n', '\n')),
    piece: (text) => ({ candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0 }] }),
    end: [{ candidates: [{ content: { parts: [{ text: '' }] }, finishReason: 'STOP', index: 0 }] }],
    textIn: (event) => String(at(event, 'candidates', 0, 'content', 'parts', 0, 'text') ?? ''),
  },
  'gemini, as an array': {
    contentType: 'application/json',
    write: (list) => `[${list.map((event) => JSON.stringify(event)).join('\n,\r\n')}]`,
    read: (text) => JSON.parse(text) as Event[],
    piece: (text) => ({ candidates: [{ content: { parts: [{ text }] } }] }),
    end: [{ candidates: [{ finishReason: 'STOP' }] }],
    textIn: (event) => String(at(event, 'candidates', 0, 'content', 'parts', 0, 'text') ?? ''),
  },
  'ollama.chat': {
    contentType: 'application/x-ndjson',
    write: (list) => list.map((event) => `${JSON.stringify(event)}\n`).join(''),
    read: (text) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Event),
    piece: (content) => ({ model: 'm', message: { role: 'assistant', content }, done: false }),
    end: [{ model: 'm', message: { role: 'assistant', content: '' }, done: true }],
    textIn: (event) => String(at(event, 'message', 'content') ?? ''),
  },
};

function cutAt(text: string, places: readonly number[]): string[] {
  const all = [...new Set([0, ...places, text.length])].sort((one, other) => one - other);
  return all.slice(1).map((end, n) => text.slice(all[n], end));
}

describe('originals that come back', () => {
  for (const [name, speech] of Object.entries(SPEECHES)) {
    describe(`in a stream of ${name}`, () => {
      const vault = vaultOf();
      const mail = vault.tokenOf('email', VALUE);
      const key = vault.tokenOf('secret', KEY);
      const spell = (value: string): string => (speech.isJson ? JSON.stringify(value).slice(1, -1) : value);
      const sent = `To ${mail}, <${mail}> or <EMAIL_0123456789ab> a<b ${key}${mail}`;
      const wanted = `To ${VALUE}, <${VALUE}> or <EMAIL_0123456789ab> a<b ${spell(KEY)}${VALUE}`;
      const play = (pieces: readonly string[], chunk = Number.POSITIVE_INFINITY): { ran: Ran; text: string } => {
        const bytes = Buffer.from(speech.write([...pieces.map((text, n) => speech.piece(text, n)), ...speech.end]));
        const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) || 1 }, (_, n) =>
          chunk === Number.POSITIVE_INFINITY ? bytes : bytes.subarray(n * chunk, (n + 1) * chunk),
        );
        const ran = run(vault, speech.contentType, chunks);
        return { ran, text: speech.read(ran.text).map(speech.textIn).join('') };
      };

      it('are whole wherever the text is cut', () => {
        for (let cut = 0; cut <= sent.length; cut++) {
          const { ran, text } = play(cutAt(sent, [cut]));
          expect([text, ran.restored], `cut at ${cut}`).to.deep.equal([wanted, 4]);
        }
        expect(play([...sent]).text).to.equal(wanted);
        for (let seed = 1; seed <= 100; seed++) {
          const roll = dice(seed);
          expect(
            play(
              cutAt(
                sent,
                Array.from({ length: 8 }, () => roll(sent.length)),
              ),
            ).text,
            `seed ${seed}`,
          ).to.equal(wanted);
        }
      });

      it('are whole wherever the bytes are cut', () => {
        const pieces = cutAt(sent, [4, 20, 30, 70]);
        for (const chunk of [1, 2, 3, 7, 64]) expect(play(pieces, chunk).text, `by ${chunk}`).to.equal(wanted);
      });

      it('leave every byte alone where there is no token', () => {
        for (const words of ['no token at all', 'a<b> is <EMAIL_0123456789ab>', '{"a":"\\u003c\\n\\"x\\""}']) {
          const bytes = speech.write([...cutAt(words, [1, 5]).map(speech.piece), ...speech.end]);
          expect(run(vault, speech.contentType, [Buffer.from(bytes)]).text).to.equal(bytes);
        }
      });

      it('hold back what may begin a token and nothing else, and give it when the text ends', () => {
        for (const end of ['<', '<EMA', mail.slice(0, -1), 'x<']) {
          const { ran, text } = play([`Hello ${end}`]);
          expect(text, end).to.equal(`Hello ${end}`);
          const [first] = speech.read(ran.text);
          expect(speech.textIn(first!), end).to.equal(`Hello ${end.replace(/<.*$/, '')}`);
          const last = speech
            .read(ran.text)
            .map(speech.textIn)
            .findLastIndex((one) => one !== '');
          const over = speech
            .read(ran.text)
            .findIndex((event) => JSON.stringify(event) === JSON.stringify(speech.end[0]));
          expect(last, `${end}: not behind the end`).to.be.below(over === -1 ? Number.POSITIVE_INFINITY : over);
        }
        // It leaves with what follows, too.
        expect(play(['Hello <EMA', ' not']).text).to.equal('Hello <EMA not');
      });

      it('are given at the end of a stream that broke off without one', () => {
        const bytes = Buffer.from(speech.write([speech.piece('Hello <EMA', 0)]).replace('data: [DONE]\n\n', ''));
        if (speech.contentType === 'application/json') return;
        const { text } = run(vault, speech.contentType, [bytes]);
        expect(speech.read(text).map(speech.textIn).join('')).to.equal('Hello <EMA');
      });
    });
  }

  it('come back where brackets are spelt as escapes, and into JSON with escapes of its own', () => {
    const vault = vaultOf();
    const mail = vault.tokenOf('email', VALUE);
    const key = vault.tokenOf('secret', KEY);
    const spelt = (token: string): string => token.replace('<', '\\u003c').replace('>', '\\u003E');
    const whole = `{"choices":[{"message":{"content":"to ${spelt(mail)}","tool_calls":[{"function":{"arguments":"{\\"a\\":\\"${spelt(key).replaceAll('\\', '\\\\')}\\"}"}}]}}],"n":9007199254740993}`;
    const { text } = run(vault, 'application/json', [Buffer.from(whole)]);
    const { message } = (JSON.parse(text) as { choices: { message: Record<string, never> }[] }).choices[0]!;
    expect(message.content).to.equal(`to ${VALUE}`);
    expect(JSON.parse(at(message, 'tool_calls', 0, 'function', 'arguments') as string)).to.deep.equal({ a: KEY });
    expect(text).to.contain('"n":9007199254740993');
    for (let cut = 0; cut <= spelt(key).length; cut++) {
      const arguments_ = `{"a":"${spelt(key)}"}`;
      const pieces = cutAt(arguments_, [6 + cut]).map((one) =>
        choice({ tool_calls: [{ index: 0, function: { arguments: one } }] }),
      );
      const out = events(run(vault, 'text/event-stream', [Buffer.from(unnamed(pieces))]).text);
      const joined = out
        .map((event) => at(event, 'choices', 0, 'delta', 'tool_calls', 0, 'function', 'arguments') ?? '')
        .join('');
      expect(JSON.parse(joined), String(cut)).to.deep.equal({ a: KEY });
    }
  });

  it('are escaped where the answer was asked for as JSON', () => {
    const vault = vaultOf();
    const key = vault.tokenOf('secret', KEY);
    const content = JSON.stringify({ key });
    const request = '{"model":"m","response_format":{"type":"json_object"}}';
    const whole = JSON.stringify({ choices: [{ message: { content } }] });
    const answer = JSON.parse(run(vault, 'application/json', [Buffer.from(whole)], request).text) as unknown;
    expect(JSON.parse(at(answer, 'choices', 0, 'message', 'content') as string)).to.deep.equal({ key: KEY });
    const pieces = Buffer.from(unnamed(cutAt(content, [12, 20]).map((one) => choice({ content: one }))));
    const streamed = events(run(vault, 'text/event-stream', [pieces], request).text);
    const joined = streamed.map((event) => at(event, 'choices', 0, 'delta', 'content')).join('');
    expect(JSON.parse(joined)).to.deep.equal({ key: KEY });
  });

  it('stay tokens in thinking that is signed, whole or streamed', () => {
    const vault = vaultOf();
    const mail = vault.tokenOf('email', VALUE);
    const content = [
      { type: 'thinking', thinking: mail, signature: 'c2ln' },
      { type: 'text', text: mail },
    ];
    const answer = JSON.parse(
      run(vault, 'application/json', [Buffer.from(JSON.stringify({ content }))]).text,
    ) as unknown;
    expect([at(answer, 'content', 0, 'thinking'), at(answer, 'content', 1, 'text')]).to.deep.equal([mail, VALUE]);
    const bytes = named([
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: mail } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'c2ln' } },
    ]);
    expect(run(vault, 'text/event-stream', [Buffer.from(bytes)]).text).to.equal(bytes);
  });

  it('come back into whole texts of events, and into several choices at once', () => {
    const vault = vaultOf();
    const mail = vault.tokenOf('email', VALUE);
    const done = {
      type: 'response.completed',
      response: { output: [{ content: [{ text: mail }], arguments: `{"a":"${mail}"}` }] },
    };
    expect(run(vault, 'text/event-stream', [Buffer.from(named([done]))]).text).to.equal(
      named([done]).replaceAll(mail, VALUE),
    );
    const both = (one: string, other: string): Event => ({
      choices: [one, other].map((content, index) => ({ index, delta: { content }, finish_reason: null })),
    });
    const half = [mail.slice(0, 9), mail.slice(9)] as const;
    const text = run(vault, 'text/event-stream', [
      Buffer.from(unnamed([both(half[0], 'a'), both(half[1], 'b<')])),
    ]).text;
    const said = [0, 1].map((index) =>
      events(text)
        .flatMap((event) => event.choices as { index: number; delta: { content: string } }[])
        .filter((one) => one.index === index)
        .map(({ delta }) => delta.content)
        .join(''),
    );
    expect(said).to.deep.equal([VALUE, 'ab<']);
  });

  it('keep the other lines of an event, and data of several lines', () => {
    const vault = vaultOf();
    const mail = vault.tokenOf('email', VALUE);
    const event = (data: string): string => `: note\r\nid: 7\r\nevent: x\r\ndata: ${data}\r\nretry: 3\r\n\r\n`;
    const one = `{"a":"${mail}"}`;
    expect(run(vault, 'text/event-stream', [Buffer.from(event(one))]).text).to.equal(event(one.replace(mail, VALUE)));
    const several = `id: 7\ndata: {"a":\ndata: "${mail}"}\n\n`;
    expect(run(vault, 'text/event-stream', [Buffer.from(several)]).text).to.equal(several.replace(mail, VALUE));
  });

  it('do not come back into what is larger than 16 MiB, or framed as AWS does, and somebody is told', () => {
    const vault = vaultOf();
    const mail = vault.tokenOf('email', VALUE);
    const large = [Buffer.from(`{"a":"${mail}`), Buffer.alloc(17 * 1024 * 1024, 'x'), Buffer.from('"}')];
    const { text, left } = run(vault, 'application/json', large);
    expect([text.length, text.slice(6, 6 + mail.length), left]).to.deep.equal([
      Buffer.concat(large).length,
      mail,
      ['size'],
    ]);
    expect(run(vault, 'application/vnd.amazon.eventstream', [Buffer.from(mail)]).left).to.deep.equal(['framing']);
  });

  it('let pass what is no JSON, and JSON that is cut off', () => {
    const vault = vaultOf();
    vault.tokenOf('email', VALUE);
    for (const text of ['', '{"a":"<', 'plain', '}]{', '[1,2', '{"a":1}\n\n', '"<"']) {
      expect(run(vault, 'application/json', [Buffer.from(text)]).text, text).to.equal(text);
    }
    for (const text of ['data: {"a":"<\n\n', 'data: <\n\n', ': <\n\n', 'data: [1,"<"]\n\n']) {
      expect(run(vault, 'text/event-stream', [Buffer.from(text)]).text, text).to.equal(text);
    }
  });
});

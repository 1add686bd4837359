import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';
import { send } from '../support/client.ts';
import { draw } from '../support/drafts.ts';
import { type Played, play, type Stage, setStage } from '../support/play.ts';
import { json, type Script, sse, stream } from '../support/script.ts';

const TOKEN = /<[A-Z_]+_[0-9a-f]{12}>/g;
const MAIL = 'jane.roe@example.com';
const CARD = '4111 1111 1111 1111';
const ask = (content: string, more: object = {}) => ({ messages: [{ role: 'user', content }], ...more });

describe('plugins/redact', () => {
  let stage: Stage;

  before(async () => {
    stage = await setStage({
      plugins: `receipts, identity, { plugin: redact, words: { firm: [Acme Corporation] }, block: [api_key] }, usage`,
      yaml: 'keys: [{ name: one, key: key-of-client-one-0123 }, { name: two, key: key-of-client-two-0123 }]\n',
    });
  });
  after(() => stage.close());

  /** Has the provider answer with what it was sent. */
  async function echoed(request: object, script: (text: string) => Script, more: object = {}): Promise<Played> {
    const first = await stage.play({ request, ...more });
    const [message] = first.received!.json.messages as { content: string }[];
    return stage.play({ request, upstream: script(message!.content), ...more });
  }

  const said = (content: string): Script => json({ choices: [{ message: { content }, finish_reason: 'stop' }] });

  it('sends tokens, gives the client its own text back, and tells how many', async () => {
    const content = `Mail ${MAIL} of Acme Corporation, card ${CARD}.`;
    const { received, answer, json: body, record } = await echoed(ask(content, { seed: 4111111111111111 }), said);
    const sent = received!.body.toString();
    for (const one of [MAIL, CARD, 'Acme']) expect(sent).not.to.contain(one);
    expect(sent).to.contain('"seed":4111111111111111');
    expect((body as { choices: { message: object }[] }).choices[0]!.message).to.deep.equal({ content });
    expect(answer.headers['x-token-spy-redacted']).to.equal('email=1; firm=1; card=1');
    expect(answer.headers['content-length']).to.equal(undefined);
    expect(record.redactions).to.deep.equal({ firm: 1, email: 1, card: 1 });
    expect(record.rewritten_by).to.deep.equal(['redact']);
    expect(record.receipt?.decisions.filter(({ by }) => by === 'redact').map(({ what }) => what)).to.deep.equal([
      'replaced',
      'restored',
    ]);
  });

  it('leaves a request in which nothing is found as it came, byte for byte, and says that it looked', async () => {
    const body =
      '{ "model":"gpt-4o-mini",\r\n"n":9007199254740993,"f":1.0,"e":"\\u00e9\\/ @x","d":1,"d":2 ,"messages":[]}\n';
    const { received, answer, record } = await stage.play({ request: body });
    expect(received!.body.toString()).to.equal(body);
    expect(answer.headers['x-token-spy-redacted']).to.equal(undefined);
    expect([record.redactions, record.rewritten_by]).to.deep.equal([{}, []]);
  });

  it('has the same tokens in each request of a caller, and others for another one', async () => {
    const tokens = async (key: string): Promise<string[]> => {
      const { received } = await stage.play({ request: ask(MAIL), headers: { authorization: `Bearer ${key}` } });
      return received!.body.toString().match(TOKEN)!;
    };
    const one = await tokens('key-of-client-one-0123');
    expect(await tokens('key-of-client-one-0123')).to.deep.equal(one);
    expect(await tokens('key-of-client-two-0123')).not.to.deep.equal(one);
  });

  it("gives nobody what another client's token stands for", async () => {
    const { received } = await stage.play({ request: ask(MAIL), headers: { 'x-api-key': 'key-of-client-one-0123' } });
    const [token] = received!.body.toString().match(TOKEN)!;
    for (const content of ['hello', 'joe@example.com']) {
      const { answer } = await stage.play({
        request: ask(content),
        headers: { 'x-api-key': 'key-of-client-two-0123' },
        upstream: said(token!),
      });
      expect(answer.text).to.contain(token).and.not.to.contain(MAIL);
    }
  });

  it('gives a stream back as it was, compressed or not, also where the token comes in pieces', async () => {
    for (const encoding of [undefined, 'gzip'] as const) {
      const { answer } = await echoed(
        ask(`${MAIL}!`),
        (content) =>
          stream(
            sse([...[...content].map((one) => ({ choices: [{ index: 0, delta: { content: one } }] })), '[DONE]']),
            encoding && { encoding },
          ),
        { headers: { 'accept-encoding': 'gzip' } },
      );
      const text = [...answer.text.matchAll(/^data: (\{.*)$/gm)]
        .map(([, data]) => JSON.parse(data!) as { choices: { delta: { content: string } }[] })
        .map(({ choices }) => choices[0]!.delta.content)
        .join('');
      expect(text).to.equal(`${MAIL}!`);
      expect(answer.headers['content-encoding']).to.equal(undefined);
    }
  });

  it('gives errors back that quote what was sent, without the gateway’s own keys', async () => {
    const { answer } = await echoed(ask(MAIL), (content) =>
      json({ error: { message: `invalid: ${content}` } }, { status: 400 }),
    );
    expect([answer.status, JSON.parse(answer.text)]).to.deep.equal([400, { error: { message: `invalid: ${MAIL}` } }]);
  });

  it('refuses what is to be blocked, in the words of the API, and sends nothing', async () => {
    const request = ask(`key sk-proj-Ab3dEf6hIj9lMn2pQr5t and ${MAIL}`);
    const { answer, json: body, times, record } = await stage.play({ request });
    expect([answer.status, times]).to.deep.equal([400, 0]);
    const { error } = body as { error: { code: string; message: string } };
    expect(error.code).to.equal('redaction_blocked');
    expect(error.message).to.contain('api_key').and.not.to.contain('email').and.not.to.contain('sk-proj');
    expect(record.redactions).to.deep.equal({ api_key: 1, email: 1 });
    const anthropic = await stage.play({ path: '/v1/messages', request: { ...request, max_tokens: 1 } });
    expect(anthropic.json).to.include({ type: 'error' });
  });

  it('refuses bodies that nobody can look into, and passes them where it is told to', async () => {
    const upload = {
      path: '/v1/audio/transcriptions',
      request: `--b\r\ncontent-disposition: form-data; name="prompt"\r\n\r\n${MAIL}\r\n--b--\r\n`,
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    };
    const { json: body, times } = await stage.play(upload);
    expect([(body as { error: { code: string } }).error.code, times]).to.deep.equal(['redaction_unreadable', 0]);
    const passing = await play({ plugins: '{ plugin: redact, unreadable: pass }', ...upload });
    expect(passing.received!.body.toString()).to.equal(upload.request);
    const { status } = await send({ url: `${stage.running.url}/v1/models`, method: 'GET' });
    expect(status).to.equal(200);
  });

  it('leaves tokens in answers where it is told to, and blocks all kinds where it is told to', async () => {
    const kept = await setStage({ plugins: '{ plugin: redact, restore: false }' });
    const { received } = await kept.play({ request: ask(MAIL) });
    const [token] = received!.body.toString().match(TOKEN)!;
    expect((await kept.play({ request: ask(MAIL), upstream: said(token!) })).answer.text).to.contain(token);
    await kept.close();
    const { answer } = await play({ plugins: '{ plugin: redact, action: block }', request: ask(MAIL) });
    expect(answer.status).to.equal(400);
  });

  it('works twice: each entry finds its own, restores its own, and the counts are together', async () => {
    const twice = await setStage({
      plugins: '{ plugin: redact, find: [email] }, { plugin: redact, as: cards, find: [card] }',
    });
    const { received } = await twice.play({ request: ask(`${MAIL} ${CARD}`) });
    const [message] = received!.json.messages as { content: string }[];
    const { answer, record } = await twice.play({ request: ask(`${MAIL} ${CARD}`), upstream: said(message!.content) });
    expect(answer.text).to.contain(MAIL).and.to.contain(CARD);
    expect(answer.headers['x-token-spy-redacted']).to.equal('email=1; card=1');
    expect(record.redactions).to.deep.equal({ email: 1, card: 1 });
    await twice.close();
  });

  it('sends nothing when it fails', async () => {
    const file = `export default { summary: 'Breaks what stands below.', setup: () => ({
      onRequest({ request }) { Object.defineProperty(request, 'body', { get() { throw new Error('broken'); } }); },
    }) };`;
    const {
      answer,
      json: body,
      times,
    } = await play({ plugins: 'breaker, redact', files: { 'breaker.js': file }, request: ask(MAIL) });
    expect([answer.status, times, (body as { error: { code: string } }).error.code]).to.deep.equal([
      500,
      0,
      'plugin_failed',
    ]);
  });

  it('refuses patterns and names that are none, with their line', async () => {
    const refusal = async (options: string): Promise<string> => {
      try {
        await draw(`plugins:\n  - plugin: redact\n    ${options}\n`);
      } catch (error) {
        return (error as Error).message;
      }
      return 'taken';
    };
    const line = 'gateway.yaml:3';
    for (const [options, words] of Object.entries({
      'patterns: { a: "(" }': 'RE2',
      'patterns: { a: "(?=x)y" }': 'look-around',
      'patterns: { a: "(?<!x)y" }': 'look-around',
      'patterns: { a: "(x)\\\\1" }': 'back references',
      'patterns: { a: "((x{50}){50}){50}" }': 'RE2',
      'patterns: { a: "(x{99}){5}" }': 'steps',
      'patterns: { a: "x*" }': 'matches nothing',
      [`patterns: { a: "${'x'.repeat(600)}" }`]: '600 characters',
      'patterns: { card: "x" }': 'another kind',
      'words: { email: [abc] }': 'another kind',
      'block: [emails]': 'is no kind',
    })) {
      const said = await refusal(options);
      expect(said, options).to.contain(words);
      expect(said, options).to.contain(line);
    }
    expect(await refusal('patterns: { Bad-Name: "x" }')).to.contain('Bad-Name');
    expect(await refusal('patterns: { a: "x" }\n    block: [a, card]')).to.equal('taken');
  });

  it('counts what it found, restored and refused', async () => {
    const { text } = await send({ url: `${stage.running.url}/metrics` });
    for (const name of [
      'found_total{kind="email"}',
      'restored_total',
      'blocked_total{kind="api_key"}',
      'unread_total{action="refuse"}',
    ])
      expect(text).to.match(new RegExp(`gateway_redact_${name.replace(/[{}]/g, '\\$&')} [1-9]`));
  });

  it('leaves nothing of what it found in the database, the log or the metrics', async () => {
    await stage.running.gateway.store.flush();
    const files = await readdir(stage.running.folder, { recursive: true, withFileTypes: true });
    const bytes = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))),
    );
    expect(bytes.length).to.be.above(1);
    const { text } = await send({ url: `${stage.running.url}/metrics` });
    const all = [...bytes.map((one) => one.toString('latin1')), JSON.stringify(stage.running.lines), text];
    expect(all.filter((where) => where.includes('gpt-4o-mini')).length, 'rows are among them').to.be.above(0);
    // The configuration names the words that are looked for.
    for (const one of [MAIL, CARD, 'sk-proj-Ab3dEf6hIj9lMn2pQr5t', 'EMAIL_'])
      expect(all.filter((where) => where.includes(one)).length, one).to.equal(0);
  });

  describe('with the official SDKs', () => {
    let token: string;

    before(async () => {
      const { received } = await stage.play({ request: ask(MAIL) });
      token = received!.body.toString().match(TOKEN)![0];
    });
    const pieces = (): string[] => ['Mail ', token.slice(0, 1), token.slice(1, 8), token.slice(8), ' <', ' now <'];

    it("OpenAI's streams text and arguments", async () => {
      const client = new OpenAI({ apiKey: 'sk-x', baseURL: `${stage.running.url}/v1`, maxRetries: 0 });
      stage.upstream.always(() => {
        const head = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini' };
        const call = (name: object) => ({ tool_calls: [{ index: 0, ...name }] });
        return stream(
          sse([
            { ...head, choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] },
            ...pieces().map((content) => ({
              ...head,
              choices: [{ index: 0, delta: { content }, finish_reason: null }],
            })),
            {
              ...head,
              choices: [
                {
                  index: 0,
                  delta: call({ id: 'x', type: 'function', function: { name: 'f', arguments: '{"to":"' } }),
                  finish_reason: null,
                },
              ],
            },
            ...[token.slice(0, 5), `${token.slice(5)}"}`].map((text) => ({
              ...head,
              choices: [{ index: 0, delta: call({ function: { arguments: text } }), finish_reason: null }],
            })),
            { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
            '[DONE]',
          ]),
        );
      });
      const answer = await client.chat.completions
        .stream({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: MAIL }] })
        .finalChatCompletion();
      const { content, tool_calls: calls } = answer.choices[0]!.message;
      expect(content).to.equal(`Mail ${MAIL} < now <`);
      expect(JSON.parse((calls![0] as { function: { arguments: string } }).function.arguments)).to.deep.equal({
        to: MAIL,
      });
    });

    it("Anthropic's streams text and input", async () => {
      const client = new Anthropic({ apiKey: 'sk-x', baseURL: stage.running.url, maxRetries: 0 });
      stage.upstream.always(() => {
        const delta = (index: number, type: string, more: object) => ({
          type: 'content_block_delta',
          index,
          delta: { type, ...more },
        });
        const list: { type: string }[] = [
          {
            type: 'message_start',
            message: {
              id: 'm',
              type: 'message',
              role: 'assistant',
              content: [],
              model: 'claude-sonnet-4',
              stop_reason: null,
              stop_sequence: null,
              usage: { input_tokens: 1, output_tokens: 1 },
            },
          } as never,
          { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as never,
          ...pieces().map((text) => delta(0, 'text_delta', { text })),
          { type: 'content_block_stop', index: 0 } as never,
          {
            type: 'content_block_start',
            index: 1,
            content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
          } as never,
          ...['{"to":"', token.slice(0, 3), `${token.slice(3)}"}`].map((partial_json) =>
            delta(1, 'input_json_delta', { partial_json }),
          ),
          { type: 'content_block_stop', index: 1 } as never,
          {
            type: 'message_delta',
            delta: { stop_reason: 'tool_use', stop_sequence: null },
            usage: { output_tokens: 5 },
          } as never,
          { type: 'message_stop' },
        ];
        return stream(sse(list.map((event) => [event.type, event])));
      });
      const answer = await client.messages
        .stream({ model: 'claude-sonnet-4', max_tokens: 10, messages: [{ role: 'user', content: MAIL }] })
        .finalMessage();
      expect(answer.content[0]).to.deep.include({ type: 'text', text: `Mail ${MAIL} < now <` });
      expect(answer.content[1]).to.deep.include({ type: 'tool_use', input: { to: MAIL } });
    });
  });
});

/** What is tried, how often and after which wait, and what the row tells of it: attempts as children, the answer's model and cost. */
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';

import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { ask, awake, type Heard } from '../support/careful-client.ts';
import { send } from '../support/client.ts';
import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';
import { type Fault, first, type Judge, refuse, type Seen, startWall, type Wall } from '../support/wall.ts';
import { ANSWER, type Dialect } from '../support/wall-answers.ts';

const KEY = (name: string): string => `sk-wall-key-of-${name}-0123456789`;
const LIMITS = 'timeouts: { connect: 1s, response_headers: 600ms, first_token: 600ms, idle: 400ms, total: 20s }';

const SOON = 'retry: { backoff: 20ms }';

/** Each test has providers of its own, so that what one of them did is not held against the next test's. */
function yamlOf(wall: Wall): string {
  const place = `base_url: "${wall.url}/v1", adapter: [openai_chat, anthropic_messages], ${LIMITS}`;
  const provider = (name: string, models: string, keys = ['a']) =>
    `  ${name}: { ${place}, api_keys: [ ${keys.map((key) => `{ name: ${key}, key: ${KEY(key)} }`).join(', ')} ], models: { ${models} } }`;
  const route = (name: string, targets: string, more = '') =>
    `  - { name: ${name}, match: { model: ${name} }, targets: [ ${targets} ]${more === '' ? '' : `, ${more}`} }`;
  const two = (name: string, more = '') =>
    route(name, `{ provider: ${name}-1, model: ${name}-big }, { provider: ${name}-2, model: ${name}-other }`, more);
  const names = ['seconds', 'millis', 'long', 'told', 'cut', 'cut-held', 'sdk', 'sdk-held', 'deadline', 'gone'];
  return `breaker: { probe: 200ms }
providers:
${names.map((name) => `${provider(`${name}-1`, `${name}-big: { input: 10, output: 30 }`)}\n${provider(`${name}-2`, `${name}-other: { input: 2, output: 8 }`)}`).join('\n')}
${provider('quota-1', 'quota-big: { input: 10, output: 30 }, quota-small: { input: 1, output: 3 }', ['a', 'b'])}
${provider('quota-2', 'quota-other: { input: 2, output: 8 }', ['c'])}
${[1, 2, 3, 4, 5].map((at) => provider(`many-${at}`, 'many: { input: 1, output: 1 }')).join('\n')}
routes:
${['seconds', 'millis', 'long', 'told', 'cut', 'sdk'].map((name) => two(name)).join('\n')}
${two('cut-held', `restart: true, ${SOON}`)}
${two('sdk-held', `restart: true, ${SOON}`)}
${two('gone', SOON)}
${two('deadline', 'retry: { deadline: 500ms }')}
${route('quota', '{ provider: quota-1, model: quota-big }, { provider: quota-1, model: quota-small }, { provider: quota-2, model: quota-other }')}
${route('many', [1, 2, 3, 4, 5].map((at) => `{ provider: many-${at} }`).join(', '), 'retry: { attempts: 4, backoff: 20ms }')}
${PIPELINE}`;
}

describe('attempts', () => {
  let wall: Wall;
  let gateway: TestGateway;
  before(async () => {
    wall = await startWall();
    gateway = await startGateway(yamlOf(wall));
    await awake(gateway.url, 'told-other');
    wall.forget();
  });
  after(async () => {
    await gateway.close();
    await wall.close();
  });

  const hear = (model: string, dialect: Dialect = 'openai', stream = true): Promise<Heard> =>
    ask({ url: gateway.url, dialect, model, stream, limit: 8000 });
  const callsOf = (name: string): Seen[] => wall.calls.filter(({ model }) => model.startsWith(name));
  const gap = ([one, two]: readonly Seen[]): number => two!.at - one!.at;
  const set = (model: string, fault: Fault | Judge): void => wall.set(model, fault);
  /** As the API tells it. */
  const rowOf = async ({ id }: Heard): Promise<ExchangeRecord> => {
    await gateway.row(id);
    return JSON.parse((await send({ url: `${gateway.url}/api/v1/requests/${id}` })).text) as ExchangeRecord;
  };

  describe('wait as they were told', () => {
    it('by Retry-After, in seconds', async () => {
      set('seconds-big', first(1, refuse('rate', { headers: { 'retry-after': '1' } })));
      const heard = await hear('seconds');
      expect(heard).to.include({ outcome: 'success', complete: true, model: 'seconds-big' });
      expect(gap(callsOf('seconds'))).to.be.within(990, 1700);
      const [refused, answered] = (await rowOf(heard)).attempts;
      expect(refused).to.include({ status: 429, reason: 'status_429', class: 'rate' });
      expect(refused).to.not.have.property('waited_ms');
      expect(answered).to.include({ status: 200, reason: 'answered' });
      expect(answered!.waited_ms).to.be.within(990, 1700);
    });

    it('by retry-after-ms, which is finer', async () => {
      set('millis-big', first(1, refuse('rate', { headers: { 'retry-after': '3', 'retry-after-ms': '300' } })));
      expect(await hear('millis')).to.include({ complete: true, model: 'millis-big' });
      expect(gap(callsOf('millis'))).to.be.within(300, 900);
    });

    it('but not for longer than max_wait: the other target is there', async () => {
      set('long-big', refuse('rate', { headers: { 'retry-after': '60' } }));
      const heard = await hear('long');
      expect(heard).to.include({ complete: true, model: 'long-other' });
      expect(heard.ms).to.be.below(1500);
      expect(callsOf('long-big')).to.have.length(1);
      // And what was told holds for the next one: nobody asks there again within the minute.
      expect(await hear('long')).to.include({ complete: true, model: 'long-other' });
      expect(callsOf('long-big')).to.have.length(1);
    });
  });

  describe('have an end', () => {
    it('after so many, whatever there is to try', async () => {
      set('many', refuse('overloaded'));
      const heard = await hear('many');
      expect(heard).to.include({ outcome: 'error', status: 503 });
      expect(heard.error?.isShaped).to.equal(true);
      expect(callsOf('many')).to.have.length(4);
      expect((await rowOf(heard)).attempts).to.have.length(4);
    });

    it('at the deadline, which counts waits, too', async () => {
      set('deadline-big', { do: 'silence' });
      set('deadline-other', { do: 'silence' });
      const heard = await hear('deadline');
      expect(heard).to.include({ outcome: 'error', status: 504 });
      expect(heard.ms).to.be.within(450, 1100);
      expect(callsOf('deadline')).to.have.length(1);
    });
  });

  it('a key without quota is not asked for a sibling model, another key and another provider are', async () => {
    const broke = refuse('quota');
    const only =
      (key: string): Judge =>
      (call) =>
        call.key === KEY(key) ? broke : null;
    for (const model of ['quota-big', 'quota-small']) set(model, only('a'));
    const heard = await hear('quota');
    expect(heard).to.include({ complete: true, model: 'quota-big' });
    const told = (await rowOf(heard)).attempts.map(({ provider, model, key, class: kind }) => [
      provider,
      model,
      key,
      kind,
    ]);
    expect(told).to.deep.equal([
      ['quota-1', 'quota-big', 'a', 'quota'],
      ['quota-1', 'quota-big', 'b', undefined],
    ]);
    wall.forget();
    for (const model of ['quota-big', 'quota-small']) set(model, broke);
    expect(await hear('quota')).to.include({ complete: true, model: 'quota-other' });
    expect(callsOf('quota').map(({ model, key }) => [model, key])).to.deep.equal([
      ['quota-big', KEY('b')],
      ['quota-other', KEY('c')],
    ]);
  });

  it('are children of the row, which has the model and the cost of the one that answered', async () => {
    set('told-big', refuse('overloaded'));
    const heard = await hear('told');
    expect(heard).to.include({ complete: true, model: 'told-other' });
    const row = await rowOf(heard);
    const { attempts } = row;
    expect(attempts.at(-1)).to.include({ provider: 'told-2', model: 'told-other', status: 200, reason: 'answered' });
    for (const failed of attempts.slice(0, -1)) {
      expect(failed).to.include({ provider: 'told-1', model: 'told-big', status: 503, class: 'overloaded' });
      expect(failed).to.not.have.property('cost_usd');
    }
    expect(attempts.slice(0, -1)).to.have.length.within(1, 2);
    for (const { ms } of attempts) expect(ms).to.be.within(0, 2000);
    expect(attempts.map(({ key }) => key)).to.deep.equal(attempts.map(() => undefined));
    expect(row).to.include({ provider: 'told-2', status: 200, outcome: 'ok', cost_usd: '0.000528' });
    expect(row.model).to.deep.equal({ request: 'told', response: 'told-other', priced_as: 'told-2/told-other' });
    expect(row.route).to.include({ name: 'told', strategy: 'fallback' });
    expect(JSON.stringify(row)).to.not.include('sk-wall');
  });

  describe('an answer that breaks off', () => {
    it('is asked for anew with restart: what is known of its cost stands with it, and in the sum', async () => {
      set('cut-held-big', { do: 'cut', after: 40 });
      const heard = await hear('cut-held', 'anthropic');
      expect(heard).to.include({ outcome: 'success', complete: true, model: 'cut-held-other' });
      expect(heard.text).to.equal(ANSWER);
      const row = await rowOf(heard);
      const given = row.attempts.slice(0, -1);
      expect(given).to.have.length.within(1, 2);
      // The beginning of a message tells its input and one token of output: 12 x 10 and 1 x 30 of a million.
      for (const attempt of given) expect(attempt).to.include({ class: 'broken', cost_usd: '0.00015' });
      const cost = 0.000_012 * 2 + 0.000_063 * 8 + 0.00015 * given.length;
      expect(Number(row.cost_usd)).to.be.closeTo(cost, 1e-12);
      expect(row).to.include({ outcome: 'ok', provider: 'cut-held-2' });
    });

    it('has a cost that nobody knows where nothing was told', async () => {
      set('cut-held-big', { do: 'cut', after: 40 });
      const row = await rowOf(await hear('cut-held'));
      expect(row.attempts[0]).to.include({ class: 'broken', cost_usd: null });
      expect(row.attempts.at(-1)).to.include({ reason: 'answered', provider: 'cut-held-2' });
    });

    it('is not replayed without restart', async () => {
      set('cut-big', { do: 'cut', after: 40 });
      for (const dialect of ['openai', 'anthropic'] as const) {
        wall.forget();
        const heard = await hear('cut', dialect);
        expect(heard).to.include({ outcome: 'error', finished: false });
        expect(callsOf('cut')).to.have.length(1);
        expect(await rowOf(heard)).to.include({ outcome: 'truncated', provider: 'cut-1' });
      }
    });
  });

  describe('the real SDKs', () => {
    const openai = () => new OpenAI({ apiKey: KEY('client'), baseURL: `${gateway.url}/v1`, maxRetries: 0 });
    const anthropic = () => new Anthropic({ apiKey: KEY('client'), baseURL: gateway.url, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'What makes a bridge?' }];

    async function chat(model: string): Promise<string> {
      let text = '';
      const stream = await openai().chat.completions.create({ model, messages, stream: true });
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      return text;
    }
    async function message(model: string): Promise<string> {
      const stream = anthropic().messages.stream({ model, messages, max_tokens: 500 });
      return (await stream.finalMessage()).content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    }
    const thrown = (call: Promise<unknown>): Promise<unknown> =>
      call.then(
        () => null,
        (error: unknown) => error,
      );

    for (const [name, call] of [
      ['OpenAI', chat],
      ['Anthropic', message],
    ] as const) {
      it(`of ${name} throws on a stream that is cut or falls silent`, async () => {
        for (const fault of [
          { do: 'cut', after: 40 },
          { do: 'stall', after: 20, ms: 4000 },
        ] satisfies Fault[]) {
          set('sdk-big', fault);
          expect(await thrown(call('sdk')), fault.do).to.be.instanceOf(Error);
        }
      });

      it(`of ${name} gets all of it with restart`, async () => {
        for (const fault of [
          { do: 'cut', after: 40 },
          { do: 'stall', after: 20, ms: 4000 },
          { do: 'garbage', at: 10 },
        ] satisfies Fault[]) {
          set('sdk-held-big', fault);
          expect(await call('sdk-held'), fault.do).to.equal(ANSWER);
        }
      });

      it(`of ${name} throws its own class when all targets fail`, async () => {
        set('gone-big', refuse('overloaded'));
        set('gone-other', refuse('overloaded'));
        const error = (await thrown(call('gone'))) as { status?: number };
        expect(error).to.be.instanceOf(name === 'OpenAI' ? OpenAI.APIError : Anthropic.APIError);
        expect(error.status).to.be.oneOf([503, 529]);
      });
    }
  });
});

/** Providers that say nothing, and hops that take silence for death. */
import { expect } from 'chai';

import { ask, awake, bodyOf, type Heard } from '../support/careful-client.ts';
import { send } from '../support/client.ts';
import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';
import { type Hop, startHop } from '../support/hop.ts';
import { startWall, type Wall } from '../support/wall.ts';
import type { Dialect } from '../support/wall-answers.ts';

const THINKS = 1300;
const HOP = 500;
const PING = 200;
const FIRST = 500;

/** Routes to one provider, and `fast` to two. */
function yamlOf(wall: Wall): string {
  const place = `base_url: "${wall.url}/v1", adapter: [openai_chat, anthropic_messages]`;
  const long = 'response_headers: 10s, first_token: 10s, idle: 10s';
  const short = `response_headers: ${FIRST}ms, first_token: ${FIRST}ms, idle: 5s`;
  return `limits: { keepalive: ${PING}ms }
providers:
  patient: { ${place}, timeouts: { ${long} }, models: { patient: {} } }
  plain: { ${place}, timeouts: { ${long}, keepalive: 0 }, models: { plain: {} } }
  mute: { ${place}, timeouts: { ${short}, keepalive: 0 } }
  late: { ${place}, timeouts: { ${short}, keepalive: 0 } }
  pinged: { ${place}, timeouts: { ${short} } }
  spare: { ${place}, timeouts: { ${short}, keepalive: 0 }, models: { spare: {} } }
routes:
  - { name: pinged, match: { model: pinged }, targets: [ { provider: pinged }, { provider: spare, model: spare } ] }
  - { name: mute, match: { model: mute }, targets: [ { provider: mute }, { provider: spare, model: spare } ] }
  - { name: late, match: { model: late }, targets: [ { provider: late }, { provider: spare, model: spare } ] }
${PIPELINE}`;
}

describe('silence', function () {
  this.timeout(20_000);
  let wall: Wall;
  let gateway: TestGateway;
  let hop: Hop;
  before(async () => {
    wall = await startWall();
    gateway = await startGateway(yamlOf(wall));
    await awake(gateway.url, 'spare');
    hop = await startHop(Number(new URL(gateway.url).port), HOP);
    wall.set('mute', { do: 'silence' });
    for (const model of ['late', 'pinged']) wall.set(model, { do: 'slow', ms: 5000 });
    for (const model of ['patient', 'plain']) wall.set(model, { do: 'slow', ms: THINKS });
  });
  after(async () => {
    await hop.close();
    await gateway.close();
    await wall.close();
  });
  beforeEach(() => wall.forget());
  const hear = (url: string, model: string, dialect: Dialect): Promise<Heard> =>
    ask({ url, dialect, model, limit: 8000 });

  for (const dialect of ['openai', 'anthropic'] as const) {
    for (const [model, what] of [
      ['mute', 'answers nothing at all'],
      ['late', 'sends its head and no word'],
    ] as const) {
      it(`of a provider that ${what} ends with one limit and one fallback, ${dialect}`, async () => {
        const heard = await hear(gateway.url, model, dialect);
        expect(heard).to.include({ outcome: 'success', complete: true, model: 'spare' });
        expect(heard.ms).to.be.within(FIRST, FIRST + 1000);
        expect(wall.calls.map((call) => call.model)).to.deep.equal([model, 'spare']);
        expect(wall.calls[0]!.overAt ?? wall.calls[0]!.closedAt, 'its call is cancelled').to.be.a('number');
        const [first] = (await gateway.row(heard.id)).attempts;
        expect(first).to.include({ class: 'timeout' });
      });
    }

    it(`while a model thinks is cut by a hop, unless keepalive is on: ${dialect}`, async () => {
      const before = hop.cut;
      expect(await hear(hop.url, 'plain', dialect)).to.include({ outcome: 'error', broken: true });
      expect(hop.cut).to.equal(before + 1);
      const heard = await hear(hop.url, 'patient', dialect);
      expect(heard).to.include({ outcome: 'success', complete: true, finished: true, garbage: 0 });
      expect(heard.ms).to.be.at.least(THINKS);
      expect(hop.cut).to.equal(before + 1);
    });
  }

  it('that was filled with comments cannot be taken elsewhere any more: an error ends it', async () => {
    for (const dialect of ['openai', 'anthropic'] as const) {
      wall.forget();
      const heard = await hear(gateway.url, 'pinged', dialect);
      expect(heard).to.include({ outcome: 'error', status: 200, text: '', finished: false });
      expect(heard.error).to.include({ isShaped: true });
      expect(heard.ms).to.be.within(FIRST, FIRST + 1000);
      expect(wall.calls.map(({ model }) => model)).to.deep.equal(['pinged']);
    }
  });

  it('is filled with comments between events, and only in streams', async () => {
    const url = `${gateway.url}/v1/chat/completions`;
    const ping = ': ping\n\n';
    const [pinged, plain] = await Promise.all(
      ['patient', 'plain'].map((model) => send({ url, body: bodyOf({ dialect: 'openai', model, limit: 0 }) })),
    );
    expect(pinged!.text.split(ping).length - 1).to.be.within(3, THINKS / PING);
    expect(pinged!.text.replaceAll(ping, '').replaceAll('patient', 'plain')).to.equal(plain!.text);
    const whole = await send({ url, body: bodyOf({ dialect: 'openai', model: 'patient', stream: false, limit: 0 }) });
    expect(whole.text).to.not.include('ping');
    expect(JSON.parse(whole.text)).to.have.property('choices');
  });
});

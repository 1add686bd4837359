/** The table of faults, by number: a provider that is sick for many at once, all of them sick, one that recovers, clients that leave meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';

import { ask, awake, bodyOf, type Heard } from '../support/careful-client.ts';
import { type Call, open } from '../support/client.ts';
import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';
import { until as holds } from '../support/until.ts';
import { type Fault, first, refuse, type Seen, startWall, type Wall } from '../support/wall.ts';
import type { Dialect } from '../support/wall-answers.ts';

const CROWD = 80;
const PROBE = 300;
const LIMITS = 'timeouts: { connect: 1s, response_headers: 5s, first_token: 5s, idle: 5s, total: 20s }';
const KEY = (provider: string): string => `sk-wall-of-${provider}-0123456789`;

/** Routes of these names, each with a provider of its own and a backup. */
function yamlOf(wall: Wall, names: readonly string[]): string {
  const place = `base_url: "${wall.url}/v1", adapter: [openai_chat, anthropic_messages], ${LIMITS}`;
  const providers = names.flatMap((name) =>
    ['sick', 'spare'].map(
      (kind) =>
        `  ${name}-${kind}: { ${place}, api_key: ${KEY(`${name}-${kind}`)}, models: { ${name}-${kind}: { input: 1, output: 2 } } }`,
    ),
  );
  const routes = names.map(
    (name) => `  - name: ${name}
    match: { model: ${name} }
    targets: [ { provider: ${name}-sick, model: ${name}-sick }, { provider: ${name}-spare, model: ${name}-spare } ]
    restart: ${name.startsWith('held')}`,
  );
  return `breaker: { probe: ${PROBE}ms }\nproviders:\n${providers.join('\n')}\nroutes:\n${routes.join('\n')}\n${PIPELINE}`;
}

const NAMES = ['overloaded', 'reset', 'server', 'down', 'mute', 'back', 'half', 'wait', 'turn', 'held', 'wrong', 'key'];

describe('many at once, and clients that do not wait', function () {
  this.timeout(30_000);
  let wall: Wall;
  let gateway: TestGateway;
  before(async () => {
    wall = await startWall();
    gateway = await startGateway(yamlOf(wall, NAMES));
    await awake(gateway.url, 'key-spare');
  });
  after(async () => {
    await gateway.close();
    await wall.close();
  });
  beforeEach(() => wall.forget());

  const hear = (model: string, dialect: Dialect = 'openai', stream = true): Promise<Heard> =>
    ask({ url: gateway.url, dialect, model, stream, limit: 10_000 });
  const crowd = (model: string, count = CROWD): Promise<Heard[]> =>
    Promise.all(
      Array.from({ length: count }, (_, at) => hear(model, at % 2 === 0 ? 'openai' : 'anthropic', at % 3 > 0)),
    );
  const callsOf = (model: string): Seen[] => wall.calls.filter((call) => call.model === model);
  const leaving = (model: string): Call =>
    open({ url: `${gateway.url}/v1/chat/completions`, body: bodyOf({ dialect: 'openai', model, limit: 0 }) });
  const idle = (): Promise<void> => holds('nothing is under way', () => gateway.gateway.inFlight === 0, 5000);

  for (const [name, fault] of [
    ['overloaded', refuse('overloaded')],
    ['server', refuse('server')],
    ['reset', { do: 'reset' }],
  ] as [string, Fault][]) {
    it(`#17 ${CROWD} at once on a sick provider (${name}) are served by the backup, with at most 1.2 calls each`, async () => {
      wall.set(`${name}-sick`, fault);
      const heard = await crowd(name);
      expect(heard.filter(({ complete, model }) => complete && model === `${name}-spare`)).to.have.length(CROWD);
      expect(callsOf(`${name}-sick`).length).to.be.at.most(CROWD * 1.2);
      expect(callsOf(`${name}-spare`)).to.have.length(CROWD);
      // The breaker is open by now: hardly anybody is sent there any more.
      wall.forget();
      await crowd(name, 20);
      expect(callsOf(`${name}-sick`).length).to.be.at.most(3);
    });
  }

  for (const dialect of ['openai', 'anthropic'] as const) {
    for (const stream of [true, false]) {
      it(`#18 where all are down there is one error, an end and a retry-after: ${dialect}, ${stream ? 'stream' : 'whole'}`, async () => {
        for (const kind of ['sick', 'spare'])
          wall.set(`down-${kind}`, refuse('overloaded', { headers: { 'retry-after': '7' } }));
        const heard = await hear('down', dialect, stream);
        expect(heard).to.include({ outcome: 'error', broken: false });
        expect(heard.status).to.be.oneOf([503, 529]);
        expect(heard.error).to.include({ isShaped: true });
        expect(Number(heard.headers['retry-after'])).to.be.within(5, 7);
        expect(wall.calls.length).to.be.within(1, 6);
        expect(heard.ms).to.be.below(3000);
        const row = await gateway.row(heard.id);
        expect(row).to.include({ outcome: 'upstream_error', cost_usd: null });
        expect(row.attempts).to.have.length(wall.calls.length);
      });
    }
  }

  it('#18 where nobody answers at all it is an error of the gateway, in as many attempts as are allowed', async () => {
    for (const kind of ['sick', 'spare']) wall.set(`mute-${kind}`, { do: 'reset' });
    const heard = await hear('mute', 'anthropic');
    expect(heard).to.include({ outcome: 'error', status: 502, broken: false });
    expect(heard.error).to.include({ isShaped: true });
    expect(wall.calls.length).to.be.within(2, 6);
  });

  it('#19 a provider that recovers is used again within the time of a probe', async () => {
    wall.set('back-sick', refuse('overloaded'));
    await crowd('back', 12);
    expect((await hear('back')).model).to.equal('back-spare');
    wall.set('back-sick', { do: 'answer' });
    const recovered = performance.now();
    await holds('it is used again', async () => (await hear('back')).model === 'back-sick', 5000);
    expect(performance.now() - recovered).to.be.below(PROBE + 600);
    expect((await crowd('back', 20)).every(({ model }) => model === 'back-sick')).to.equal(true);
  });

  it('#19 until it has answered, one at a time is let through', async () => {
    wall.set('half-sick', refuse('overloaded'));
    await crowd('half', 12);
    wall.set('half-sick', { do: 'late', ms: 600 });
    await sleep(PROBE + 100);
    wall.forget();
    const heard = await crowd('half', 30);
    expect(heard.every(({ complete }) => complete)).to.equal(true);
    const [first, ...others] = callsOf('half-sick');
    expect(heard.some(({ model }) => model === 'half-sick')).to.equal(true);
    for (const { at } of others) expect(at - first!.at, 'not before the first was answered').to.be.at.least(590);
    await holds('it is trusted again', async () => (await hear('half')).model === 'half-sick', 5000);
  });

  it('#45 who leaves during a wait is not asked for again', async () => {
    wall.set('wait-sick', first(1, refuse('rate', { headers: { 'retry-after-ms': '1600' } })));
    const call = leaving('wait');
    await holds('it was refused', () => callsOf('wait-sick')[0]?.overAt);
    await sleep(100);
    call.abort();
    await sleep(1900);
    await idle();
    expect(wall.calls).to.have.length(1);
    const row = (await gateway.rows()).at(-1)!;
    expect(row).to.include({ outcome: 'client_aborted', status: null, provider: 'wait-sick' });
    expect(row.attempts.map(({ status }) => status)).to.deep.equal([429]);
    expect(row.duration_ms, 'it ends at once, not with the wait').to.be.below(1400);
  });

  for (const [name, what, fault] of [
    ['turn', 'before its head', { do: 'silence' }],
    ['turn', 'before its first word', { do: 'slow', ms: 5000 }],
    ['held', 'while it is held', { do: 'stall', after: 20, ms: 5000 }],
  ] as [string, string, Fault][]) {
    it(`#45 who leaves during a fallback, ${what}: its call is cancelled`, async () => {
      wall.set(`${name}-sick`, refuse('overloaded'));
      wall.set(`${name}-spare`, fault);
      const call = leaving(name);
      await holds('the backup is asked', () => callsOf(`${name}-spare`).length === 1);
      await sleep(50);
      const left = wall.now();
      call.abort();
      await holds('it is cancelled', () => callsOf(`${name}-spare`)[0]!.closedAt, 2000);
      expect(callsOf(`${name}-spare`)[0]!.closedAt! - left).to.be.below(250);
      await idle();
      expect(callsOf(`${name}-spare`)).to.have.length(1);
      const row = (await gateway.rows()).at(-1)!;
      expect(row).to.include({ outcome: 'client_aborted', provider: `${name}-spare` });
    });
  }

  it("the client's own mistakes are its own: they are not tried elsewhere", async () => {
    for (const status of [400, 404, 422]) {
      wall.forget();
      wall.set('wrong-sick', { do: 'refuse', kind: 'server', status, type: 'invalid_request_error', code: 'bad' });
      const heard = await hear('wrong');
      expect(heard).to.include({ outcome: 'error', status });
      expect(wall.calls).to.have.length(1);
    }
  });

  it('each provider gets its own key', async () => {
    wall.set('key-sick', refuse('server'));
    expect((await hear('key')).complete).to.equal(true);
    expect(new Set(wall.calls.map(({ model, key }) => `${model} ${key}`))).to.deep.equal(
      new Set([`key-sick ${KEY('key-sick')}`, `key-spare ${KEY('key-spare')}`]),
    );
  });
});

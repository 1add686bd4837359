/** Answers that are held, by routes with `restart` and, up to their first word, by all: what clients see, and never see, of them. */
import { expect } from 'chai';

import { ask, awake, type Heard } from '../support/careful-client.ts';
import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';
import { type Fault, type Seen, startWall, type Wall } from '../support/wall.ts';
import { ANSWER } from '../support/wall-answers.ts';

const LIMITS = 'timeouts: { response_headers: 600ms, first_token: 600ms, idle: 600ms, total: 10s }';
const DIALECTS = ['openai', 'anthropic'] as const;

/** Cuts of each kind, in the middle of the answer. */
const BREAKS: readonly Fault[] = [
  { do: 'cut', after: 30 },
  { do: 'stall', after: 30, ms: 5000 },
  { do: 'garbage', at: 30 },
  { do: 'end early', after: 30 },
  { do: 'error event', after: 30, kind: 'overloaded' },
];
/** As many routes as tests break: none finds a provider that another test has made look bad. */
const NAMES = [...BREAKS.keys()].flatMap((at) => [`held-${at}`, `open-${at}`, `whole-${at}`]);

function yamlOf(wall: Wall): string {
  const names = [...NAMES, 'early', 'late', 'held-none', 'held-all'];
  const place = `base_url: "${wall.url}/v1", adapter: [openai_chat, anthropic_messages], ${LIMITS}`;
  const route = (name: string): string => `  - name: ${name}
    match: { model: ${name} }
    targets: [ { provider: ${name}-1, model: ${name}-1 }, { provider: ${name}-2, model: ${name}-2 } ]
    restart: ${/^(held|whole)/.test(name)}
    retry: { retries: 0 }`;
  return `providers:
${names.flatMap((name) => [`  ${name}-1: { ${place} }`, `  ${name}-2: { ${place} }`]).join('\n')}
routes:
${names.map(route).join('\n')}
${PIPELINE}`;
}

describe('answers that are held', function () {
  this.timeout(20_000);
  let wall: Wall;
  let gateway: TestGateway;
  before(async () => {
    wall = await startWall();
    gateway = await startGateway(yamlOf(wall));
    await awake(gateway.url, 'held-none');
  });
  after(async () => {
    await gateway.close();
    await wall.close();
  });
  const hear = (model: string, dialect: 'openai' | 'anthropic', stream = true): Promise<Heard> =>
    ask({ url: gateway.url, dialect, model, stream, limit: 6000 });
  const callsOf = (name: string): Seen[] => wall.calls.filter(({ model }) => model.startsWith(name));

  for (const [at, fault] of BREAKS.entries()) {
    for (const dialect of DIALECTS) {
      it(`${fault.do}: with restart all of another answer comes, and nothing of this one, ${dialect}`, async () => {
        wall.forget();
        wall.set(`held-${at}-1`, fault);
        const heard = await hear(`held-${at}`, dialect);
        expect(heard).to.include({ outcome: 'success', text: ANSWER, finished: true, garbage: 0, error: null });
        expect(heard.model).to.equal(`held-${at}-2`);
        expect(callsOf(`held-${at}`)).to.have.length(2);
        const row = await gateway.row(heard.id);
        expect(row).to.include({ outcome: 'ok', provider: `held-${at}-2` });
        expect(row.attempts.map((attempt) => attempt.class)).to.deep.equal(['broken', undefined]);
        expect(row.usage).to.include({ output_tokens: ANSWER.split(' ').length });
      });

      it(`${fault.do}: without it what has begun is not taken back, and does not look whole, ${dialect}`, async () => {
        wall.forget();
        wall.set(`open-${at}-1`, fault);
        const heard = await hear(`open-${at}`, dialect);
        expect(callsOf(`open-${at}`)).to.have.length(1);
        expect(ANSWER.startsWith(heard.text), 'it is the beginning of the answer').to.equal(true);
        const { outcome } = await gateway.row(heard.id);
        if (fault.do === 'garbage') {
          expect(heard).to.include({ garbage: 1, complete: true });
          return;
        }
        expect(heard.finished, 'nobody says that this is all').to.equal(false);
        // What ends in good order is passed on as it came; only its row can tell.
        if (fault.do === 'end early') expect(heard).to.include({ error: null, broken: false });
        else expect(heard.error).to.include({ isShaped: true });
        expect(outcome).to.equal(fault.do === 'error event' ? 'stream_error' : 'truncated');
      });
    }

    if (fault.do === 'error event') continue;
    it(`${fault.do}: an answer that is no stream is asked for anew, too`, async () => {
      wall.set(`whole-${at}-1`, fault);
      for (const dialect of DIALECTS) {
        const heard = await hear(`whole-${at}`, dialect, false);
        expect(heard).to.include({ outcome: 'success', text: ANSWER, model: `whole-${at}-2` });
      }
    });
  }

  for (const dialect of DIALECTS) {
    it(`an error that a stream begins with is a failure like others, ${dialect}`, async () => {
      wall.set('early-1', { do: 'error event', after: 0, kind: 'overloaded' });
      const heard = await hear('early', dialect);
      expect(heard).to.include({ outcome: 'success', text: ANSWER, model: 'early-2' });
      const [first] = (await gateway.row(heard.id)).attempts;
      expect(first).to.include({ provider: 'early-1', class: 'overloaded' });
    });

    it(`where all begin with one the provider's own words go to the client, ${dialect}`, async () => {
      for (const target of ['late-1', 'late-2']) wall.set(target, { do: 'error event', after: 0, kind: 'overloaded' });
      const heard = await hear('late', dialect);
      expect(heard).to.include({ outcome: 'error', text: '' });
      expect(heard.error).to.include({ isShaped: true });
      expect(heard.error!.message).to.match(/overloaded/i);
    });

    it(`where all break off there is one error, with a status, and nothing of any answer, ${dialect}`, async () => {
      wall.forget();
      for (const target of ['held-all-1', 'held-all-2']) wall.set(target, { do: 'cut', after: 30 });
      const heard = await hear('held-all', dialect);
      expect(heard).to.include({ outcome: 'error', status: 502, text: '', broken: false });
      expect(heard.error).to.include({ isShaped: true });
      expect(callsOf('held-all').length).to.be.within(2, 6);
      const row = await gateway.row(heard.id);
      expect(row.outcome).to.equal('truncated');
      expect(row.attempts).to.have.length(callsOf('held-all').length);
    });

    it(`one that is well arrives as it came, once, ${dialect}`, async () => {
      wall.forget();
      const heard = await hear('held-none', dialect);
      expect(heard).to.include({ outcome: 'success', text: ANSWER, finished: true, model: 'held-none-1' });
      expect(callsOf('held-none')).to.have.length(1);
    });
  }
});

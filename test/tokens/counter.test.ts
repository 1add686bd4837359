import { expect } from 'chai';

import { type CounterOptions, TokenCounter } from '../../src/tokens/counter.ts';
import { until } from '../support/until.ts';

const BY_LENGTH = { source: 'estimated', confidence: 'low' };
const COUNTED = { source: 'counted', confidence: 'high' };
const jsonOf = (content: string): Buffer => Buffer.from(JSON.stringify({ messages: [{ role: 'user', content }] }));

describe('the token counter', () => {
  let counter: TokenCounter;
  let warned: [string, unknown][];
  /** A counter that waits as long as a busy machine may take. */
  const open = (options: CounterOptions = {}): TokenCounter => {
    warned = [];
    const log = () => ({ warn: (message: string, facts: unknown) => void warned.push([message, facts]) });
    counter = new TokenCounter({ patience: 60_000, log, ...options });
    return counter;
  };
  afterEach(() => counter.close());

  it('counts texts and prompts, in the order in which they were asked', async () => {
    open();
    const order: number[] = [];
    const asked = [
      counter.count('gpt-4o', ['2 + 2', ' = 4']),
      counter.prompt('gpt-4o', jsonOf('Hello!')),
      counter.count('gpt-4', ['お誕生日おめでとう']),
    ];
    const counts = await Promise.all(asked.map((one, i) => one.finally(() => order.push(i))));
    expect(counts).to.eql([
      { tokens: 7, ...COUNTED },
      { tokens: 9, ...COUNTED },
      { tokens: 9, ...COUNTED },
    ]);
    expect(order).to.eql([0, 1, 2]);
    expect(warned).to.eql([]);
  });

  it('leaves the memory of a body to its owner', async () => {
    open();
    const shared = Buffer.concat([Buffer.from('before'), jsonOf('Hello!'), Buffer.from('after')]);
    const body = shared.subarray(6, shared.length - 5);
    expect(await counter.prompt('gpt-4o', body)).to.eql({ tokens: 9, ...COUNTED });
    expect(body.toString()).to.equal(jsonOf('Hello!').toString());
  });

  it('starts its thread with the first question, and stops it when none has come for a while', async () => {
    open({ idle: 50 });
    expect(counter.isAwake).to.equal(false);
    expect(await counter.count('gpt-4o', ['', ''])).to.eql({ tokens: 0, ...COUNTED });
    expect(counter.isAwake, 'nothing is counted quickly').to.equal(false);
    await counter.count('gpt-4o', ['Hello!']);
    await until('the thread has stopped', () => !counter.isAwake);
    expect(await counter.count('gpt-4o', ['Hello!']), 'it starts again').to.eql({ tokens: 2, ...COUNTED });
  });

  it('measures what is too large, such as 9 MB of one letter', async () => {
    open();
    const body = jsonOf('a'.repeat(9_000_000));
    const { tokens, ...how } = await counter.prompt('gpt-4o', body);
    expect(how).to.eql(BY_LENGTH);
    expect(tokens).to.be.within(2_249_000, 2_251_000);
    expect((await counter.count('gpt-4o', ['a'.repeat(3_000_000)])).tokens).to.equal(750_000);
    expect(counter.isAwake).to.equal(false);
  });

  it('counts what hurts a tokenizer, in pieces', async () => {
    open();
    const { tokens, source, confidence } = await counter.prompt('gpt-4o', jsonOf('a'.repeat(200_000)));
    expect([source, confidence]).to.eql(['estimated', 'medium']);
    expect(tokens).to.be.within(24_500, 25_500);
  });

  it('measures what comes while too much waits', async () => {
    open();
    const asked = Array.from({ length: 80 }, () => counter.count('gpt-4o', ['Hello!']));
    const counts = await Promise.all(asked);
    const measured = counts.filter(({ source }) => source === 'estimated');
    expect(measured).to.have.length(80 - 64 - 1);
    expect(measured[0]).to.eql({ tokens: 2, ...BY_LENGTH });
    const large = Array.from({ length: 7 }, () => counter.count('gpt-4o', ['word '.repeat(400_000)]));
    const sources = (await Promise.all(large)).map(({ confidence }) => confidence);
    expect(sources, 'one is counted, four wait').to.eql([
      'medium',
      'medium',
      'medium',
      'medium',
      'medium',
      'low',
      'low',
    ]);
  });

  it('measures what is no JSON, and says so without a word of it', async () => {
    open();
    expect(await counter.prompt('gpt-4o', Buffer.from('secret text'))).to.eql({ tokens: 3, ...BY_LENGTH });
    expect(warned).to.eql([['tokens could not be counted and were estimated by length', { what: 'SyntaxError' }]]);
    expect(await counter.prompt('gpt-4o', jsonOf('Hello!')), 'it goes on').to.eql({ tokens: 9, ...COUNTED });
  });

  it('outlives a thread that dies, and rests before it starts another', async () => {
    const dies =
      "import { parentPort } from 'node:worker_threads'; parentPort.on('message', ({ texts }) => { throw Error(texts[0]); });";
    open({ worker: new URL(`data:text/javascript,${dies}`) });
    const counts = await Promise.all([counter.count('gpt-4o', ['Hello!']), counter.count('gpt-4o', ['And you?'])]);
    expect(counts).to.eql([
      { tokens: 2, ...BY_LENGTH },
      { tokens: 2, ...BY_LENGTH },
    ]);
    expect(warned.map(([, facts]) => facts)).to.eql([{ what: 'Error' }]);
    expect(await counter.count('gpt-4o', ['Hello!'])).to.eql({ tokens: 2, ...BY_LENGTH });
    expect(counter.isAwake).to.equal(false);
  });

  it('stops a thread that does not come back, and goes on with another', async () => {
    const hangs = "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { for (;;); });";
    open({ patience: 300, worker: new URL(`data:text/javascript,${hangs}`) });
    expect(await counter.count('gpt-4o', ['Hello!'])).to.eql({ tokens: 2, ...BY_LENGTH });
    expect(counter.isAwake).to.equal(false);
    expect(warned.map(([, facts]) => facts)).to.eql([{ what: 'timeout' }]);
    expect(await counter.count('gpt-4o', ['And you?'])).to.eql({ tokens: 2, ...BY_LENGTH });
  });

  it('answers by length what waits when it is closed, and all that comes then', async () => {
    open();
    const asked = [counter.count('gpt-4o', ['Hello!']), counter.count('gpt-4o', ['Hello!'])];
    await counter.close();
    expect(await Promise.all(asked)).to.eql([
      { tokens: 2, ...BY_LENGTH },
      { tokens: 2, ...BY_LENGTH },
    ]);
    expect(await counter.count('gpt-4o', ['Hello!'])).to.eql({ tokens: 2, ...BY_LENGTH });
    expect(counter.isAwake).to.equal(false);
  });
});

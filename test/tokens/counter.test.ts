import { expect } from 'chai';

import { type CounterOptions, TokenCounter } from '../../src/tokens/counter.ts';
import { until } from '../support/until.ts';

const BY_LENGTH = { hasUnseen: false, source: 'estimated', confidence: 'low' };
const COUNTED = { hasUnseen: false, source: 'counted', confidence: 'high' };
/** By length, of a text of so many bytes. */
const measured = (tokens: number, most: number) => ({ tokens, most, ...BY_LENGTH });
const counted = (tokens: number, most = tokens) => ({ tokens, most, ...COUNTED });
/** Questions come together, and so may answers. */
const POST = `
  const each = (work) => port.on('message', (questions) => questions.forEach(work));
  const tell = (answer) => port.postMessage([answer]);`;
/** A thread that does as it is told, of whatever it is asked. */
const threadThat = (does: string): URL =>
  new URL(
    `data:text/javascript,import { parentPort as port } from 'node:worker_threads'; ${encodeURIComponent(POST + does)}`,
  );
const ANSWERS = "tell({ id, asked: { tokens: 1, most: 1, hasUnseen: false, source: 'counted', confidence: 'high' } });";
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
  /** One with a tokenizer, which takes a while to be loaded. */
  const shared = new TokenCounter({
    patience: 60_000,
    log: () => ({ warn: (message, facts) => void warned.push([message, facts]) }),
  });
  const use = (): TokenCounter => {
    warned = [];
    counter = shared;
    return counter;
  };
  afterEach(() => (counter === shared ? undefined : counter.close()));
  after(() => shared.close());

  it('counts texts and prompts, several at a time', async () => {
    use();
    const asked = [
      counter.count('gpt-4o', ['2 + 2', ' = 4']),
      counter.prompt('gpt-4o', jsonOf('Hello!')),
      counter.count('gpt-4', ['お誕生日おめでとう']),
    ];
    const counts = await Promise.all(asked);
    expect(counts).to.eql([counted(7), counted(9), counted(9)]);
    expect(warned).to.eql([]);
  });

  it('leaves the memory of a body to its owner', async () => {
    use();
    const shared = Buffer.concat([Buffer.from('before'), jsonOf('Hello!'), Buffer.from('after')]);
    const body = shared.subarray(6, shared.length - 5);
    expect(await counter.prompt('gpt-4o', body)).to.eql(counted(9));
    expect(body.toString()).to.equal(jsonOf('Hello!').toString());
  });

  it('starts its thread with the first question, and stops it when none has come for a while', async () => {
    open({ idle: 20, worker: threadThat(`each(({ id }) => { ${ANSWERS} });`) });
    expect(counter.isAwake).to.equal(false);
    expect(await counter.count('gpt-4o', ['', ''])).to.eql(counted(0));
    expect(counter.isAwake, 'nothing is counted quickly').to.equal(false);
    await counter.count('gpt-4o', ['Hello!']);
    await until('the thread has stopped', () => !counter.isAwake);
    expect(await counter.count('gpt-4o', ['Hello!']), 'it starts again').to.eql(counted(1));
  });

  it('measures what is too large, such as 33 MB of one letter', async () => {
    open();
    const { tokens, most, source } = await counter.prompt('gpt-4o', Buffer.alloc(33 * 1024 * 1024, 'a'));
    expect([tokens, most, source]).to.eql([8_650_752, 33 * 1024 * 1024, 'estimated']);
    const text = 'a'.repeat(5_000_000);
    expect(await counter.count('gpt-4o', [text])).to.eql(measured(1_250_000, 5_000_000));
    expect(counter.isAwake).to.equal(false);
  });

  it('counts what hurts a tokenizer, in pieces', async () => {
    use();
    const { tokens, source, confidence } = await counter.prompt('gpt-4o', jsonOf('a'.repeat(200_000)));
    expect([source, confidence]).to.eql(['estimated', 'medium']);
    expect(tokens).to.be.within(24_500, 25_500);
  });

  it('measures what comes while too much waits', async () => {
    open({ worker: threadThat(`each(({ id }) => { ${ANSWERS} });`) });
    const asked = Array.from({ length: 1100 }, () => counter.count('gpt-4o', ['Hello!']));
    const counts = await Promise.all(asked);
    expect(counts.filter(({ source }) => source === 'estimated')).to.have.length(1100 - 1024 - 64);
    const large = Array.from({ length: 19 }, () => counter.count('gpt-4o', ['word '.repeat(800_000)]));
    const confidences = (await Promise.all(large)).map(({ confidence }) => confidence);
    expect(
      confidences.filter((one) => one === 'high'),
      'one is counted, 16 wait',
    ).to.have.length(17);
  });

  it('asks the short ones first, and one long one at a time', async () => {
    const does = `
      const asked = [];
      each(({ id, asked: { texts } }) => {
        asked.push(texts[0].length);
        setTimeout(() => tell({ id, asked: { tokens: asked.length, most: asked.indexOf(texts[0].length) } }), 20);
      });`;
    open({ worker: threadThat(does) });
    const sizes = [200_000, 300_000, 100_000, 7, 5, 9, 8, 6, 4];
    const counts = await Promise.all(sizes.map((size) => counter.count(null, ['a'.repeat(size)])));
    const order = sizes.map((size, at) => [counts[at]!.most, size]).sort(([a = 0], [b = 0]) => a - b);
    // All short ones go at once; of the long ones the first, then the shortest of those that wait.
    expect(order.map(([, size]) => size)).to.eql([200_000, 7, 5, 9, 8, 6, 4, 100_000, 300_000]);
  });

  it('is ready before anybody asks, as long as it is kept warm', async () => {
    open({ idle: 1, worker: threadThat(`each(({ id }) => { ${ANSWERS} });`) });
    const cool = counter.warm();
    expect(counter.isAwake).to.equal(true);
    const also = counter.warm();
    expect(await counter.count('gpt-4o', ['Hello!'])).to.eql(counted(1));
    cool();
    cool();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(counter.isAwake, 'the other still wants it').to.equal(true);
    also();
    await until('the thread has stopped', () => !counter.isAwake);
  });

  it('is made ready again after its thread has died', async () => {
    const does = `each(({ id, asked }) => { if (asked.warm) { ${ANSWERS} } else throw Error('x'); });`;
    open({ rest: 20, worker: threadThat(does) });
    const cool = counter.warm();
    expect(await counter.count('gpt-4o', ['Hello!'])).to.eql(measured(2, 6));
    expect(counter.isAwake).to.equal(false);
    await until('another one has started', () => counter.isAwake);
    cool();
  });

  it('copies a large body bit by bit, and its pictures count by their heads', async () => {
    use();
    const pieces: number[] = [];
    const png = Buffer.alloc(3_000_000, 7);
    png.set(Buffer.from('89504e470d0a1a0a0000000d494844520000020000000200', 'hex'));
    const part = { type: 'image_url', image_url: { url: `data:image/png;base64,${png.toString('base64')}` } };
    const bytes = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: [part] }] }));
    const body = {
      length: bytes.length,
      slice: (start: number, end: number) => {
        pieces.push(end - start);
        return bytes.subarray(start, end);
      },
    };
    const { tokens } = await counter.prompt('gpt-4o', body);
    expect(tokens).to.equal(3 + 1 + 3 + 255);
    expect(pieces).to.eql([1_048_576, 1_048_576, 1_048_576, bytes.length - 3 * 1_048_576]);
  });

  it('measures what is no JSON, and says so without a word of it', async () => {
    use();
    expect(await counter.prompt('gpt-4o', Buffer.from('secret text'))).to.eql(measured(3, 27));
    expect(warned).to.eql([['tokens could not be counted and were estimated by length', { what: 'SyntaxError' }]]);
    expect(await counter.prompt('gpt-4o', jsonOf('Hello!')), 'it goes on').to.eql(counted(9));
  });

  it('outlives a thread that dies, and rests before it starts another', async () => {
    open({ worker: threadThat('each(({ asked }) => { throw Error(asked.texts[0]); });') });
    const counts = await Promise.all([counter.count('gpt-4o', ['Hello!']), counter.count('gpt-4o', ['And you?'])]);
    expect(counts).to.eql([measured(2, 6), measured(2, 8)]);
    expect(warned.map(([, facts]) => facts)).to.eql([{ what: 'Error' }]);
    expect(await counter.count('gpt-4o', ['Hello!'])).to.eql(measured(2, 6));
    expect(counter.isAwake).to.equal(false);
  });

  it('stops a thread that does not come back, and goes on with another', async () => {
    open({ patience: 300, worker: threadThat("port.on('message', () => { for (;;); });") });
    expect(await counter.count('gpt-4o', ['Hello!'])).to.eql(measured(2, 6));
    expect(counter.isAwake).to.equal(false);
    expect(warned.map(([, facts]) => facts)).to.eql([{ what: 'timeout' }]);
    expect(await counter.count('gpt-4o', ['And you?'])).to.eql(measured(2, 8));
  });

  it('answers by length what waits when it is closed, and all that comes then', async () => {
    open();
    const asked = [counter.count('gpt-4o', ['Hello!']), counter.count('gpt-4o', ['Hello!'])];
    await counter.close();
    expect(await Promise.all(asked)).to.eql([measured(2, 6), measured(2, 6)]);
    expect(await counter.count('gpt-4o', ['Hello!'])).to.eql(measured(2, 6));
    expect(counter.isAwake).to.equal(false);
  });
});

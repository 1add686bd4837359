import { expect } from 'chai';

import type { Exchange } from '../../src/pipeline/exchange.ts';
import { Pipeline, type Stage } from '../../src/pipeline/pipeline.ts';
import type { Verdict } from '../../src/pipeline/verdict.ts';
import { exchangeOf, responseOf } from './exchanges.ts';

type Act = (exchange: Exchange) => ReturnType<NonNullable<Stage['onRequest']>>;

/** Stages that write down what they meet and hear: `v a`, `^ a`, `. a`. */
function play(acts: Record<string, Act | null>, policy: Record<string, 'skip'> = {}) {
  const trace: string[] = [];
  const failed: string[] = [];
  const stages = Object.entries(acts).map(
    ([name, act]): Stage => ({
      name,
      when: null,
      onError: policy[name] ?? 'refuse',
      onRequest:
        act &&
        ((exchange) => {
          trace.push(`v ${name}`);
          exchange.onResponse(() => void trace.push(`^ ${name}`));
          exchange.onFinish(() => void trace.push(`. ${name}`));
          return act(exchange);
        }),
    }),
  );
  return { trace, failed, pipeline: new Pipeline(stages, (stage) => void failed.push(stage)), exchange: exchangeOf() };
}

const nothing: Act = () => undefined;
const later: Act = () => new Promise((done) => setImmediate(() => done(undefined)));

describe('Pipeline', () => {
  for (const [how, act] of [
    ['at once', nothing],
    ['with promises', later],
  ] as [string, Act][]) {
    it(`goes down the list with the request and up with the answer, ${how}`, async () => {
      const { trace, pipeline, exchange } = play({ a: act, b: act, c: act });
      expect(await pipeline.meet(exchange)).to.equal(undefined);
      expect(await pipeline.heard(exchange, responseOf())).to.equal(undefined);
      await pipeline.finish(exchange);
      expect(trace.join('  ')).to.equal('v a  v b  v c  ^ c  ^ b  ^ a  . c  . b  . a');
    });
  }

  it('makes no promise where no stage did', () => {
    const { pipeline, exchange } = play({ a: nothing, b: nothing });
    expect(pipeline.meet(exchange)).to.equal(undefined);
    expect(pipeline.heard(exchange, responseOf())).to.equal(undefined);
    expect(pipeline.finish(exchange)).to.equal(undefined);
  });

  for (const [kind, verdictOf] of [
    [
      'refuse',
      (exchange: Exchange) => exchange.refuse(402, 'budget_exceeded', 'No.', { headers: { 'retry-after': '1' } }),
    ],
    ['answer', (exchange: Exchange) => exchange.answer('{}')],
  ] as [string, (exchange: Exchange) => Verdict][]) {
    for (const wait of [false, true]) {
      it(`a verdict to ${kind}${wait ? ', given later,' : ''} keeps the exchange from who stands below`, async () => {
        const { trace, pipeline, exchange } = play({
          a: nothing,
          b: (met) => (wait ? Promise.resolve(verdictOf(met)) : verdictOf(met)),
          c: nothing,
        });
        const verdict = await pipeline.meet(exchange);
        expect(verdict?.kind).to.equal(kind);
        await pipeline.finish(exchange);
        expect(trace.join('  ')).to.equal('v a  v b  . b  . a');
      });
    }
  }

  it('the first verdict of a listener ends the round', async () => {
    const { trace, pipeline, exchange } = play({
      a: nothing,
      b: (met) => met.onResponse(() => met.retry('other', 'why')),
      c: nothing,
    });
    await pipeline.meet(exchange);
    expect(await pipeline.heard(exchange, responseOf())).to.deep.equal({
      kind: 'retry',
      provider: 'other',
      reason: 'why',
    });
    expect(trace.filter((line) => line.startsWith('^'))).to.deep.equal(['^ c']);
  });

  for (const [what, act] of [
    [
      'throws',
      () => {
        throw new Error('x');
      },
    ],
    ['rejects', () => Promise.reject(new Error('x'))],
  ] as [string, Act][]) {
    it(`a stage that ${what} refuses the exchange and is named`, async () => {
      const { trace, failed, pipeline, exchange } = play({ a: nothing, b: act, c: nothing });
      const verdict = await pipeline.meet(exchange);
      expect(verdict).to.include({ kind: 'refuse', status: 500, code: 'plugin_failed' });
      expect(failed).to.deep.equal(['b']);
      expect(trace.join(' ')).to.equal('v a v b');
    });

    it(`a stage that ${what} is gone past where it says so`, async () => {
      const { trace, failed, pipeline, exchange } = play({ a: nothing, b: act, c: nothing }, { b: 'skip' });
      expect(await pipeline.meet(exchange)).to.equal(undefined);
      expect(failed).to.deep.equal(['b']);
      expect(trace.join(' ')).to.equal('v a v b v c');
    });

    it(`a listener of the answer that ${what} refuses it, or is gone past`, async () => {
      for (const policy of [{}, { b: 'skip' }] as Record<string, 'skip'>[]) {
        const { trace, failed, pipeline, exchange } = play(
          { a: nothing, b: (met) => met.onResponse(() => act(met)), c: nothing },
          policy,
        );
        await pipeline.meet(exchange);
        const verdict = await pipeline.heard(exchange, responseOf());
        expect(verdict?.kind).to.equal(policy.b ? undefined : 'refuse');
        expect(failed).to.deep.equal(['b']);
        expect(trace.includes('^ a')).to.equal(policy.b === 'skip');
      }
    });

    it(`a listener of the end that ${what} keeps nobody else from hearing it, once`, async () => {
      const { trace, failed, pipeline, exchange } = play({
        a: nothing,
        b: (met) => met.onFinish(act.bind(null, met) as () => void),
        c: nothing,
      });
      await pipeline.meet(exchange);
      await pipeline.finish(exchange);
      expect(failed).to.deep.equal(['b']);
      expect(trace.filter((line) => line.startsWith('.'))).to.deep.equal(['. c', '. b', '. a']);
    });
  }

  it('a stage whose condition does not apply never meets the exchange; one whose condition throws has failed', async () => {
    const failed: string[] = [];
    const met: string[] = [];
    const stage = (name: string, when: Stage['when']): Stage => ({
      name,
      when,
      onError: 'skip',
      onRequest: () => void met.push(name),
    });
    const bad = (): boolean => {
      throw new Error('x');
    };
    const pipeline = new Pipeline(
      [stage('a', () => false), stage('b', bad), stage('c', () => true)],
      (name) => void failed.push(name),
    );
    await pipeline.meet(exchangeOf());
    expect({ met, failed }).to.deep.equal({ met: ['c'], failed: ['b'] });
  });

  it('stages without onRequest stand in nobody’s way', async () => {
    const { trace, pipeline, exchange } = play({ a: null, b: nothing });
    await pipeline.meet(exchange);
    expect(trace).to.deep.equal(['v b']);
  });
});

import { expect } from 'chai';

import { LearnedOutputs } from '../../../plugins/prediction/learned.ts';

describe('plugins/prediction/learned', () => {
  const fill = (learned: LearnedOutputs, values: readonly number[], key: string | null = 'ci', model = 'gpt-4o') => {
    for (const value of values) learned.add(key, 'openai.chat', model, value);
  };
  const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, at) => from + at);

  it('says nothing before 20 answers', () => {
    const learned = new LearnedOutputs();
    fill(learned, upTo(19));
    expect(learned.expect('ci', 'openai.chat', 'gpt-4o')).to.equal(null);
    fill(learned, [20]);
    expect(learned.expect('ci', 'openai.chat', 'gpt-4o')).to.eql({ half: 10, nine: 18 });
  });

  it('goes by the last 200, in whatever order they came', () => {
    const learned = new LearnedOutputs();
    fill(learned, upTo(150, 100_000));
    fill(learned, [...upTo(100).reverse(), ...upTo(100, 101)]);
    expect(learned.expect('ci', 'openai.chat', 'gpt-4o')).to.eql({ half: 100, nine: 180 });
    fill(learned, Array(200).fill(7));
    expect(learned.expect('ci', 'openai.chat', 'gpt-4o')).to.eql({ half: 7, nine: 7 });
  });

  it('takes what others had where the key is new, and keeps models and APIs apart', () => {
    const learned = new LearnedOutputs();
    fill(learned, upTo(100), 'one');
    fill(learned, Array(30).fill(5), 'two');
    expect(learned.expect('two', 'openai.chat', 'gpt-4o')).to.eql({ half: 5, nine: 5 });
    expect(learned.expect('three', 'openai.chat', 'gpt-4o')?.nine).to.equal(87);
    expect(learned.expect(null, 'openai.chat', 'gpt-4o')?.nine).to.equal(87);
    expect(learned.expect('one', 'openai.responses', 'gpt-4o')).to.equal(null);
    expect(learned.expect('one', 'openai.chat', 'gpt-4')).to.equal(null);
  });

  it('forgets what was not used for longest, and takes no nonsense', () => {
    const learned = new LearnedOutputs(4);
    fill(learned, upTo(30), 'k', 'old');
    fill(learned, upTo(30), 'k', 'used');
    fill(learned, [9], 'k', 'old');
    fill(learned, upTo(30), 'k', 'new');
    expect(learned.expect('k', 'openai.chat', 'used')).to.equal(null);
    expect(learned.expect('k', 'openai.chat', 'old')).to.not.equal(null);
    fill(learned, [Number.NaN, -1, Number.POSITIVE_INFINITY], 'k', 'new');
    expect(learned.expect('k', 'openai.chat', 'new')).to.eql({ half: 15, nine: 27 });
  });
});

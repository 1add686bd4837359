import { expect } from 'chai';
import { PriceGuesses, weigh } from '../../src/routing/price-guess.ts';
import { type Ask, ask, provider } from './asks.ts';

const weight = (said: Ask) => weigh(ask(said).exchange);
const openai = provider('openai');

describe('what a request would cost', () => {
  it('four bytes are a token, within a tenth', () => {
    for (const tokens of [100, 1000, 31_000, 200_000]) {
      const { input } = weight({ body: JSON.stringify({ text: 'x'.repeat(tokens * 4 - 11) }) });
      expect(input / tokens).to.be.within(0.9, 1.1);
    }
  });

  it('the answer is as long as it may be, in the words of every API, else 500 tokens', () => {
    expect(weight({}).output).to.be.closeTo(500, 50);
    for (const body of [
      { max_tokens: 4096 },
      { max_completion_tokens: 4096 },
      { max_output_tokens: 4096 },
      { generationConfig: { maxOutputTokens: 4096 } },
      { inferenceConfig: { maxTokens: 4096 } },
      { options: { num_predict: 4096 } },
    ])
      expect(weight({ body }).output, JSON.stringify(body)).to.equal(4096);
    for (const body of [{ max_tokens: null }, { max_tokens: -1 }, { max_tokens: '9' }, { generationConfig: [] }])
      expect(weight({ body }).output, JSON.stringify(body)).to.be.closeTo(500, 50);
    expect(weight({ body: '{"max_tokens":1e308}' }).output).to.be.closeTo(1_000_000, 100_000);
  });

  it('a price is asked for once for requests of about one size, model and minute', () => {
    const guesses = new PriceGuesses();
    const asked: string[] = [];
    const guess = (model: string, step = 1, startedAt = 0) => {
      const { exchange } = ask({
        cost: ({ requestModel, usage }) => {
          asked.push(`${requestModel} ${usage?.input_tokens}`);
          return { cost_usd: '0.00012345' } as never;
        },
      });
      const one = { ...exchange, terms: exchange.terms, startedAt } as typeof exchange;
      return guesses.of(openai, model, { input: step, output: 1, step }, one);
    };
    expect(guess('a').text).to.equal('0.000123');
    guess('a');
    guess('b');
    guess('a', 2);
    guess('a', 2);
    expect(asked).to.eql(['a 1', 'b 1', 'a 2']);
    guess('a', 2, 60_000);
    expect(asked).to.eql(['a 1', 'b 1', 'a 2', 'a 2']);
  });

  it('is told in few digits', () => {
    const told = (cost_usd: string | null) => {
      const { exchange } = ask({ cost: () => ({ cost_usd }) as never });
      return new PriceGuesses().of(openai, 'm', weigh(exchange), exchange).text;
    };
    expect(told('0')).to.equal('0');
    expect(told('0.0100000001')).to.equal('0.0100');
    expect(told('12.3456')).to.equal('12.34');
    expect(told('3')).to.equal('3');
    expect(told(null)).to.equal('unknown');
  });
});

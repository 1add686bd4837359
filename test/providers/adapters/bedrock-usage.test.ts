import { expect } from 'chai';

import {
  fillUsage,
  readConverseUsage,
  readCountHeaders,
  readMetrics,
} from '../../../providers/adapters/_bedrock-usage.ts';

/** A usage object as Converse says it, and what was found odd in it. */
function read(raw: Record<string, unknown> | null) {
  const notes: string[] = [];
  return { usage: readConverseUsage(raw, (note) => notes.push(note)), notes };
}

describe("Bedrock's usage", () => {
  it('counts what was cached beside the input, and is made inclusive', () => {
    const raw = {
      inputTokens: 25,
      outputTokens: 160,
      totalTokens: 7185,
      cacheReadInputTokens: 5000,
      cacheWriteInputTokens: 2000,
      cacheDetails: [
        { ttl: '1h', inputTokens: 1500 },
        { ttl: '5m', inputTokens: 500 },
      ],
    };
    expect(read(raw)).to.eql({
      usage: {
        input_tokens: 7025,
        output_tokens: 160,
        'cache_read.input_tokens': 5000,
        'cache_creation.input_tokens': 2000,
        'cache_creation.5m.input_tokens': 500,
        'cache_creation.1h.input_tokens': 1500,
      },
      notes: [],
    });
  });

  it('leaves out what was not said, and takes zero for a statement', () => {
    expect(read({ inputTokens: 3, outputTokens: 0, totalTokens: 3, cacheReadInputTokens: null })).to.eql({
      usage: { input_tokens: 3, output_tokens: 0 },
      notes: [],
    });
    for (const nothing of [null, {}, { totalTokens: 5 }, { cacheDetails: [] }]) {
      expect(read(nothing).usage).to.equal(null);
    }
  });

  it('knows the names that Nova gives the cache in its own bodies', () => {
    const raw = { inputTokens: 10, outputTokens: 1, cacheReadInputTokenCount: 4, cacheWriteInputTokenCount: 2 };
    expect(read(raw).usage).to.eql({
      input_tokens: 16,
      output_tokens: 1,
      'cache_read.input_tokens': 4,
      'cache_creation.input_tokens': 2,
    });
  });

  it('takes the sum of the split for cache writes that were not said in all', () => {
    const raw = { inputTokens: 1, outputTokens: 1, cacheDetails: [{ ttl: '5m', inputTokens: 7 }] };
    expect(read(raw).usage).to.include({ input_tokens: 8, 'cache_creation.input_tokens': 7 });
  });

  it('names what does not add up, and mends nothing', () => {
    const off = { inputTokens: 1, outputTokens: 2, totalTokens: 9 };
    expect(read(off)).to.eql({
      usage: { input_tokens: 1, output_tokens: 2 },
      notes: ['totalTokens is not input + cache + output'],
    });
    const split = { inputTokens: 1, cacheWriteInputTokens: 5, cacheDetails: [{ ttl: '1h', inputTokens: 3 }] };
    expect(read(split).notes).to.eql(['split of cache_creation does not add up']);
    const ttl = { inputTokens: 1, cacheWriteInputTokens: 5, cacheDetails: [{ ttl: '2h', inputTokens: 5 }] };
    expect(read(ttl).notes).to.eql(['cacheDetails has an unknown time to live']);
    expect(read({ inputTokens: -1, outputTokens: 2.5 })).to.eql({
      usage: null,
      notes: ['inputTokens is not a count', 'outputTokens is not a count'],
    });
  });

  it('is the same in the last chunk of a stream and in headers', () => {
    const usage = {
      input_tokens: 16731,
      output_tokens: 126,
      'cache_read.input_tokens': 14486,
      'cache_creation.input_tokens': 2238,
    };
    const metrics = {
      inputTokenCount: 7,
      outputTokenCount: 126,
      cacheReadInputTokenCount: 14486,
      cacheWriteInputTokenCount: 2238,
      invocationLatency: 4069,
      firstByteLatency: 1117,
    };
    expect(readMetrics(metrics, () => {})).to.eql(usage);
    const headers: Record<string, string> = {
      'x-amzn-bedrock-input-token-count': '7',
      'x-amzn-bedrock-output-token-count': '126',
      'x-amzn-bedrock-cache-read-input-token-count': '14486',
      'x-amzn-bedrock-cache-write-input-token-count': '2238',
    };
    expect(readCountHeaders((name) => headers[name])).to.eql(usage);
  });

  it('in headers is a number of digits or nothing', () => {
    for (const odd of [undefined, '', ' ', '-1', '1.5', '1e3', 'many', '1, 1', '9'.repeat(16)]) {
      expect(
        readCountHeaders(() => odd),
        String(odd),
      ).to.equal(null);
    }
  });

  it('fills what the vendor left out, and never adds to what it said', () => {
    const counted = { input_tokens: 9, output_tokens: 2, 'cache_read.input_tokens': 4 };
    expect(fillUsage(null, counted)).to.eql(counted);
    expect(fillUsage({ input_tokens: 5, output_tokens: 1 }, counted)).to.eql({ input_tokens: 5, output_tokens: 1 });
    expect(fillUsage({ input_tokens: 5 }, counted)).to.eql({ input_tokens: 5, output_tokens: 2 });
    expect(fillUsage({ output_tokens: 0 }, counted)).to.eql({ ...counted, output_tokens: 0 });
    expect(fillUsage({ input_tokens: 5 }, null)).to.eql({ input_tokens: 5 });
    expect(fillUsage(null, null)).to.equal(null);
  });
});

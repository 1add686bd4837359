import { expect } from 'chai';
import gemini from '../../../providers/adapters/gemini.ts';
import type { Reading } from '../../../src/adapter.ts';
import { type AnswerSketch, meterOf, read, readEveryWay } from '../../support/metering.ts';

const EVENTS = { api: 'gemini.streamGenerateContent' };
const ARRAY = { ...EVENTS, contentType: 'application/json' };
const JSON_ANSWER = { api: 'gemini.generateContent', contentType: 'application/json', streamAsked: false };

const ids = { modelVersion: 'gemini-2.5-flash', responseId: 'r-1' };
const text = (words: string, more: object = {}) => ({ parts: [{ text: words, ...more }], role: 'model' });
const candidate = (content: object | undefined, more: object = {}) => ({ content, index: 0, ...more });
const usage = (candidates: number, more: object = {}) => ({
  promptTokenCount: 9,
  candidatesTokenCount: candidates,
  totalTokenCount: 9 + candidates,
  ...more,
});
const chunk = (content: object | undefined, tokens: number, more: object = {}) => ({
  candidates: [candidate(content, more)],
  usageMetadata: usage(tokens),
  ...ids,
});
const STOP = { finishReason: 'STOP' };

const events = (...chunks: object[]) =>
  Buffer.from(chunks.map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`).join(''));
const array = (...chunks: object[]) =>
  Buffer.from(`[${chunks.map((one) => JSON.stringify(one, null, 2)).join('\n,\r\n')}\n]\n`);

/** As events and as an array: the same reading, but for the spelling of the usage. */
function streamed(...chunks: object[]): Reading {
  const asEvents = readEveryWay(gemini, EVENTS, events(...chunks));
  const asArray = readEveryWay(gemini, ARRAY, array(...chunks));
  const words = (raw: string | null): unknown => raw && JSON.parse(raw);
  expect({ ...asArray, rawUsage: words(asArray.rawUsage) }).to.deep.equal({
    ...asEvents,
    rawUsage: words(asEvents.rawUsage),
  });
  return asEvents;
}

const whole = (answer: object, sketch: AnswerSketch = JSON_ANSWER) =>
  readEveryWay(gemini, sketch, Buffer.from(JSON.stringify(answer)));

describe('GeminiReader', () => {
  describe('usage', () => {
    it('is what was said last, in JSON and in either stream', () => {
      const last = usage(8, { thoughtsTokenCount: 60, totalTokenCount: 77, serviceTier: 'standard' });
      const reading = streamed(
        {
          ...chunk(text('think', { thought: true }), 0),
          usageMetadata: { promptTokenCount: 9, thoughtsTokenCount: 20 },
        },
        chunk(text('Grö'), 3),
        { ...chunk(text('ße'), 8, STOP), usageMetadata: last },
      );
      const json = whole({ ...chunk(text('thinkGröße'), 8, STOP), usageMetadata: last });
      expect(reading).to.deep.equal(json);
      expect(json).to.deep.include({
        usage: { input_tokens: 9, output_tokens: 68, 'reasoning.output_tokens': 60 },
        usageStatus: 'final',
        model: 'gemini-2.5-flash',
        responseId: 'r-1',
        serviceTier: 'standard',
        stopReason: { raw: 'STOP', normalized: 'stop' },
        ending: 'complete',
        outputChars: 10,
        rawUsage: JSON.stringify(last),
        inconsistencies: [],
      });
    });

    it('is a state: null and silence overwrite nothing, zero does', () => {
      const { usage: read } = streamed(
        { ...chunk(text('a'), 3), usageMetadata: usage(3, { cachedContentTokenCount: 4, toolUsePromptTokenCount: 2 }) },
        { candidates: [candidate(text('b'))] },
        {
          ...chunk(text('c'), 5, STOP),
          usageMetadata: { candidatesTokenCount: 5, cachedContentTokenCount: null, totalTokenCount: 16 },
        },
      );
      expect(read).to.deep.equal({
        input_tokens: 11,
        output_tokens: 5,
        'cache_read.input_tokens': 4,
        'tool_use.input_tokens': 2,
      });
      expect(streamed(chunk(text('a'), 3), { ...chunk(text('b'), 0, STOP) }).usage).to.include({ output_tokens: 0 });
    });

    it('may come behind the finish reason, with candidates or without', () => {
      const late = streamed(
        chunk(text('a'), 1),
        { candidates: [candidate(undefined, STOP)] },
        { usageMetadata: usage(7) },
      );
      expect(late).to.deep.include({
        usage: { input_tokens: 9, output_tokens: 7 },
        usageStatus: 'final',
        ending: 'complete',
      });
    });

    it('is partial until every candidate has finished, and missing where no number came', () => {
      expect(streamed(chunk(text('a'), 1), chunk(text('b'), 2))).to.include({
        usageStatus: 'partial',
        ending: 'truncated',
      });
      const silent = streamed({
        candidates: [candidate(text('a'), STOP)],
        usageMetadata: { trafficType: 'ON_DEMAND' },
      });
      expect(silent).to.include({ usage: null, usageStatus: 'missing', ending: 'complete', serviceTier: 'standard' });
    });

    it('is final behind a finish, even where the transport breaks or the array stays open', () => {
      const chunks = [chunk(text('a'), 1), chunk(text('b'), 2, STOP)];
      const broken = readEveryWay(gemini, { ...EVENTS, whole: false }, events(...chunks));
      expect(broken).to.include({ usageStatus: 'final', ending: 'complete' });
      const open = readEveryWay(gemini, ARRAY, Buffer.from(String(array(...chunks)).replace(/\]\s*$/, '')));
      expect(open).to.include({ usageStatus: 'final', ending: 'truncated' });
    });

    it('is not found in what the model says', () => {
      const decoy = JSON.stringify({ usageMetadata: usage(1), finishReason: 'STOP', error: { code: 1 } });
      const call = { parts: [{ functionCall: { name: 'f', args: JSON.parse(decoy) } }], role: 'model' };
      for (const content of [text(decoy), call]) {
        const reading = streamed(chunk(content, 30), { candidates: [candidate(text(''))] });
        expect(reading).to.deep.include({
          usage: { input_tokens: 9, output_tokens: 30 },
          stopReason: null,
          error: null,
        });
        expect(reading.ending).to.equal('truncated');
      }
    });

    it('takes the tier of the header where the body has none', () => {
      const headers = { 'x-gemini-service-tier': 'priority' };
      expect(whole(chunk(text('a'), 1, STOP), { ...JSON_ANSWER, headers }).serviceTier).to.equal('priority');
      const traffic = { ...chunk(text('a'), 1, STOP), usageMetadata: usage(1, { trafficType: 'ON_DEMAND_FLEX' }) };
      expect(whole(traffic, { ...JSON_ANSWER, headers }).serviceTier).to.equal('flex');
    });
  });

  describe('the end', () => {
    for (const [raw, normalized] of [
      ['STOP', 'stop'],
      ['MAX_TOKENS', 'length'],
      ['CONTINUATION', 'length'],
      ['SAFETY', 'content_filter'],
      ['RECITATION', 'content_filter'],
      ['BLOCKLIST', 'content_filter'],
      ['PROHIBITED_CONTENT', 'content_filter'],
      ['SPII', 'content_filter'],
      ['LANGUAGE', 'content_filter'],
      ['IMAGE_SAFETY', 'content_filter'],
      ['IMAGE_OTHER', 'content_filter'],
      ['MALFORMED_FUNCTION_CALL', 'error'],
      ['MALFORMED_RESPONSE', 'error'],
      ['UNEXPECTED_TOOL_CALL', 'error'],
      ['TOO_MANY_TOOL_CALLS', 'error'],
      ['NO_IMAGE', 'error'],
      ['OTHER', 'error'],
      ['SOMETHING_NEW', null],
    ] as const) {
      it(`for ${raw} is ${normalized}`, () => {
        const reading = streamed(chunk(text('a'), 1), chunk(undefined, 1, { finishReason: raw }));
        expect([reading.stopReason, reading.ending]).to.deep.equal([{ raw, normalized }, 'complete']);
      });
    }

    it('is a tool call where a function was called, in whichever event', () => {
      const call = { parts: [{ functionCall: { name: 'f', args: { city: 'Köln' } } }], role: 'model' };
      const tools = { raw: 'STOP', normalized: 'tool_calls' };
      expect(whole(chunk(call, 5, STOP)).stopReason).to.deep.equal(tools);
      const reading = streamed(chunk(call, 5), chunk(text(''), 5, STOP));
      expect(reading.stopReason).to.deep.equal(tools);
      expect(reading.outputChars).to.equal('{"city":"Köln"}'.length);
      const cut = whole(chunk(call, 5, { finishReason: 'MAX_TOKENS' }));
      expect(cut.stopReason).to.deep.equal({ raw: 'MAX_TOKENS', normalized: 'length' });
    });

    it('of a blocked prompt is its block reason, without candidates', () => {
      const blocked = {
        promptFeedback: { blockReason: 'PROHIBITED_CONTENT', safetyRatings: [] },
        usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
        ...ids,
      };
      for (const reading of [whole(blocked), streamed(blocked)]) {
        expect(reading).to.deep.include({
          stopReason: { raw: 'PROHIBITED_CONTENT', normalized: 'content_filter' },
          usage: { input_tokens: 9, output_tokens: 0 },
          usageStatus: 'final',
          ending: 'complete',
        });
      }
    });

    it('is not reached by a reason that says nothing', () => {
      const open = chunk(text('a'), 1, { finishReason: 'FINISH_REASON_UNSPECIFIED' });
      const feedback = { promptFeedback: { blockReason: 'BLOCK_REASON_UNSPECIFIED' } };
      expect(streamed(open, feedback)).to.deep.include({
        stopReason: null,
        ending: 'truncated',
        usageStatus: 'partial',
      });
    });

    it('is reached by all candidates together; the reason is that of the first', () => {
      const second = (content: object, more: object = {}) => ({ candidates: [{ content, index: 1, ...more }] });
      const half = [
        { candidates: [candidate(text('a')), { content: text('b'), index: 1 }], usageMetadata: usage(2) },
        second(text('c'), { finishReason: 'MAX_TOKENS' }),
      ];
      expect(streamed(...half)).to.include({ ending: 'truncated', usageStatus: 'partial' });
      const full = streamed(...half, chunk(text('d'), 9, STOP));
      expect(full).to.deep.include({
        ending: 'complete',
        usageStatus: 'final',
        stopReason: { raw: 'STOP', normalized: 'stop' },
      });
      const trailing = streamed(...half, chunk(text('d'), 9, STOP), second({}), { candidates: [candidate({})] });
      expect(trailing).to.include({ ending: 'complete', usageStatus: 'final' });
    });
  });

  describe('an error', () => {
    const error = {
      error: {
        code: 503,
        message: 'secret',
        status: 'UNAVAILABLE',
        details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' }],
      },
    };
    const told = { type: 'UNAVAILABLE', code: '503', retryAfterS: 2 };

    it('is read as an event, as an element of the array, as JSON, and without `data:`', () => {
      const chunks = [chunk(text('a'), 1), error];
      const bare = Buffer.concat([events(chunk(text('a'), 1)), Buffer.from(JSON.stringify(error, null, 2))]);
      const listed = Buffer.concat([events(chunk(text('a'), 1)), Buffer.from(`data: [${JSON.stringify(error)}]\n\n`)]);
      const readings = [streamed(...chunks), readEveryWay(gemini, EVENTS, bare), readEveryWay(gemini, EVENTS, listed)];
      for (const reading of readings) {
        expect(reading).to.deep.include({ error: told, ending: 'error', usageStatus: 'partial' });
        expect(JSON.stringify(reading)).not.to.contain('secret');
      }
      for (const sketch of [JSON_ANSWER, ARRAY]) {
        expect(whole(error, sketch)).to.deep.include({ error: told, ending: 'error', usageStatus: 'not_applicable' });
      }
      expect(streamed(error)).to.deep.include({ error: told, ending: 'error', usageStatus: 'not_applicable' });
    });

    it('under its status is read in an array as well', () => {
      for (const answer of [error, [error]]) {
        const reading = whole(answer, { ...ARRAY, status: 503 });
        expect(reading).to.deep.include({ error: told, usage: null, usageStatus: 'not_applicable' });
      }
    });

    it('counts more than a finish before it', () => {
      expect(streamed(chunk(text('a'), 1, STOP), error).ending).to.equal('error');
    });

    it('is not what a comment says', () => {
      const comment = Buffer.from(`: ${JSON.stringify(error)}\n\n`);
      const reading = readEveryWay(gemini, EVENTS, Buffer.concat([comment, events(chunk(text('a'), 1, STOP))]));
      expect(reading).to.include({ error: null, ending: 'complete' });
    });
  });

  describe('content', () => {
    it('begins an answer; an empty text or a signature does not', () => {
      const started = (content: object) => {
        const meter = meterOf(gemini, EVENTS);
        meter.push(events({ candidates: [candidate(content)] }));
        return meter.started;
      };
      expect(started(text(''))).to.equal(false);
      expect(started(text('', { thoughtSignature: 'abc' }))).to.equal(false);
      expect(started({ role: 'model' })).to.equal(false);
      expect(started(text('a', { thought: true }))).to.equal(true);
      expect(started({ parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] })).to.equal(true);
      expect(started({ parts: [{ functionCall: { name: 'f' } }] })).to.equal(true);
      expect(started({ parts: [{ executableCode: { code: 'print(1)' } }] })).to.equal(true);
    });

    it('is kept as text, to be counted where the usage is missing', () => {
      const meter = meterOf(gemini, EVENTS);
      meter.push(events({ candidates: [candidate(text('Grö'))] }, { candidates: [candidate(text('ße 🦊'))] }));
      expect(meter.text.read()).to.equal('Größe 🦊');
      expect([meter.end(true).outputChars, meter.finishing]).to.deep.equal([7, false]);
    });

    const image = 'A'.repeat(1_600_000);
    const picture = {
      parts: [{ text: 'Look:' }, { inlineData: { mimeType: 'image/png', data: image } }],
      role: 'model',
    };

    it('of megabytes passes by, and its end and its usage are read all the same', () => {
      const large = chunk(picture, 1290, STOP);
      const pieces = (bytes: Buffer) =>
        Array.from({ length: Math.ceil(bytes.length / 65536) }, (_, i) => bytes.subarray(i * 65536, (i + 1) * 65536));
      for (const [sketch, bytes] of [
        [JSON_ANSWER, Buffer.from(JSON.stringify(large, null, 2))],
        [EVENTS, events(large)],
        [ARRAY, array(large)],
      ] as const) {
        for (const cut of [[bytes], pieces(bytes)]) {
          const reading = read(gemini, sketch, cut);
          expect(reading).to.deep.include({
            usage: { input_tokens: 9, output_tokens: 1290 },
            usageStatus: 'final',
            stopReason: { raw: 'STOP', normalized: 'stop' },
            ending: 'complete',
            model: 'gemini-2.5-flash',
            outputChars: 0,
            inconsistencies: ['the candidates are too large to be read'],
          });
        }
      }
    });

    it('of megabytes may end with a function call', () => {
      const parts = [...picture.parts, { functionCall: { name: 'f', args: { finishReason: 'SAFETY' } } }];
      const reading = read(gemini, JSON_ANSWER, [Buffer.from(JSON.stringify(chunk({ parts }, 9, STOP)))]);
      expect(reading.stopReason).to.deep.equal({ raw: 'STOP', normalized: 'tool_calls' });
    });

    it('survives odd shapes', () => {
      for (const odd of [
        { candidates: null },
        { candidates: [null, 3, {}] },
        { candidates: [{ content: { parts: 'x' }, finishReason: 3, index: 'x' }] },
        { candidates: [{ content: { parts: [null, { text: 3 }, { functionCall: 3 }] } }] },
        { usageMetadata: [] },
        { promptFeedback: 'x' },
      ]) {
        const reading = streamed(odd, chunk(text('a'), 1, STOP));
        expect(reading, JSON.stringify(odd)).to.deep.include({ ending: 'complete', inconsistencies: [] });
      }
    });
  });
});

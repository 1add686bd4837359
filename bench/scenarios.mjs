// What is measured. Sizes and pauses are those of the bars in bars.mjs.

/**
 * Each scenario: `mock` sets the upstream, `args` go to load.c, `chunks` is the number of
 * events that every stream must hold, `path` another than chat completions, `beside` a second
 * load at the same time, which is not measured, `shown` the figures of the table.
 */
export function scenarios({ seconds, rate }) {
  const closed = ['-c', 64, '-d', seconds, '-w', 1];
  const slow = { stream: 0, bytes: 1024, ttfb_us: 20_000 };
  return {
    json1: {
      what: 'JSON closed loop, 64 connections, request 1 KB, answer 1 KB',
      mock: { stream: 0, bytes: 1024 },
      bytes: 1024,
      args: closed,
      shown: ['rps', 'cpu'],
    },
    json20: {
      what: 'JSON closed loop, 64 connections, request 20 KB, answer 10 KB',
      mock: { stream: 0, bytes: 10_240 },
      bytes: 20_480,
      args: closed,
      shown: ['rps', 'cpu'],
    },
    json200: {
      what: 'JSON closed loop, 64 connections, request 200 KB, answer 10 KB',
      mock: { stream: 0, bytes: 10_240 },
      bytes: 204_800,
      args: closed,
      shown: ['rps', 'cpu'],
    },
    lat: {
      what: `JSON open loop, ${rate}/s, request 20 KB, answer 1 KB, upstream takes 20 ms`,
      mock: slow,
      bytes: 20_480,
      args: ['-c', 256, '-r', rate, '-d', seconds + 2, '-w', 1],
      shown: ['cpu', 'addedP50', 'addedP99'],
    },
    sse: {
      what: '200 streams at once, 100 events 20 ms apart (10,000 events/s)',
      mock: { stream: 1, chunks: 100, delay_us: 20_000 },
      bytes: 20_480,
      chunks: 100,
      args: ['-c', 200, '-R', 2000, '-d', seconds + 3, '-w', 2, '-g', 6],
      shown: ['cpuEvent', 'addedTtfbP50', 'addedTtfbP99', 'evP50', 'evP99'],
    },
    sse640: {
      what: '640 streams at once, 128 new ones a second, 50 events 100 ms apart (6,400 events/s)',
      mock: { stream: 1, chunks: 50, delay_us: 100_000 },
      bytes: 1024,
      chunks: 50,
      args: ['-c', 640, '-R', 5000, '-d', seconds + 6, '-w', 5, '-g', 8],
      shown: ['cpuEvent', 'evP50', 'evP99', 'kbPerStream'],
    },
    burst: {
      what: 'SSE closed loop, 32 connections, 100 events without a pause (32 KB)',
      mock: { stream: 1, chunks: 100, delay_us: 0 },
      bytes: 1024,
      chunks: 100,
      args: ['-c', 32, '-d', seconds, '-w', 1],
      shown: ['rps', 'cpu'],
    },
    big: {
      what: 'Responses streams, 8 connections, 20 events and a last one of 1.5 MB',
      mock: { stream: 1, chunks: 20, delay_us: 0, tail: 1_500_000 },
      path: '/v1/responses',
      bytes: 1024,
      chunks: 20,
      args: ['-c', 8, '-d', seconds, '-w', 1],
      shown: ['rps', 'cpu'],
    },
    upload: {
      what: `JSON open loop, ${rate}/s, request 20 KB, beside request bodies of 20 MB, 20 a second`,
      mock: slow,
      bytes: 20_480,
      args: ['-c', 256, '-r', rate, '-d', seconds + 2, '-w', 1],
      beside: { bytes: 20_000_000, args: ['-c', 40, '-r', 20, '-d', seconds + 4, '-w', 0] },
      shown: ['cpu', 'addedP50', 'addedP99'],
    },
  };
}

export const NAMES = Object.keys(scenarios({ seconds: 1, rate: 1 }));
/** Streams open at once in `sse640`. */
export const OPEN_STREAMS = 640;

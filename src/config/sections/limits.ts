import { size, timeSpan } from './shapes.ts';

export const limitsSchema = {
  type: 'object',
  description:
    'Sizes such as 64KiB or 32MiB (a number is bytes) and times such as 250ms, 10s, 5m or 1h (a number is milliseconds).',
  additionalProperties: false,
  default: {},
  properties: {
    body: { ...size, default: '32MiB', description: 'Largest request body.' },
    headers: { ...size, default: '32KiB', description: 'Largest sum of request headers.' },
    connect: { ...timeSpan, default: '10s', description: 'Longest time to connect to a provider, TLS included.' },
    response_headers: { ...timeSpan, default: '10m', description: 'Longest wait for status and headers of an answer.' },
    first_token: { ...timeSpan, default: '5m', description: 'Longest wait for the first content of a stream.' },
    idle: { ...timeSpan, default: '2m', description: 'Longest silence between two chunks of an answer.' },
    total: { ...timeSpan, default: '30m', description: 'Longest time for one whole answer.' },
    keepalive: {
      ...timeSpan,
      minimum: 0,
      description:
        'After so long without a byte an event stream is sent the comment `: ping`, for hops that cut what is silent. 0 or without it: nothing is added to any answer.',
    },
    client_stall: {
      ...timeSpan,
      default: '60s',
      description: 'Longest time a client may take nothing while an answer waits.',
    },
    client_headers: { ...timeSpan, default: '10s', description: 'Longest time a client may take to send its headers.' },
    client_body: { ...timeSpan, default: '60s', description: 'Longest time a client may take to send its body.' },
    drain: { ...timeSpan, default: '120s', description: 'Longest time open answers are given when the gateway stops.' },
    concurrent: {
      type: 'integer',
      minimum: 1,
      description: 'Most exchanges at once; more are refused with 503 and retry-after. Without it: no limit.',
    },
  },
} as const;

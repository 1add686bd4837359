import { definePlugin, type Exchange, type ExchangeResponse } from '../src/plugin.ts';
import { mayBeShort, putActual, sayBehind, within } from './prediction/actual.ts';
import { answerEstimate, ESTIMATE } from './prediction/estimate.ts';
import { foretold, type HeaderNames, headerNames } from './prediction/headers.ts';
import { Memory } from './prediction/memory.ts';
import { type Means, Outlook } from './prediction/outlook.ts';
import { pageOf } from './prediction/page.ts';

/**
 * Says what a request will cost before it runs, and how often it was right.
 *
 * Input is counted with the model's own tokenizer, in a thread of its own while the request is
 * already under way. Output is what such requests have really had; at first, a documented
 * rule. It stands in the headers of each answer, in its row, and on /dashboard/predictions
 * against what it came to. `POST /api/v1/estimate` prices a request without sending it.
 *
 * @example
 *   - plugin: prediction
 *     on_error: skip     # a request may run without a prediction
 */
export default definePlugin({
  summary: 'Says what a request will cost before it runs, and how often it was right.',
  options: {
    header_prefix: {
      type: 'string',
      pattern: '^[A-Za-z][A-Za-z0-9-]{0,62}[A-Za-z0-9]$',
      default: 'x-tokencap',
      description: 'What the names of its headers begin with.',
    },
    actual_cost: {
      type: 'boolean',
      default: true,
      description:
        'Puts what it really cost into the headers, too. Short answers in JSON that are no stream: they leave when they are whole.',
    },
    count_tokens: {
      type: 'boolean',
      default: true,
      description: 'Count with a tokenizer: it takes 80 MB while it runs. False: by length, and low confidence.',
    },
    unknown_max_output: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000_000,
      default: 32_768,
      description: 'The most that a model writes of which nobody has said it, tokens.',
    },
    unknown_context_window: {
      type: 'integer',
      minimum: 1,
      maximum: 100_000_000,
      default: 200_000,
      description: 'The most that such a model takes, tokens: where a request has pictures, or a history elsewhere.',
    },
  },
  requires: { usage: 'below' },
  setup: async (lent) => {
    const { options } = lent;
    const names = headerNames(options.header_prefix);
    const memory = lent.shared('memory', () => new Memory());
    await memory.warm(lent);
    const means: Means = {
      tokens: lent.tokens,
      memory,
      counts: options.count_tokens,
      unknownMaxOutput: options.unknown_max_output,
      unknownContextWindow: options.unknown_context_window,
    };
    const letSleep = options.count_tokens ? lent.tokens.warm() : () => {};
    return {
      close: letSleep,
      onRequest(exchange) {
        if (exchange.bills) foresee(exchange, means, memory, { names, actual: options.actual_cost });
        else exchange.setHeader(names.id, exchange.id);
      },
      routes(router) {
        router.post(ESTIMATE, (ctx) => answerEstimate(ctx, lent, means));
      },
      reports: [ESTIMATE],
      pages: [
        {
          name: 'predictions',
          title: 'Predictions',
          live: true,
          data: (question) => pageOf(lent.records, question),
        },
      ],
    };
  },
});

/** What an instance was told. */
interface Telling {
  readonly names: HeaderNames;
  /** What it really cost, too. */
  readonly actual: boolean;
}

function foresee(exchange: Exchange, means: Means, memory: Memory, telling: Telling): void {
  const outlook = new Outlook(exchange, means);
  exchange.state.foresight = outlook;
  exchange.setHeadersLate(() => ({ [telling.names.id]: exchange.id, ...foretold(telling.names, outlook.tell()) }));
  // Once the request has left: then its prompt is what it will be, and nothing waits for the copy that is counted.
  queueMicrotask(() => outlook.begin());
  exchange.onResponse((response) => {
    const isShort = telling.actual && mayBeShort(exchange, response);
    if (isShort || !outlook.isReady) return hold(exchange, response, { outlook, memory, telling, isShort });
    if (telling.actual) sayBehind(exchange, response, telling.names);
  });
  exchange.onFinish(() => memory.learn(exchange, outlook));
}

interface Holding {
  readonly outlook: Outlook;
  readonly memory: Memory;
  readonly telling: Telling;
  readonly isShort: boolean;
}

/** Lets an answer wait for the count of its prompt, and a short one for its own end. */
async function hold(exchange: Exchange, response: ExchangeResponse, holding: Holding): Promise<void> {
  const { outlook, memory, telling, isShort } = holding;
  const counted = outlook.isReady ? null : within(memory.patience, outlook.counted());
  const isTold = isShort && (await putActual(exchange, response, telling.names));
  await counted;
  if (telling.actual && !isTold) sayBehind(exchange, response, telling.names);
}

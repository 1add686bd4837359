import { definePlugin, type Exchange, type ExchangeResponse, type LateShare, Ledger } from '../src/plugin.ts';
import { lateId, lateRecord, type Told } from './late-usage/late-record.ts';
import { askerOf, OpenAnswers } from './late-usage/open-answers.ts';
import { Recent } from './shared/recent.ts';

/**
 * Bills what is generated after its request was answered: batches, and responses in the background.
 *
 * The usage of these is told when somebody asks for the result, and then each time again. It
 * becomes a row of its own, once: its id is made of the provider's. An OpenAI batch is
 * billed when it is seen to be over, by `GET /v1/batches/{id}` or by its output file; an
 * Anthropic batch by the download of its results, which has to be whole; a response when it
 * is fetched. The rows of the requests and of the polls stay as they are.
 *
 * @example
 *   - plugin: late-usage
 *     on_error: skip     # observers do not stand in the way
 */
export default definePlugin({
  summary: 'Bills what is generated after its request was answered: batches, and responses in the background.',
  requires: { usage: 'below', identity: 'below' },
  setup: ({ records, log, metrics }) => {
    const open = new OpenAnswers(records);
    const told = new Recent<true>(REMEMBERED);
    const bills = metrics.counter('bills', 'Bills that a later call told, by what they are for.', ['kind']);

    /** Writes the row, unless it is there. While the database does not answer, its unique ids keep it once. */
    async function settle(exchange: Exchange, reading: Told): Promise<void> {
      const { bill } = reading;
      const id = lateId(exchange, bill);
      if (told.has(id)) return;
      const asker = bill.kind === 'batch' ? askerOf(exchange) : await open.find(exchange, bill);
      if (asker === null || told.has(id)) return;
      told.set(id, true);
      const known = await records.has([id]).catch(() => NOTHING);
      if (known.has(id)) return;
      if (records.append(lateRecord(exchange, reading, asker))) bills.add(1, { kind: bill.kind });
      else told.delete(id);
    }

    return {
      onRequest(exchange) {
        let listener: Listener | null = null;
        open.expect(exchange);
        exchange.onResponse((response) => {
          listener = exchange.bills ? null : listen(exchange, response);
        });
        exchange.onFinish(() => {
          open.note(exchange);
          const reading = listener?.end(exchange.ending?.outcome === 'ok');
          if (!reading) return;
          return settle(exchange, reading).catch((error: unknown) => {
            log.warn('a late bill is not kept; the next call for it tells it again', { error: (error as Error).name });
          });
        });
      },
    };
  },
});

/** Bills that need not be looked up again. */
const REMEMBERED = 10_000;
const NOTHING: ReadonlySet<string> = new Set();

interface Listener {
  end(whole: boolean): Told | null;
}

/** Reads the answer beside its way, where the adapter says that it may tell a bill; null for all others. */
function listen(exchange: Exchange, response: ExchangeResponse): Listener | null {
  const { status, contentType } = response;
  const { request, dialect, api } = exchange;
  const ledger = new Ledger();
  let last: LateShare | null = null;
  const head = { api: api ?? '', method: request.method, path: request.path, status, contentType };
  const meter = dialect.late?.(
    { ...head, streamAsked: request.stream, model: request.model, header: (name) => response.header(name) },
    (share) => {
      // What nobody charges for, such as a refusal before the first word, is no part of the bill.
      if (share.reading.usageStatus === 'not_applicable') return;
      ledger.add(share.reading, costOf(exchange, share));
      last = share;
    },
  );
  if (!meter) return null;
  let well = true;
  response.tap((chunk) => {
    well = false;
    meter.push(chunk);
    well = true;
  });
  return {
    end: (whole) => {
      const bill = meter.end(whole && well);
      return bill && last && ledger.usage !== null ? { bill, ledger, last } : null;
    },
  };
}

function costOf({ provider, terms, startedAt }: Exchange, { reading, answers, at }: LateShare) {
  const { usage, parts, model, serviceTier, speed, geo, reportedCostUsd, paid } = reading;
  const input = usage?.input_tokens;
  return terms.cost({
    provider: provider?.name ?? '',
    free: (provider?.free ?? false) && !paid,
    requestModel: null,
    responseModel: model,
    usage,
    parts,
    promptTokens: input === undefined || answers === 1 ? undefined : Math.ceil(input / answers),
    serviceTier,
    speed,
    geo,
    at: at ?? new Date(startedAt),
    reportedCostUsd,
  });
}

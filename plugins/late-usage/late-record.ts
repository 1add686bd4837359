import type { Exchange, ExchangeRecord, LateBill, LateShare, Ledger, Outcome } from '../../src/plugin.ts';
import { BLANK, putCost } from '../shared/blank-record.ts';
import { recordId } from '../shared/record-id.ts';
import type { Asker } from './open-answers.ts';

/** What was read of a bill. */
export interface Told {
  bill: LateBill;
  ledger: Ledger;
  /** The last share; the only one of a response. */
  last: LateShare;
}

/** The id of a bill's record: the same however often, and through whichever gateway, it is told. */
export function lateId(exchange: Exchange, bill: LateBill): string {
  return recordId('late', exchange.provider?.name ?? '', bill.api, bill.id);
}

/** Makes the record of what was told late; who asked for it may have been another exchange. */
export function lateRecord(exchange: Exchange, { bill, ledger, last }: Told, asker: Asker): ExchangeRecord {
  const { requestModel, tenant, project, agent, key, user, session, environment, tags } = asker;
  const cost = ledger.total();
  const row = { ...BLANK, tenant, project, agent, key, user, session, environment, tags };
  row.id = lateId(exchange, bill);
  row.time = new Date(Math.min(bill.at?.getTime() ?? exchange.startedAt, Date.now())).toISOString();
  row.listener = exchange.listener.name;
  row.method = exchange.request.method;
  row.path = exchange.request.path;
  row.provider = exchange.provider?.name ?? null;
  row.api = bill.api;
  row.model = { request: requestModel, response: ledger.model, priced_as: cost.priced_as };
  row.status = exchange.response?.status ?? null;
  row.usage = ledger.usage;
  row.usage_status = 'final';
  row.usage_source = 'provider';
  putCost(row, cost);
  row.service_tier = last.reading.serviceTier;
  row.response_id = bill.responseId.slice(0, 256);
  row.attempts = [];
  row.rewritten_by = [];
  row.config_version = exchange.terms.configVersion;
  if (bill.kind === 'response') writeAnswer(row, last);
  return row;
}

/** How one answer ended; a batch has as many ends as requests. */
function writeAnswer(row: ExchangeRecord, { reading }: LateShare): void {
  const { error, ending, stopReason, rawUsage } = reading;
  const outcome: Outcome = ending === 'error' ? 'stream_error' : 'ok';
  row.stop_reason = stopReason;
  row.raw_usage = rawUsage;
  row.outcome = outcome;
  if (error !== null) row.error = { type: error.type, code: error.code, http_status: row.status, retry_after_s: null };
}

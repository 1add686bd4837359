import type { Cost, Exchange, ExchangeRecord } from '../../src/plugin.ts';

/**
 * A record of which nothing is known yet. Each row begins as a copy of it, which V8 makes
 * in one step; put together from parts with `...` an object of this size costs 24 KB.
 */
export const BLANK: ExchangeRecord = {
  id: '',
  time: '',
  tenant: null,
  project: null,
  agent: null,
  key: null,
  user: null,
  session: null,
  environment: null,
  tags: {},
  listener: '',
  turn: null,
  method: '',
  path: '',
  provider: null,
  api: null,
  model: { request: null, response: null, priced_as: null },
  stream: false,
  status: null,
  outcome: 'ok',
  stop_reason: null,
  error: null,
  usage: null,
  usage_status: 'not_applicable',
  usage_source: 'none',
  raw_usage: null,
  cost_usd: null,
  cost_source: null,
  unpriced: null,
  table_cost_usd: null,
  price: null,
  usage_by_model: null,
  service_tier: null,
  estimate: null,
  prediction: null,
  reserved_usd: null,
  upstream_request_id: null,
  response_id: null,
  attempts: [],
  route: null,
  redactions: null,
  receipt: null,
  duration_ms: null,
  time_to_first_token_ms: null,
  overhead_ms: null,
  request_bytes: null,
  response_bytes: null,
  prompt: null,
  tools_called: null,
  cache_break: null,
  rewritten_by: [],
  config_version: '',
};

/** Whose exchange a record is of. */
export type Caller = Pick<
  ExchangeRecord,
  'tenant' | 'project' | 'agent' | 'key' | 'user' | 'session' | 'environment' | 'tags'
>;

/** Writes the caller of an exchange into its record. */
export function putCaller(row: Caller, { state, principal }: Exchange): void {
  row.tenant = state.tenant ?? null;
  row.project = state.project ?? null;
  row.agent = state.agent ?? null;
  row.key = principal?.name ?? null;
  row.user = state.user ?? null;
  row.session = state.session ?? null;
  row.environment = state.environment ?? null;
  row.tags = state.tags ?? {};
}

/** Writes a cost into a record, but for the name of its price, which stands with the model. */
export function putCost(row: ExchangeRecord, cost: Omit<Cost, 'priced_as'>): void {
  row.cost_usd = cost.cost_usd;
  row.cost_source = cost.cost_source;
  row.unpriced = cost.unpriced;
  row.table_cost_usd = cost.table_cost_usd;
  row.price = cost.price;
  row.usage_by_model = cost.by_model;
}

/** The columns of `exchanges` that a row brings along, with the type the row's JSON is read as. */
export const COLUMNS = {
  id: 'text',
  time_ms: 'bigint',
  tenant: 'text',
  project: 'text',
  agent: 'text',
  key_name: 'text',
  user_name: 'text',
  session_id: 'text',
  environment: 'text',
  listener: 'text',
  method: 'text',
  path: 'text',
  provider: 'text',
  api: 'text',
  request_model: 'text',
  response_model: 'text',
  priced_as: 'text',
  stream: 'smallint',
  status: 'integer',
  outcome: 'text',
  stop_reason: 'text',
  stop_raw: 'text',
  error_type: 'text',
  error_code: 'text',
  usage_status: 'text',
  usage_source: 'text',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  cache_read_tokens: 'bigint',
  cache_write_tokens: 'bigint',
  reasoning_tokens: 'bigint',
  cost_pico: 'bigint',
  cost_source: 'text',
  unpriced: 'text',
  estimate_cost_pico: 'bigint',
  duration_ms: 'double precision',
  ttft_ms: 'double precision',
  request_bytes: 'bigint',
  response_bytes: 'bigint',
  system_chars: 'bigint',
  history_chars: 'bigint',
  tools_chars: 'bigint',
  config_version: 'text',
  charged_pico: 'bigint',
  charged_tokens: 'bigint',
  charged_requests: 'smallint',
  predicted_cost_pico: 'bigint',
  predicted_p90_pico: 'bigint',
  predicted_output: 'bigint',
  predicted_p90_output: 'bigint',
  predicted_confidence: 'text',
  relation: 'text',
  parent_session: 'text',
  tool_results: 'bigint',
  called: 'text',
  break_cause: 'text',
  break_part: 'text',
  break_tokens: 'bigint',
  break_pico: 'bigint',
  break_idle_s: 'double precision',
  redacted: 'text',
  tries: 'smallint',
  detail: 'text',
} as const;

export type ColumnName = keyof typeof COLUMNS;

/** What either driver gives for a column: SQLite gives numbers for big integers, Postgres strings. */
export type Cell = string | number | null;

/** One row of `exchanges` as it is read; money is read as text, so that no digit is lost. */
export type Columns = { [name in ColumnName | 'seq']: Cell } & { parts?: Cell };

const ALL = ['seq', ...Object.keys(COLUMNS)];

/** The list after `select` for whole rows of `exchanges`; a query may read their `parts` beside it. */
export const SELECT_ALL = ALL.map(selected).join(', ');
/** What a turn of a session shows. */
export const SELECT_TURN = ALL.filter((name) => !/^(charged|predicted)_/.test(name))
  .map(selected)
  .join(', ');
/** What lists read. */
export const SELECT_ENTRY = ALL.filter(
  (name) =>
    !/^(detail$|called$|relation$|parent_|tool_results$|redacted$|tries$|charged_|predicted_|break_)/.test(name),
)
  .map(selected)
  .join(', ');

/** Of whole rows: the parts of the prompt, which lie beside them; null where there are none, or none any more. */
export const SELECT_PARTS = '(select parts from exchange_parts where exchange_parts.seq = exchanges.seq) as parts';

function selected(name: string): string {
  return name.endsWith('_pico') ? `cast(${name} as text) as ${name}` : name;
}

/** Reads a number that a driver may give as text. */
export function numberOf(cell: Cell | undefined): number | null {
  return cell === null || cell === undefined ? null : Number(cell);
}

/** Reads a text. */
export function textOf(cell: Cell | undefined): string | null {
  return cell === null || cell === undefined ? null : String(cell);
}

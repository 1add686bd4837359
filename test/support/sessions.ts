/** Sessions to look at: rows as the store takes them, of agents in all states. */
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { recordOf } from '../store/records.ts';

const MINUTE = 60_000;

/** What one session is like. */
export interface Script {
  readonly id: string;
  readonly agent: string | null;
  readonly turns: number;
  /** Characters of its history at the end; it grows evenly. */
  readonly chars: number;
  /** Epoch milliseconds of its newest turn. */
  readonly end: number;
  /** Milliseconds from turn to turn. */
  readonly every?: number;
  readonly tenant?: string;
  /** Dollars of a turn; null: unknown. */
  readonly cost?: string | null;
  /** Of the tokens that the cache gave and took, which share was written. */
  readonly written?: number;
  readonly parent?: string;
  /** Changes the row of a turn, counted from 0. */
  change?(row: ExchangeRecord, turn: number): Partial<ExchangeRecord>;
}

/** The rows of a session, the oldest first. */
export function rowsOf(script: Script): ExchangeRecord[] {
  return Array.from({ length: script.turns }, (_, turn) => {
    const row = rowOf(script, turn);
    return { ...row, ...script.change?.(row, turn) };
  });
}

function rowOf(script: Script, turn: number): ExchangeRecord {
  const { id, agent, turns, end, every = MINUTE, tenant = null, cost = '0.0123', parent = null } = script;
  const history = Math.round((script.chars * (turn + 1)) / turns);
  const tokens = Math.round(history / 4) + 3000;
  const cached = turn === 0 ? 0 : tokens - 900;
  const written = Math.round(cached * (script.written ?? 0.03));
  return recordOf(
    {
      agent,
      tenant,
      session: { id, source: 'chain', confidence: 'medium' },
      turn: { relation: turn === 0 ? 'start' : 'next', parent: turn === 0 ? parent : null },
      usage: {
        input_tokens: tokens,
        output_tokens: 200 + ((turn * 37) % 400),
        'cache_read.input_tokens': cached - written,
        'cache_creation.input_tokens': turn === 0 ? tokens : written,
      },
      cost_usd: cost,
      ...(cost === null && {
        cost_source: null,
        price: null,
        unpriced: { reason: 'no_price' as const, missing: null },
      }),
      duration_ms: 900 + ((turn * 131) % 2400),
      prompt: promptOf(history, turn),
      tools_called: turn % 3 === 1 ? { read_file: 1, search: 1 + (turn % 2) } : null,
    },
    end - (turns - 1 - turn) * every,
  );
}

function promptOf(history: number, turn: number): ExchangeRecord['prompt'] {
  const parts = [
    { kind: 'tool', name: 'read_file', chars: 2400 },
    { kind: 'tool', name: 'search', chars: 1800 },
    { kind: 'system', name: '', chars: 5200 },
    { kind: 'file', name: 'AGENTS.md', chars: 3100 },
    { kind: 'history', name: 'assistant', chars: Math.round(history * 0.3) },
    { kind: 'history', name: 'tool_results', chars: Math.round(history * 0.6) },
    { kind: 'new', name: 'user', chars: 420 },
  ] as const;
  return {
    system_chars: 8300,
    history_chars: history,
    tools_chars: 4200,
    messages: 2 * turn + 1,
    user_messages: turn + 1,
    assistant_messages: turn,
    tools: 2,
    tool_results: Math.floor(turn / 3),
    images: 0,
    parts: parts.map((part, at) => ({
      ...part,
      hash: (at + 10).toString(16).padStart(12, '0'),
      pieces: 1,
      tokens: Math.round(part.chars / 4),
      cost_usd: (part.chars * 0.0000001).toFixed(12),
      read: part.kind === 'new' ? 0 : Math.round(part.chars / 4),
      write: 0,
      write_1h: 0,
      uncached: part.kind === 'new' ? Math.round(part.chars / 4) : 0,
    })),
  };
}

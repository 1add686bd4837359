/** What a turn leaves behind for the next one of its session. */
import type { CutPrompt, Exchange, Place, PriorTurn, SessionBook } from '../../src/plugin.ts';
import { remember, sharesOf } from '../../src/plugin.ts';
import { historyChars } from '../shared/history-chars.ts';

/** APIs without a prompt that anything goes on from. */
const NO_TALK = /embed|image|audio|speech|moderation|rerank/;
/** APIs whose requests may name an answer to go on from. */
const LINKED = 'openai.responses';

/** Finds the session of a request, sets it and its turn, and remembers how it ends. */
export function place(book: SessionBook, exchange: Exchange, cut: CutPrompt | null): void {
  const { state, principal } = exchange;
  const placed = book.place({
    tenant: state.tenant,
    key: principal?.name,
    agent: state.agent,
    user: state.user,
    named: state.session,
    parent: state.parentSession,
    cut,
    historyChars: () => historyChars(exchange.request),
    now: exchange.startedAt,
  });
  state.session = placed.session;
  state.turn = placed.turn;
  exchange.onFinish(() => finish(placed, exchange, cut));
}

/** Whether it is a turn of a conversation: something is generated, and from words. */
export const isTurn = ({ bills, api }: Exchange): boolean => bills && api !== null && !NO_TALK.test(api);

function finish(placed: Place, exchange: Exchange, cut: CutPrompt | null): void {
  const { ending, response, state } = exchange;
  const { reading } = state;
  const answered = ending?.outcome === 'ok' || ending?.outcome === 'cached';
  placed.finish({
    answered,
    outputChars: reading ? reading.outputChars : null,
    answerId: exchange.api === LINKED ? (reading?.responseId ?? null) : null,
    prior: response !== null && response.status < 400 && ending?.outcome !== 'cached' ? priorOf(exchange, cut) : null,
  });
}

/** What was asked, and what the provider counted of it; null where the prompt is not known. */
function priorOf(exchange: Exchange, cut: CutPrompt | null): PriorTurn | null {
  const { state, provider, targetModel, request } = exchange;
  const prompt = state.prompt ?? cut;
  if (prompt === null || !state.reading) return null;
  // Of several models' readings of one prompt nobody says which cache what came from.
  const usage = state.reading.parts === null ? state.reading.usage : null;
  return {
    at: Date.now(),
    prompt: remember(prompt),
    tokens: sharesOf(prompt, usage?.input_tokens),
    usage,
    provider: provider?.name ?? null,
    model: targetModel ?? request.model,
  };
}

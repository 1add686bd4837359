import { definePlugin, type Exchange } from '../src/plugin.ts';
import { newMemory, SessionDesk } from './session-files/desk.ts';
import { dirsOf } from './session-files/dirs.ts';
import { SessionManager } from './session-files/manager.ts';
import { addRoutes } from './session-files/routes.ts';

/**
 * Takes sessions away that have become too long, where agents keep them as files.
 *
 * An agent such as OpenClaw keeps each session as a `.jsonl` file beside a `sessions.json`. When a turn's history has as
 * many characters as the settings allow, the file of that session is deleted and its entry in the index dropped, so that
 * the agent begins anew; the turn itself passes as it is. Every few minutes the directories are looked at: what is too
 * long goes, and so do old leftovers and all but the newest sessions. Where the index is not understood, nothing is
 * deleted. Without `dirs` the plugin does nothing; it then takes those of the environment's `AGENT_SESSION_DIRS`.
 *
 * @example
 *   - plugin: session-files
 *     dirs: { coder: ~/.openclaw/agents/coder/sessions }
 */
export default definePlugin({
  summary: 'Takes sessions away that have become too long, where agents keep them as files.',
  options: {
    dirs: {
      type: 'object',
      additionalProperties: { type: 'string', minLength: 1, maxLength: 4096 },
      default: {},
      description:
        'Agent: the directory of its sessions. Relative ones start at the folder of gateway.yaml, `~` is your home.',
    },
    auto_reset: { type: 'boolean', default: true, description: 'Whether sessions that are too long go by themselves.' },
    cooldown: {
      type: 'string',
      format: 'time-span',
      default: '60s',
      description: 'Time between two sessions of one agent that go by themselves.',
    },
    clean: { type: 'boolean', default: true, description: 'Whether leftovers and old sessions are deleted.' },
    keep: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 5,
      description: 'Sessions of an agent that stay: the newest.',
    },
    spare: {
      type: 'string',
      format: 'time-span',
      default: '15m',
      description: 'Sessions that were written within this time stay in any case.',
    },
  },
  requires: {
    history: 'above',
    identity: 'above',
    sessions: 'above',
    settings: 'above',
    trim: 'above',
    usage: 'above',
  },
  setup: ({ options, folder, settings, audit, log, publish, shared, every }) => {
    const dirs = dirsOf(options.dirs, process.env.AGENT_SESSION_DIRS, folder, (message) => log.warn(message));
    const { auto_reset: resets, clean: cleans, keep, spare, cooldown } = options;
    const desk = new SessionDesk(dirs, { settings, audit, log, publish }, shared('memory', newMemory), cooldown);
    const manager = new SessionManager(desk, { resets, cleans, keep, spare }, { settings, log });
    if (dirs.size > 0) {
      every(MINUTE_MS, () => manager.check());
      void manager.greet();
    }
    return {
      onRequest(exchange) {
        const { agent } = exchange.state;
        if (!resets || agent === undefined || !dirs.has(agent)) return;
        if (historyOf(exchange) < settings.of(agent).sessionCharLimit) return;
        exchange.onFinish(() => {
          if (exchange.leftAt === null || desk.isCooling(agent)) return;
          const { session } = exchange.state;
          // Nobody waits for it, and it fails by itself.
          void desk.reset(agent, { cause: 'limit', session: session?.id, since: exchange.startedAt - spare });
        });
      },
      routes: (router) => addRoutes(router, desk),
      close: () => desk.idle(),
    };
  },
});

const MINUTE_MS = 60_000;
/** Beyond this nothing is measured: it would hold the loop. */
const MEASURED_BYTES = 4 * 1024 * 1024;

/** Characters of the history as the client sent it, as its row says them; of a very long request a part of them. */
function historyOf({ request, state, bills }: Exchange): number {
  const { bodyBytes } = request;
  if (!bills || bodyBytes === 0) return 0;
  // No character has more than four bytes.
  if (bodyBytes > MEASURED_BYTES) return Math.floor(bodyBytes / 4);
  const now = request.length('messages') ?? request.length('input') ?? request.length('contents') ?? 0;
  return now + (state.trimmed?.historyChars ?? 0);
}

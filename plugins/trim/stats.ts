/** `GET /api/filter-stats`: the predecessor's shape, and what was saved. */
import type Router from '@koa/router';
import type { Filters, RouteState, Settings } from '../../src/plugin.ts';
import { NONE, type Savings } from './saved.ts';

/** An agent that nothing names, as plugin identity says it unless told otherwise. */
const DEFAULT_AGENT = 'default';

export function addStats(router: Router, settings: Settings, savings: Savings): void {
  router.get('/api/filter-stats', (ctx) => {
    const { listener, principal } = ctx.state as RouteState;
    const asked = [ctx.query.agent].flat()[0];
    const agent = asked || (listener.agent ?? DEFAULT_AGENT);
    const all = savings.of(principal?.tenant);
    ctx.body = {
      ...rulesOf(settings.of(agent).filters, agent),
      saved: Object.hasOwn(all, agent) ? all[agent] : NONE,
      saved_by_agent: all,
      since: savings.since,
      tokens_are: 'estimated',
    };
  });
}

function rulesOf({ enabled, tools, system_prompt, history }: Filters, agent: string) {
  const named = tools.mode === 'allowlist' ? { kept: tools.allowlist } : { blocked: tools.blocklist };
  return {
    filters_enabled: enabled,
    agent,
    tools: tools.enabled ? { mode: tools.mode, ...named } : {},
    system_prompt: { enabled: system_prompt.enabled, mode: system_prompt.mode },
    history: {
      enabled: history.enabled,
      max_pairs: history.max_pairs,
      truncate_tool_results_chars: history.truncate_tool_results_chars,
    },
  };
}

import { definePlugin } from '../src/plugin.ts';
import { addSettingsApi, SettingsDesk } from './settings/api.ts';
import { addSettingsForms, PAGE, pageOf } from './settings/page.ts';
import { agentsSchema, charsSchema, filtersSchema, minutesSchema } from './settings/schema.ts';

/**
 * Sets limits of sessions and filters of requests while the gateway runs, for all and for each agent.
 *
 * How long a session may become, how often session files are looked at, what is taken out of requests: it is set on the
 * dashboard under Settings or by `POST /api/settings`, and null is "as for all". What was set is kept in the
 * database: it holds for the next request here, within a second in other processes, and after a restart, and the audit
 * has who changed what. The options here hold where nothing was set.
 *
 * @example
 *   - plugin: settings
 *     session_char_limit: 200000
 *     agents:
 *       coder: { session_char_limit: 400000 }
 */
export default definePlugin({
  summary: 'Sets limits of sessions and filters of requests while the gateway runs, for all and for each agent.',
  options: {
    session_char_limit: charsSchema,
    poll_interval_minutes: minutesSchema,
    agents: agentsSchema,
    filters: filtersSchema,
  },
  setup: ({ options, settings, records, audit, log, publish }) => {
    const desk = new SettingsDesk(settings, log);
    const parts = { desk, records, audit };
    const takeAway = settings.lay(options);
    const deaf = settings.onChange(() => publish('settings', null));
    return {
      routes(router) {
        addSettingsApi(router, desk);
        addSettingsForms(router, parts);
      },
      pages: [
        { name: PAGE, title: 'Settings', data: ({ principal, query }) => pageOf(parts, principal, query.get('told')) },
      ],
      close() {
        deaf();
        takeAway();
      },
    };
  },
});

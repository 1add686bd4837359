import { type ComponentSpec, type Components, definePlugin, type Lent, partsOf } from '../src/plugin.ts';
import { pageOf } from './prompts/page.ts';
import { addRoutes } from './prompts/routes.ts';
import { dollarsOf, runsOf } from './shared/prompt-prices.ts';

/**
 * Says what each part of a prompt costs: every tool, workspace file, the system and the history.
 *
 * The tokens that a provider counted are shared out by the lengths of the parts; what of them came from the
 * provider's cache, was written to it or neither, follows from their order. Dollars are exact: the parts sum to what
 * the input cost. It stands in each row, and on /dashboard/prompts by day and by turn. No text is kept.
 *
 * @example
 *   - plugin: prompts
 *     on_error: skip     # observers do not stand in the way
 *     components:        # what else to tell apart in system prompts
 *       - { name: policy, heading: Policy }
 *       - { name: examples, tag: examples }
 */
export default definePlugin({
  summary: 'Says what each part of a prompt costs: every tool, workspace file, the system and the history.',
  options: {
    components: {
      type: 'array',
      maxItems: 50,
      default: [],
      description:
        'Parts of system prompts to tell apart by names of your own: each has a `name`, and a Markdown `heading`, an XML `tag`, a regular expression as `pattern`, or `from` one text to another.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 64, description: 'What it is called on pages and in rows.' },
          heading: {
            type: 'string',
            minLength: 1,
            maxLength: 200,
            description: 'Up to the next heading of its level.',
          },
          tag: { type: 'string', minLength: 1, maxLength: 64, description: 'From `<tag ...>` to `</tag>`.' },
          pattern: {
            type: 'string',
            minLength: 1,
            maxLength: 512,
            description: 'A regular expression, as RE2 has them.',
          },
          from: { type: 'string', minLength: 1, maxLength: 1000, description: 'The text that it begins with.' },
          to: {
            type: 'string',
            minLength: 1,
            maxLength: 1000,
            description: 'The text that it ends with; else the end.',
          },
        },
      },
    },
  },
  requires: { history: 'above', identity: 'above', sessions: 'above', trim: 'above', usage: 'below' },
  setup: ({ options, prompts, records, log }) => {
    const components = read(prompts, options.components as readonly ComponentSpec[]);
    return {
      onRequest(exchange) {
        const cut = prompts.cut(exchange, components);
        if (cut === null) return;
        exchange.state.prompt = cut;
        exchange.onFinish(() => {
          exchange.state.parts = partsOf(cut, runsOf(exchange, cut), dollarsOf);
        });
      },
      routes(router) {
        addRoutes(router, records, log);
      },
      pages: [{ name: 'prompts', title: 'Prompts', live: true, data: (question) => pageOf(records, question) }],
    };
  },
});

/** Reads them all; one that cannot be read is named by its place in the list. */
function read(prompts: Lent['prompts'], specs: readonly ComponentSpec[]): Components {
  for (const [at, spec] of specs.entries()) {
    try {
      prompts.components([spec]);
    } catch (error) {
      throw new Error(`components[${at}]: ${(error as Error).message}`, { cause: error });
    }
  }
  return prompts.components(specs);
}

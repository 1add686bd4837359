import { definePlugin } from '../src/plugin.ts';

/**
 * Renames message roles for providers that do not know them.
 *
 * Only the words change, in the body's text; nothing happens where nobody configured it.
 *
 * @example
 *   - plugin: roles
 *     when: { provider: moonshot }
 *     rename: { developer: system }
 */
export default definePlugin({
  summary: 'Renames message roles for providers that do not know them.',
  options: {
    rename: {
      type: 'object',
      additionalProperties: { type: 'string', minLength: 1, maxLength: 64 },
      default: { developer: 'system' },
      description: 'Role as the client writes it: role as the provider knows it.',
    },
  },
  setup: ({ options: { rename } }) => {
    const words = Object.keys(rename).map((word) => JSON.stringify(word));
    return {
      onRequest(exchange) {
        const { request } = exchange;
        if (!words.some((word) => request.mentions(word))) return;
        const { bytes } = request;
        request.rename('messages', 'role', rename, 'roles');
        request.rename('input', 'role', rename, 'roles'); // the Responses API keeps its messages there
        if (request.bytes !== bytes) exchange.note('roles', 'renamed', rename);
      },
    };
  },
});

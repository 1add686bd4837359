import { definePlugin, type Exchange } from '../src/plugin.ts';

/**
 * Asks streams for their token counts, and hides the answer from clients that did not ask.
 *
 * OpenAI-style streams say what they used only when `stream_options.include_usage` is
 * true. The option is added to the body's text, where nothing else changes; the extra
 * event is taken out again for a client that did not want it. A server that refuses the
 * option is asked once more without it, and not bothered again.
 *
 * @example
 *   - include-usage
 */
export default definePlugin({
  summary: 'Asks streams for their token counts, and hides the answer from clients that did not ask.',
  setup: ({ log }) => {
    const refusing = new Set<string>();

    return {
      onRequest(exchange) {
        const { request, provider } = exchange;
        if (!isChat(exchange) || provider?.streamUsage !== 'ask' || refusing.has(provider.baseUrl)) return;
        if (!request.stream) return;
        const asked = request.member('stream_options');
        if (asked !== undefined && (typeof asked !== 'object' || Array.isArray(asked))) return;
        if ((asked as { include_usage?: unknown } | null | undefined)?.include_usage === true) return;
        request.set(['stream_options', 'include_usage'], true, 'include-usage');
        exchange.note('include-usage', 'added', { option: 'stream_options.include_usage' });

        let added = true;
        exchange.onResponse((response) => {
          if (!added) return;
          if (response.contentType === 'text/event-stream') response.mapEvents((event) => !isOnlyUsage(event.data));
          if (response.status !== 400 && response.status !== 422) return;
          return response.peek(64 * 1024).then((body) => {
            if (!body.includes('stream_options') && !body.includes('include_usage')) return;
            takeBack(exchange, asked);
            exchange.note('include-usage', 'taken_back', { provider: exchange.provider?.name ?? null });
            added = false;
            refusing.add(exchange.provider?.baseUrl ?? '');
            log.info('stream_options was refused; this provider is not sent it any more', {
              provider: exchange.provider?.name,
            });
            return exchange.retry(null, 'stream_options_refused');
          });
        });
      },
    };
  },
});

const isChat = ({ api }: Exchange): boolean => api === 'openai.chat' || api === 'openai.completions';

function takeBack({ request }: Exchange, asked: unknown): void {
  const by = 'include-usage';
  if (asked === undefined) request.remove(['stream_options'], by);
  else if (asked === null) request.set(['stream_options'], null, by);
  else if ('include_usage' in (asked as object))
    request.set(['stream_options', 'include_usage'], (asked as { include_usage: unknown }).include_usage, by);
  else request.remove(['stream_options', 'include_usage'], by);
}

/** The event that OpenAI adds: no choices and a usage object. Azure's filter results have no choices either, but no usage. */
function isOnlyUsage(data: Uint8Array | null): boolean {
  if (data === null) return false;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (!bytes.includes('"usage"')) return false;
  try {
    const event = JSON.parse(bytes.toString('utf8')) as { choices?: unknown; usage?: unknown };
    return (
      Array.isArray(event.choices) &&
      event.choices.length === 0 &&
      typeof event.usage === 'object' &&
      event.usage !== null
    );
  } catch {
    return false;
  }
}

import { definePlugin, type Exchange } from '../src/plugin.ts';
import { hashOf } from './receipts/hash.ts';

/**
 * Gives each request a receipt: hashes of its body as it came and as it left, and what was decided about it.
 *
 * Whoever still has the bytes can prove what was sent, and by whom it was changed: where nobody changed it, both
 * hashes are the same. The bodies themselves are not kept. A body that passes from socket to socket is not
 * read for this, and has no hash. The receipt is shown with the request, and by
 * `GET /api/v1/requests/{id}/receipt`.
 *
 * @example
 *   - plugin: receipts
 *     on_error: skip     # observers do not stand in the way
 */
export default definePlugin({
  summary: 'Gives each request a receipt: hashes of its body as it came and as it left, and what was decided about it.',
  requires: { history: 'above', identity: 'below' },
  needs: ['history'],
  setup: () => ({
    onRequest(exchange) {
      // When it is over nobody waits any more: not the client, and the row only for long bodies.
      exchange.onFinish(() => prove(exchange));
    },
  }),
});

function prove(exchange: Exchange): void | Promise<void> {
  const { request, leftAt, targetModel } = exchange;
  const came = request.raw;
  const receipt: NonNullable<Exchange['state']['receipt']> = { body_in: null, body_out: null };
  exchange.state.receipt = receipt;
  if (came === null || came.length === 0) return;
  const left = leftAt === null ? null : (request.outgoing(targetModel)?.bytes ?? null);
  const bodyIn = hashOf(came);
  const bodyOut = left === null ? null : left === came ? bodyIn : hashOf(left);
  if (typeof bodyIn === 'string' && (bodyOut === null || typeof bodyOut === 'string')) {
    receipt.body_in = bodyIn;
    receipt.body_out = bodyOut;
    return;
  }
  return Promise.all([bodyIn, bodyOut]).then(([one, two]) => {
    receipt.body_in = one;
    receipt.body_out = two;
  });
}

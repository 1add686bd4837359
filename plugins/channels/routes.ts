/** The API of channels and deliveries. */
import type Router from '@koa/router';
import { mend, type RouteState } from '../../src/plugin.ts';
import { type Context, refuse as refuseParameter, strangerIn } from '../shared/answer.ts';
import type { Fault } from '../shared/question.ts';
import type { DeliveryQuestion } from './book.ts';
import { STATES } from './delivery.ts';
import { type ChannelDesk, isOperator, type Refusal, type ShownDelivery } from './desk.ts';

const CHANNELS = '/api/v1/channels';
const USUAL = 50;
const MOST = 500;

export function addRoutes(router: Router, desk: ChannelDesk): void {
  router.get(CHANNELS, (ctx) => {
    if (!mayManage(ctx)) return refuseTenant(ctx);
    ctx.body = { channels: desk.channels(), left_out: desk.dropped };
  });
  router.get(`${CHANNELS}/deliveries`, (ctx) => list(ctx, desk));
  router.post(`${CHANNELS}/deliveries/:id/retry`, async (ctx) => {
    if (!mayManage(ctx)) return refuseTenant(ctx);
    answer(ctx, desk, await desk.retry(String(ctx.params.id), (ctx.state as RouteState).who));
  });
  router.post(`${CHANNELS}/:name/test`, async (ctx) => {
    if (!mayManage(ctx)) return refuseTenant(ctx);
    answer(ctx, desk, await desk.test(String(ctx.params.name), (ctx.state as RouteState).who));
  });
}

export const mayManage = (ctx: Context): boolean => isOperator((ctx.state as RouteState).principal);

function list(ctx: Context, desk: ChannelDesk): void {
  const question = questionOf(ctx);
  if ('rule' in question) refuseParameter(ctx, question);
  else ctx.body = { deliveries: desk.deliveries((ctx.state as RouteState).principal, question, question.limit) };
}

/** What deliveries are asked for; a misspelt parameter must not look like none. */
function questionOf(ctx: Context): Fault | (DeliveryQuestion & { readonly limit: number }) {
  const stranger = strangerIn(ctx, ['limit', 'channel', 'state']);
  if (stranger !== null) return stranger;
  const { limit = String(USUAL), channel, state } = ctx.query;
  if (Array.isArray(channel)) return { field: 'channel', rule: 'may be given once' };
  const known = STATES.find((one) => one === state);
  if (state !== undefined && known === undefined)
    return { field: 'state', rule: `must be one of ${STATES.join(', ')}` };
  const count = /^\d{1,3}$/.test(String(limit)) ? Number(limit) : 0;
  if (count < 1 || count > MOST) return { field: 'limit', rule: `must be a whole number from 1 to ${MOST}` };
  return { channel, state: known, limit: count };
}

function answer(ctx: Context, desk: ChannelDesk, outcome: ShownDelivery | Refusal): void {
  if (typeof outcome !== 'string') {
    ctx.body = { delivery: outcome };
    return;
  }
  const [status, code, message] = wordsOf(ctx, desk, outcome);
  ctx.status = status;
  ctx.body = { error: { code, message } };
}

function wordsOf(ctx: Context, desk: ChannelDesk, refusal: Refusal): [number, string, string] {
  const { name } = ctx.params;
  switch (refusal) {
    case 'unknown':
      return name === undefined
        ? [404, 'not_found', 'There is no delivery of this id; only the last 500 are kept.']
        : [404, 'not_found', `There is no channel of this name${mend(String(name), desk.names, 'channels')}`];
    case 'full':
      return [503, 'channels_full', 'Too many deliveries of this channel wait already. Come again when they are over.'];
    case 'sent':
      return [409, 'already_sent', 'This delivery has arrived; a test sends another one.'];
    case 'gone':
      return [409, 'no_channel', 'Its channel is not in gateway.yaml any more.'];
    case 'taken':
      return [409, 'under_way', 'It is being tried right now.'];
  }
}

function refuseTenant(ctx: Context): void {
  ctx.status = 403;
  ctx.body = {
    error: {
      code: 'forbidden',
      message: 'Channels are for keys of the whole gateway. This one is of a tenant or a project.',
    },
  };
}

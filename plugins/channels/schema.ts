/** Channels as gateway.yaml writes them. */
import { SEVERITIES } from '../shared/notice.ts';

export const TYPES = ['slack', 'discord', 'email', 'pagerduty', 'webhook'] as const;

export type ChannelType = (typeof TYPES)[number];

/** What a channel may hear of without a rule that names it. */
export const EVENTS = [
  'alert',
  'budget_exceeded',
  'budget_threshold',
  'session_reset',
  'session_limit',
  'model_unpriced',
  'config_refused',
  'pause',
  'cache_break',
  'delivery_failed',
] as const;

export const MOST_CHANNELS = 50;
const MOST_RECIPIENTS = 50;
const MOST_HEADERS = 20;
const LONGEST = 4096;
/** Bytes that a signature is worth something with. */
const LEAST_SECRET = 16;

const address = { type: 'string', minLength: 3, maxLength: 320 } as const;

export const channelSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['type'],
  properties: {
    type: { type: 'string', enum: TYPES, description: 'How it is spoken to.' },
    url: {
      type: 'string',
      minLength: 1,
      maxLength: LONGEST,
      writeOnly: true,
      description:
        'Where it is posted to, https. Of slack and discord the address of an incoming webhook, which is a secret; of webhook one of your own. Of pagerduty it may be left out.',
    },
    routing_key: {
      type: 'string',
      minLength: 1,
      maxLength: 256,
      writeOnly: true,
      description: 'Of pagerduty: the key of an integration of the Events API v2.',
    },
    secret: {
      type: 'string',
      minLength: LEAST_SECRET,
      maxLength: LONGEST,
      writeOnly: true,
      description:
        'Of webhook: what each one is signed with, HMAC-SHA256, as Standard Webhooks says. Behind whsec_ it is base64.',
    },
    headers: {
      type: 'object',
      maxProperties: MOST_HEADERS,
      additionalProperties: { type: 'string', maxLength: LONGEST, writeOnly: true },
      description: 'Of webhook: headers that go along, such as authorization.',
    },
    smtp: {
      type: 'string',
      minLength: 1,
      maxLength: LONGEST,
      writeOnly: true,
      description:
        'Of email: smtp://USER:PASSWORD@HOST:587 with STARTTLS, or smtps://USER:PASSWORD@HOST:465. What has a meaning in addresses is written %40.',
    },
    from: { ...address, description: 'Of email: the sender, name@example.com or Name <name@example.com>.' },
    to: {
      type: 'array',
      minItems: 1,
      maxItems: MOST_RECIPIENTS,
      uniqueItems: true,
      items: address,
      description: 'Of email: who gets it.',
    },
    events: {
      type: 'array',
      uniqueItems: true,
      default: [],
      items: { type: 'string', enum: EVENTS },
      description: 'What it hears of by itself. Alerts that name it in `notify` come in any case.',
    },
    min_severity: {
      type: 'string',
      enum: SEVERITIES,
      default: 'info',
      description: 'What is less serious does not go here, whoever names it.',
    },
    allow_private: {
      type: 'boolean',
      default: false,
      description:
        'Lets it lead to loopback and private networks, http too, for a server of your own. Addresses where clouds keep credentials stay closed.',
    },
    timeout: {
      type: ['string', 'number'],
      format: 'time-span',
      default: '5s',
      description: 'How long one try may take in all, 30s at most.',
    },
  },
} as const;

export const channelsSchema = {
  type: 'object',
  description: 'Where alerts and events are sent, by name.',
  maxProperties: MOST_CHANNELS,
  propertyNames: {
    pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$',
    patternErrorMessage: 'must be letters, digits, - _ .',
  },
  additionalProperties: channelSchema,
  default: {},
} as const;

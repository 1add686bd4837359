import { priceEntrySchema } from '../../metering/price-entry.ts';
import { name, text, timeSpan } from './shapes.ts';

const tokens = { type: 'integer', minimum: 1, maximum: 1_000_000_000 } as const;

/** Its price, and beside it what it takes and gives at most. */
const model = {
  ...priceEntrySchema,
  properties: {
    ...priceEntrySchema.properties,
    max_output: {
      ...tokens,
      description: 'The most tokens that one answer may have, reasoning included. Without it: as known of the model.',
    },
    context_window: {
      ...tokens,
      description: 'The most tokens that prompt and answer may have together. Without it: as known of the model.',
    },
  },
} as const;

const models = {
  type: ['object', 'array'],
  description:
    'Models it serves: a list of names, or a map from a name (or a pattern with `*`) to its price in US dollars per million tokens and its limits. A model found here is routed here.',
  maxItems: 5000,
  maxProperties: 5000,
  items: { type: 'string', minLength: 1, maxLength: 256 },
  additionalProperties: model,
} as const;

const timeouts = {
  type: 'object',
  description: 'Limits of this provider, instead of those under limits.',
  additionalProperties: false,
  properties: {
    connect: { ...timeSpan, description: 'Longest time to connect, TLS included.' },
    response_headers: { ...timeSpan, description: 'Longest wait for the status and headers of the answer.' },
    first_token: { ...timeSpan, description: 'Longest wait for the first content of a stream.' },
    idle: { ...timeSpan, description: 'Longest silence between two chunks of an answer.' },
    total: { ...timeSpan, description: 'Longest time for one whole answer.' },
    keepalive: {
      ...timeSpan,
      minimum: 0,
      description: 'After so long without a byte an event stream is sent a comment; 0: none.',
    },
  },
} as const;

const awsName = {
  type: 'string',
  pattern: '^[a-z0-9-]{1,64}$',
  patternErrorMessage: 'must be a name as AWS writes it, such as us-east-1',
} as const;
const awsSecret = { type: 'string', maxLength: 8192, writeOnly: true } as const;

const auth = {
  type: 'object',
  description: 'Where the key goes, or what requests are signed with. Without it: `authorization: Bearer <key>`.',
  additionalProperties: false,
  properties: {
    type: {
      type: 'string',
      enum: ['key', 'aws_sigv4'],
      description:
        'key: api_key is sent. aws_sigv4: where there is no api_key, requests are signed for AWS. Without it: key.',
    },
    header: {
      type: 'string',
      pattern: '^[A-Za-z0-9-]{1,64}$',
      patternErrorMessage: 'must be the name of a header, such as x-api-key',
      description: 'Name of the header, such as x-api-key.',
    },
    prefix: { type: 'string', maxLength: 64, description: 'Text before the key, such as `Bearer ` with its space.' },
    region: { ...awsName, description: 'AWS region to sign for: that of base_url. Needed with aws_sigv4.' },
    service: { ...awsName, description: 'AWS service to sign for. Without it: bedrock.' },
    access_key_id: { ...awsSecret, description: 'AWS access key id. Empty: requests are not signed.' },
    secret_access_key: { ...awsSecret, description: 'AWS secret access key. Empty: requests are not signed.' },
    session_token: { ...awsSecret, description: 'AWS session token, of temporary credentials.' },
  },
} as const;

/** A provider in gateway.yaml and in providers/*.yaml. No `default` here: an absent member must let the catalogue's show through. */
export const providerSchema = {
  type: 'object',
  description:
    'A company or an engine behind a base URL. Laid member by member over the entry of the same name in providers/.',
  additionalProperties: false,
  properties: {
    summary: { type: 'string', maxLength: 500, description: 'What it is, in one sentence.' },
    base_url: {
      ...text,
      description: 'Where it answers: http or https, a path is allowed, no query and no credentials.',
    },
    adapter: {
      type: ['string', 'array'],
      minLength: 1,
      minItems: 1,
      maxItems: 16,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      description: 'The wire format it speaks, or a list of them, the main one first. Without it: openai_chat.',
    },
    api_key: {
      type: 'string',
      maxLength: 4096,
      writeOnly: true,
      description: 'Key used when the client sends none of its own. Empty means none.',
    },
    api_keys: {
      type: 'array',
      description:
        'More keys: a session stays with one, and when a key is over its limit, or refused, the next is used.',
      maxItems: 100,
      items: {
        type: ['string', 'object'],
        maxLength: 4096,
        writeOnly: true,
        additionalProperties: false,
        required: ['name', 'key'],
        properties: {
          name: { ...name, description: 'What it is called in rows and on the dashboard.' },
          key: { type: 'string', maxLength: 4096, writeOnly: true, description: 'The key. Empty means none.' },
        },
      },
    },
    auth,
    headers: {
      type: 'object',
      description: 'Headers added to each request that does not have them.',
      maxProperties: 64,
      additionalProperties: { type: 'string', maxLength: 8192, writeOnly: true },
    },
    models,
    free: { type: 'boolean', description: 'Its answers cost nothing: a model of your own machine. Without it: false.' },
    prices: {
      ...name,
      description: 'Take the prices of this provider of the price table. Without it: of its own name.',
    },
    stream_usage: {
      type: 'string',
      enum: ['ask', 'never'],
      description: 'Whether a stream may be asked for its usage. Without it: ask.',
    },
    on_disconnect: {
      type: 'string',
      enum: ['cancel', 'drain'],
      description:
        'What happens to an answer whose client has left. Without it: as on_disconnect at the top level says.',
    },
    timeouts,
    ca_file: {
      ...text,
      description: 'PEM file of an extra certificate authority. Relative to the folder of gateway.yaml.',
    },
  },
} as const;

export const providersSchema = {
  type: 'object',
  description:
    'Providers by name, laid over the catalogue in providers/*.yaml. Their order decides when two list the same model.',
  maxProperties: 500,
  propertyNames: { pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', patternErrorMessage: name.patternErrorMessage },
  additionalProperties: providerSchema,
  default: {},
} as const;

export const pricingSchema = {
  type: 'object',
  description: 'Prices of your own, over those of the shipped table.',
  additionalProperties: false,
  default: {},
  properties: {
    models: {
      type: 'object',
      description: 'Prices in US dollars per million tokens, by model or by provider/model; `*` is allowed.',
      maxProperties: 5000,
      additionalProperties: priceEntrySchema,
      default: {},
    },
    files: {
      type: 'array',
      description: 'YAML files of the same shape as models, relative to the folder of gateway.yaml.',
      maxItems: 50,
      items: { type: 'string', minLength: 1, maxLength: 1024 },
      default: [],
    },
  },
} as const;

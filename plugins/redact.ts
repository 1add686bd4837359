import { definePlugin, type Exchange, type Page } from '../src/plugin.ts';
import { faultsIn } from './redact/check.ts';
import { Entry } from './redact/entries.ts';
import { KINDS } from './redact/kinds.ts';
import { pageOf } from './redact/page.ts';
import { Redactor } from './redact/redactor.ts';
import { addRoutes } from './redact/routes.ts';
import { KIND } from './redact/token.ts';

const NAMED = { type: 'object', propertyNames: { pattern: KIND.source, maxLength: 32 }, maxProperties: 50 } as const;

/**
 * Takes e-mail addresses, cards, keys and what you name out of prompts, and puts them back into answers.
 *
 * What is found in the texts of a request leaves as a token such as `<EMAIL_3f9a1c2b7d10>`; where the model
 * repeats the token, the client gets its own text again, in streams as well. The same value has the same token in
 * every request of a caller, so caches of prompts hold, and another one for other callers. What stands for what is
 * known while the exchange lasts, and stored nowhere. Numbers, ids and all that is not found keep every byte.
 * A request that cannot be looked at is refused, and so is one when the plugin fails.
 *
 * @example
 *   - plugin: redact
 *     when: { agent: support }
 *     find: [email, card, us_ssn, iban, api_key, phone]
 *     words: { customer: [ "Acme Corporation", "Jane Doe" ] }
 *     patterns: { ticket: "CASE-[0-9]{6}" }
 *     block: [api_key]           # those requests are refused instead
 */
export default definePlugin({
  summary: 'Takes e-mail addresses, cards, keys and what you name out of prompts, and puts them back into answers.',
  requires: { history: 'above', identity: 'above', sessions: 'below', usage: 'below' },
  options: {
    find: {
      type: 'array',
      items: { enum: KINDS },
      maxItems: KINDS.length,
      default: ['email', 'card', 'us_ssn', 'iban', 'api_key'],
      description:
        'What is looked for: email, card, us_ssn, iban, api_key, phone, ip. Phone numbers and addresses of machines are not unless named: dates, versions and numbers of parts look like them.',
    },
    words: {
      ...NAMED,
      additionalProperties: {
        type: 'array',
        minItems: 1,
        maxItems: 5000,
        items: { type: 'string', minLength: 2, maxLength: 200 },
      },
      default: {},
      description: 'Words and names of your own, by a name for the kind. Whole words only.',
    },
    ignore_case: {
      type: 'boolean',
      default: true,
      description: '`words` are found in capitals and small letters alike.',
    },
    patterns: {
      ...NAMED,
      additionalProperties: { type: 'string', minLength: 1 },
      default: {},
      description: 'Regular expressions of your own, in the words of RE2, by a name for the kind.',
    },
    private_ips: {
      type: 'boolean',
      default: false,
      description: '`ip` finds addresses of private networks, too.',
    },
    action: {
      enum: ['replace', 'block'],
      default: 'replace',
      description: 'replace: tokens leave instead. block: the request is refused.',
    },
    block: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      maxItems: 100,
      default: [],
      description: 'Kinds that refuse the request, whatever becomes of others.',
    },
    restore: { type: 'boolean', default: true, description: 'Answers get the originals in place of the tokens.' },
    unreadable: {
      enum: ['refuse', 'pass'],
      default: 'refuse',
      description: 'What becomes of bodies that are not one JSON object, such as uploads and forms.',
    },
  },
  check: (options) => faultsIn(options),
  setup: (lent) => {
    const redactor = new Redactor(lent);
    const entry = new Entry(lent.folder, lent.options);
    const page: Page = {
      name: 'redactions',
      title: 'Redactions',
      live: true,
      data: (question) => pageOf(lent.records, entry, question),
    };
    return {
      onRequest: (exchange: Exchange) => redactor.meet(exchange),
      routes: (router) => addRoutes(router, lent, entry),
      get pages() {
        return entry.isNewest ? [page] : [];
      },
      close: () => {
        redactor.close();
        entry.close();
      },
    };
  },
});

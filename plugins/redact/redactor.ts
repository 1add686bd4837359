import type { Exchange, Lent, Verdict } from '../../src/plugin.ts';
import { restoreIn } from './answer.ts';
import { BodyRedaction } from './body.ts';
import { Kinds, type Wishes } from './kinds.ts';
import { Salt } from './salt.ts';
import { TokenMaker } from './token.ts';
import { Vault } from './vault.ts';

/** The options of an entry, as they are known here. */
export interface RedactOptions extends Wishes {
  readonly action: 'replace' | 'block';
  readonly block: readonly string[];
  readonly restore: boolean;
  readonly unreadable: 'refuse' | 'pass';
}

/** Meets requests, and puts back what it took when their answers come. */
export class Redactor {
  readonly #options: RedactOptions;
  readonly #kinds: Kinds;
  readonly #salt: Salt;
  readonly #maker: TokenMaker;
  readonly #count: Counters;

  constructor({ options, documents, metrics }: Pick<Lent, 'documents' | 'metrics'> & { options: RedactOptions }) {
    this.#options = options;
    this.#kinds = new Kinds(options);
    this.#salt = new Salt(documents);
    this.#maker = new TokenMaker(() => this.#salt.bytes);
    this.#count = countersOf(metrics);
  }

  meet(exchange: Exchange): Verdict | undefined | Promise<Verdict | undefined> {
    // What cannot leave needs nothing taken out of it.
    if (exchange.unsendable) return undefined;
    if (exchange.request.bytes === null) return this.#meetUnread(exchange);
    const { state, principal } = exchange;
    const scope = { tenant: state.tenant ?? principal?.tenant, key: principal?.name, agent: state.agent };
    const vault = new Vault(this.#maker, scope);
    const redaction = new BodyRedaction(exchange.request.body!, this.#kinds, vault);
    const looked = redaction.run();
    if (looked instanceof Promise) return looked.then(() => this.#decide(exchange, redaction, vault));
    return this.#decide(exchange, redaction, vault);
  }

  close(): void {
    this.#salt.close();
  }

  #decide(exchange: Exchange, redaction: BodyRedaction, vault: Vault): Verdict | undefined {
    const { counts } = redaction;
    const kinds = Object.keys(counts);
    tell(exchange, counts);
    if (kinds.length === 0) return undefined;
    for (const kind of kinds) this.#count.found.add(counts[kind]!, { kind });
    const blocking = kinds.filter((kind) => this.#options.action === 'block' || this.#options.block.includes(kind));
    if (blocking.length > 0) return this.#refuse(exchange, blocking);
    exchange.request.rewrite(redaction.body(), 'redact');
    exchange.note('redact', 'replaced', counts);
    if (this.#options.restore) this.#restore(exchange, vault);
    return undefined;
  }

  #refuse(exchange: Exchange, kinds: readonly string[]): Verdict {
    for (const kind of kinds) this.#count.blocked.add(1, { kind });
    exchange.note('redact', 'blocked', { kinds: kinds.join(', ') });
    const message = `The request holds what must not leave (${kinds.join(', ')}), so it was not sent on. Take it out, and send it again.`;
    return exchange.refuse(400, 'redaction_blocked', message, { details: { kinds }, headers: NO_RETRY });
  }

  /** A body that is no JSON object may hold anything. */
  #meetUnread(exchange: Exchange): Verdict | undefined {
    const { request } = exchange;
    const length = request.header('content-length');
    const isEmpty = length === undefined ? request.header('transfer-encoding') === undefined : Number(length) === 0;
    if (isEmpty) return undefined;
    exchange.note('redact', this.#options.unreadable === 'pass' ? 'passed unread' : 'refused unread');
    this.#count.unread.add(1, { action: this.#options.unreadable });
    if (this.#options.unreadable === 'pass') return undefined;
    const message =
      'The body is not one JSON object, so nobody can tell what it holds, and it was not sent on. `unreadable: pass` of plugin redact lets it through.';
    return exchange.refuse(400, 'redaction_unreadable', message, { headers: NO_RETRY });
  }

  #restore(exchange: Exchange, vault: Vault): void {
    const { restored, left } = this.#count;
    let count = 0;
    exchange.onResponse((response) => {
      restoreIn(response, exchange.request, vault, {
        restored: () => {
          count++;
          restored.add(1);
        },
        left: (why) => {
          left.add(1, { why });
          exchange.note('redact', 'left', { why });
        },
      });
    });
    exchange.onFinish(() => {
      if (count > 0) exchange.note('redact', 'restored', { count });
    });
  }
}

const NO_RETRY = { 'x-should-retry': 'false' };

/** Tells rows and the client, together with what another entry has found before. */
function tell(exchange: Exchange, counts: Readonly<Record<string, number>>): void {
  const sums = { ...exchange.state.redactions };
  for (const [kind, count] of Object.entries(counts))
    sums[kind] = (Object.hasOwn(sums, kind) ? sums[kind]! : 0) + count;
  exchange.state.redactions = sums;
  const words = Object.entries(sums).map(([kind, count]) => `${kind}=${count}`);
  if (words.length > 0) exchange.setHeader('x-token-spy-redacted', words.join('; '));
}

type Counters = ReturnType<typeof countersOf>;

const countersOf = (metrics: Lent['metrics']) => ({
  found: metrics.counter('found', 'What was found in requests.', ['kind']),
  blocked: metrics.counter('blocked', 'Requests that were refused for what they hold.', ['kind']),
  restored: metrics.counter('restored', 'Tokens that became originals again in answers.'),
  left: metrics.counter('left', 'Answers that kept their tokens.', ['why']),
  unread: metrics.counter('unread', 'Requests with a body that is not one JSON object.', ['action']),
});

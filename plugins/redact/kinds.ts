/** What is looked for in requests, by the names that gateway.yaml has for it. */
import { API_KEY } from './api-key.ts';
import { CARD } from './card.ts';
import { EMAIL } from './email.ts';
import { IBAN } from './iban.ts';
import { ipRecogniser } from './ip.ts';
import { PatternRecogniser } from './patterns.ts';
import { PHONE } from './phone.ts';
import type { Recogniser } from './recogniser.ts';
import { MAY_BE, Suspicion } from './suspicion.ts';
import { US_SSN } from './us-ssn.ts';
import { wordRecogniser } from './words.ts';

export const KINDS = ['email', 'card', 'us_ssn', 'iban', 'api_key', 'phone', 'ip'] as const;
export type BuiltIn = (typeof KINDS)[number];

/** What a text must be suspected of before each is looked for in it. */
const SUSPECTED: Readonly<Record<BuiltIn, number>> = {
  email: MAY_BE.email,
  card: MAY_BE.card,
  us_ssn: MAY_BE.ssn,
  iban: MAY_BE.account,
  api_key: MAY_BE.key,
  phone: MAY_BE.phone,
  ip: MAY_BE.address,
};

export interface Wishes {
  readonly find: readonly BuiltIn[];
  readonly words: Readonly<Record<string, readonly string[]>>;
  readonly patterns: Readonly<Record<string, string>>;
  readonly ignore_case: boolean;
  readonly private_ips: boolean;
}

/** The recognisers of an entry, and which of them a text needs. */
export class Kinds {
  readonly #builtIn: readonly { recogniser: Recogniser; suspected: number }[];
  readonly #own: readonly Recogniser[];
  readonly #suspicion: Suspicion;

  constructor({ find, words, patterns, ignore_case, private_ips }: Wishes) {
    this.#builtIn = [...new Set(find)].map((kind) => ({
      recogniser: builtIn(kind, !private_ips),
      suspected: SUSPECTED[kind],
    }));
    this.#suspicion = new Suspicion(this.#builtIn.reduce((bits, { suspected }) => bits | suspected, 0));
    this.#own = [
      ...Object.entries(words).map(([name, list]) => wordRecogniser(name, list, ignore_case)),
      ...Object.entries(patterns).map(([name, pattern]) => new PatternRecogniser(name, pattern)),
    ];
  }

  /** Those that may find something in this string of JSON; often none. */
  suspects(bytes: Buffer, start: number, end: number): readonly Recogniser[] {
    const suspicion = this.#suspicion.of(bytes, start, end);
    if (suspicion === 0) return this.#own;
    const some = this.#builtIn.filter(({ suspected }) => (suspected & suspicion) !== 0);
    return [...this.#own, ...some.map(({ recogniser }) => recogniser)];
  }
}

function builtIn(kind: BuiltIn, leavePrivate: boolean): Recogniser {
  if (kind === 'ip') return ipRecogniser(leavePrivate);
  return { email: EMAIL, card: CARD, us_ssn: US_SSN, iban: IBAN, api_key: API_KEY, phone: PHONE }[kind];
}

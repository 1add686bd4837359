/** Redaction without a gateway: a body through it, and an answer back. */
import { BodyRedaction } from '../../plugins/redact/body.ts';
import { type BuiltIn, KINDS, Kinds, type Wishes } from '../../plugins/redact/kinds.ts';
import { TokenMaker } from '../../plugins/redact/token.ts';
import { Vault } from '../../plugins/redact/vault.ts';

const SALT = Buffer.alloc(32, 7);
export const SCOPE = { tenant: undefined, key: undefined, agent: 'support' };

export const vaultOf = (scope: ConstructorParameters<typeof Vault>[1] = SCOPE, salt = SALT): Vault =>
  new Vault(new TokenMaker(() => salt), scope);

export interface Redacted {
  /** What leaves. */
  readonly text: string;
  readonly json: unknown;
  readonly counts: Record<string, number>;
  readonly vault: Vault;
}

/** Redacts a body; an object is written as JSON. */
export async function redact(
  body: object | string,
  wishes: Partial<Wishes> = {},
  vault = vaultOf(),
): Promise<Redacted> {
  const kinds = new Kinds({
    find: KINDS.slice(0, 5) as BuiltIn[],
    words: {},
    patterns: {},
    ignore_case: true,
    private_ips: false,
    ...wishes,
  });
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const redaction = new BodyRedaction(bytes, kinds, vault);
  await redaction.run();
  const text = redaction.body().toString();
  return { text, json: parse(text), counts: redaction.counts, vault };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Numbers that are the same in each run: a generator of pseudorandom ones. */
export function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

import { randomBytes } from 'node:crypto';
import type { Documents } from '../../src/plugin.ts';

const ID = 'salt';
const BYTES = 32;
/** How long after a failure the database is asked again, milliseconds. */
const AGAIN_MS = 5000;

/**
 * The key of all tokens: without this database nobody can try values until one has a token that was seen. It is
 * made once, and then the same for all processes; what was stored last counts.
 */
export class Salt {
  readonly #documents: Documents;
  readonly #unfollow: () => void;
  #bytes: Buffer;
  #timer: NodeJS.Timeout | null = null;

  constructor(documents: Documents) {
    this.#documents = documents;
    const stored = this.#stored();
    this.#bytes = stored ?? randomBytes(BYTES);
    this.#unfollow = documents.onChange(() => {
      this.#bytes = this.#stored() ?? this.#bytes;
    });
    if (stored === null) this.#store();
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  close(): void {
    this.#unfollow();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #stored(): Buffer | null {
    const text = this.#documents.all().get(ID);
    const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : null;
    return bytes?.length === BYTES ? bytes : null;
  }

  /** Until the database takes it, it is in force here alone: tokens of before a restart are then none of after it. */
  #store(): void {
    this.#documents.put(ID, this.#bytes.toString('base64')).catch(() => {
      this.#timer = setTimeout(() => this.#stored() ?? this.#store(), AGAIN_MS).unref();
    });
  }
}

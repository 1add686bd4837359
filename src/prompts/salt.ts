import { randomBytes } from 'node:crypto';

import type { Documents } from '../accounts/documents.ts';

const ID = 'salt';
const BYTES = 32;
/** How long after a failure the database is asked again, milliseconds. */
const AGAIN_MS = 5000;

/**
 * What goes in front of every text before it is hashed, so that nobody can tell from a hash what was
 * said without this database. It is made once and then the same for all processes; what was stored last counts.
 */
export class Salt {
  readonly #documents: Documents;
  readonly #changed: (salt: Buffer) => void;
  #bytes: Buffer;

  /** @param changed is told each salt that another process has made, which takes the place of the one before */
  constructor(documents: Documents, changed: (salt: Buffer) => void) {
    this.#documents = documents;
    this.#changed = changed;
    const stored = this.#stored();
    this.#bytes = stored ?? randomBytes(BYTES);
    documents.onChange(() => this.#follow());
    if (stored === null) this.#store();
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  #stored(): Buffer | null {
    const text = this.#documents.all().get(ID);
    const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : null;
    return bytes?.length === BYTES ? bytes : null;
  }

  #follow(): void {
    const stored = this.#stored();
    if (stored === null || stored.equals(this.#bytes)) return;
    this.#bytes = stored;
    this.#changed(stored);
  }

  /** Until the database takes it, it is in force here alone: hashes of before a restart are then none of after it. */
  #store(): void {
    this.#documents.put(ID, this.#bytes.toString('base64')).catch(() => {
      setTimeout(() => this.#stored() ?? this.#store(), AGAIN_MS).unref();
    });
  }
}

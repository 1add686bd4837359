import type { FileHandle } from 'node:fs/promises';

/** One journal file. */
export interface Segment {
  readonly path: string;
  readonly file: FileHandle | null;
  bytes: number;
  /** Its rows that are not in the database yet. */
  pending: number;
  /** Nothing more is written to it. */
  full: boolean;
}

/** A finished row that is not in the database yet. */
export interface Waiting {
  /** The row as JSON: one line of the journal and one element of the insert. */
  readonly text: string;
  /** Monotonic milliseconds when it came. */
  readonly since: number;
  /** The journal file that holds it; null before it is on disk. */
  segment: Segment | null;
  stored: boolean;
}

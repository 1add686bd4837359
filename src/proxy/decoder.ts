/** Undoes a content encoding beside or on the way of the bytes. */
export interface Decoder {
  /** Returns false when the decoder lags behind: hold the source until `drained`. */
  push(chunk: Uint8Array): boolean;
  /** Goes on after `out` returned false. */
  resume(): void;
  /** Resolves when all that was pushed has come out; never rejects: `failed` tells. */
  end(): Promise<void>;
  readonly failed: boolean;
}

/** Takes decoded bytes. False holds the rest back until `resume`: a small body may unpack to a very large one. */
export type Out = (chunk: Uint8Array) => boolean;

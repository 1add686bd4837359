/** Anything that JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

/**
 * Small things that were set while the gateway ran, by API or on the dashboard: kept in the
 * database, the same for all processes. What gateway.yaml says is not in here.
 */
export interface Documents {
  /** As known here now, by id. */
  all(): ReadonlyMap<string, Json>;
  /** Resolves when it is stored; from then on it is in force here, and in other processes within a second. Rejects when the database does not answer. */
  put(id: string, body: Json): Promise<void>;
  /** The same for several, all of them or none; null takes one away. */
  putAll(bodies: ReadonlyMap<string, Json | null>): Promise<void>;
  /**
   * Stores it unless somebody has changed it, made it or deleted it since it was read here: of several processes that
   * try one gets true. False changes nothing. Rejects as `put` does.
   */
  putUnchanged(id: string, body: Json): Promise<boolean>;
  /** False: there was none. */
  delete(id: string): Promise<boolean>;
  /** Calls back after each change, wherever it was made; returns what ends that. */
  onChange(listener: () => void): () => void;
}

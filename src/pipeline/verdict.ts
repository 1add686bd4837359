/** Ends or repeats the trip. A union of kinds, never asked with instanceof: plugins come from another module graph. */
export type Verdict =
  | {
      kind: 'refuse';
      status: number;
      code: string;
      message: string;
      details?: Record<string, unknown>;
      headers?: Record<string, string>;
    }
  | { kind: 'answer'; status: number; headers: Record<string, string>; body: string | Uint8Array }
  | { kind: 'retry'; provider: string | null; reason: string };

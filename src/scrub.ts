/** Shapes of keys that nobody told us about. Bounded quantifiers and no nesting: linear on any text. */
const SHAPES: readonly [RegExp, string][] = [
  [/\b(sk|pk|rk|gsk|xai|ts|r8|hf|key|tspy)[-_][A-Za-z0-9_-]{12,256}/g, '$1-***'],
  [/\bAIza[0-9A-Za-z_-]{20,64}/g, 'AIza***'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,4096}/gi, '$1 ***'],
  [/([?&](?:key|api[-_]key|token|access_token)=)[^&\s"']{4,4096}/gi, '$1***'],
  [/:\/\/[^/\s:@"']{1,256}:[^/\s@"']{1,256}@/g, '://***:***@'],
];
const MIN_SECRET = 6;

/**
 * Takes keys out of text: those of the configuration in any spelling, and what looks like one.
 *
 * It stands at three gates: the log, error answers of providers, and rows.
 */
export class Scrubber {
  #spellings: string[] = [];

  /** Replaces the set of known secrets. Old ones stay known: an old configuration may still be finishing. */
  learn(secrets: Iterable<string>): void {
    const all = new Set(this.#spellings);
    for (const secret of secrets) {
      if (secret.length < MIN_SECRET) continue;
      all.add(secret);
      all.add(encodeURIComponent(secret));
      all.add(JSON.stringify(secret).slice(1, -1));
      const base64 = Buffer.from(secret).toString('base64');
      all.add(base64);
      all.add(base64.replace(/=+$/, ''));
      all.add(Buffer.from(secret).toString('base64url'));
    }
    this.#spellings = [...all].sort((a, b) => b.length - a.length);
  }

  /** Takes out the gateway's own secrets and nothing else: for text that is somebody's answer. */
  known(text: string): string {
    let out = text;
    for (const secret of this.#spellings) if (out.includes(secret)) out = out.replaceAll(secret, '***');
    return out;
  }

  /** Takes out known secrets and whatever has the shape of one. */
  text(text: string): string {
    let out = this.known(text);
    for (const [shape, mask] of SHAPES) out = out.replace(shape, mask);
    return out;
  }
}

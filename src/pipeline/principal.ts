/** Who called, as far as a gateway key tells. */
export interface Principal {
  readonly name: string;
  /** `proxy`: the key opens the proxy, not the dashboard and the API. */
  readonly access?: 'all' | 'proxy';
  readonly tenant?: string;
  readonly project?: string;
  readonly agent?: string;
  readonly user?: string;
  readonly environment?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

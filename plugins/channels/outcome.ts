/** How one try to deliver something ended. */
export type Outcome =
  | { readonly sent: true; readonly status: number | null }
  | {
      readonly sent: false;
      /** Of HTTP or SMTP; null: there was no answer. */
      readonly status: number | null;
      /** For people: no address, no key, no text of the other side but its own short words for faults. */
      readonly error: string;
      /** Whether the same may be taken later. */
      readonly again: boolean;
      /** Milliseconds that the other side wants to be left alone; null: it did not say. */
      readonly after: number | null;
    };

/** Nobody is waited for longer than that, whatever he says. */
export const LONGEST_AFTER_MS = 3_600_000;

/** Statuses after which the same would be answered the same way again. */
const FINAL = new Set([400, 401, 403, 404, 405, 410, 411, 413, 414, 415, 422, 501, 505]);

export const failed = (error: string, more: { status?: number | null; again?: boolean; after?: number | null } = {}) =>
  ({ sent: false, status: null, again: true, after: null, ...more, error }) as const;

/** What an HTTP status other than a good one says. */
export function failedBy(status: number, retryAfter: string | undefined, words = ''): Outcome {
  const told = words === '' ? '' : `: ${words}`;
  if (status >= 300 && status < 400)
    return failed(`it leads elsewhere (${status}), and redirects are not followed`, { status, again: false });
  return failed(`it answered ${status}${told}`, {
    status,
    again: !FINAL.has(status),
    after: status === 429 || status === 503 ? waitOf(retryAfter) : null,
  });
}

/** `Retry-After` in milliseconds: seconds, with a fraction at Discord, or a date. Null where it says nothing. */
export function waitOf(header: string | undefined, now = Date.now()): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  const milliseconds = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (Number.isNaN(milliseconds)) return null;
  return Math.min(Math.max(0, Math.ceil(milliseconds)), LONGEST_AFTER_MS);
}

const BAD_CERTIFICATE = /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|HOSTNAME_MISMATCH)/;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection broke off',
  EPIPE: 'the connection broke off',
  ENOTFOUND: 'its name was not found',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'it did not answer in time',
  ETIME: 'it did not answer in time',
  EHOSTUNREACH: 'it cannot be reached',
  ENETUNREACH: 'it cannot be reached',
  EAUTH: 'it does not take the user and password',
  EENVELOPE: 'it does not take the sender or a recipient',
  ETLS: 'it offers no TLS',
  EPROTO: 'it speaks no TLS',
};

/** What an error of a connection says. Of its message nothing is kept: it may hold an address with a key in it. */
export function failedWith(error: unknown): Outcome {
  const code = codeOf(error);
  if (code === 'ADDRESS_REFUSED')
    return failed('its address is private, and allow_private is not set', { again: false });
  if (BAD_CERTIFICATE.test(code)) return failed(`its certificate is not good (${code})`);
  const words = Object.hasOwn(WORDS, code) ? WORDS[code] : 'the connection failed';
  return failed(code === '' ? words! : `${words} (${code})`);
}

function codeOf(error: unknown): string {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: readonly unknown[] };
  // Of several addresses that were tried at once, the first one's.
  if (typeof code !== 'string' && Array.isArray(errors)) return codeOf(errors[0]);
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : '';
}

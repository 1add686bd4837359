/** E-mail by SMTP. */
import { lookup as lookupName } from 'node:dns';
import { connect, type LookupFunction, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import { guardedLookup, hostOf, isRefusedHost, RefusedAddress } from './addresses.ts';
import { failed, failedWith, type Outcome } from './outcome.ts';
import { type Parcel, USER_AGENT } from './parcel.ts';
import { factsOf, headlineOf, linkOf, short } from './words.ts';

export interface Mailbox {
  /** `smtp://user:password@host:587`, or smtps. */
  readonly smtp: URL;
  readonly from: string;
  readonly to: readonly string[];
}

export interface MailWay {
  readonly allowPrivate: boolean;
  /** Milliseconds for all of it. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  /** For tests: who looks names up. */
  readonly lookup?: LookupFunction;
}

const LONGEST_SUBJECT = 200;
const TIMEOUT = Symbol('timeout');

/** Sends one mail over a connection of its own. Never rejects. */
export async function sendMail(parcel: Parcel, box: Mailbox, way: MailWay): Promise<Outcome> {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(TIMEOUT), way.timeout);
  const stop = (): void => end.abort();
  way.signal?.addEventListener('abort', stop);
  try {
    const socket = await open(box.smtp, way, end.signal);
    // Whoever gives up closes the connection, and nodemailer ends by that.
    end.signal.addEventListener('abort', () => socket.destroy());
    return await deliver(parcel, box, socket, way);
  } catch (error) {
    if (end.signal.reason === TIMEOUT) return failed(`it did not answer in ${way.timeout / 1000} s`);
    return outcomeOf(error);
  } finally {
    clearTimeout(timer);
    way.signal?.removeEventListener('abort', stop);
  }
}

/** Opened here and not by nodemailer, which has its own way to look names up. */
function open(smtp: URL, { allowPrivate, lookup }: MailWay, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const host = hostOf(smtp);
    if (isRefusedHost(host, allowPrivate)) return reject(new RefusedAddress());
    const socket = connect({
      host,
      port: portOf(smtp),
      lookup: lookup ?? guardedLookup(allowPrivate, lookupName as Parameters<typeof guardedLookup>[1]),
    });
    const stop = (): void => void socket.destroy(new Error('given up'));
    signal.addEventListener('abort', stop);
    socket.once('error', reject);
    socket.once('connect', () => {
      signal.removeEventListener('abort', stop);
      // What happens to it later is told by nodemailer, once that listens.
      socket.on('error', () => {});
      socket.off('error', reject);
      resolve(socket);
    });
    if (signal.aborted) stop();
  });
}

const isTls = ({ protocol }: URL): boolean => protocol === 'smtps:';
const portOf = (smtp: URL): number => Number(smtp.port) || (isTls(smtp) ? 465 : 587);

async function deliver(
  parcel: Parcel,
  { smtp, from, to }: Mailbox,
  connection: Socket,
  { allowPrivate, timeout }: MailWay,
) {
  const transport = createTransport({
    host: hostOf(smtp),
    port: portOf(smtp),
    secure: isTls(smtp),
    // A password goes over a line that nobody reads: only a server of one's own may do without.
    requireTLS: !isTls(smtp) && !allowPrivate,
    connection,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(smtp.username !== '' && {
      auth: { user: decodeURIComponent(smtp.username), pass: decodeURIComponent(smtp.password) },
    }),
  } as Parameters<typeof createTransport>[0]);
  try {
    await transport.sendMail({ from, to: [...to], ...mailOf(parcel, from) });
    return { sent: true, status: 250 } as const;
  } finally {
    transport.close();
    connection.destroy();
  }
}

/** Subject, texts and headers. The id of the message is that of the delivery: a mail that comes twice is seen to be one. */
export function mailOf(
  parcel: Parcel,
  from: string,
): {
  subject: string;
  text: string;
  html: string;
  messageId: string;
  references: string;
  headers: Record<string, string>;
} {
  const { id, notice, dashboard } = parcel;
  const link = linkOf(notice, dashboard);
  const facts = factsOf(notice);
  const headline = headlineOf(notice);
  const lines = facts.map(({ name, value }) => `${name}: ${value}`);
  const rows = facts.map(({ name, value }) => `<tr><th align="left">${html(name)}</th><td>${html(value)}</td></tr>`);
  const domain = /@([\w.-]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
  const incident = Buffer.from(notice.key).toString('base64url').slice(0, 100);
  return {
    subject: short(headline, LONGEST_SUBJECT),
    text: [headline, '', notice.text, '', ...lines, '', notice.at, ...(link === null ? [] : [link])].join('\n'),
    html: [
      `<h1>${html(headline)}</h1>`,
      `<p>${html(notice.text).replaceAll('\n', '<br>')}</p>`,
      rows.length === 0 ? '' : `<table>${rows.join('')}</table>`,
      `<p>${html(notice.at)}${link === null ? '' : ` · <a href="${html(link)}">Dashboard</a>`}</p>`,
    ].join('\n'),
    messageId: `<${id}@${domain}>`,
    // Mail programs show what belongs to one incident together.
    references: `<incident-${incident}@${domain}>`,
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Mailer': USER_AGENT,
      'X-Token-Spy-Event': notice.event,
      'X-Token-Spy-Severity': notice.severity,
      'Idempotency-Key': id,
    },
  };
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const html = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);

/** A refusal of SMTP: 5xx is for good, 4xx for now. */
function outcomeOf(error: unknown): Outcome {
  const { responseCode } = (error ?? {}) as { responseCode?: unknown };
  if (typeof responseCode !== 'number') return failedWith(error);
  const words = (failedWith(error) as { error: string }).error;
  return failed(`it answered ${responseCode}; ${words}`, { status: responseCode, again: responseCode < 500 });
}

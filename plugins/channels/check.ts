/** What a schema cannot say of channels. No complaint repeats a value: most of them are secrets. */

import { validateHeaderName, validateHeaderValue } from 'node:http';
import { isIP } from 'node:net';
import { mend, type OptionsFault } from '../../src/plugin.ts';
import { hostOf, isRefusedHost, mayConnect } from './addresses.ts';
import type { ChannelType } from './schema.ts';
import { keyOf } from './webhook.ts';

/** A channel of gateway.yaml that the schema has passed. */
export interface ChannelEntry {
  readonly type: ChannelType;
  readonly url?: string;
  readonly routing_key?: string;
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly smtp?: string;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly events: readonly string[];
  readonly min_severity: 'info' | 'warning' | 'critical';
  readonly allow_private: boolean;
  /** Milliseconds. */
  readonly timeout: unknown;
}

const COMMON = ['type', 'events', 'min_severity', 'allow_private', 'timeout'];
const MEMBERS: Readonly<Record<ChannelType, { needed: readonly string[]; more: readonly string[] }>> = {
  slack: { needed: ['url'], more: [] },
  discord: { needed: ['url'], more: [] },
  pagerduty: { needed: ['routing_key'], more: ['url'] },
  email: { needed: ['smtp', 'from', 'to'], more: [] },
  webhook: { needed: ['url', 'secret'], more: ['headers'] },
};
const LONGEST_TIMEOUT_MS = 30_000;
/** One address, as it is or behind a name; no line break gets past. */
const MAIL_ADDRESS = /^(?:[^<>\r\n]{0,200}<)?[^\s<>@",;]{1,128}@[A-Za-z0-9.-]{1,190}>?$/;
/** What a delivery says by itself. */
const OWN_HEADERS =
  /^(webhook-.*|host|connection|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect|idempotency-key|user-agent)$/i;

type Path = OptionsFault['path'];

/** All that is wrong, by the place in gateway.yaml. */
export function faultsIn(channels: Readonly<Record<string, ChannelEntry>>): OptionsFault[] {
  return Object.entries(channels).flatMap(([name, entry]) => faultsOf(entry, ['channels', name]));
}

function faultsOf(entry: ChannelEntry, at: Path): OptionsFault[] {
  const { needed, more } = MEMBERS[entry.type];
  const own = [...needed, ...more];
  const known = [...own, ...COMMON];
  const given = Object.keys(entry);
  const strange = given.filter((member) => !known.includes(member));
  const missing = needed.filter((member) => !given.includes(member));
  const unused = known.filter((member) => !given.includes(member));
  return [
    ...strange.map((member) =>
      fault(
        [...at, member],
        `is nothing of type ${entry.type}${mend(member, unused.length > 0 ? own.filter((one) => unused.includes(one)) : [], `for ${entry.type}`)}`,
      ),
    ),
    ...missing.map((member) => fault(at, `is of type ${entry.type} and has no ${member}; add it`)),
    ...urlFaults(entry, at),
    ...smtpFaults(entry, at),
    ...headerFaults(entry, at),
    ...secretFaults(entry, at),
    ...timeoutFaults(entry, at),
  ];
}

const fault = (path: Path, message: string): OptionsFault => ({ path, message });

function urlFaults({ type, url, allow_private: allowPrivate }: ChannelEntry, at: Path): OptionsFault[] {
  if (url === undefined || type === 'email') return [];
  const path = [...at, 'url'];
  if (!URL.canParse(url)) return [fault(path, 'is no address; write all of it, such as https://hooks.example.com/abc')];
  const parsed = new URL(url);
  if (parsed.protocol !== 'https:' && !(allowPrivate && parsed.protocol === 'http:'))
    return [fault(path, 'must begin with https://; for a server of your own on http add allow_private: true')];
  if (parsed.username !== '' || parsed.password !== '')
    return [
      fault(path, 'has a user or a password in it, which are not sent; put them into headers: { authorization: ... }'),
    ];
  return hostFaults(parsed, allowPrivate, path);
}

function smtpFaults(
  { type, smtp, from, to = [], allow_private: allowPrivate }: ChannelEntry,
  at: Path,
): OptionsFault[] {
  if (type !== 'email') return [];
  const faults: OptionsFault[] = [];
  const wrong = (member: Path, message: string): void => void faults.push(fault([...at, ...member], message));
  if (from !== undefined && !MAIL_ADDRESS.test(from)) wrong(['from'], 'is no e-mail address; write name@example.com');
  for (const [i, one] of to.entries())
    if (!MAIL_ADDRESS.test(one)) wrong(['to', i], 'is no e-mail address; write name@example.com');
  if (smtp === undefined) return faults;
  const parsed = URL.canParse(smtp) ? new URL(smtp) : null;
  if (parsed === null || !/^smtps?:$/.test(parsed.protocol) || parsed.hostname === '')
    wrong(
      ['smtp'],
      'is no address of a mail server; write smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465',
    );
  else if (!isDecodable(parsed.username) || !isDecodable(parsed.password))
    wrong(['smtp'], 'has a % in its user or password that stands for nothing; write %25');
  else faults.push(...hostFaults(parsed, allowPrivate, [...at, 'smtp']));
  return faults;
}

function hostFaults(url: URL, allowPrivate: boolean, path: Path): OptionsFault[] {
  const host = hostOf(url);
  if (!isRefusedHost(host, allowPrivate)) return [];
  if (allowPrivate || (isIP(host) !== 0 && !mayConnect(host, true)))
    return [fault(path, 'leads to where a cloud keeps credentials, which is never opened')];
  return [fault(path, 'leads to a private address; for a server of your own add allow_private: true')];
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function headerFaults({ headers = {} }: ChannelEntry, at: Path): OptionsFault[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const path = [...at, 'headers', name];
    if (OWN_HEADERS.test(name)) return [fault(path, 'is a header that each delivery sets by itself; remove it')];
    try {
      validateHeaderName(name);
    } catch {
      return [fault(path, 'is no name of a header; use letters, digits and hyphens')];
    }
    try {
      validateHeaderValue(name, value);
      return [];
    } catch {
      return [fault(path, 'has a value that no header can have; write one line of plain characters')];
    }
  });
}

function secretFaults({ type, secret }: ChannelEntry, at: Path): OptionsFault[] {
  if (type !== 'webhook' || secret === undefined) return [];
  const key = keyOf(secret);
  if (key === null) return [fault([...at, 'secret'], 'begins with whsec_, so the rest must be base64')];
  if (key.length < 16) return [fault([...at, 'secret'], 'is too short; 16 bytes are the least behind whsec_')];
  return [];
}

function timeoutFaults({ timeout }: ChannelEntry, at: Path): OptionsFault[] {
  if (typeof timeout !== 'number' || timeout <= LONGEST_TIMEOUT_MS) return [];
  return [fault([...at, 'timeout'], 'is too long; 30s is the longest')];
}

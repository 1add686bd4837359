/** Which addresses the gateway may connect to for somebody who wrote a name down. */
import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Networks that are not the public internet: this machine, private ones, those between, documentation, groups, reserved. */
const PRIVATE_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
const PRIVATE_IPV6 = [
  '::/96',
  '::ffff:0:0:0/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];
/** Where clouds give a machine its own credentials: nobody's webhook, so not even `allow_private` opens them. */
const METADATA = ['169.254.169.254/32', '169.254.170.2/32', '169.254.170.23/32', '100.100.100.200/32'];
const METADATA_IPV6 = ['fd00:ec2::254/128', 'fd00:ec2::23/128', 'fd20:ce::254/128'];

const listOf = (ipv4: readonly string[], ipv6: readonly string[]): BlockList => {
  const list = new BlockList();
  const add = (type: 'ipv4' | 'ipv6') => (subnet: string) => {
    const [net = '', bits = ''] = subnet.split('/');
    list.addSubnet(net, Number(bits), type);
  };
  ipv4.forEach(add('ipv4'));
  ipv6.forEach(add('ipv6'));
  return list;
};

const PRIVATE = listOf(PRIVATE_IPV4, PRIVATE_IPV6);
const ALWAYS = listOf(METADATA, METADATA_IPV6);

/**
 * Whether an address may be connected to. One that carries an IPv4 address in an IPv6 one (`::ffff:127.0.0.1`, and what
 * NAT64 makes of it) is judged by that. What is no address may not.
 */
export function mayConnect(address: string, allowPrivate: boolean): boolean {
  const plain = address.replace(/%.*$/, '');
  const family = isIP(plain);
  if (family === 0) return false;
  const inner = family === 6 ? carriedIn(plain) : null;
  if (inner !== null) return mayConnect(inner, allowPrivate);
  const type = family === 4 ? 'ipv4' : 'ipv6';
  return !ALWAYS.check(plain, type) && (allowPrivate || !PRIVATE.check(plain, type));
}

/** The IPv4 address in the last 32 bits of an IPv6 one that is there to carry one; null: it carries none. */
function carriedIn(address: string): string | null {
  // The parser of addresses knows all spellings, and writes one.
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [, high, low] =
    /^(?:::ffff:|64:ff9b::)(?:([\da-f]{1,4}):)?([\da-f]{1,4})$/.exec(text === '64:ff9b::' ? '64:ff9b::0' : text) ?? [];
  if (low === undefined) return null;
  const [one, two] = [Number.parseInt(high ?? '0', 16), Number.parseInt(low, 16)];
  return [one >> 8, one & 255, two >> 8, two & 255].join('.');
}

/** The host of a URL as a connection takes it: without brackets. Decimal, octal and hex spellings were read by the parser of URLs. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

/** A host that is an address, or a name that means this machine, and that may not be connected to. */
export function isRefusedHost(host: string, allowPrivate: boolean): boolean {
  const name = host.replace(/\.+$/, '').toLowerCase();
  if (isIP(name) !== 0) return !mayConnect(name, allowPrivate);
  return !allowPrivate && (name === 'localhost' || name.endsWith('.localhost'));
}

/** Where a name leads is not public. Its message is for people and names no address. */
export class RefusedAddress extends Error {
  readonly code = 'ADDRESS_REFUSED';

  constructor() {
    super('its address is private');
    this.name = 'RefusedAddress';
  }
}

type Resolve = (
  hostname: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Makes what a connection looks names up with: it passes on the addresses that were checked, so that no second answer
 * of a name server can lead elsewhere. A name that leads to one private address among public ones is refused whole.
 */
export function guardedLookup(allowPrivate: boolean, resolve: Resolve = lookup as Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const [first] = addresses;
      if (first === undefined || addresses.some(({ address }) => !mayConnect(address, allowPrivate)))
        return callback(new RefusedAddress(), '', 0);
      if (options.all) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

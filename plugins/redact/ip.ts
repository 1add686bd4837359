import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { Recogniser } from './recogniser.ts';

/** Nobody outside learns anything from them: RFC 1918, 4193, 6598, and what never leaves a machine or a wire. */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4');
PRIVATE.addSubnet('::', 127, 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/** Runs of what addresses are made of; each character is looked at once. */
const RUN = /[0-9A-Fa-f:.]{3,}/g;
const LONGEST = 45;

/**
 * Addresses of the internet protocol, version 4 and 6. Four numbers with dots may also be a version: those are
 * found, too.
 *
 * @param leavePrivate addresses of private networks and of the machine itself stay as they are
 */
export function ipRecogniser(leavePrivate: boolean): Recogniser {
  return {
    kind: 'ip',
    find(text, found) {
      for (const { index, 0: run } of text.matchAll(RUN)) {
        if (/[\w-]/.test(text[index - 1] ?? ' ') || /\w/.test(text[index + run.length] ?? ' ')) continue;
        const address = addressIn(run);
        if (address === null) continue;
        if (leavePrivate && PRIVATE.check(address, address.includes(':') ? 'ipv6' : 'ipv4')) continue;
        found(index, index + address.length);
      }
    },
  };
}

/** The address a run begins with: behind it may stand a full stop, a colon, or a port. */
function addressIn(run: string): string | null {
  const [version4] = /^\d{1,3}(?:\.\d{1,3}){3}(?=(?::\d{0,5})?\.?$)/.exec(run) ?? [];
  if (version4 !== undefined) return isIPv4(version4) ? version4 : null;
  const most = run.length > LONGEST + 1 ? '' : run.replace(/[.]$|(?<!:):$/, '');
  // A lone pair of colons is punctuation.
  return isIPv6(most) && /[0-9a-f]{1,4}:.*[0-9a-f]/i.test(most) ? most : null;
}

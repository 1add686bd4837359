/** Reads the answer of a call that tells usage late, as a plugin would. */
import type { Adapter } from '../../src/adapter.ts';
import type { LateBill, LateHead, LateShare } from '../../src/metering/late.ts';

export interface ToldLate {
  /** Somebody looked at the answer. */
  read: boolean;
  bill: LateBill | null;
  shares: LateShare[];
}

/** Gives the answer's bytes to the adapter's meter, in pieces of a size, all at once unless told. */
export function tell(
  adapter: Adapter,
  head: Partial<LateHead>,
  answer: string,
  { size = Number.POSITIVE_INFINITY, whole = true } = {},
): ToldLate {
  const shares: LateShare[] = [];
  const standard = { api: '', method: 'GET', path: '/', status: 200, contentType: 'application/json' };
  const meter = adapter.late?.(
    { ...standard, streamAsked: false, model: null, header: () => undefined, ...head },
    (share) => void shares.push(share),
  );
  if (!meter) return { read: false, bill: null, shares };
  const bytes = Buffer.from(answer);
  for (let at = 0; at < bytes.length; at += size) meter.push(bytes.subarray(at, at + size));
  return { read: true, bill: meter.end(whole), shares };
}

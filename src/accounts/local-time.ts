/** Between the instants of the world and what the clocks of a time zone show. */

const SECOND = 1000;
/** No clock is further from UTC, milliseconds. */
const FURTHEST = 16 * 3_600_000;

const FORM = {
  calendar: 'gregory',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Tells whether a text is the name of a time zone: `UTC`, `Europe/Berlin`. */
export function isZone(text: string): boolean {
  try {
    // Not kept: somebody may ask for all ways to write a name.
    return new Intl.DateTimeFormat('en-US', { timeZone: text }) !== null;
  } catch {
    return false;
  }
}

/**
 * What the clocks of a zone show at an instant, written as if it were UTC: epoch milliseconds of a clock face.
 * Throws where there is no such zone.
 */
export function faceAt(zone: string, at: number): number {
  const whole = Math.floor(at / SECOND) * SECOND;
  const [month, day, year, hour, minute, second] = clockOf(zone).format(whole).match(/\d+/g)!.map(Number);
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) + (at - whole);
}

/**
 * The first instant at which the clocks of a zone show a face or a later one. So a face that is shown twice
 * is the first of both, and one that is skipped is the end of the gap.
 */
export function instantOf(zone: string, face: number): number {
  const before = face - FURTHEST;
  const after = face + FURTHEST;
  const early = faceAt(zone, before) - before;
  const late = faceAt(zone, after) - after;
  if (early === late) return face - early;
  const change = changeBetween(zone, before, after, early);
  return face - early < change ? face - early : Math.max(change, face - late);
}

/** When the clocks of a zone are changed. */
function changeBetween(zone: string, before: number, after: number, early: number): number {
  let low = Math.floor(before / SECOND);
  let high = Math.ceil(after / SECOND);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const at = middle * SECOND;
    if (faceAt(zone, at) - at === early) low = middle;
    else high = middle;
  }
  return high * SECOND;
}

/** Making one costs more than a hundred uses of it. There are some six hundred zones, so they need no bound. */
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', { ...FORM, timeZone: zone });
  clocks.set(zone, made);
  return made;
}

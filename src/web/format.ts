/** Numbers as a person reads them. Null is a dash: unknown is not zero. */

const DASH = '–';

/** `$1.20`, `$0.00054`, `$12,345`: two decimals, and three digits that count below a dollar. */
export function money(dollars: string | number | null | undefined): string {
  if (dollars === null || dollars === undefined || dollars === '') return DASH;
  const amount = Number(dollars);
  if (!Number.isFinite(amount)) return DASH;
  if (amount === 0) return '$0';
  const size = Math.abs(amount);
  const sign = amount < 0 ? '-' : '';
  if (size >= 10_000) return `${sign}$${grouped(Math.round(size))}`;
  if (size >= 0.995) return `${sign}$${grouped(size, 2)}`;
  if (size < 1e-12) return `${sign}$0`;
  const digits = Math.min(12, size >= 0.1 ? 3 : 1 - Math.floor(Math.log10(size)) + 1);
  const text = size.toFixed(digits).replace(/0+$/, '');
  return `${sign}$${text.padEnd(text.indexOf('.') + 3, '0')}`;
}

/** `812`, `14.9K`, `3.2M`. */
export function compact(count: string | number | null | undefined): string {
  if (count === null || count === undefined) return DASH;
  const value = Number(count);
  if (!Number.isFinite(value)) return DASH;
  for (const [size, letter] of SIZES) {
    // 999,700 would become `1000K` with the smaller letter.
    if (Math.abs(value) < size * 0.9995) continue;
    const scaled = value / size;
    return `${Math.abs(scaled) >= 99.95 ? Math.round(scaled) : scaled.toFixed(1).replace(/\.0$/, '')}${letter}`;
  }
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

const SIZES = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'K'],
] as const;

/** `12,345`. */
export function whole(count: string | number | null | undefined): string {
  return count === null || count === undefined ? DASH : grouped(Number(count));
}

/** Milliseconds as `850 ms`, `4.2 s`, `3 min 20 s`. */
export function duration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined) return DASH;
  if (milliseconds < 10) return `${Number(milliseconds.toPrecision(2))} ms`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 99.95) return `${seconds.toFixed(seconds < 9.95 ? 2 : 1).replace(/\.?0+$/, '')} s`;
  return span(seconds);
}

/** Seconds as `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function span(seconds: number): string {
  const whole = Math.round(seconds);
  for (const [size, name, next, nextName] of SPANS) {
    if (whole < size) continue;
    const rest = Math.floor((whole % size) / next);
    return `${Math.floor(whole / size)} ${name}${rest > 0 ? ` ${rest} ${nextName}` : ''}`;
  }
  return `${whole} s`;
}

const SPANS = [
  [86_400, 'd', 3600, 'h'],
  [3600, 'h', 60, 'min'],
  [60, 'min', 1, 's'],
] as const;

/** How long ago a time is: `3 min ago`, `just now`. */
export function ago(time: string | number | null | undefined, now = Date.now()): string {
  if (time === null || time === undefined) return DASH;
  const seconds = (now - new Date(time).getTime()) / 1000;
  if (Number.isNaN(seconds)) return DASH;
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** A share between 0 and 1 as `12.5%`. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return DASH;
  const value = share * 100;
  if (value > 0 && value < 0.1) return '<0.1%';
  return `${value >= 99.95 || value === 0 ? Math.round(value) : value.toFixed(value < 10 ? 1 : 0).replace(/\.0$/, '')}%`;
}

/** `512 B`, `14.9 KB`. */
export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) return DASH;
  if (count < 1000) return `${count} B`;
  if (count < 999_950) return `${(count / 1e3).toFixed(1)} KB`;
  return count < 999_950_000 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(1)} GB`;
}

/** A moment in the reader's zone: `20 Nov 2026, 14:05:09`. */
export function moment(time: string | number | Date | null | undefined, zone: string): string {
  return localTime(time, { ...MINUTE, second: '2-digit', timeZone: zone });
}

/** The same to the minute: `20 Nov 2026, 14:05`. */
export function minute(time: string | number | Date | null | undefined, zone: string): string {
  return localTime(time, { ...MINUTE, timeZone: zone });
}

function localTime(time: string | number | Date | null | undefined, options: Intl.DateTimeFormatOptions): string {
  if (time === null || time === undefined) return DASH;
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? DASH : date.toLocaleString('en-GB', options);
}

const MINUTE = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const;

function grouped(value: number, decimals = 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

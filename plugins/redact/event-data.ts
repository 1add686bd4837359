/** Events of a stream with other data in them. */
import type { StreamEvent } from '../../src/plugin.ts';

const LF = 10;

/** The event with this data and every other line as it was. */
export function withData({ raw, data }: StreamEvent, json: Buffer): Buffer {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const at = data === null || data.buffer !== raw.buffer ? -1 : data.byteOffset - raw.byteOffset;
  const isOneLine = at >= 0 && at + data!.length <= raw.length && !json.includes(LF);
  if (isOneLine) return Buffer.concat([bytes.subarray(0, at), json, bytes.subarray(at + data!.length)]);
  const others = bytes
    .toString('utf8')
    .split(/\r\n|\r|\n/)
    .filter((line) => line !== '' && !/^data(?::|$)/.test(line));
  const lines = json.toString('utf8').split('\n');
  return Buffer.from(`${[...others, ...lines.map((line) => `data: ${line}`)].join('\n')}\n\n`);
}

/** An event of our own among those of a stream, which names them as this one is named. */
export function eventOf(json: string, { raw }: Pick<StreamEvent, 'raw'>): Buffer {
  const isNamed = /^event:/m.test(
    Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.length, 4096)).toString('latin1'),
  );
  const name = isNamed ? (JSON.parse(json) as { type?: string }).type : undefined;
  return Buffer.from(`${name === undefined ? '' : `event: ${name}\n`}data: ${json}\n\n`);
}

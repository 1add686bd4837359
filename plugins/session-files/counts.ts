/** What a file of a session says about it, read line by line and only once. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import {
  charsOf,
  isList,
  isObject,
  isText,
  readText,
  type Slice,
  slicesOf,
  textOf,
  valueIn,
} from '../shared/json-slices.ts';
import { lengthOf } from '../shared/text.ts';
import type { SessionFile } from './folder.ts';

export interface Counts {
  readonly lines: number;
  readonly users: number;
  readonly assistants: number;
  readonly toolResults: number;
  /** Of all messages; what is no plain text counts as its JSON. */
  readonly chars: number;
}

type Mutable = { -readonly [K in keyof Counts]: Counts[K] };

interface Progress {
  readonly path: string;
  readonly inode: number;
  /** Bytes that were read, those of `rest` among them. */
  read: number;
  counts: Mutable;
  /** A line that is not whole yet, in pieces, and its bytes. */
  rest: Buffer[];
  size: number;
  /** Bytes of a line that is too long to be kept; 0: it is none. */
  long: number;
}

const CHUNK = 1024 * 1024;
/** A line longer than this is not looked into, bytes. */
const LONGEST_LINE = 16 * 1024 * 1024;
const LINE_END = 0x0a;

/** Counts a file that grows. What was counted is not read again, and a file of any size needs the memory of a line. */
export class FileCounter {
  #progress: Progress | null = null;

  /** @throws errors of the file system */
  async count(file: SessionFile): Promise<Counts> {
    const known = this.#progress;
    const goesOn = known !== null && known.path === file.path && known.inode === file.inode && known.read <= file.size;
    const progress = goesOn ? known : begin(file);
    this.#progress = progress;
    if (progress.read < file.size) await readOn(file, progress);
    const counts = { ...progress.counts };
    if (progress.size > 0) countLine(Buffer.concat(progress.rest), counts);
    return counts;
  }
}

const begin = ({ path, inode }: SessionFile): Progress => ({
  path,
  inode,
  read: 0,
  counts: { lines: 0, users: 0, assistants: 0, toolResults: 0, chars: 0 },
  rest: [],
  size: 0,
  long: 0,
});

async function readOn({ path, size }: SessionFile, progress: Progress): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    while (progress.read < size) {
      const { bytesRead } = await handle.read(chunk, 0, Math.min(CHUNK, size - progress.read), progress.read);
      if (bytesRead === 0) return;
      progress.read += bytesRead;
      take(chunk.subarray(0, bytesRead), progress);
    }
  } finally {
    await handle.close();
  }
}

function take(chunk: Buffer, progress: Progress): void {
  let from = 0;
  for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, from)) {
    const part = chunk.subarray(from, end);
    from = end + 1;
    if (progress.long > 0) {
      progress.counts.lines++;
      progress.counts.chars += progress.long + part.length;
    } else countLine(progress.size === 0 ? part : Buffer.concat([...progress.rest, part]), progress.counts);
    progress.long = 0;
    forget(progress);
  }
  const rest = chunk.subarray(from);
  if (progress.long > 0 || progress.size + rest.length > LONGEST_LINE) {
    progress.long += progress.size + rest.length;
    forget(progress);
  } else if (rest.length > 0) {
    // A copy: the chunk is read into again.
    progress.rest.push(Buffer.from(rest));
    progress.size += rest.length;
  }
}

function forget(progress: Progress): void {
  progress.rest = [];
  progress.size = 0;
}

/** What is no JSON counts as a line and as nothing else. */
function countLine(line: Buffer, counts: Mutable): void {
  counts.lines++;
  try {
    const text = line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
    if (isObject(text)) countMessage(messageOf(slicesOf(text)), counts);
  } catch {
    // A line that its agent is still writing, or has never finished.
  }
}

/** The message of a line: `{"type":"message","message":{...}}`, which may be text itself, or the line. */
function messageOf(line: readonly Slice[]): readonly Slice[] {
  const message = valueIn(line, 'message');
  if (message === undefined) return line;
  const inner = isText(message) ? Buffer.from(readText(message).trim()) : message;
  return isObject(inner) ? slicesOf(inner) : [];
}

function countMessage(message: readonly Slice[], counts: Mutable): void {
  const role = textOf(message, 'role');
  const content = valueIn(message, 'content');
  const blocks = content && isList(content) ? slicesOf(content) : [];
  const results = blocks.filter(({ value }) => isObject(value) && textOf(slicesOf(value), 'type') === 'tool_result');
  const isResult = role === 'toolResult' || role === 'tool' || valueIn(message, 'tool_call_id') !== undefined;
  counts.toolResults += isResult ? 1 : results.length;
  if (role === 'user' && results.length === 0) counts.users++;
  if (role === 'assistant') counts.assistants++;
  if (content === undefined || role === undefined) return;
  counts.chars += isText(content)
    ? lengthOf(readText(content))
    : blocks.reduce((sum, { value }) => sum + charsOf(value), 0);
}

import { fstatSync } from 'node:fs';
import { pino } from 'pino';

/** Bytes waiting for a reader that does not read; lines that come then are dropped, never waited for. */
const MAX_BUFFER = 1024 * 1024;
/** Milliseconds that the end of the process waits for a reader. */
const FLUSH_MS = 500;

/** Where log lines go. Writing never blocks, never throws, and holds a bounded number of bytes. */
export interface LogDestination {
  write(line: string): void;
  /** Lines that nobody took. */
  readonly dropped: number;
  /** Resolves when what was written has left, or when nobody takes it in time. */
  flush(): Promise<void>;
}

/**
 * Opens a file descriptor for log lines.
 *
 * A pipe whose reader has stopped would hold a thread for ever that is told to write into
 * it, and the process could not even end; so pipes and sockets are written to when they are
 * ready, and only files by a thread.
 */
export function openDestination(fd: number): LogDestination {
  const stat = fstatSync(fd);
  return fd === 1 && (stat.isFIFO() || stat.isSocket()) ? toPipe(process.stdout) : toFile(fd);
}

function toPipe(out: NodeJS.WriteStream): LogDestination {
  let dropped = 0;
  out.on('error', () => {}); // the reader is gone; requests go on
  return {
    write: (line) => {
      if (out.destroyed || out.writableLength > MAX_BUFFER) dropped++;
      else out.write(line);
    },
    get dropped() {
      return dropped;
    },
    flush: () => inTime((done) => (out.destroyed ? done() : void out.write('', () => done()))),
  };
}

function toFile(fd: number): LogDestination {
  const file = pino.destination({ fd, sync: false, minLength: 0, maxLength: MAX_BUFFER });
  let dropped = 0;
  file.on('drop', () => dropped++);
  file.on('error', () => {}); // a full disk, say; requests go on
  return {
    write: (line) => void file.write(line),
    get dropped() {
      return dropped;
    },
    flush: () => inTime((done) => file.flush(() => done())),
  };
}

function inTime(work: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FLUSH_MS);
    work(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

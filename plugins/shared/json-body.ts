import type { IncomingMessage } from 'node:http';

/** A body that cannot be taken, and why. */
export interface Refused {
  status: number;
  code: string;
  message: string;
}

export type Read = { value: unknown } | Refused;

/** Reads a JSON body of at most so many bytes; nothing is kept of a longer one. */
export async function readJson(req: IncomingMessage, limit: number): Promise<Read> {
  const packed = req.headers['content-encoding'];
  if (packed !== undefined && packed !== 'identity') return PACKED;
  try {
    const body = await collect(req, limit);
    if (body === null) return tooLarge(limit);
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown };
  } catch {
    // No JSON, or a client that left in the middle of it and hears nothing of this.
    return { status: 400, code: 'invalid_json', message: 'The body is not JSON in UTF-8.' };
  }
}

/** Null for a body that is too long: the rest of it is let through to nowhere, so that the client reads its answer. */
async function collect(req: IncomingMessage, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = Number(req.headers['content-length'] ?? 0);
  if (size <= limit) {
    size = 0;
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) break;
      chunks.push(chunk);
    }
  }
  if (size <= limit) return Buffer.concat(chunks);
  req.resume();
  return null;
}

const PACKED: Refused = {
  status: 415,
  code: 'unsupported_content_encoding',
  message: 'Send the body as it is, without a content-encoding.',
};

function tooLarge(limit: number): Refused {
  const message = `The body is larger than ${limit / 1024} KiB; send fewer events at a time.`;
  return { status: 413, code: 'request_too_large', message };
}

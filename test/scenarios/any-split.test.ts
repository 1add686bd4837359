/** However the network cuts a stream, the client gets the same bytes and the row says the same. */
import { expect } from 'chai';

import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import type { Answer } from '../support/client.ts';
import { isKnown, type SampleGateway, startSampleGateway } from '../support/sample-gateway.ts';
import { chunkBytes, type WireSample, wireSamples } from '../support/wire-samples.ts';

/** Ways in which every stream is cut, beside the recorded one. */
const CUTS = 12;
/** Streams longer than this are not sent byte by byte. */
const BYTE_BY_BYTE = 3000;

const streams = wireSamples()
  .filter(isKnown)
  .filter(({ upstream, client }) => client === undefined && upstream.end === undefined && upstream.chunks.length > 2);

describe('a recorded stream, cut anywhere', () => {
  const all = streams.flatMap((sample, at) => [sample, ...cutsOf(sample, at + 1)]);
  let running: SampleGateway;

  before(async () => {
    running = await startSampleGateway(all);
  });

  after(() => running?.close());

  for (const sample of streams) {
    it(`is the same to client and row: ${sample.name}`, async () => {
      const whole = await running.ask(sample);
      const expected = essence(await running.rowOf(whole));
      const others = await Promise.all(
        all
          .filter(({ name }) => name.startsWith(`${sample.name} cut`))
          .map(async (cut) => ({ cut, answer: await running.ask(cut) })),
      );
      expect(others).to.have.length.of.at.least(CUTS);
      for (const { cut, answer } of others) {
        expect(sameBytes(answer, whole), cut.name).to.equal(true);
        expect(essence(await running.rowOf(answer)), cut.name).to.deep.equal(expected);
      }
    });
  }
});

const sameBytes = (a: Answer, b: Answer): boolean => a.status === b.status && !a.broken && a.body.equals(b.body);

/** What of a row must not depend on how the bytes came. */
function essence(row: ExchangeRecord): Partial<ExchangeRecord> {
  const { id, time, duration_ms, time_to_first_token_ms, overhead_ms, attempts, ...rest } = row;
  expect(attempts).to.have.length(1);
  return rest;
}

/** The same answer in other pieces: some random ones, each byte alone, and all at once. */
function cutsOf(sample: WireSample, seed: number): WireSample[] {
  const random = generator(seed);
  const { upstream } = sample;
  const variants = [upstream, ...(upstream.alt ? [upstream.alt] : [])].map(({ chunks = [] }) =>
    Buffer.concat(chunks.flatMap(chunkBytes)),
  );
  const named = (kind: string, split: (bytes: Buffer) => Buffer[]): WireSample => {
    const [chunks, alternative] = variants.map((bytes) =>
      split(bytes).map((piece) => ({ b64: piece.toString('base64') })),
    );
    const { alt } = upstream;
    const replaced = {
      ...upstream,
      delay_ms: 0,
      chunks: chunks!,
      ...(alt && { alt: { ...alt, chunks: alternative! } }),
    };
    return { ...sample, name: `${sample.name} cut ${kind}`, upstream: replaced };
  };
  const cuts = Array.from({ length: CUTS }, (_, n) => named(`${n}`, (bytes) => pieces(bytes, random)));
  const isShort = variants.every(({ length }) => length <= BYTE_BY_BYTE);
  if (isShort) cuts.push(named('byte by byte', (bytes) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))));
  return [...cuts, named('not at all', (bytes) => [bytes])];
}

function pieces(bytes: Buffer, random: () => number): Buffer[] {
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    // Mostly small pieces, so that borders fall into names, numbers and characters.
    const size = 1 + Math.floor(random() ** 3 * Math.max(40, bytes.length / 4));
    cut.push(bytes.subarray(at, at + size));
    at += size;
  }
  return cut;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

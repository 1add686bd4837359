/** The table of faults, by number: what clients do. */

import { expect } from 'chai';

import { finish, hello } from '../support/chat-chunks.ts';
import { rawSocket } from '../support/client.ts';
import { ASK, ASK_STREAM, CHAT, type Pair, usePair } from '../support/pair.ts';
import { type Chunk, json, type Script, sse, stream } from '../support/script.ts';

const head = (lines: string[], body = ''): string =>
  `POST ${CHAT} HTTP/1.1\r\nhost: x\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
const portOf = (pair: Pair): number => Number(new URL(pair.gw.url).port);
const endless: Chunk[] = [...sse([hello]), { repeat: sse([hello])[0]!, times: 1000, every: 20 }];

/** The upstream call of this number is cancelled soon after the client has gone. */
async function cancelled(pair: Pair, since: number, index = 0): Promise<void> {
  const received = await pair.up.request(index);
  await received.closed;
  await received.done;
  expect(received.aborted).to.equal(true);
  expect(received.closedAt! - since).to.be.lessThan(1000);
}

describe('clients that leave', () => {
  const pair = usePair();

  for (const [what, script] of [
    ['a stream', stream(endless)],
    ['a plain answer', json({}, { framing: 'chunked', chunks: ['{"a":', { wait: 'release' }, '1}'] } as Script)],
  ] as [string, Script][]) {
    it(`#43 leaving in the middle of ${what} cancels the upstream; the row is partial`, async () => {
      pair.up.next({ ...script, chunks: what === 'a stream' ? endless : ['{"a":', { wait: 'release' }, '1}'] });
      const answer = await pair.send(CHAT, { body: ASK_STREAM, abortAfterBytes: 5 });
      const since = performance.now();
      expect(answer.broken).to.equal(true);
      await cancelled(pair, since);
      const row = await pair.row();
      expect(row).to.include({ outcome: 'client_aborted', status: 200, error: null });
      expect(row.estimate?.input_tokens).to.be.greaterThan(0);
      if (what === 'a stream') expect(row.estimate?.output_tokens).to.be.greaterThan(0);
    });
  }

  for (const body of [ASK, ASK_STREAM]) {
    it(`#44 leaving before the headers cancels the upstream, ${body === ASK ? 'not streaming' : 'streaming'}`, async () => {
      pair.up.next({ delay: 'release' });
      const call = pair.open(CHAT, { body });
      await pair.up.request(0);
      const since = performance.now();
      call.abort();
      await cancelled(pair, since);
      const row = await pair.row();
      expect(row).to.include({ outcome: 'client_aborted', status: null, cost_usd: null });
      expect(row.estimate).to.include({ output_tokens: 0 });
      expect(row.estimate?.input_tokens).to.be.greaterThan(0);
    });
  }

  it('#46 a half-closed client still gets its answer', async () => {
    pair.up.next(json({ late: true }, { delay: 150 }));
    const body = JSON.stringify(ASK);
    const text = head(['content-type: application/json', `content-length: ${body.length}`], body);
    const answer = String(await rawSocket(portOf(pair), text, { halfClose: true, silence: 3000 }));
    expect(answer).to.match(/HTTP\/1\.1 200 OK\r\n[\s\S]*\{"late":true\}$/);
    expect((await pair.row()).outcome).to.equal('ok');
  });

  it('leaving after the finish reason lets the upstream send its bill', async () => {
    const events = sse([hello, finish]);
    const bill = sse([{ choices: [], usage: { prompt_tokens: 9, completion_tokens: 1 } }, '[DONE]']);
    pair.up.next(stream([...events, { wait: 'release' }, ...bill]));
    const call = pair.open(CHAT, { body: ASK_STREAM });
    await call.saw('"stop"');
    call.abort();
    await call.done;
    await new Promise((done) => setTimeout(done, 50));
    pair.up.release();
    const row = await pair.row();
    expect(row).to.include({ outcome: 'client_aborted', usage_status: 'final' });
    expect(row.usage).to.include({ input_tokens: 9, output_tokens: 1 });
    expect(pair.up.received[0]!.aborted).to.equal(false);
  });

  it('a hundred clients that leave keep no connection open', async () => {
    pair.up.always(stream(endless));
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 20 }, (_, i) => pair.send(CHAT, { body: ASK_STREAM, abortAfterBytes: 1 + i * 40 })),
      );
    }
    expect(await pair.rows(100)).to.have.length(100);
    const limit = Date.now() + 3000;
    while (pair.up.open > 0 && Date.now() < limit) await new Promise((done) => setTimeout(done, 10));
    expect(pair.up.open).to.equal(0);
  });

  it('a client that leaves in the middle of its own body has a row, and nothing is sent on', async () => {
    await rawSocket(portOf(pair), head(['content-type: application/json', 'content-length: 100'], '{"model":'), {
      silence: 50,
    });
    const row = await pair.row();
    expect(row).to.include({ outcome: 'client_aborted', status: null });
    expect(pair.up.received).to.have.length(0);
  });
});

describe('clients that leave where the operator wants the bill', () => {
  const pair = usePair({ provider: 'on_disconnect: drain' });

  it('the upstream is read to its end, and the row has the exact numbers', async () => {
    const bill = { choices: [], usage: { prompt_tokens: 9, completion_tokens: 5 } };
    pair.up.next(stream([...sse([hello]), { wait: 'release' }, ...sse([hello, finish, bill, '[DONE]'])]));
    const call = pair.open(CHAT, { body: ASK_STREAM });
    await call.saw('Hello');
    call.abort();
    await call.done;
    await new Promise((done) => setTimeout(done, 50));
    pair.up.release();
    const row = await pair.row();
    expect(row).to.include({ outcome: 'client_aborted', usage_status: 'final', status: 200 });
    expect(row.usage).to.include({ output_tokens: 5 });
  });

  it('a compressed one, too, when the client had stopped reading', async () => {
    const filler = sse([{ ...hello, padding: 'x'.repeat(1000) }])[0]!;
    const last = sse([finish, { choices: [], usage: { prompt_tokens: 9, completion_tokens: 7 } }, '[DONE]']);
    pair.up.next(stream([{ repeat: filler, times: 6000 }, ...last], { encoding: 'gzip' }));
    const call = pair.open(CHAT, { body: ASK_STREAM, readRate: 0 });
    await call.head;
    await new Promise((done) => setTimeout(done, 200));
    call.abort();
    const row = await pair.row();
    expect(row).to.include({ outcome: 'client_aborted', usage_status: 'final' });
    expect(row.usage).to.include({ output_tokens: 7 });
  });
});

describe('clients that read slowly', () => {
  const pair = usePair({ more: 'limits: { client_stall: 600ms }' });
  const big = Buffer.alloc(64 * 1024, 'z');

  it('#47 a client that stops reading stops its provider, and is cut after the stall limit', async () => {
    pair.up.next({
      headers: { 'content-type': 'application/octet-stream' },
      framing: 'chunked',
      chunks: [{ repeat: big, times: 2000 }],
    });
    const call = pair.open('/v1/files/x/content', { readRate: 0 });
    await call.head;
    const received = await pair.up.request(0);
    await new Promise((done) => setTimeout(done, 300));
    const sent = received.sentBytes;
    await new Promise((done) => setTimeout(done, 200));
    expect(received.sentBytes - sent).to.be.at.most(big.length);
    expect(sent).to.be.lessThan(24 << 20);
    await received.closed;
    call.abort();
    expect((await pair.row()).outcome).to.equal('client_aborted');
  });

  it('#47 it is cut as well when the provider has finished', async () => {
    pair.up.next({
      headers: { 'content-type': 'application/octet-stream' },
      framing: 'chunked',
      chunks: [{ repeat: big, times: 120 }],
    });
    const call = pair.open('/v1/files/x/content', { readRate: 0 });
    await call.head;
    await pair.up.received[0]!.done;
    expect((await pair.row()).outcome).to.equal('client_aborted');
    call.abort();
  });

  it('#48 a slow reader gets everything', async () => {
    pair.up.next({
      headers: { 'content-type': 'application/octet-stream' },
      chunks: [Buffer.alloc(3 << 20, 'q'), 'END'],
    });
    const call = pair.open('/v1/files/x/content', { readRate: 8 << 20 });
    // The connection may be closed while the last bytes wait in the client for their turn.
    const limit = Date.now() + 5000;
    while (!call.answer.text.endsWith('END') && Date.now() < limit) await new Promise((done) => setTimeout(done, 20));
    expect(call.answer.body.length).to.equal((3 << 20) + 3);
    expect((await pair.row()).outcome).to.equal('ok');
  });
});

/** A port to which no connection ever comes about: the kernel's queue is full and nobody empties it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

export interface BlackHole {
  url: string;
  port: number;
  close(): Promise<void>;
}

// The worker listens and then blocks its own event loop, so that it cannot accept.
const LISTEN_AND_BLOCK = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(new Int32Array(workerData), 0, 0));
});`;

/** More connections than the queue holds; the last of them hang. */
const FILL = 4;

export async function startBlackHole(): Promise<BlackHole> {
  const lock = new SharedArrayBuffer(4);
  const worker = new Worker(LISTEN_AND_BLOCK, { eval: true, workerData: lock });
  const [port] = (await once(worker, 'message')) as [number];
  const fillers: Socket[] = Array.from({ length: FILL }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await Promise.race(fillers.map((socket) => once(socket, 'connect')));
  await new Promise((done) => setTimeout(done, 50));
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: async () => {
      for (const socket of fillers) socket.destroy();
      Atomics.store(new Int32Array(lock), 0, 1);
      Atomics.notify(new Int32Array(lock), 0);
      await worker.terminate();
    },
  };
}

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

import { read } from './source.ts';

/** A loopback port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The gateway.yaml that we ship, on free ports and without waiting. */
export async function shippedOn(): Promise<string> {
  const simulator = String(await freePort());
  return read('gateway.yaml')
    .replace('port: 9110', 'port: 0')
    .replaceAll('9119', simulator)
    .replace('pace: 25', 'pace: 0');
}

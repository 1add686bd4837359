import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect } from 'chai';

import { openListener } from '../../src/proxy/listener.ts';
import { rawSocket } from '../support/client.ts';

const LIMITS = { headers: 16 * 1024, clientHeaders: 2000, clientBody: 1000 };
const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const ASK = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';

describe('openListener', () => {
  let server: Server;
  let closed: (() => void) | null = null;
  before(async () => {
    server = await openListener('127.0.0.1', 0, LIMITS, (req, res) => {
      res.once('close', () => closed?.());
      if (req.url === '/begun') res.write('some');
      else setTimeout(() => res.end('late'), 150);
    });
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  it('rejects with the error of the system when the port is in use', async () => {
    const error = await openListener('127.0.0.1', portOf(server), LIMITS, () => {}).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'EADDRINUSE' });
  });

  it('refuses what is no HTTP in words that SDKs read', async () => {
    const answer = String(await rawSocket(portOf(server), 'HELLO\r\n\r\n'));
    expect(answer)
      .to.match(/^HTTP\/1\.1 400 Bad Request\r\n/)
      .and.match(/connection: close/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!).error.code).to.equal('invalid_http');
  });

  it('answers a client that has only closed its sending side', async () => {
    const answer = String(await rawSocket(portOf(server), ASK, { halfClose: true }));
    expect(answer)
      .to.match(/^(HTTP\/1\.1 100 Continue\r\n\r\n)+HTTP\/1\.1 200 OK\r\n/)
      .and.match(/late$/);
  });

  for (const [what, text] of [
    ['before its answer', ASK],
    ['in the middle of its answer', ASK.replace('/', '/begun')],
  ]) {
    it(`notices a client that leaves ${what}`, async () => {
      const gone = new Promise<void>((done) => {
        closed = done;
      });
      const socket = connect(portOf(server), '127.0.0.1');
      socket.write(text!);
      await new Promise((done) => setTimeout(done, 30));
      const since = performance.now();
      socket.destroy();
      await gone;
      expect(performance.now() - since).to.be.lessThan(140);
    });
  }

  it('three hundred connections that say nothing are in nobody’s way', async () => {
    const silent = Array.from({ length: 300 }, () => connect(portOf(server), '127.0.0.1').on('error', () => {}));
    expect(String(await rawSocket(portOf(server), ASK))).to.match(/^HTTP\/1\.1 200 /);
    for (const socket of silent) socket.destroy();
  });
});

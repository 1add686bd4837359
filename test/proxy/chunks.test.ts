import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from 'chai';

import { Chunks } from '../../src/proxy/chunks.ts';
import { rawSocket, send } from '../support/client.ts';

describe('Chunks', () => {
  let server: Server;
  let port = 0;
  const pieces = [Buffer.from('data: é\n\n'), Buffer.alloc(100_000, 'x'), Buffer.from('z')];

  before(async () => {
    server = createServer((_req, res) => {
      const fits = Chunks.fit(res, 200, false);
      res.writeHead(200, fits ? ['transfer-encoding', 'chunked'] : []);
      if (!fits) {
        res.end(Buffer.concat(pieces));
        return;
      }
      const chunks = new Chunks(res);
      for (const piece of pieces) chunks.write(piece);
      chunks.end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  it('frames small and large pieces so that a client reads them as they were', async () => {
    const answer = await send({ url: `http://127.0.0.1:${port}/` });
    expect(answer.headers['transfer-encoding']).to.equal('chunked');
    expect(answer.body.equals(Buffer.concat(pieces))).to.equal(true);
    expect(answer.broken).to.equal(false);
  });

  it('leaves the connection fit for the next answer', async () => {
    const request = 'GET / HTTP/1.1\r\nhost: x\r\n';
    const bytes = await rawSocket(port, Buffer.from(`${request}\r\n${request}connection: close\r\n\r\n`));
    expect(bytes.toString('latin1').match(/HTTP\/1\.1 200 OK/g)).to.have.lengthOf(2);
    expect(bytes.toString('latin1').match(/\r\n0\r\n\r\n/g)).to.have.lengthOf(2);
  });

  it('is not for clients without chunks, nor for answers without a body', async () => {
    const bytes = await rawSocket(port, Buffer.from('GET / HTTP/1.0\r\n\r\n'));
    const text = bytes.toString('latin1');
    expect(text).to.not.match(/transfer-encoding/i);
    expect(bytes.subarray(text.indexOf('\r\n\r\n') + 4).equals(Buffer.concat(pieces))).to.equal(true);
    const head = await send({ url: `http://127.0.0.1:${port}/`, method: 'HEAD' });
    expect(head.headers['transfer-encoding']).to.equal(undefined);
  });
});

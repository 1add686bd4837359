import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { connect } from '../../src/store/connect.ts';

/** One message of Postgres' protocol: its letter, its length, its body. */
function message(letter: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(letter), length, body]);
}

const WELCOME = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const FATAL = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'));

describe('the PostgreSQL driver', () => {
  let server: Server;

  before(async () => {
    server = createServer((socket) => {
      socket.on('error', () => {});
      // Let in and thrown out in one packet, as when the server stops at that moment.
      socket.once('data', () => socket.end(Buffer.concat([WELCOME, READY, FATAL])));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => server.close());

  it('is thrown out with its welcome, and takes nothing down with it', async () => {
    const { port } = server.address() as AddressInfo;
    const url = `postgres://someone@127.0.0.1:${port}/any`;
    const database = await connect({ dialect: 'postgres', url, name: 'any' }, 'writer', 'normal');
    const failure = await database.query('select 1').then(
      () => null,
      (error: Error) => error,
    );
    expect(failure).to.be.an('error');
    await database.close();
  });
});

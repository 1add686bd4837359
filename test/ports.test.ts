import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { expect } from 'chai';
import type { Config, Listen } from '../src/config/schema.ts';
import { isGuarded, isLocked, isLoopback, type Port, Ports } from '../src/ports.ts';
import { Resources } from '../src/resources.ts';
import { open, send } from './support/client.ts';
import { freePort } from './support/free-port.ts';

const limits = { headers: 32 * 1024, client_headers: 10_000, client_body: 60_000 };
const listen = (port: number, more: Partial<Listen> = {}): Listen => {
  const host = more.host ?? '127.0.0.1';
  return { host, port, name: `${host}:${port}`, ...more };
};
const config = (...listeners: Listen[]): Config => ({ listen: listeners, limits }) as unknown as Config;

describe('ports', () => {
  let ports: Ports;
  let resources: Resources;
  let held: string[][];

  beforeEach(() => {
    resources = new Resources();
    held = [];
    ports = new Ports(resources, (_req, res, port: Port) => {
      res.write(port.name);
      if (port.agent !== 'slow') res.end(` ${port.agent}`);
      else setTimeout(() => res.end(' done'), 150);
    });
  });
  afterEach(async () => {
    ports.cut();
    for (const key of held.flat()) await resources.release(key);
  });

  /** What the gateway does with a configuration: open what is new, give meaning, let go of what was. */
  async function take(next: Config): Promise<void> {
    const keys = await ports.open(next);
    ports.apply(next);
    for (const key of held.splice(0).flat()) await resources.release(key);
    held.push(keys);
  }
  const text = async (url: string): Promise<string> => (await send({ url })).text;

  it('know addresses that only this machine can reach', () => {
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]']) expect(isLoopback(host)).to.equal(true);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example.org', '127.0.0.1.example.org']) {
      expect(isLoopback(host)).to.equal(false);
    }
  });

  it('ask strangers for a key, by default, and for the dashboard always', () => {
    const cases: [Partial<Listen>, locked: boolean, guarded: boolean][] = [
      [{}, false, false],
      [{ auth: 'key' }, true, true],
      [{ host: '0.0.0.0' }, true, true],
      [{ host: '0.0.0.0', auth: 'none' }, false, true],
    ];
    for (const [more, locked, guarded] of cases) {
      expect([isLocked(listen(1, more)), isGuarded(listen(1, more))]).to.eql([locked, guarded]);
    }
  });

  it('stay open from one configuration to the next, with a new meaning for the same connection', async () => {
    const port = await freePort();
    await take(config(listen(port, { agent: 'one' })));
    const url = `http://127.0.0.1:${port}`;
    expect(await text(url)).to.equal(`127.0.0.1:${port} one`);
    await take(config(listen(port, { agent: 'two', name: 'front' })));
    expect(await text(url)).to.equal('front two');
  });

  it('are known by the number that the system chose', async () => {
    await take(config(listen(0), listen(0, { name: 'agents', agent: 'a' })));
    const [first, second] = ports.all;
    expect(first!.url).to.match(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect(first!.name).to.equal(first!.url.slice('http://'.length));
    expect(second).to.include({ name: 'agents', dashboard: false, up: true });
    expect(await text(second!.url)).to.equal('agents a');
  });

  it('take nothing new once they are listed no more, and finish what they have taken', async () => {
    const [stays, goes] = [await freePort(), await freePort()];
    await take(config(listen(stays), listen(goes, { agent: 'slow' })));
    const call = open({ url: `http://127.0.0.1:${goes}` });
    await call.saw(`:${goes}`);
    await take(config(listen(stays)));
    expect(await send({ url: `http://127.0.0.1:${goes}` })).to.include({ status: 0, errorCode: 'ECONNREFUSED' });
    expect((await call.done).text).to.equal(`127.0.0.1:${goes} done`);
  });

  it('say which port is in use, and leave nothing open', async () => {
    const other = createTcp().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const free = await freePort();
    const error = await ports.open(config(listen(free), listen(port))).catch((reason: Error) => reason);
    expect((error as Error).message).to.match(new RegExp(`^port ${port} on 127.0.0.1 is in use; [^\\n]*$`));
    const again = createServer().listen(free, '127.0.0.1');
    await once(again, 'listening');
    again.close();
    other.close();
  });
});

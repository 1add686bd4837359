/**
 * Every path that the gateway knows: a call of a provider's API leaves a row that tells
 * whether it is billed, and a route of its own asks for a login. Both lists are taken from the
 * code, so a new path is held to this without being named here.
 */
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import Router from '@koa/router';
import { expect } from 'chai';

import type { Adapter, Endpoint } from '../../src/adapter.ts';
import { type Answer, open, type Sending, send } from '../support/client.ts';
import { PIPELINE, root, startGateway, type TestGateway } from '../support/gateway.ts';
import { openHouse } from '../support/house.ts';
import { shippedOn } from '../support/shipped.ts';
import { filesIn } from '../support/source.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const KEY = 'inventory-key-0123456789';
const KEYS = `keys: [{ name: inventory, key: ${KEY}, agent: stock-taker, user: u, tags: { team: a } }]\n`;

const files = filesIn('providers/adapters', '.ts').filter((file) => !basename(file).startsWith('_'));
const adapters: [name: string, adapter: Adapter][] = [];
for (const file of files) {
  const { default: adapter } = (await import(pathToFileURL(`${root}/${file}`).href)) as { default: Adapter };
  adapters.push([basename(file, '.ts').replaceAll('-', '_'), adapter]);
}

describe('the inventory of routes', () => {
  describe('to providers', () => {
    let up: Upstream;
    let gw: TestGateway;

    before(async () => {
      up = await startUpstream();
      const providers = adapters.map(
        ([name]) => `  at-${name.replaceAll('_', '-')}: { adapter: ${name}, base_url: "${up.url}" }\n`,
      );
      gw = await startGateway(
        `listen: [{ port: 0, auth: key }]\n${KEYS}providers:\n${providers.join('')}  openai: { base_url: "${up.url}" }\n${PIPELINE}`,
      );
    });
    after(async () => {
      await gw.close();
      await up.close();
    });

    const ask = (path: string, sending: Partial<Sending> = {}): Promise<Answer> =>
      send({ ...sending, url: gw.url + path, headers: { ...(sending.headers as object), 'x-api-key': KEY } });
    const rowOf = (answer: Answer) => gw.row(String(answer.headers['x-token-spy-id']));

    it('knows all adapters', () => {
      expect(adapters.length).to.be.greaterThan(8);
      for (const [name, { endpoints }] of adapters) expect(endpoints.length, name).to.be.greaterThan(0);
    });

    for (const [name, adapter] of adapters) {
      describe(name, () => {
        for (const endpoint of adapter.endpoints) {
          const { method, path, bills } = endpoint;
          it(`${method} ${path} is ${bills ? 'billed' : 'not billed'}, identified and recorded`, async () => {
            const called = pathOf(endpoint);
            // Of two adapters with the same path one answers; what is billed must not depend on which.
            const { facts } = gw.gateway.current.endpoint(method, called)!;
            expect(facts.bills).to.equal(bills);
            const answer = await ask(`/at-${name.replaceAll('_', '-')}${called}`, { method, ...bodyOf(endpoint) });
            expect(answer.status, answer.text).to.equal(200);
            const row = await rowOf(answer);
            expect(row).to.deep.include({
              method,
              path: called,
              api: facts.api,
              key: 'inventory',
              agent: 'stock-taker',
              user: 'u',
              tags: { team: 'a' },
              status: 200,
            });
            if (bills) expect(row.usage_status).to.not.equal('not_applicable');
            else expect(row).to.include({ usage_status: 'not_applicable', usage_source: 'none', cost_usd: null });
          });
        }
      });
    }

    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      it(`${method} of a path that nobody owns is identified and recorded, and nothing is said of its usage`, async () => {
        for (const path of ['/v1/unheard-of/x', '/nowhere', '/openai/v9/made-up']) {
          const body = ['GET', 'DELETE'].includes(method) ? {} : { body: { model: 'm' } };
          const answer = await ask(path, { method, ...body });
          expect(answer.status, path).to.equal(200);
          expect(await rowOf(answer)).to.include({
            api: null,
            key: 'inventory',
            agent: 'stock-taker',
            usage_status: 'not_applicable',
            usage_source: 'none',
          });
        }
      });
    }

    it('nothing leaves without a key where one is asked for', async () => {
      const before = up.received.length;
      const paths = adapters.flatMap(([, { endpoints }]) =>
        endpoints.map((endpoint) => [endpoint.method, pathOf(endpoint)] as const),
      );
      for (const [method, path] of [...paths, ['GET', '/nowhere'] as const]) {
        expect((await send({ url: gw.url + path, method })).status, path).to.equal(401);
      }
      expect(up.received.length).to.equal(before);
    });
  });

  describe('of its own', () => {
    /** What anybody may ask, as docs/api.md and docs/running.md say: probes, and what leads to the login. */
    const OPEN = ['/health', '/healthz', '/live', '/readyz', '/ready', '/', '/login', '/logout', '/assets/:name'];
    let gw: TestGateway;
    let locked: string;
    let routes: { methods: readonly string[]; path: string }[];

    before(async () => {
      const yaml = (await shippedOn()).replace('port: 0 }', 'port: 0 }\n  - { port: 0, auth: key, name: locked }');
      gw = await startGateway(`${yaml}\n${KEYS}`);
      locked = gw.gateway.ports.all.find(({ name }) => name === 'locked')!.url;
      const house = await openHouse();
      const router = new Router();
      for (const instance of gw.gateway.current.instances.values()) instance.routes?.(router);
      const ofPlugins = router.stack.map(({ methods, path }) => ({ methods, path: String(path) }));
      routes = [...house.app.routes, ...ofPlugins];
      await house.close();
    });
    after(() => gw.close());

    it('are known, those of plugins among them', () => {
      const paths = routes.map(({ path }) => path);
      expect(paths.length).to.be.greaterThan(20);
      expect(paths).to.include.members([...OPEN, '/api/v1/requests/:id', '/api/v1/usage/events', '/api/ingest/routed']);
    });

    it('ask for a login, except for those that are open to all', async () => {
      const said: string[] = [];
      for (const { methods, path } of routes) {
        for (const method of methods) {
          const url = locked + path.replace(/:\w+/g, 'x');
          const stranger = await head({ url, method });
          const guess = await head({ url, method, headers: { authorization: 'Bearer wrong-key-0123456789' } });
          const isOpen = stranger.status !== 401;
          if (isOpen !== OPEN.includes(path)) said.push(`${method} ${path}: ${stranger.status}`);
          // Ten wrong keys are followed by a pause, which is no way in either.
          if (!isOpen) expect(guess.status, path).to.be.oneOf([401, 429]);
        }
      }
      expect(said, 'open without a word about it, or locked by mistake').to.eql([]);
    });

    it('open with a key', async () => {
      for (const { methods, path } of routes) {
        for (const method of methods) {
          const url = locked + path.replace(/:\w+/g, 'x');
          const { status } = await head({ url, method, headers: { 'x-api-key': KEY } });
          expect(status, `${method} ${path}`).to.not.be.oneOf([401, 500]);
        }
      }
    });

    /** The answer as soon as its head is here: feeds have no end. */
    async function head(sending: Sending): Promise<Answer> {
      const call = open(sending);
      const answer = await call.head;
      call.abort();
      await call.done;
      return answer;
    }
  });
});

/** A path as a client would write it: `:model:generateContent` is `m:generateContent`. */
function pathOf({ path }: Endpoint): string {
  return path.replace(/:[a-z]+/gi, (name, at: number) => (path[at - 1] === '/' ? 'm' : name)).replace(/\*$/, 'x/y');
}

function bodyOf({ method, body }: Endpoint): Partial<Sending> {
  if (['GET', 'HEAD', 'DELETE'].includes(method)) return {};
  if (body !== 'form') return { body: { model: 'm', messages: [] } };
  const form = '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n--b--\r\n';
  return { body: form, headers: { 'content-type': 'multipart/form-data; boundary=b' } };
}

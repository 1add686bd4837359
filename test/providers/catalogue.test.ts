/** providers/*.yaml: data that anybody may add, so every file is held to the same rules and asked once. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';

import type { ProviderEntry } from '../../src/config/schema.ts';
import { loadPriceLayers } from '../../src/loader/prices.ts';
import type { PriceEntry } from '../../src/metering/price-entry.ts';
import { send } from '../support/client.ts';
import { PIPELINE, root, startGateway, type TestGateway } from '../support/gateway.ts';
import { json } from '../support/script.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const FOLDER = join(root, 'providers');
const files = readdirSync(FOLDER).filter((name) => /^[^.].*\.ya?ml$/.test(name));
const raw = files.map((file) => ({
  name: file.replace(/\.ya?ml$/, ''),
  text: readFileSync(join(FOLDER, file), 'utf8'),
}));
const entries = raw.map(({ name, text }) => ({ name, text, entry: parse(text) as ProviderEntry }));
/** What each adapter's file is called. */
const adapters = readdirSync(join(FOLDER, 'adapters')).filter((name) => /^[a-z].*\.ts$/.test(name));
const adapterNames = adapters.map((name) => name.replace(/\.ts$/, '').replaceAll('-', '_'));

const compatible = entries.filter(({ entry }) => [entry.adapter ?? 'openai_chat'].flat().includes('openai_chat'));

describe('the catalogue of providers', () => {
  let lists: Map<string, [model: string, entry: PriceEntry][]>;
  before(async () => {
    lists = new Map();
    const [layer] = await loadPriceLayers(root);
    for (const [key, price] of Object.entries(layer?.entries ?? {})) {
      const slash = key.indexOf('/');
      const list = key.slice(0, slash);
      lists.set(list, [...(lists.get(list) ?? []), [key.slice(slash + 1), price]]);
    }
  });

  it('has the vendors that people use', () => {
    expect(entries.length).to.be.greaterThan(30);
    expect(entries.map(({ name }) => name)).to.include.members(['openai', 'anthropic', 'google', 'ollama', 'cerebras']);
  });

  for (const { name, text, entry } of entries) {
    it(`${name} has a summary, an address and adapters that there are`, () => {
      expect(entry.summary).to.match(/^\S.*\.$/);
      expect([entry.adapter ?? 'openai_chat'].flat().filter((adapter) => !adapterNames.includes(adapter))).to.eql([]);
      const address = new URL((entry.base_url ?? '').replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'));
      if (address.protocol === 'http:') expect(address.hostname).to.match(/^(127\.0\.0\.1|localhost)$/);
      else expect(address.protocol).to.equal('https:');
      expect(address.search + address.hash + address.username).to.equal('');
      // What is taken from the environment must have a word to fall back on: a missing variable ends the start.
      expect([...text.matchAll(/\$\{(\w+)\}/g)].map(([variable]) => variable)).to.eql([]);
    });

    it(`${name} has a price list, or says that there is none`, () => {
      const local = /^http:\/\/127\.0\.0\.1/.test(entry.base_url ?? '');
      expect(entry.free ?? false, 'only a machine of your own is free').to.equal(local);
      const list = entry.prices ?? name;
      if (local || list === 'none') return;
      expect(lists.get(list), list).to.have.length.greaterThan(0);
    });
  }

  describe('asked through a gateway', () => {
    let gateway: TestGateway;
    let upstream: Upstream;
    before(async () => {
      upstream = await startUpstream();
      const laid = compatible.map(({ name, entry }) => `  ${name}: { base_url: ${upstream.url}${pathOf(entry)} }`);
      gateway = await startGateway(`providers:\n${laid.join('\n')}\n${PIPELINE}`);
    });
    after(async () => {
      await gateway?.close();
      await upstream?.close();
    });

    for (const { name, entry } of compatible)
      it(`${name} is reached by its name in the path, and priced by its list`, async () => {
        const [model, price] = priced(entry.prices ?? name) ?? ['some-model', null];
        const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
        const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi.' }, finish_reason: 'stop' }];
        upstream.next(json({ id: 'x', object: 'chat.completion', model, choices, usage }));
        const answer = await send({
          url: `${gateway.url}/${name}/v1/chat/completions`,
          headers: { authorization: 'Bearer key' },
          body: { model, messages: [{ role: 'user', content: 'Hello' }] },
        });
        expect(answer.status).to.equal(200);
        expect(upstream.received.at(-1)?.path).to.equal(`${pathOf(entry).replace(/\/$/, '')}${rest(entry)}`);
        const row = await gateway.row(String(answer.headers['x-token-spy-id']));
        expect(row).to.include({ provider: name, usage_status: 'final' });
        expect(row.usage).to.include({ input_tokens: 1000, output_tokens: 100 });
        if (entry.free) expect(row).to.include({ cost_usd: '0', cost_source: 'free' });
        else if (price === null) expect(row).to.include({ cost_usd: null, cost_source: null });
        else {
          const perRequest = Number(price.request_per_1k ?? 0) / 1000;
          const cost = (1000 * Number(price.input) + 100 * Number(price.output)) / 1e6 + perRequest;
          expect(Number(row.cost_usd)).to.be.closeTo(cost, 1e-12);
          expect(row.cost_source).to.equal('price_table');
        }
      });

    /** A model of the list that costs one plain price at any hour. */
    function priced(list: string): [string, PriceEntry] | null {
      const plain = ({ input, output, hours, starts, ends }: PriceEntry) =>
        input !== undefined && output !== undefined && !hours && !starts && !ends;
      return lists.get(list)?.find(([, price]) => plain(price)) ?? null;
    }
  });
});

/** Path of the base URL, which stays when the address is another. */
function pathOf({ base_url = '' }: ProviderEntry): string {
  const { pathname } = new URL(base_url.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'));
  return pathname === '/' ? '' : pathname;
}

/** A base URL with a version takes the place of `/v1`. */
function rest(entry: ProviderEntry): string {
  return /\/v\d+[a-z0-9]*(\/.+\/openapi|\/openai)?\/?$/.test(pathOf(entry))
    ? '/chat/completions'
    : '/v1/chat/completions';
}

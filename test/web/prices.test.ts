import { expect } from 'chai';
import { costOf } from '../../src/metering/cost.ts';
import type { PriceEntry } from '../../src/metering/price-entry.ts';
import { PriceBook } from '../../src/metering/prices.ts';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { draw } from '../support/drafts.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { openHouse, type TestHouse } from '../support/house.ts';

/** Answers are read as their reader would: the tests say what is in them. */
type Json = ReturnType<typeof JSON.parse>;

const DAY_MS = 86_400_000;
const OWN: Record<string, PriceEntry> = {
  'my-model': { input: '0.50', output: 1.5, source: 'the contract of 2026' },
  'acme/large-*': {
    match: ['huge'],
    input: 1,
    output: 2,
    input_audio: '1e-1',
    tiers: [{ input_over: 1000, input: 2 }],
    service_tiers: { flex: { multiplier: 0.5, output: 1 } },
    geo_multiplier: { us: 1.1 },
    hours: [{ from: '01:00', to: '04:00', days: ['mon'], multiplier: 2 }],
    same_as: { cache_read: 'input' },
    starts: '2020-01-01',
    ends: '2030-01-01',
  },
  'acme/gone': { input: 1, output: 1, ends: '2021-01-01' },
};
const SHIPPED: Record<string, PriceEntry> = {
  'openai/gpt-4o': { match: ['gpt-4o-2024-08-06'], input: 2.5, output: 10, cache_read: 1.25 },
  'openai/gpt-audio': { input: 2.5, output: 10 },
  'anthropic/claude-x': { dated: true, input: 3, output: 15 },
};
const book = (own: Record<string, PriceEntry> = OWN): PriceBook =>
  new PriceBook([
    { name: 'pricing', version: 'config-abc', operator: true, entries: own },
    {
      name: 'genai-prices',
      version: 'genai-prices-1+2026-11-20',
      entries: SHIPPED,
      fallbacks: { azure: ['openai'] },
      sources: [
        { kind: 'table', name: 'genai-prices', version: '1', date: '2026-09-23' },
        { kind: 'overrides', name: 'overrides', version: '2026-11-20', date: '2026-11-20' },
      ],
      origins: {
        'openai/gpt-4o': {
          source: { kind: 'table', name: 'genai-prices', version: '1', date: '2026-09-23' },
          changed: ['cache_read'],
        },
      },
    },
  ]);

/** A record of a model without a cost. */
const unknown = (model: string, change: Partial<ExchangeRecord> = {}): Partial<ExchangeRecord> => ({
  model: { request: model, response: model, priced_as: null },
  cost_usd: null,
  cost_source: null,
  price: null,
  unpriced: { reason: 'no_price', missing: null },
  ...change,
});

describe('Prices', () => {
  let test: TestHouse;
  let url: string;

  beforeEach(async () => {
    test = await openHouse({ prices: () => book() });
    url = await test.listen();
  });
  afterEach(() => test.close());

  const get = async (path: string): Promise<{ status: number; body: Json }> => {
    const answer = await fetch(url + path);
    return { status: answer.status, body: await answer.json() };
  };
  const page = async (path: string): Promise<string> => {
    const answer = await fetch(url + path, { headers: { accept: 'text/html' } });
    expect(answer.status, path).to.equal(200);
    return answer.text();
  };
  const keys = (body: Json): string[] => body.data.map(({ key }: { key: string }) => key);

  describe('over the API', () => {
    it('are told whole, in decimal texts, with where and when they are from', async () => {
      const { body } = await get('/api/v1/prices?q=large');
      expect(body.sources).to.eql([
        { kind: 'pricing', name: 'pricing', version: 'config-abc', date: new Date().toISOString().slice(0, 10) },
        { kind: 'table', name: 'genai-prices', version: '1', date: '2026-09-23' },
        { kind: 'overrides', name: 'overrides', version: '2026-11-20', date: '2026-11-20' },
      ]);
      expect(body.data).to.eql([
        {
          key: 'acme/large-*',
          provider: 'acme',
          model: 'large-*',
          names: ['huge'],
          dated: false,
          free: false,
          rates: { input: '1', output: '2', input_audio: '0.1' },
          tiers: [{ input_over: 1000, input_at_least: null, rates: { input: '2' } }],
          service_tiers: { flex: { multiplier: '0.5', rates: { output: '1' } } },
          speeds: {},
          geo_multiplier: { us: '1.1' },
          hours: [{ from: '01:00', to: '04:00', days: ['mon'], except: [], multiplier: '2', rates: {} }],
          same_as: { cache_read: 'input' },
          starts: '2020-01-01',
          ends: '2030-01-01',
          in_force: true,
          version: 'config-abc',
          from: { ...body.sources[0], changed: [] },
          source: null,
        },
      ]);
      const { body: mine } = await get('/api/v1/prices?q=contract');
      expect(mine.data[0]).to.include({ key: 'my-model', provider: null, source: 'the contract of 2026' });
      expect(mine.data[0].rates).to.eql({ input: '0.5', output: '1.5' });
      const { body: table } = await get('/api/v1/prices?q=gpt-4o');
      expect(table.data[0].from).to.eql({ ...body.sources[1], changed: ['cache_read'] });
      expect((await get('/api/v1/prices?q=gone')).body.data[0].in_force).to.equal(false);
    });

    it('are listed a page at a time, each once, the operator’s first', async () => {
      const found: string[] = [];
      let cursor = '';
      do {
        const { body } = await get(`/api/v1/prices?limit=2${cursor && `&cursor=${cursor}`}`);
        expect(body.count).to.equal(6);
        found.push(...keys(body));
        cursor = body.next_cursor;
      } while (cursor);
      expect(found).to.eql([
        'acme/gone',
        'acme/large-*',
        'my-model',
        'anthropic/claude-x',
        'openai/gpt-4o',
        'openai/gpt-audio',
      ]);
    });

    it('are found by provider, by any name of a model, and by words', async () => {
      expect(keys((await get('/api/v1/prices?provider=openai')).body)).to.eql([
        'my-model',
        'openai/gpt-4o',
        'openai/gpt-audio',
      ]);
      expect(keys((await get('/api/v1/prices?model=gpt-4o-2024-08-06')).body)).to.eql(['openai/gpt-4o']);
      expect(keys((await get('/api/v1/prices?model=large-9')).body)).to.eql(['acme/large-*']);
      expect(keys((await get('/api/v1/prices?model=claude-x-20260101')).body)).to.eql(['anthropic/claude-x']);
      expect(keys((await get('/api/v1/prices?q=GPT%20audio')).body)).to.eql(['openai/gpt-audio']);
      expect(keys((await get('/api/v1/prices?q=nothing%20at%20all')).body)).to.eql([]);
    });

    it('are looked up as an answer would be, and say how', async () => {
      const find = async (provider: string, model: string): Promise<string> => {
        const { body } = await get(`/api/v1/prices?provider=${provider}&model=${encodeURIComponent(model)}`);
        expect(body.price?.key ?? null).to.equal(book().find(provider, model, null, new Date())?.key ?? null);
        return [body.price?.key ?? null, body.reason, body.matched, body.list].join(' ');
      };
      expect(await find('openai', 'gpt-4o')).to.equal('openai/gpt-4o exact gpt-4o own');
      expect(await find('openai', 'gpt-4o-2024-08-06')).to.equal('openai/gpt-4o alias gpt-4o-2024-08-06 own');
      expect(await find('anthropic', 'claude-x-20260101')).to.equal('anthropic/claude-x dated claude-x own');
      expect(await find('acme', 'large-7b')).to.equal('acme/large-* pattern large-* own');
      expect(await find('azure', 'gpt-4o')).to.equal('openai/gpt-4o exact gpt-4o fallback');
      expect(await find('openai', 'my-model')).to.equal('my-model exact my-model every');
      expect(await find('groq', 'gpt-4o')).to.equal(' none  ');
      expect(await find('acme', 'gone')).to.equal(' none  ');
      const { body } = await get('/api/v1/prices?provider=openai&model=unheard-of');
      expect(body).to.include({ provider: 'openai', model: 'unheard-of', price: null, reason: 'none' });
      expect(body.sources).to.have.lengthOf(3);
    });

    it('need no lookup for a free provider, whatever its models are called', async () => {
      test.house.providers = () => [provider('ollama', true)];
      const { body } = await get('/api/v1/prices?provider=ollama&model=my-model');
      expect(body).to.include({ price: null, reason: 'free_provider' });
    });

    for (const [path, parameter] of [
      ['/api/v1/prices?limit=501', 'limit'],
      ['/api/v1/prices?limit=0', 'limit'],
      ['/api/v1/prices?modle=x', 'modle'],
      ['/api/v1/prices?cursor=nonsense', 'cursor'],
      [`/api/v1/prices?cursor=${Buffer.from('[1]').toString('base64url')}`, 'cursor'],
      ['/api/v1/prices?provider=openai&model=gpt-4o&q=x', 'q'],
      ['/api/v1/prices/unpriced?from=2026-02-01&to=2026-01-01', 'from'],
      ['/api/v1/prices/unpriced?agent=x', 'agent'],
      ['/api/v1/requests?cost_source=cheap', 'cost_source'],
    ] as const) {
      it(`refuse ${path} and name ${parameter}`, async () => {
        const { status, body } = await get(path);
        expect([status, body.error.code]).to.eql([400, 'invalid_parameter']);
        expect(body.error.message).to.include(parameter);
      });
    }
  });

  describe('that are missing', () => {
    it('are told with the reason, the requests, and the line that gives one', async () => {
      await test.add(
        unknown('new'),
        unknown('new'),
        unknown('gpt-audio', { unpriced: { reason: 'no_rate', missing: 'input_audio' } }),
        unknown('silent', { unpriced: { reason: 'no_usage', missing: null }, usage_status: 'missing' }),
        unknown('old', { time: new Date(Date.now() - 31 * DAY_MS).toISOString() }),
        {},
      );
      const { body } = await get('/api/v1/prices/unpriced');
      expect(body.data).to.have.lengthOf(2);
      expect(body.data[0]).to.deep.include({
        provider: 'openai',
        model: 'new',
        unpriced: { reason: 'no_price', missing: null },
        requests: 2,
        input_tokens: 2400,
        open: true,
      });
      expect(body.data[0].yaml).to.equal(
        'pricing:\n  models:   # US dollars per million tokens\n    openai/new: { input: NUMBER, output: NUMBER }',
      );
      expect(body.data[1].yaml).to.include('openai/gpt-audio: { input: 2.5, output: 10, input_audio: NUMBER }');
    });

    it('are open until a price is there, or the provider is free', async () => {
      await test.add(
        unknown('new'),
        unknown('gpt-audio', { unpriced: { reason: 'no_rate', missing: 'input_audio' } }),
        unknown('gpt-4o', { unpriced: { reason: 'no_rate', missing: 'service_tiers.priority' } }),
        unknown('mine', { provider: 'ollama' }),
      );
      const open = async (): Promise<string[]> => {
        const { body } = await get('/api/v1/prices/unpriced');
        const left = (body.data as { model: string; open: boolean }[]).filter((one) => one.open);
        return left.map(({ model }) => model).sort();
      };
      expect(await open()).to.eql(['gpt-4o', 'gpt-audio', 'mine', 'new']);
      test.house.providers = () => [provider('ollama', true)];
      expect(await open()).to.eql(['gpt-4o', 'gpt-audio', 'new']);
      const audio = { input: 2.5, output: 10, input_audio: 40 };
      test.house.prices = () => book({ new: { input: 1, output: 1 }, 'openai/gpt-audio': audio });
      expect(await open()).to.eql(['gpt-4o']);
      const priority = { ...SHIPPED['openai/gpt-4o'], service_tiers: { priority: { multiplier: 2 } } };
      test.house.prices = () => book({ new: { free: true }, 'openai/gpt-audio': audio, 'openai/gpt-4o': priority });
      expect(await open()).to.eql([]);
    });

    it('have lines that are refused as they are, and price the model once there are numbers', async () => {
      const odd = 'ft:gpt-4o: "x", {y}\n';
      await test.add(
        unknown(odd),
        unknown('gpt-4o', { unpriced: { reason: 'no_rate', missing: 'input_audio, service_tiers.priority' } }),
        unknown('gpt-audio', { unpriced: { reason: 'no_rate', missing: 'geo_multiplier.us' } }),
        unknown('claude-x', { unpriced: { reason: 'no_price', missing: 'claude-next' } }),
        unknown('star*'),
        unknown('tiered', { unpriced: { reason: 'no_rate', missing: 'service_tiers.flex with tiers' } }),
      );
      const html = await page('/dashboard/prices');
      const yaml = unescaped(/<pre tabindex="0"><code>(pricing:[\s\S]*?)<\/code>/.exec(html)![1]!);
      expect(yaml).to.include('US dollars per million tokens').and.not.include('star');
      const refused = await draw(`${yaml}\n`).catch((error: Error) => error.message);
      expect(refused).to.match(/gateway.yaml:3:\d+ pricing.models/);
      const { prices } = await draw(`${yaml.replaceAll('NUMBER', '1')}\n`);
      const cost = (model: string, more: object): string | null =>
        costOf(
          {
            provider: 'openai',
            free: false,
            requestModel: null,
            responseModel: model,
            parts: null,
            serviceTier: null,
            speed: null,
            geo: null,
            at: new Date(),
            reportedCostUsd: null,
            usage: { input_tokens: 10, output_tokens: 1, 'audio.input_tokens': 5 },
            ...more,
          },
          prices,
        ).cost_usd;
      const plain = { usage: { input_tokens: 10, output_tokens: 1 } };
      expect(cost('gpt-4o', { serviceTier: 'priority' })).to.equal('0.0000275');
      expect(cost('gpt-audio', { ...plain, geo: 'us' })).to.equal('0.000035');
      expect(cost(odd, plain)).to.equal('0.000011');
      expect(cost('claude-next', plain)).to.equal('0.000011');
    });

    it('stand on every page, in the stretch it shows, until they are there', async () => {
      const paths = [
        '/dashboard',
        '/dashboard/requests',
        '/dashboard/pipeline',
        '/dashboard/config',
        '/dashboard/prices',
      ];
      await test.add({}, unknown('silent', { unpriced: { reason: 'no_usage', missing: null } }));
      for (const path of paths) expect(await page(path), path).to.not.include('no price</strong>');
      await test.add(
        unknown('new'),
        unknown('new'),
        unknown('older', { time: new Date(Date.now() - 3 * DAY_MS).toISOString() }),
      );
      for (const path of paths)
        expect(text(await page(path)), path).to.include(
          '1 model has no price, so 2 requests of the last 24 hours are not in the spend: openai/new.',
        );
      expect(text(await page('/dashboard?range=7d'))).to.include(
        '2 models have no price, so 3 requests of the last 7 days',
      );
      expect(text(await page('/dashboard?range=all'))).to.include('2 models have no price, so 3 requests of all time');
      const [record] = (await test.store.queries.list({ limit: 1 })).entries;
      expect(await page(`/dashboard/requests/${record!.id}`)).to.include('no price</strong>');
      test.house.prices = () => book({ 'openai/new': { input: 1, output: 1 } });
      expect(await page('/dashboard')).to.not.include('no price</strong>');
    });

    it('name three models in the banner, and count the others', async () => {
      await test.add(...['a', 'b', 'c', 'd', 'e'].map((name) => unknown(name)));
      expect(text(await page('/dashboard'))).to.match(
        /5 models have no price.*openai\/\w, openai\/\w, openai\/\w and 2 more/,
      );
    });

    it('are told to feeds at once, each with its reason', async () => {
      const feed = await fetch(`${url}/api/v1/events`);
      const reader = feed.body!.pipeThrough(new TextDecoderStream()).getReader();
      let heard = '';
      const hear = async (words: string): Promise<void> => {
        while (!heard.includes(words)) heard += (await reader.read()).value ?? '';
      };
      await hear(': here');
      test.publish('unpriced', { provider: 'openai', model: 'new', reason: 'no_price', missing: null });
      test.publish('unpriced', { provider: 'openai', model: 'newer', reason: 'no_price', missing: null });
      await hear('newer');
      expect(heard).to.include(
        'event: unpriced\ndata: {"provider":"openai","model":"new","reason":"no_price","missing":null}\n\n',
      );
      await reader.cancel();
    });

    it('leave the pages alone that need no database, when it does not answer', async () => {
      const { queries } = test.store;
      queries.unpricedModels = () => Promise.reject(new Error('gone'));
      expect(await page('/dashboard/pipeline')).to.include('Pipeline');
    });
  });

  describe('on their page', () => {
    it('are a table with what is beyond the columns in words', async () => {
      const html = await page('/dashboard/prices');
      const words = text(html);
      expect(words).to.include('6 prices').and.include('acme large-*').and.include('not in force');
      for (const part of [
        'input_audio 0.1',
        'over 1,000 input tokens: input 2',
        'service tier flex: × 0.5, output 1',
        'region us: × 1.1',
        '01:00 to 04:00 UTC, mon: × 2',
        'cache_read costs the same as input',
        'also called huge',
        'from overrides: cache_read',
        'a date may follow the name',
      ])
        expect(words).to.include(part);
      expect(html).to.match(/<td class="n">1\.25<\/td>/);
      expect(words).to.include('genai-prices comes with Token Spy 1 2026-09-23');
    });

    it('are searched without script, and paged with the search kept', async () => {
      expect(text(await page('/dashboard/prices?q=gpt%20audio'))).to.include('1 price found');
      expect(text(await page('/dashboard/prices?provider=openai'))).to.include('3 prices found');
      expect(await page('/dashboard/prices?q=nothing')).to.include('No price fits this search.');
      const many = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`big/m-${at}`, { input: 1 }]));
      test.house.prices = () => book(many);
      const found = new Set<string>();
      let path: string | null = '/dashboard/prices?q=big';
      while (path) {
        const html: string = await page(path);
        for (const [, name] of html.matchAll(/<td class="name">(m-\d+)/g)) found.add(name!);
        path = unescaped(/href="([^"]+)" rel="next"/.exec(html)?.[1] ?? '') || null;
      }
      expect(found.size).to.equal(120);
    });

    it('name what was asked for without a price, and what has one since', async () => {
      await test.add(
        unknown('new', { estimate: { input_tokens: 1, output_tokens: 1, cost_usd: '0.12', confidence: 'low' } }),
        unknown('gpt-4o', { unpriced: { reason: 'no_price', missing: null } }),
        unknown('gpt-audio', { unpriced: { reason: 'no_rate', missing: 'input_audio' } }),
      );
      const words = text(await page('/dashboard/prices'));
      expect(words).to.match(/openai new no price list knows this model 1 1\.5K ≈ \$0\.12/);
      expect(words).to.include('openai gpt-audio its price has no rate for input_audio');
      expect(words).to.include('1 more has a price by now; what was asked before stays unknown');
    });

    it('escape every name', async () => {
      const nasty = '<img src=x onerror=alert(1)>';
      const entry = { input: 1, match: [nasty], source: nasty, service_tiers: { [nasty]: { input: 1 } } };
      test.house.prices = () => book({ [`${nasty}/${nasty}`]: entry });
      await test.add(unknown(`new${nasty}`, { provider: nasty }));
      for (const path of ['/dashboard/prices', `/dashboard/prices?q=${encodeURIComponent(nasty)}`, '/dashboard'])
        expect(await page(path), path)
          .to.include('&lt;img src&#x3D;x')
          .and.not.include('<img');
    });
  });

  describe('of costs', () => {
    it('are told on the overview: reported, priced, free, and what is in no sum', async () => {
      const estimate = { input_tokens: 1, output_tokens: 1, cost_usd: '0.12', confidence: 'low' } as const;
      await test.add(
        { cost_usd: '10', cost_source: 'provider' },
        { cost_usd: '2.34' },
        { cost_usd: '0', cost_source: 'free' },
        unknown('new', { estimate }),
        unknown('new', { usage: null, usage_status: 'missing' }),
      );
      const words = text(await page('/dashboard'));
      expect(words).to.include(
        '$12.34, of which $10.00 reported by the provider, $2.34 priced by the table; 1 request free.',
      );
      expect(words).to.include(
        '2 requests and 1.5K tokens of unknown cost, not in the spend (1 of them estimated at $0.12).',
      );
      expect(words).to.include('Reported by the provider $10.00 81%');
      const { body } = await get('/api/v1/totals');
      expect(body.cost_sources.unknown).to.include({ requests: 2, estimated_cost_usd: '0.12' });
      expect(words).to.include('and 2 requests of unknown cost');
    });

    it('have a badge in the list where they are not simply known', async () => {
      const free = { cost_usd: '0', cost_source: 'free' } as const;
      const model = { request: 'm', response: 'm', priced_as: null };
      await test.add(
        { agent: 'plain' },
        { agent: 'home', ...free, model },
        { agent: 'gift', ...free },
        { agent: 'guess', usage_source: 'counted', usage_status: 'estimated' },
        unknown('new', { agent: 'lost' }),
        unknown('m', { agent: 'lack', unpriced: { reason: 'no_rate', missing: 'input_audio' } }),
        unknown('m', { agent: 'mute', unpriced: { reason: 'no_usage', missing: null } }),
        unknown('m', { agent: 'failed', usage_status: 'not_applicable', unpriced: null }),
      );
      const html = await page('/dashboard/requests');
      const badge = (agent: string): string =>
        text(new RegExp(`title="${agent}"[\\s\\S]*?<td class="n cost">([\\s\\S]*?)</td>`).exec(html)![1]!);
      expect(['plain', 'home', 'gift', 'guess', 'lost', 'lack', 'mute', 'failed'].map(badge)).to.eql([
        '$0.000345',
        'local $0',
        'free $0',
        'estimated $0.000345',
        'no price –',
        'no rate –',
        'no usage –',
        '$0',
      ]);
      expect(html).to.include('its price has no rate for input_audio');
      expect([...(await page('/dashboard/requests?cost_source=unknown')).matchAll(/<tr id="r-/g)]).to.have.lengthOf(3);
    });

    it('say on the page of a request why they are unknown', async () => {
      await test.add(unknown('m', { unpriced: { reason: 'no_rate', missing: 'service_tiers.priority' } }));
      const [entry] = (await test.store.queries.list()).entries;
      const words = text(await page(`/dashboard/requests/${entry!.id}`));
      expect(words).to.include('The cost is unknown: its price has no rate for service_tiers.priority.');
      const { body } = await get(`/api/v1/requests/${entry!.id}`);
      expect(body.unpriced).to.eql({ reason: 'no_rate', missing: 'service_tiers.priority' });
    });
  });
});

describe('Prices of a gateway', () => {
  let running: TestGateway;
  before(async () => {
    running = await startGateway('pricing: { models: { openai/mine: { input: 1, output: 2 } } }\nplugins: []\n');
  });
  after(() => running.close());

  it('are those of its configuration, and change with it', async () => {
    const find = async (model: string): Promise<Json> =>
      (await fetch(`${running.url}/api/v1/prices?provider=openai&model=${model}`)).json();
    const mine = await find('mine');
    expect(mine.price).to.deep.include({ key: 'openai/mine', rates: { input: '1', output: '2' } });
    expect(mine.price.from.kind).to.equal('pricing');
    expect((await find('gpt-4o')).price.from).to.include({ kind: 'table', name: 'genai-prices' });
    const { version } = running.gateway.current.blueprint;
    await running.save('pricing: { models: { openai/mine: { input: 3, output: 2 } } }\nplugins: []\n');
    for (
      const limit = Date.now() + 10_000;
      Date.now() < limit && running.gateway.current.blueprint.version === version;
    )
      await new Promise((done) => setTimeout(done, 25));
    expect((await find('mine')).price.rates.input).to.equal('3');
  });
});

function provider(name: string, free: boolean) {
  const rest = { baseUrl: 'http://x', adapters: [], hasKey: false, lastStatus: null, lastAt: null, configured: true };
  return { name, free, ...rest };
}

const unescaped = (html: string): string =>
  html
    .replaceAll('&quot;', '"')
    .replaceAll('&#x3D;', '=')
    .replaceAll('&#x27;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

/** What a reader sees, in one line. */
const text = (html: string): string =>
  unescaped(html.replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .replace(/ ([.,:])/g, '$1')
    .trim();

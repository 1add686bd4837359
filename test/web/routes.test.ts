import { expect } from 'chai';
import type { HealthView } from '../../src/pipeline/plan.ts';
import type { RoutesView, RouteView } from '../../src/web/house.ts';
import { openHouse, type TestHouse } from '../support/house.ts';

const NASTY = '<img src=x onerror=alert(1)>';

const health = (provider: string, changes: Partial<HealthView> = {}): HealthView => ({
  provider,
  key: null,
  state: 'closed',
  failure: null,
  until: null,
  latencyMs: 210.5,
  inFlight: 2,
  attempts: 40,
  failures: 3,
  recent: 20,
  recentFailures: 0,
  ...changes,
});

const route = (changes: Partial<RouteView> = {}): RouteView => ({
  name: 'chat',
  match: {},
  strategy: 'fallback',
  sticky: 'state',
  restart: false,
  retry: { attempts: 6, retries: 1, backoffMs: 250, maxBackoffMs: 5000, maxWaitMs: 5000, deadlineMs: 120_000 },
  targets: [{ provider: 'openai', model: null, route: null, weight: 1 }],
  ...changes,
});

const UNTIL = '2026-11-21T10:00:05.000Z';
const VIEW: RoutesView = {
  routes: [
    route({
      match: { model: ['gpt-*', 'o*'], agent: 'ci-*', tags: { team: 'be' }, body: { min: 102_400 }, stream: false },
      targets: [
        { provider: 'openai', model: null, route: null, weight: 1 },
        { provider: 'groq', model: 'llama', route: null, weight: 1 },
        { provider: null, model: null, route: 'rest', weight: 1 },
      ],
    }),
    route({
      name: 'rest',
      strategy: 'weighted',
      restart: true,
      retry: { ...route().retry, retries: 0 },
      targets: [
        { provider: 'groq', model: null, route: null, weight: 3 },
        { provider: 'openai', model: null, route: null, weight: 1 },
        { provider: 'mistral', model: null, route: null, weight: 0 },
      ],
    }),
  ],
  aliases: { fast: 'gpt-4o-mini' },
  breaker: { window: 20, share: 50, least: 5, probeMs: 5000 },
  providers: [
    {
      name: 'openai',
      isRouted: true,
      health: health('openai', { state: 'open', failure: 'timeout', until: UNTIL, recentFailures: 12 }),
      keys: [
        { name: '1', health: health('openai', { key: '1', state: 'half_open', failure: 'quota', until: UNTIL }) },
        { name: 'spare', health: null },
      ],
    },
    { name: 'groq', isRouted: true, health: health('groq'), keys: [{ name: '1', health: null }] },
    { name: 'mistral', isRouted: true, health: null, keys: [] },
    { name: 'together', isRouted: false, health: health('together', { recentFailures: 1 }), keys: [] },
  ],
};

describe('Routes', () => {
  let test: TestHouse;
  let url: string;

  beforeEach(async () => {
    test = await openHouse();
    test.house.routing = () => VIEW;
    url = await test.listen();
  });
  afterEach(() => test.close());

  const page = async (): Promise<string> => {
    const answer = await fetch(`${url}/dashboard/routes`, { headers: { accept: 'text/html' } });
    expect(answer.status).to.equal(200);
    return answer.text();
  };
  /** What a reader sees, without tags. */
  const words = (html: string): string =>
    /<main[\s\S]*<\/main>/
      .exec(html)![0]
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ');

  it('are told by API, in their order, with how each provider and key has fared', async () => {
    const answer = await fetch(`${url}/api/v1/routes`);
    const body = (await answer.json()) as Record<string, never[]>;
    expect(Object.keys(body)).to.eql(['routes', 'aliases', 'breaker', 'providers']);
    expect(body.routes![0]).to.deep.include({
      name: 'chat',
      match: VIEW.routes[0]!.match,
      strategy: 'fallback',
      sticky: 'state',
      restart: false,
      retry: {
        attempts: 6,
        retries: 1,
        backoff_ms: 250,
        max_backoff_ms: 5000,
        max_wait_ms: 5000,
        deadline_ms: 120_000,
      },
      targets: VIEW.routes[0]!.targets,
    });
    expect(body.breaker).to.eql({ window: 20, share: 50, least: 5, probe_ms: 5000 });
    const [openai, , mistral, together] = body.providers!;
    const figures = { latency_ms: 210.5, in_flight: 2, attempts: 40, failures: 3, recent: 20 };
    expect(openai).to.eql({
      name: 'openai',
      routed: true,
      health: { state: 'open', failure: 'timeout', until: UNTIL, ...figures, recent_failures: 12 },
      keys: [
        { name: '1', health: { state: 'half_open', failure: 'quota', until: UNTIL, ...figures, recent_failures: 0 } },
        { name: 'spare', health: null },
      ],
    });
    expect(mistral).to.deep.include({ routed: true, health: null, keys: [] });
    expect(together).to.deep.include({ name: 'together', routed: false });
    expect((await fetch(`${url}/api/v1/routes?x=1`)).status).to.equal(400);
  });

  it('take no parameters, and say so', async () => {
    const answer = await fetch(`${url}/api/v1/routes?x=1`);
    expect(answer.status).to.equal(400);
    expect(await answer.text()).to.include('x: is not a parameter here; there are none');
  });

  it('say on their page what each takes, where that goes, and what is done when it fails', async () => {
    const text = words(await page());
    expect(text).to.include('takes model gpt-* or o* agent ci-* tag team be body 100 KiB or more stream no');
    expect(text).to.include('takes everything that came past the routes above');
    expect(text).to.match(/1 openai left alone silent for too long · next try 21 Nov 2026/);
    expect(text).to.match(/key 1 being tried nothing left on the account · one request at a time/);
    expect(text).to.match(/key spare not asked yet/);
    expect(text).to.match(/2 groq llama answers 211 ms 2 40 3 0 of 20/);
    expect(text).to.include('3 route rest its own targets');
    expect(text).to.match(/1 groq 75 % answers .* 2 openai 25 % left alone/);
    expect(text).to.include('mistral only when others fail not asked yet');
    expect(text).to.include('each is asked once more, after 250 ms up to 5 s');
    expect(text).to.include('none is asked twice').and.include('answers are held until they are whole');
    expect(text).to.include('fast stands for gpt-4o-mini');
    expect(text).to.match(/together in no route answers, not always/);
    expect(text).to.include('Left alone for now: openai.');
  });

  it('that nobody has written show the lines of a first one', async () => {
    test.house.routing = () => ({ ...VIEW, routes: [], aliases: {}, providers: [] });
    const html = await page();
    expect(html).to.include('There is no route yet').and.include('- name: chat').and.not.include('<table');
  });

  it('escape every name, and are behind the login', async () => {
    const names = { provider: NASTY, model: NASTY, route: null, weight: 1 };
    test.house.routing = () => ({
      ...VIEW,
      routes: [route({ name: NASTY, match: { model: NASTY, tags: { [NASTY]: NASTY } }, targets: [names] })],
      aliases: { [NASTY]: NASTY },
      providers: [{ name: NASTY, isRouted: true, health: null, keys: [{ name: NASTY, health: null }] }],
    });
    expect(await page()).to.not.include('<img');
    const locked = await test.listen({ locked: true });
    expect((await fetch(`${locked}/api/v1/routes`)).status).to.equal(401);
    expect((await fetch(`${locked}/dashboard/routes`, { redirect: 'manual' })).status).to.be.oneOf([302, 303, 401]);
  });
});

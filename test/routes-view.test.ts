import { expect } from 'chai';
import type { HealthView } from '../src/pipeline/plan.ts';
import { routesView } from '../src/routes-view.ts';
import { FIRST_ROUTE } from '../src/web/pages/routes.ts';
import { draw } from './support/drafts.ts';

const health = (provider: string, key: string | null): HealthView => ({
  provider,
  key,
  state: 'closed',
  failure: null,
  until: null,
  latencyMs: 5,
  inFlight: 0,
  attempts: 1,
  failures: 0,
  recent: 1,
  recentFailures: 0,
});

describe('the view of routes', () => {
  it('tells what gateway.yaml says, with times in milliseconds and nothing left away', async () => {
    const { routes, aliases, breaker } = routesView(
      await draw(`
aliases: { fast: gpt-4o-mini }
breaker: { window: 10, probe: 2s }
routes:
  - { match: { model: gpt-4o, body: { min: 100KiB } }, provider: openai, retry: { attempts: 2, deadline: 1m } }
  - { name: other, strategy: weighted, sticky: session, restart: true, targets: [{ route: third, weight: 2 }] }
  - { name: third, provider: groq }
`),
      [],
    );
    expect(aliases).to.eql({ fast: 'gpt-4o-mini' });
    expect(breaker).to.eql({ window: 10, share: 50, least: 5, probeMs: 2000 });
    expect(routes.slice(0, 2)).to.eql([
      {
        name: 'routes[0]',
        match: { model: 'gpt-4o', body: { min: 102_400 } },
        strategy: 'fallback',
        sticky: 'state',
        restart: false,
        retry: {
          attempts: 2,
          retries: 1,
          backoffMs: 250,
          maxBackoffMs: 5000,
          maxWaitMs: 5000,
          deadlineMs: 60_000,
        },
        targets: [{ provider: 'openai', model: null, route: null, weight: 1 }],
      },
      {
        ...routes[0],
        name: 'other',
        match: {},
        strategy: 'weighted',
        sticky: 'session',
        restart: true,
        retry: { ...routes[0]!.retry, attempts: 6, deadlineMs: 120_000 },
        targets: [{ provider: null, model: null, route: 'third', weight: 2 }],
      },
    ]);
  });

  it('tells of the providers that routes name, and of others that were asked, with the names of their keys', async () => {
    const drawn = await draw(`
providers: { openai: { api_keys: ["${'a'.repeat(20)}", { name: spare, key: "${'b'.repeat(20)}" }] } }
routes: [{ targets: [{ provider: groq }, { provider: openai }] }]
`);
    const seen = [health('mistral', null), health('openai', null), health('openai', 'gone'), health('openai', '1')];
    const { providers } = routesView(drawn, seen);
    expect(providers).to.eql([
      { name: 'groq', isRouted: true, health: null, keys: [] },
      {
        name: 'openai',
        isRouted: true,
        health: seen[1],
        keys: [
          { name: '1', health: seen[3] },
          { name: 'spare', health: null },
          { name: 'gone', health: seen[2] },
        ],
      },
      { name: 'mistral', isRouted: false, health: seen[0], keys: [] },
    ]);
    expect(JSON.stringify(providers)).to.not.match(/a{20}|b{20}/);
  });

  it('is empty where there is no route, and the YAML that is shown then is good', async () => {
    expect(routesView(await draw('{}'), [])).to.deep.include({ routes: [], aliases: {}, providers: [] });
    const { routes } = routesView(await draw(FIRST_ROUTE), []);
    expect(routes.map(({ name, targets }) => [name, targets.length])).to.eql([['chat', 2]]);
  });
});

/** The pages that show what runs: the pipeline, and the configuration. */
import type Router from '@koa/router';
import type { WebState } from '../access.ts';
import { baseName } from '../api/config.ts';
import type { Desk } from '../desk.ts';
import { isFailure } from '../health.ts';
import type { StageView } from '../house.ts';

/** Adds `/dashboard/pipeline` and `/dashboard/config`. */
export function addState(router: Router<WebState>, desk: Desk): void {
  const { house } = desk;
  router.get('/dashboard/pipeline', (ctx) => {
    desk.show(ctx, 'pipeline', {
      title: 'Pipeline',
      menu: 'pipeline',
      live: true,
      stages: house
        .pipeline()
        .map((stage, index) => ({ ...stage, number: index + 1, facts: factsOf(stage), tone: TONES[stage.state] })),
      providers: house.providers().filter(({ configured, lastAt }) => configured || lastAt !== null),
      listeners: house.listeners(),
      unlisted: house.unlisted(),
      broken: house.broken(),
    });
  });

  router.get('/dashboard/config', (ctx) => {
    const configuration = house.configuration();
    const providers = house.providers().map((provider) => ({ ...provider, failing: isFailure(provider.lastStatus) }));
    const isShown = ({ configured, lastAt }: { configured: boolean; lastAt: string | null }): boolean =>
      configured || lastAt !== null;
    desk.show(ctx, 'config', {
      title: 'Configuration',
      menu: 'config',
      live: true,
      configuration: { ...configuration, file: baseName(configuration.file) },
      listeners: house.listeners(),
      providers: providers.filter(isShown),
      catalogue: providers.filter((provider) => !isShown(provider)),
      uptime: Math.floor((Date.now() - house.startedAt) / 1000),
      inFlight: house.inFlight(),
      health: house.store.health(),
    });
  });
}

const TONES = { running: 'good', off: 'calm', broken: 'bad' } as const;

/** Options as they read in gateway.yaml. */
function factsOf({ options }: StageView): { name: string; value: string }[] {
  return Object.entries(options).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : JSON.stringify(value),
  }));
}

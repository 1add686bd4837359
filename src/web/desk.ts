import type { Context } from 'koa';
import type { StoreHealth } from '../store/health.ts';
import { tokenOf, type WebState } from './access.ts';
import type { Assets } from './assets.ts';
import type { ConfigurationState, House } from './house.ts';
import type { Renderer } from './render.ts';

/** The pages of the menu; those of plugins stand between them. */
const FIRST = [
  { name: 'overview', title: 'Overview', href: '/dashboard' },
  { name: 'requests', title: 'Requests', href: '/dashboard/requests' },
];
const LAST = [
  { name: 'prices', title: 'Prices', href: '/dashboard/prices' },
  { name: 'routes', title: 'Routes', href: '/dashboard/routes' },
  { name: 'pipeline', title: 'Pipeline', href: '/dashboard/pipeline' },
  { name: 'config', title: 'Configuration', href: '/dashboard/config' },
];

/** What one page shows. */
export interface PageData extends Record<string, unknown> {
  title: string;
  /** Its place in the menu. */
  menu?: string;
  /** It changes by itself. */
  live?: boolean;
  /** The newest row that it knows of. */
  seen?: number;
}

/** Where pages are put together: what every page shows, around what one page shows. */
export class Desk {
  readonly house: House;
  readonly #renderer: Renderer;
  readonly #assets: Assets;

  constructor(house: House, renderer: Renderer, assets: Assets) {
    this.house = house;
    this.#renderer = renderer;
    this.#assets = assets;
  }

  /** Answers with a page. Strangers get it without menu, version and state. */
  show(ctx: Context, view: string, data: PageData): void {
    ctx.type = 'html';
    const frame = this.#frame(ctx, ctx.state as WebState, data);
    ctx.body = this.#renderer.page(view, { ...data, ...frame, style: this.#assets.find(`${view}.css`) });
  }

  hasPage(name: string): boolean {
    return this.#renderer.hasPage(name);
  }

  hasPanel(view: string): boolean {
    return this.#renderer.hasPanel(view);
  }

  #menu() {
    const listed = this.house.pages().filter(({ menu }) => menu !== false);
    const own = listed.map(({ name, title }) => ({ name, title, href: `/dashboard/${name}` }));
    return [...FIRST, ...own, ...LAST];
  }

  #frame(ctx: Context, { viewer, unpriced }: WebState, { menu, live, seen }: PageData): Record<string, unknown> {
    const known = viewer.kind !== 'stranger';
    const configuration = this.house.configuration();
    return {
      assets: {
        style: this.#assets.url('style.css'),
        chart: this.#assets.url('chart.css'),
        script: this.#assets.url('page.js'),
        chartScript: this.#assets.url('chart.js'),
        htmx: this.#assets.url('htmx.js'),
        icon: this.#assets.url('icon.svg'),
      },
      here: ctx.url,
      feed: known && live ? feedAddress(configuration, seen) : null,
      theme: themeOf(ctx),
      zone: zoneOf(ctx),
      known,
      menu: known ? this.#menu().map((entry) => ({ ...entry, here: entry.name === menu })) : [],
      version: known ? this.house.packageVersion : null,
      refused: known && configuration.error ? { ...configuration.error, version: configuration.version } : null,
      store: known ? stateOf(this.house.store.health()) : null,
      unpriced: known ? (unpriced ?? null) : null,
      // The page of the login has one of its own.
      ...(known && { token: tokenOf(viewer) }),
      logout: viewer.kind === 'session' ? { name: viewer.session.name, token: tokenOf(viewer) } : null,
    };
  }
}

/** `fails`: rows do not get to where they are kept. */
function stateOf(health: StoreHealth): StoreHealth & { fails: boolean } {
  return { ...health, fails: health.database !== 'ok' || health.journal !== 'ok' };
}

/** Where a page hears what is new. It says what it knows, so that nothing is lost between its making and its listening. */
function feedAddress(configuration: ConfigurationState, seen: number | undefined): string {
  const known = new URLSearchParams({ config: stampOf(configuration) });
  if (seen !== undefined) known.set('seen', String(seen));
  return `/api/v1/events?${known}`;
}

/** Changes with what runs and with what was refused. */
export function stampOf({ version, error }: ConfigurationState): string {
  return `${version} ${error?.at ?? ''}`;
}

/** `light` or `dark` where the reader has chosen; else the system decides. */
function themeOf(ctx: Context): string | null {
  const theme = ctx.cookies.get('theme');
  return theme === 'light' || theme === 'dark' ? theme : null;
}

/** The reader's time zone, which our script tells by cookie; without script, the gateway's. */
export function zoneOf(ctx: Context): string {
  const zone = decodeURIComponentSafely(ctx.cookies.get('zone') ?? '');
  try {
    if (zone !== '') return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    // not a zone: somebody wrote the cookie
  }
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

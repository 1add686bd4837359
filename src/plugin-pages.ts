/** What plugins bring for people: routes, pages and boxes of the dashboard. */
import type { Principal } from './pipeline/principal.ts';

/** What a management route finds in `ctx.state`. */
export interface RouteState {
  /** Whose gateway key was shown, now or at the login; null on an open listener. */
  readonly principal: Principal | null;
  /** Name of the key that was shown, now or at the login; null where none was needed. For notes of who did what. */
  readonly who: string | null;
  readonly listener: { readonly name: string; readonly agent: string | null };
  /** Fields of a posted form; its token was checked by then. */
  readonly form?: URLSearchParams | null;
  /** Answers with a page of the plugin's own and other data than it has by itself: with a form that is not right yet. */
  show(page: string, data: Record<string, unknown>): Promise<void>;
}

/** A page of the dashboard. */
export interface Page {
  /** Its address is /dashboard/NAME, its view views/pages/NAME.hbs. */
  name: string;
  /** In the menu and above the page. */
  title: string;
  /** False: links lead to it, and it stands in no menu. */
  menu?: false;
  /** Its view fetches itself anew when something happens, and needs the feed for it. */
  live?: boolean;
  data(question: PageQuestion): Record<string, unknown> | Promise<Record<string, unknown>>;
}

export interface PageQuestion {
  readonly query: URLSearchParams;
  /** The reader's time zone. */
  readonly zone: string;
  /** Whose gateway key was shown, as in `RouteState`. */
  readonly principal: Principal | null;
}

/** A box on the overview page. */
export interface Panel {
  title: string;
  /** Name of a partial in views/panels/. */
  view: string;
  data(range: { from: Date; to: Date }): unknown | Promise<unknown>;
}

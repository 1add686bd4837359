/** The pages of sessions: all of them, one of them, and two agents side by side. */
import type { Lent, Page } from '../src/plugin.ts';
import { agentsPage } from './_session-page-agents.ts';
import { listPage } from './_session-page-list.ts';
import { sessionPage } from './_session-page-one.ts';

/** What the pages read. */
export type Shelf = Pick<Lent, 'records' | 'settings' | 'audit'>;

/** Makes the pages of plugin `sessions`. */
export function sessionPages(lent: Shelf): Page[] {
  return [
    { name: 'sessions', title: 'Sessions', live: true, data: (question) => listPage(lent, question) },
    { name: 'session', title: 'Session', menu: false, live: true, data: (question) => sessionPage(lent, question) },
    { name: 'agents', title: 'Agents', live: true, data: (question) => agentsPage(lent, question) },
  ];
}

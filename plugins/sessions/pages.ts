/** The pages of sessions: all of them, one of them, and two agents side by side. */
import type { Page } from '../../src/plugin.ts';
import { agentsPage } from './page-agents.ts';
import { listPage } from './page-list.ts';
import { sessionPage } from './page-one.ts';
import type { Shelf } from './page-shelf.ts';

/** Makes the pages of plugin `sessions`. */
export function sessionPages(lent: Shelf): Page[] {
  return [
    { name: 'sessions', title: 'Sessions', live: true, data: (question) => listPage(lent, question) },
    { name: 'session', title: 'Session', menu: false, live: true, data: (question) => sessionPage(lent, question) },
    { name: 'agents', title: 'Agents', live: true, data: (question) => agentsPage(lent, question) },
  ];
}

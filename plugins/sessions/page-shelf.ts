import type { Lent } from '../../src/plugin.ts';

/** What the pages of sessions read. */
export type Shelf = Pick<Lent, 'records' | 'settings' | 'audit'>;

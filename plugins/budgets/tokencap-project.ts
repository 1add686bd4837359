/** Whose project a call of tokencap's API is about, and who may ask. */
import type { Principal } from '../../src/plugin.ts';
import { isLine } from './fields.ts';
import { type Context, principalOf } from './http.ts';

/** A project, of one tenant where the key is of one. */
export interface Project {
  readonly id: string;
  readonly tenant: string | undefined;
}

/** An error in tokencap's words. */
export interface Fault {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

/** Callers that name no project. */
const DEFAULT = 'default';
/** Characters: with what stands before it, the name of a budget has 128. */
const LONGEST = 120;

export const invalid = (message: string): Fault => ({ status: 400, type: 'invalid_request', message });

/** The project of a call: of the header, the query or the key, in this order. */
export function projectOf(ctx: Context): Project | Fault {
  const principal = principalOf(ctx);
  const { project_id: asked } = ctx.query;
  if (Array.isArray(asked)) return invalid('project_id may be given once.');
  const header = ctx.get('x-tokencap-project-id').trim();
  const [name, id] = header !== '' ? ['x-tokencap-project-id', header] : ['project_id', (asked ?? '').trim()];
  return checked(principal, name, id || principal?.project || DEFAULT);
}

/** The project that a body names. */
export function projectIn(principal: Principal | null, id: unknown): Project | Fault {
  if (id === undefined || id === null) return invalid('projectId is needed.');
  if (typeof id !== 'string') return invalid('projectId must be a text.');
  return checked(principal, 'projectId', id.trim());
}

function checked(principal: Principal | null, name: string, id: string): Project | Fault {
  if (id === '') return invalid(`${name} must not be empty.`);
  if (!isLine(id, LONGEST)) return invalid(`${name} must be one line of at most ${LONGEST} plain characters.`);
  if (id.includes('*')) return invalid(`${name} must not have a *.`);
  const own = ownOf(principal);
  if (own !== null && own !== id) return forbidden(`This key is of the project ${own}, and opens no other.`);
  return { id, tenant: principal?.tenant };
}

/** The only project that a key opens; null: it opens all. */
function ownOf(principal: Principal | null): string | null {
  return principal?.project ?? (principal?.access === 'proxy' ? DEFAULT : null);
}

/** Why somebody may not set, reset or delete a budget; null where he may. */
export function mayNotSet(principal: Principal | null): Fault | null {
  if (principal?.access !== 'proxy') return null;
  return forbidden('A key with access: proxy reads the budget of its project, and changes nothing.');
}

const forbidden = (message: string): Fault => ({ status: 403, type: 'forbidden', message });

/** What the API of budgets answers when something is not as it has to be. */
import type { Principal } from '../../src/plugin.ts';
import type { Budget, Complaint } from './types.ts';

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** What of the body is wrong, such as `scope.model`; absent where it is nothing of it. */
  readonly field?: string;
  /** All that is wrong with it. */
  readonly complaints?: readonly Complaint[];
}

export const NO_OBJECT: Problem = {
  status: 400,
  code: 'invalid_json',
  message: 'The body must be one JSON object, of 64 KiB at most.',
};
export const NONE: Problem = { status: 404, code: 'not_found', message: 'There is no budget of this id.' };
export const AWAY: Problem = {
  status: 503,
  code: 'database_unavailable',
  message: 'The database does not answer now. Budgets that are set go on holding.',
};

export const wrong = (field: string, rule: string): Problem => ({
  status: 400,
  code: 'invalid_budget',
  message: `${field === '' ? 'The budget' : field} ${rule}.`,
  field,
});

export const complaint = (complaints: readonly Complaint[]): Problem => {
  const [first] = complaints;
  return { ...wrong(first?.field ?? '', first?.message ?? 'is wrong'), complaints };
};

export const badParameter = (name: string, rule: string): Problem => ({
  status: 400,
  code: 'invalid_parameter',
  message: `${name}: ${rule}`,
  field: name,
});

export const inFile = ({ name }: Budget): Problem => ({
  status: 409,
  code: 'budget_in_file',
  message: `The budget ${name} is in gateway.yaml, and only that changes it.`,
});

export const exists = ({ name }: Budget): Problem => ({
  status: 409,
  code: 'budget_exists',
  message: `There is a budget ${name} already. Give this one another name, or change that one.`,
  field: 'name',
});

export const changed = ({ name }: Budget): Problem => ({
  status: 409,
  code: 'budget_changed',
  message: `Somebody has changed the budget ${name} since. Read it again, and send its version.`,
  field: 'version',
});

/** @param principal whose key is of a tenant or a project */
export function foreign(principal: Principal | null): Problem {
  const { tenant, project } = principal ?? {};
  const own = [tenant && `tenant: ${tenant}`, project && `project: ${project}`].filter((part) => part).join(', ');
  return {
    status: 403,
    code: 'forbidden',
    message: `This key sets budgets for its own requests only: their scope has { ${own} }, and may have more.`,
    field: 'scope',
  };
}

import type { FailureClass } from '../pipeline/plan.ts';

/** It may be over in a moment, so the same place may be asked again. */
const PASSING: ReadonlySet<FailureClass> = new Set(['connect', 'server', 'overloaded', 'rate', 'broken']);

/** It says that a provider is not well, whatever the key. */
const SICK: ReadonlySet<FailureClass> = new Set(['connect', 'timeout', 'server', 'overloaded', 'broken']);

/** It says something of a key; of the provider it says that it is there. */
const OF_KEY: ReadonlySet<FailureClass> = new Set(['rate', 'quota', 'auth']);

/** Of a place the client never meant its request to go to, it tells the client nothing true. */
const MISLEADING: ReadonlySet<FailureClass> = new Set([
  'auth',
  'quota',
  'bad_request',
  'no_model',
  'foreign_state',
  'context_length',
]);

export const mayPass = (failure: FailureClass): boolean => PASSING.has(failure);
export const isSick = (failure: FailureClass): boolean => SICK.has(failure);
export const isOfKey = (failure: FailureClass): boolean => OF_KEY.has(failure);
export const isMisleading = (failure: FailureClass): boolean => MISLEADING.has(failure);

import type { FailureClass } from '../pipeline/plan.ts';

/** What went wrong, in words that follow a name: `openai: too many requests`. */
export const FAILURES: Readonly<Record<FailureClass, string>> = {
  connect: 'no connection',
  timeout: 'silent for too long',
  rate: 'too many requests',
  quota: 'nothing left on the account',
  auth: 'the key was refused',
  server: 'error of the server',
  overloaded: 'overloaded',
  context_length: 'the prompt is too long for the model',
  content_filter: 'refused by its content filter',
  foreign_state: 'carries what somebody else has made',
  no_model: 'does not know the model',
  bad_request: 'the request is wrong',
  broken: 'broke off in the middle',
};

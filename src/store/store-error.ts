/** What can be wrong with a database, a data folder or a question, told apart by a stable word. */
export type StoreErrorCode =
  | 'bad_address'
  | 'corrupt'
  | 'read_only'
  | 'no_rights'
  | 'locked'
  | 'newer_schema'
  | 'unreachable'
  | 'refused'
  | 'no_driver'
  | 'folder_in_use'
  | 'folder_unusable'
  | 'bad_question';

/** A fault the operator or the caller can mend. The message is one line and names no password. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

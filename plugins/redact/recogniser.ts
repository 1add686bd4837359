/** A stretch of a text that must not leave, in UTF-16 units; the end is exclusive. */
export interface Span {
  start: number;
  end: number;
  /** Such as `email`, or a name of the operator's own. */
  kind: string;
}

/** Finds one kind of thing in texts. Time is linear in the text's length, whatever it says. */
export interface Recogniser {
  readonly kind: string;
  /** Calls back for each one found, from left to right. */
  find(text: string, found: (start: number, end: number) => void): void;
}

export const isDigit = (code: number): boolean => code >= 48 && code <= 57;
export const isUpper = (code: number): boolean => code >= 65 && code <= 90;
export const isLetter = (code: number): boolean => isUpper(code) || (code >= 97 && code <= 122);
export const isAlphanumeric = (code: number): boolean => isDigit(code) || isLetter(code);

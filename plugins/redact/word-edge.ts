const LETTER = /[\p{L}\p{N}\p{M}_]/u;

/** Whether a character of the text is a part of a word: letters and figures of all scripts, and `_`. */
export function isWordCharacter(code: number): boolean {
  if (code < 128)
    return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
  return !Number.isNaN(code) && LETTER.test(String.fromCharCode(code));
}

/** Whether two neighbours belong to one word. */
export const isWordAt = (text: string, before: number, after: number): boolean =>
  isWordCharacter(text.charCodeAt(before)) && isWordCharacter(text.charCodeAt(after));

/** A text as a header can have it: what has no place there is a question mark. */
export const headerText = (text: string): string => text.slice(0, 600).replace(/[^\x20-\x7e]/g, '?');

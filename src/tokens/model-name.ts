/** Without what resellers put around it: `openai/gpt-4o:free`, `us.openai.gpt-oss-20b-1:0`, `ft:gpt-4o-mini:org::id`. */
export function plainName(model: string): string {
  const name = model.toLowerCase().replace(/^ft:/, '');
  return name.slice(name.lastIndexOf('/') + 1).replace(/^([a-z-]+\.)?openai\./, '');
}

/** Of `claude-opus-4-7` 4.7, of `claude-3-5-sonnet-20241022` 3.5, of `claude-sonnet-4-20250514` 4; of a name without a number 0. */
export function claudeVersion(name: string): number {
  const [, major = '0', minor = '0'] = /claude-(?:[a-z]+-)*(\d{1,2})(?:[-.](\d{1,2})(?!\d))?(?!\d)/.exec(name) ?? [];
  return Number(`${major}.${minor}`);
}

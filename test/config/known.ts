import type { PluginShape } from '../../src/config/compose.ts';
import { problemLine } from '../../src/config/problem.ts';
import type { ProviderEntry } from '../../src/config/schema.ts';
import { type CheckResult, checkConfig, type Known } from '../../src/config/validate.ts';

const plugins: PluginShape[] = [
  { name: 'history', summary: 'Keeps rows.' },
  { name: 'identity', summary: 'Finds out who asks.' },
  {
    name: 'simulator',
    summary: 'Answers.',
    options: {
      port: { type: 'integer', minimum: 1, maximum: 65535, default: 9119, description: 'Port.' },
      pace: { type: 'integer', minimum: 0, default: 25, description: 'Milliseconds.' },
    },
  },
  {
    name: 'budgets',
    summary: 'Stops at a limit.',
    section: 'budgets',
    options: {
      budgets: {
        type: 'array',
        description: 'Limits.',
        items: {
          type: 'object',
          additionalProperties: false,
          properties: { name: { type: 'string', description: 'Name.' } },
        },
      },
    },
  },
  {
    name: 'alerts',
    summary: 'Tells people.',
    section: 'alerting',
    options: { every: { type: 'integer', default: 60, description: 'Seconds.' } },
  },
];

const catalogue = new Map<string, ProviderEntry>([
  ['anthropic', { base_url: 'https://api.anthropic.com', adapter: 'anthropic_messages' }],
  ['openai', { base_url: 'https://api.openai.com/v1', adapter: 'openai_chat' }],
]);

/** What a test's gateway.yaml may refer to. */
export const known: Known = { plugins, adapters: ['openai_chat', 'anthropic_messages'], catalogue };

export function check(text: string, env: Record<string, string> = {}, more: Partial<Known> = {}): CheckResult {
  return checkConfig({ text, file: 'gateway.yaml', env, overrides: true }, { ...known, ...more });
}

/** The lines a text is refused with; none when it is taken. */
export function refusal(text: string, env: Record<string, string> = {}): string[] {
  const result = check(text, env);
  return result.ok ? [] : result.problems.map(problemLine);
}

/** The configuration of a text that must be good. */
export function good(
  text: string,
  env: Record<string, string> = {},
  more: Partial<Known> = {},
): Extract<CheckResult, { ok: true }> {
  const result = check(text, env, more);
  if (!result.ok) throw new Error(result.problems.map(problemLine).join('\n'));
  return result;
}

import { expect } from 'chai';
import { readAgent, readChange } from '../../src/settings/read-change.ts';

/** What is said about a change, as the API says it. */
function said(patch: unknown): string | null {
  const read = readChange(patch);
  return 'field' in read ? `${read.field} ${read.message}` : null;
}

const CHARS = 'must be >= 10000, a whole number';
const MINUTES = 'must be 1-60, a whole number';
const NAME = 'must have a name of 1 to 128 characters, without control characters';

const REFUSED: readonly (readonly [unknown, string])[] = [
  [null, 'The body must be an object'],
  [[], 'The body must be an object'],
  ['x', 'The body must be an object'],
  [{ session_char_limit: 9999 }, `session_char_limit ${CHARS}`],
  [{ session_char_limit: -200_000 }, `session_char_limit ${CHARS}`],
  [{ session_char_limit: 10_000.5 }, `session_char_limit ${CHARS}`],
  [{ session_char_limit: 1e300 }, `session_char_limit ${CHARS}`],
  [{ session_char_limit: true }, `session_char_limit ${CHARS}`],
  [{ session_char_limit: '20000' }, `session_char_limit ${CHARS}`],
  [{ session_char_limit: [20_000] }, `session_char_limit ${CHARS}`],
  [{ poll_interval_minutes: 0 }, `poll_interval_minutes ${MINUTES}`],
  [{ poll_interval_minutes: 61 }, `poll_interval_minutes ${MINUTES}`],
  [{ poll_interval_minutes: 1.5 }, `poll_interval_minutes ${MINUTES}`],
  [{ poll_interval_minutes: false }, `poll_interval_minutes ${MINUTES}`],
  [{ session_char_limt: 20_000 }, 'session_char_limt is not known; did you mean session_char_limit?'],
  [{ colour: 1 }, 'colour is not known; known are session_char_limit, poll_interval_minutes, filters, agents'],
  [
    { __proto__: null, __proto__x: 1 },
    '__proto__x is not known; known are session_char_limit, poll_interval_minutes, filters, agents',
  ],
  [{ agents: [] }, 'agents must be an object of agents by name'],
  [{ agents: { a: 5 } }, 'agents.a must be an object'],
  [{ agents: { a: { session_char_limit: 5 } } }, `agents.a.session_char_limit ${CHARS}`],
  [
    { agents: { 'my "agent"': { poll_interval_minutes: 99 } } },
    `agents["my \\"agent\\""].poll_interval_minutes ${MINUTES}`,
  ],
  [
    { agents: { a: { session_limit: 5 } } },
    'agents.a.session_limit is not known; known are session_char_limit, poll_interval_minutes, filters',
  ],
  [{ agents: { '': {} } }, `agents[""] ${NAME}`],
  [{ agents: { ['x'.repeat(129)]: {} } }, `agents["${'x'.repeat(60)}..."] ${NAME}`],
  [{ agents: { 'a\nb': {} } }, `agents["a\\nb"] ${NAME}`],
  [{ agents: { 'a\ud800': {} } }, `agents["a\\ud800"] ${NAME}`],
  [{ filters: true }, 'filters must be an object'],
  [{ filters: { tool: {} } }, 'filters.tool is not known; did you mean tools?'],
  [{ filters: { enabled: 1 } }, 'filters.enabled must be true or false'],
  [{ filters: { tools: [] } }, 'filters.tools must be an object'],
  [{ filters: { tools: { alowlist: [] } } }, 'filters.tools.alowlist is not known; did you mean allowlist?'],
  [{ filters: { tools: { mode: 'some' } } }, 'filters.tools.mode must be one of allowlist, blocklist'],
  [
    { filters: { tools: { allowlist: 'exec' } } },
    'filters.tools.allowlist must be a list of at most 500 names of tools',
  ],
  [{ filters: { tools: { blocklist: [1] } } }, 'filters.tools.blocklist must be a list of at most 500 names of tools'],
  [
    { filters: { tools: { blocklist: Array(501).fill('x') } } },
    'filters.tools.blocklist must be a list of at most 500 names of tools',
  ],
  [
    { filters: { system_prompt: { strip_sections: ['Sandbox'] } } },
    'filters.system_prompt.strip_sections must be a list of at most 500 Markdown headings, such as "## Sandbox"',
  ],
  [
    { filters: { system_prompt: { custom_replacement: '' } } },
    'filters.system_prompt.custom_replacement must be a text of 1 to 20000 characters, or null',
  ],
  [
    { filters: { system_prompt: { max_chars: 0 } } },
    'filters.system_prompt.max_chars must be a whole number from 1 to 100000000, or null',
  ],
  [{ filters: { history: { max_pairs: 0 } } }, 'filters.history.max_pairs must be a whole number from 1 to 10000'],
  [{ filters: { history: { max_pairs: true } } }, 'filters.history.max_pairs must be a whole number from 1 to 10000'],
  [
    { agents: { a: { filters: { history: { always_keep_last_n: -1 } } } } },
    'agents.a.filters.history.always_keep_last_n must be a whole number from 0 to 10000',
  ],
];

describe('a change of the settings', () => {
  for (const [patch, words] of REFUSED) {
    it(`is refused with: ${words.slice(0, 100)} (${(JSON.stringify(patch) ?? '').slice(0, 50)})`, () => {
      expect(said(patch)).to.equal(words);
    });
  }

  it('may be sent as it was given, whole', () => {
    const own = {
      session_char_limit: null,
      poll_interval_minutes: 3,
      filters: { tools: { enabled: null } },
      _effective_session_char_limit: 200_000,
      _effective_poll_interval_minutes: 3,
    };
    const read = readChange({
      session_char_limit: 10_000,
      poll_interval_minutes: 60,
      agents: { a: own },
      filters: null,
    });
    expect(read).to.eql({
      session_char_limit: 10_000,
      poll_interval_minutes: 60,
      filters: null,
      agents: new Map([
        ['a', { session_char_limit: null, poll_interval_minutes: 3, filters: { tools: { enabled: null } } }],
      ]),
    });
  });

  it('says nothing of what it does not name', () => {
    expect(readChange({})).to.eql({ agents: new Map() });
    expect(readChange({ agents: null })).to.eql({ agents: new Map() });
    expect(readChange({ agents: { a: {} } })).to.eql({ agents: new Map([['a', {}]]) });
  });

  it('that was stored otherwise is none', () => {
    expect(readAgent({ session_char_limit: 20_000 })).to.eql({ session_char_limit: 20_000 });
    for (const odd of [5, null, 'x', [], { session_char_limit: 5 }, { more: 1 }]) expect(readAgent(odd)).to.equal(null);
  });
});

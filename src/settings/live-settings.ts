import type { Documents } from '../accounts/documents.ts';
import type { Audit } from '../store/audit.ts';
import { BUILT_IN } from './built-in.ts';
import { differences } from './difference.ts';
import { layFilters } from './merged.ts';
import { readChange } from './read-change.ts';
import type {
  AgentSettings,
  EffectiveSettings,
  Filters,
  Settings,
  SettingsBody,
  SettingsDefaults,
  SettingsProblem,
} from './settings.ts';
import { changed, documentsBetween, readStored, type Stored } from './stored.ts';

/** Names are cheap to make up; settings for more agents than this help nobody. */
const MOST_AGENTS = 1000;
/** Characters of all that was set, as JSON. */
const MOST_CHARACTERS = 1024 * 1024;

/** What holds now, worked out once for each change. */
interface Now {
  readonly body: SettingsBody;
  readonly all: EffectiveSettings;
  readonly agents: ReadonlyMap<string, EffectiveSettings>;
}

/**
 * The settings in force: what was set at run time, over what gateway.yaml says, over what is built in.
 *
 * What is set is kept in the database, and holds in other processes within a second.
 */
export class LiveSettings implements Settings {
  readonly #documents: Documents;
  readonly #audit: Audit;
  readonly #listeners = new Set<() => void>();
  readonly #stop: () => void;
  /** Of gateway.yaml: while a configuration follows another, both are there. */
  readonly #laid: SettingsDefaults[] = [];
  #stored: Stored;
  #now: Now;
  /** Changes come one after another: each begins with what the one before it has left. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(documents: Documents, audit: Audit) {
    this.#documents = documents;
    this.#audit = audit;
    this.#stored = readStored(documents.all());
    this.#now = nowOf(this.#stored, {});
    this.#stop = documents.onChange(() => this.#renew());
  }

  of(agent: string | null): EffectiveSettings {
    return (agent === null ? undefined : this.#now.agents.get(agent)) ?? this.#now.all;
  }

  body(): SettingsBody {
    return structuredClone(this.#now.body);
  }

  async change(patch: unknown, who: string | null): Promise<SettingsProblem | null> {
    const change = readChange(patch);
    if ('field' in change) return change;
    const work = this.#last.then(() => this.#take(changed(this.#stored, change), who));
    this.#last = work.catch(() => {});
    return work;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  lay(defaults: SettingsDefaults): () => void {
    this.#laid.push(defaults);
    this.#renew();
    return () => {
      const at = this.#laid.lastIndexOf(defaults);
      if (at === -1) return;
      this.#laid.splice(at, 1);
      this.#renew();
    };
  }

  close(): void {
    this.#stop();
  }

  async #take(after: Stored, who: string | null): Promise<SettingsProblem | null> {
    const before = this.#stored;
    const problem = tooMuch(after);
    if (problem !== null) return problem;
    const documents = documentsBetween(before, after);
    if (documents.size === 0) return null;
    const facts = differences(this.#now.body, nowOf(after, this.#defaults).body);
    await this.#documents.putAll(documents);
    try {
      await Promise.all(facts.map((fact) => this.#note(fact, who)));
    } catch (error) {
      // What nobody could look up later is taken back.
      await this.#documents.putAll(documentsBetween(after, before)).catch(() => {});
      throw error;
    }
    return null;
  }

  #note({ agent, before, after }: ReturnType<typeof differences>[number], who: string | null): Promise<void> {
    const subject = agent === null ? '' : `agent ${agent}`;
    return this.#audit.write({
      who,
      action: 'settings.changed',
      subject,
      agent,
      session: null,
      facts: { before, after },
    });
  }

  get #defaults(): SettingsDefaults {
    return this.#laid.at(-1) ?? {};
  }

  #renew(): void {
    this.#stored = readStored(this.#documents.all());
    this.#now = nowOf(this.#stored, this.#defaults);
    for (const listener of [...this.#listeners]) listener();
  }
}

function tooMuch({ agents, filters }: Stored): SettingsProblem | null {
  if (agents.size > MOST_AGENTS)
    return { field: 'agents', message: `are at most ${MOST_AGENTS}; take one away with null first` };
  const characters = JSON.stringify([filters, ...agents.values()]).length;
  if (characters <= MOST_CHARACTERS) return null;
  return { field: 'agents', message: `have more of their own than can be kept, ${MOST_CHARACTERS} characters` };
}

function nowOf(stored: Stored, defaults: SettingsDefaults): Now {
  const chars = stored.session_char_limit ?? defaults.session_char_limit ?? BUILT_IN.session_char_limit;
  const minutes = stored.poll_interval_minutes ?? defaults.poll_interval_minutes ?? BUILT_IN.poll_interval_minutes;
  const filters = layFilters(layFilters(BUILT_IN.filters, defaults.filters, 'none'), stored.filters, 'none');
  const all: EffectiveSettings = { sessionCharLimit: chars, pollIntervalMinutes: minutes, filters };
  const agents = new Map<string, EffectiveSettings>();
  const shown: [string, SettingsBody['agents'][string]][] = [];
  const ofFile = new Map(Object.entries(defaults.agents ?? {}));
  for (const name of new Set([...ofFile.keys(), ...stored.agents.keys()])) {
    const own = over(ofFile.get(name), stored.agents.get(name));
    const effective = effectiveOf(own, all);
    agents.set(name, effective);
    shown.push([name, bodyOf(own, effective)]);
  }
  const body = {
    session_char_limit: chars,
    poll_interval_minutes: minutes,
    agents: Object.fromEntries(shown),
    filters,
  };
  return { body, all, agents };
}

/** An agent's own words: what was set at run time before what gateway.yaml says. */
const over = (file: AgentSettings | undefined, set: AgentSettings | undefined): AgentSettings => ({
  session_char_limit: set?.session_char_limit ?? file?.session_char_limit ?? null,
  poll_interval_minutes: set?.poll_interval_minutes ?? file?.poll_interval_minutes ?? null,
  filters: set?.filters ?? file?.filters ?? null,
});

const effectiveOf = (own: AgentSettings, all: EffectiveSettings): EffectiveSettings => ({
  sessionCharLimit: own.session_char_limit ?? all.sessionCharLimit,
  pollIntervalMinutes: own.poll_interval_minutes ?? all.pollIntervalMinutes,
  filters: layFilters(all.filters as Filters, own.filters, 'inherit'),
});

const bodyOf = (own: AgentSettings, effective: EffectiveSettings): SettingsBody['agents'][string] => ({
  session_char_limit: own.session_char_limit ?? null,
  poll_interval_minutes: own.poll_interval_minutes ?? null,
  ...(own.filters && { filters: own.filters }),
  _effective_session_char_limit: effective.sessionCharLimit,
  _effective_poll_interval_minutes: effective.pollIntervalMinutes,
});

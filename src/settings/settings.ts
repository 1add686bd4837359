/** What operators set while the gateway runs, by agent: `GET /api/settings`, in the predecessor's words. */

/** What of a request is taken out before it leaves; the predecessor's `filters`. */
export interface Filters {
  readonly enabled: boolean;
  readonly log_details: boolean;
  readonly tools: {
    readonly enabled: boolean;
    readonly mode: 'allowlist' | 'blocklist';
    readonly allowlist: readonly string[];
    readonly blocklist: readonly string[];
  };
  readonly system_prompt: {
    readonly enabled: boolean;
    readonly mode: 'strip_sections' | 'replace' | 'truncate';
    /** Headings, such as `## Silent Replies`. */
    readonly strip_sections: readonly string[];
    readonly custom_replacement: string | null;
    readonly max_chars: number | null;
  };
  readonly history: {
    readonly enabled: boolean;
    readonly max_pairs: number;
    readonly always_keep_system: boolean;
    readonly always_keep_last_n: number;
    readonly truncate_tool_results_chars: number | null;
    readonly drop_old_tool_calls: boolean;
    readonly drop_old_tool_calls_after_pairs: number;
    readonly max_total_chars: number | null;
  };
}

/** Some of the filters; what is left out, or null, is as it is for all. */
export type FiltersPart = {
  readonly [K in keyof Filters]?:
    | (Filters[K] extends boolean ? boolean : { readonly [M in keyof Filters[K]]?: Filters[K][M] | null })
    | null;
};

/** What one agent has of its own; null: as for all. */
export interface AgentSettings {
  readonly session_char_limit?: number | null | undefined;
  readonly poll_interval_minutes?: number | null | undefined;
  readonly filters?: FiltersPart | null | undefined;
}

/** What gateway.yaml says: it holds where nothing was set at run time. */
export interface SettingsDefaults {
  readonly session_char_limit?: number | undefined;
  readonly poll_interval_minutes?: number | undefined;
  readonly filters?: FiltersPart | undefined;
  readonly agents?: Readonly<Record<string, AgentSettings>> | undefined;
}

/** As one agent has it: its own word, or what holds for all. */
export interface EffectiveSettings {
  /** Characters of history. */
  readonly sessionCharLimit: number;
  readonly pollIntervalMinutes: number;
  readonly filters: Filters;
}

/** The body of `GET /api/settings`. */
export interface SettingsBody {
  session_char_limit: number;
  poll_interval_minutes: number;
  agents: Record<
    string,
    {
      /** Null: as for all. */
      session_char_limit: number | null;
      poll_interval_minutes: number | null;
      /** Left out where the agent has none of its own. */
      filters?: FiltersPart;
      _effective_session_char_limit: number;
      _effective_poll_interval_minutes: number;
    }
  >;
  filters: Filters;
}

/** Why a change is not taken: the field, and what to read after its name. */
export interface SettingsProblem {
  readonly field: string;
  readonly message: string;
}

export interface Settings {
  /** What holds for an agent now; cheap enough for every request. */
  of(agent: string | null): EffectiveSettings;
  body(): SettingsBody;
  /**
   * Takes a part of the settings; what it does not name stays, and null takes an agent's own word back. All of it is
   * taken or nothing. Resolves when it is stored and in the audit; rejects when the database does not answer.
   *
   * @param who name of the key that was shown
   */
  change(patch: unknown, who: string | null): Promise<SettingsProblem | null>;
  /** Calls back after each change, wherever it was made; returns what ends that. */
  onChange(listener: () => void): () => void;
  /** Lays values of gateway.yaml beneath what is set at run time: the last that were laid hold. Returns what takes them away. */
  lay(defaults: SettingsDefaults): () => void;
}

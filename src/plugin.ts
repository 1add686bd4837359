/**
 * The door for plugins.
 *
 * A plugin meets each exchange once, on its way to the upstream, and says there what
 * else it wants to hear about. It is one file in plugins/; ours use this same door.
 */
import type Router from '@koa/router';
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { Accounts } from './accounts/accounts.ts';
import type { Documents } from './accounts/documents.ts';
import type { Figures } from './figures.ts';
import type { Exchange } from './pipeline/exchange.ts';
import type { Principal } from './pipeline/principal.ts';
import type { Terms } from './pipeline/terms.ts';
import type { Verdict } from './pipeline/verdict.ts';
import type { Page, Panel, RouteState } from './plugin-pages.ts';
import type { Prompts } from './prompts/prompts.ts';
import type { Settings } from './settings/settings.ts';
import type { Audit } from './store/audit.ts';
import type { Records } from './store/records.ts';
import type { Tokens } from './tokens/token-count.ts';

export type { Accounts, Claim, Standing, Taken } from './accounts/accounts.ts';
export type { Documents, Json } from './accounts/documents.ts';
export { faceAt, instantOf } from './accounts/local-time.ts';
export type { Calendar, Period } from './accounts/period.ts';
export { isZone, readPeriod, windowOf } from './accounts/period.ts';
export type { AccountKey, Dimension, FactOf, Measure, Window } from './accounts/series.ts';
export { Series } from './accounts/series.ts';
export { compileGlobs } from './bytes/glob.ts';
export { JsonWalk } from './bytes/json-walk.ts';
export { Words } from './bytes/words.ts';
export { mend } from './config/suggest.ts';
export type { FigureName, FigureReading, Figures } from './figures.ts';
export type { Cost, CostQuestion } from './metering/cost.ts';
export { add as addDecimals, type Decimal, formatDecimal, parseDecimal } from './metering/decimal.ts';
export type { KeptText } from './metering/kept-text.ts';
export type { LateBill, LateMeter, LateShare } from './metering/late.ts';
export { Ledger } from './metering/ledger.ts';
export type { ModelLimits } from './metering/model-limits.ts';
export type { Outcome, Reading, StopReason, Usage, UsageName, UsageStatus } from './metering/usage.ts';
export type { Exchange, ExchangeState } from './pipeline/exchange.ts';
export type { Bound, Foresight, Prediction } from './pipeline/foresight.ts';
export type { Decision, FailureClass, RoutePlan } from './pipeline/plan.ts';
export type { Principal } from './pipeline/principal.ts';
export type {
  CacheBreak,
  CutPrompt,
  Fate,
  Message,
  PartKind,
  PastCall,
  Piece,
  PromptPart,
  RememberedPiece,
  RememberedPrompt,
  TurnRelation,
} from './pipeline/prompt.ts';
export type { Provider, ProviderKey, Target } from './pipeline/provider.ts';
export type { AttemptRecord, ExchangeRecord, Receipt, ReceiptNote } from './pipeline/record.ts';
export type { ExchangeRequest } from './pipeline/request.ts';
export type { BodyMapper, ExchangeResponse, StreamEvent } from './pipeline/response.ts';
export type { Terms } from './pipeline/terms.ts';
export type { PriorTurn, Turn } from './pipeline/turn.ts';
export type { Verdict } from './pipeline/verdict.ts';
export type { Page, PageQuestion, Panel, RouteState } from './plugin-pages.ts';
export { type Asked, breakOf, type FoundBreak, LEAST_TOKENS } from './prompts/breaks.ts';
export { type Counted, type Stretch, stretchesOf } from './prompts/fates.ts';
export { partsOf, type Run } from './prompts/parts.ts';
export type { ComponentSpec, Components, Prompts } from './prompts/prompts.ts';
export { remember } from './prompts/remembered.ts';
export { sharesOf } from './prompts/shares.ts';
export { SessionBook, type SessionQuestion } from './sessions/book.ts';
export { beginsSession } from './sessions/boundary.ts';
export { type HealthFacts, type HealthState, healthOf } from './sessions/health.ts';
export { type Repeats, repeatsOf } from './sessions/loops.ts';
export type { Place, TurnEnd } from './sessions/place.ts';
export { type Quality, type QualityName, type QualityPart, qualityOf } from './sessions/quality.ts';
export type {
  AgentSettings,
  EffectiveSettings,
  Filters,
  FiltersPart,
  Settings,
  SettingsBody,
  SettingsDefaults,
  SettingsProblem,
} from './settings/settings.ts';
export type { Audit, AuditEntry, AuditQuestion } from './store/audit.ts';
export { fromPico } from './store/money.ts';
export type { MeasureName, MeasureOf, MeasuresQuestion } from './store/queries/measure-shapes.ts';
export type {
  Calibration,
  Confidence,
  Kept,
  KeptOfModel,
  KnownOutput,
  PredictionPoint,
} from './store/queries/prediction-shapes.ts';
export type {
  BreakEntry,
  Breaks,
  BreaksQuestion,
  GrowthPoint,
  GrowthQuestion,
  PartSum,
  PromptSums,
  PromptsQuestion,
  RedactionSum,
  RedactionsQuestion,
} from './store/queries/prompt-shapes.ts';
export type {
  SessionEntry,
  SessionsPage,
  SessionsQuestion,
  TurnEntry,
  TurnsQuestion,
  TurnsTogether,
} from './store/queries/session-shapes.ts';
export type { ExchangeEntry, ListPage, ListQuestion, Sums, SumsQuestion } from './store/queries/shapes.ts';
export type { Records } from './store/records.ts';
export type { TokenCount, Tokens } from './tokens/token-count.ts';

/** One JSON Schema per option. Every option has a `description`; `default` makes it always present. */
export type OptionsSchema = Readonly<Record<string, Exclude<JSONSchema, boolean> & { readonly description: string }>>;

/** Times (`format: 'time-span'`) and sizes (`format: 'size'`) are text in the file, and milliseconds and bytes here. */
type Units = { deserialize: [{ pattern: { format: 'time-span' | 'size' }; output: number }] };

/** Options as `setup` receives them: checked, defaults filled in. */
export type OptionsOf<O extends OptionsSchema> = {
  [K in keyof O as O[K] extends { default: unknown } ? K : never]: FromSchema<O[K], Units>;
} & { [K in keyof O as O[K] extends { default: unknown } ? never : K]?: FromSchema<O[K], Units> };

export interface PluginDefinition<O extends OptionsSchema = OptionsSchema> {
  /** One sentence: what it does for the operator. */
  summary: string;
  options?: O;
  /** Its options live in the top-level key of this name in gateway.yaml, not in its entry. */
  section?: string;
  /** Other plugins that must stand `above` (nearer the client) or `below` it when both are listed. */
  requires?: Readonly<Record<string, 'above' | 'below'>>;
  /** Plugins without which it makes no sense: they must be listed, too. */
  needs?: readonly string[];
  /** Those that it needs only with some options. */
  needsBy?(options: OptionsOf<O>): readonly string[];
  /**
   * Finds what a schema cannot say of the options: names that must be somewhere else in gateway.yaml, values that do not
   * go together, patterns that cannot be read. Told with file and line, and the file is refused. It must not throw.
   */
  check?(options: OptionsOf<O>, file: OptionsFile): readonly OptionsFault[];
  setup(lent: Lent<O>): Instance | undefined | Promise<Instance | undefined>;
}

/** gateway.yaml as a check sees it. */
export interface OptionsFile {
  /** Names that a top-level section gives: its keys, or the `name` of each of its elements. */
  names(section: string): readonly string[];
}

export interface OptionsFault {
  /** Members and places in lists, from the options down: `['alerts', 2, 'notify', 0]`. */
  readonly path: readonly (string | number)[];
  /** What is wrong and what mends it, to be read after the path: `ops is no channel; did you mean opps?`. */
  readonly message: string;
}

/** What a plugin may use while it lives. All of it is taken back by `close`. */
export interface Lent<O extends OptionsSchema = OptionsSchema> {
  options: OptionsOf<O>;
  log: Log;
  /** The rows of exchanges, and what is asked of them. */
  records: Records;
  /** Sums of what was used, to check requests against before they leave. */
  accounts: Accounts;
  /** What was set while the gateway ran, of this plugin's own. */
  documents: Documents;
  /** Who changed what. */
  audit: Audit;
  /** What operators set while the gateway runs. */
  settings: Settings;
  /** What plugins count by themselves, by name: for alerts, and for each other. */
  figures: Figures;
  /** Takes requests' prompts apart, each once, whoever asks. */
  prompts: Prompts;
  metrics: Metrics;
  /** Counts tokens where nobody has said how many: in a thread of its own, or by length here and now. Never rejects. */
  tokens: Tokens;
  /**
   * What instances of this entry have in common: it is made once, and a changed instance goes on with it while the
   * one before it ends. It is forgotten with the last of them, so nothing in it may have to be closed.
   */
  shared<T>(name: string, make: () => T): T;
  /** Prices and configuration as they are now; an exchange has those it began with (`exchange.terms`). Not during `setup`. */
  terms(): Terms;
  /** The exchange that a request would be. It meets no plugin and goes nowhere. Not during `setup`. */
  rehearse(rehearsal: Rehearsal): Exchange | Misfit;
  /** Runs `work` again and again until the plugin closes; a failure is logged and the next run still comes. */
  every(milliseconds: number, work: () => void | Promise<void>): void;
  /** Tells other plugins, open dashboards and event feeds. */
  publish(event: string, data: unknown): void;
  /**
   * Hears what plugins publish, and the gateway itself: `turn` (a row was stored), `config` (a configuration is in force)
   * and `config_refused`. Called within `publish`, so it must be quick. It ends when the plugin closes.
   */
  subscribe(listener: (event: string, data: unknown) => void): void;
  /** Folder of gateway.yaml: relative paths in options start here. */
  folder: string;
}

/** A request that is not sent. */
export interface Rehearsal {
  /** As it would be sent, JSON. */
  readonly body: Buffer;
  /** Such as `openai.chat`; null: as the body looks. */
  readonly api: string | null;
  /** Null: where the routes lead. */
  readonly provider: string | null;
  /** Null: as the body says. */
  readonly model: string | null;
  readonly principal: Principal | null;
  readonly listener: RouteState['listener'];
}

/** Why something cannot be made: the field, and what to read after its name. */
export interface Misfit {
  readonly field: string;
  readonly message: string;
}

export interface Instance {
  /** Runs for every exchange it applies to, top of the list first. A verdict ends the trip. */
  onRequest?(exchange: Exchange): Verdict | undefined | void | Promise<Verdict | undefined | void>;
  /** Adds management routes; they are behind the same login as the dashboard. Their `ctx.state` has the members of `RouteState`. */
  routes?(router: Router): void;
  /** Paths of `routes` that a gateway key with `access: proxy` opens, too: they show its holder nothing of others. */
  reports?: readonly string[];
  panels?: Panel[];
  pages?: Page[];
  close?(): void | Promise<void>;
}

export interface Log {
  debug(message: string, facts?: Record<string, unknown>): void;
  info(message: string, facts?: Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
  error(message: string, facts?: Record<string, unknown>): void;
}

/** Counters, histograms and gauges under `gateway_<plugin>_<what>_total`; label values are bounded, the rest is `other`. */
export interface Metrics {
  counter(
    what: string,
    help: string,
    labels?: readonly string[],
  ): { add(amount: number, labels?: Record<string, string>): void };
  histogram(
    what: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly string[],
  ): { observe(value: number, labels?: Record<string, string>): void };
  /** A figure that is read when somebody asks, without `_total`; with labels, one for each of their values. */
  gauge(what: string, help: string, read: () => number | readonly GaugeReading[], labels?: readonly string[]): void;
}

export interface GaugeReading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Gives a plugin its types; it returns what it was given. */
export const definePlugin = <const O extends OptionsSchema>(definition: PluginDefinition<O>): PluginDefinition<O> =>
  definition;

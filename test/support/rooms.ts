/** Who may import what: the plan of the house as rules. */
import type { ImportLine } from './source.ts';

/** Value imports and types; what a room may know of another. */
export interface Rule {
  said: string;
  may(target: string, typesOnly: boolean): boolean;
}

const inRooms = (target: string, ...rooms: string[]): boolean =>
  rooms.some((room) => target.startsWith(`src/${room}/`));

export const ROOMS: Readonly<Record<string, Rule>> = {
  bytes: { said: 'nothing of ours but itself', may: (target) => inRooms(target, 'bytes') },
  metering: { said: 'itself and bytes/', may: (target) => inRooms(target, 'metering', 'bytes') },
  pipeline: { said: 'itself, bytes/ and metering/', may: (target) => inRooms(target, 'pipeline', 'bytes', 'metering') },
  routing: {
    said: 'itself, bytes/, metering/ and pipeline/',
    may: (target) => inRooms(target, 'routing', 'bytes', 'metering', 'pipeline'),
  },
  proxy: {
    said: 'itself, routing/, pipeline/, bytes/ and the types of the adapters’ door',
    may: (target, typesOnly) =>
      inRooms(target, 'proxy', 'routing', 'pipeline', 'bytes') || (typesOnly && target === 'src/adapter.ts'),
  },
  accounts: { said: 'itself and bytes/', may: (target) => inRooms(target, 'accounts', 'bytes') },
  tokens: { said: 'nothing of ours but itself', may: (target) => inRooms(target, 'tokens') },
  prompts: {
    said: 'itself, bytes/, and of pipeline/, metering/ and accounts/ types',
    may: (target, typesOnly) =>
      inRooms(target, 'prompts', 'bytes') || (typesOnly && inRooms(target, 'pipeline', 'metering', 'accounts')),
  },
  sessions: {
    said: 'itself, and of pipeline/ and store/ types',
    may: (target, typesOnly) => inRooms(target, 'sessions') || (typesOnly && inRooms(target, 'pipeline', 'store')),
  },
  settings: {
    said: 'itself, the suggestions of config/, and of accounts/ and store/ types',
    may: (target, typesOnly) =>
      inRooms(target, 'settings') ||
      target === 'src/config/suggest.ts' ||
      (typesOnly && inRooms(target, 'accounts', 'store')),
  },
  config: { said: 'itself and metering/', may: (target) => inRooms(target, 'config', 'metering') },
  store: {
    said: 'itself, accounts/ and the types of pipeline/ and metering/',
    may: (target, typesOnly) =>
      inRooms(target, 'store', 'accounts') || (typesOnly && inRooms(target, 'pipeline', 'metering')),
  },
  web: {
    said: 'itself, metering/ and accounts/, and of the rest types',
    may: (target, typesOnly) => inRooms(target, 'web', 'metering', 'accounts') || typesOnly,
  },
};

export interface Home {
  /** A folder with its slash, or a file, below src/. */
  at: string;
  typesOnly?: boolean;
}

/** Where each package lives. Another one in `proxy/` is time on the clock of every request. */
export const HOMES: Readonly<Record<string, readonly Home[]>> = {
  '@koa/router': [{ at: 'web/' }, { at: 'house.ts' }, { at: 'plugin.ts', typesOnly: true }],
  '@smithy/signature-v4': [{ at: 'proxy/aws-signer.ts' }],
  ajv: [{ at: 'config/' }],
  chokidar: [{ at: 'config/watch.ts' }],
  'd3-scale': [{ at: 'web/chart.ts' }],
  'd3-shape': [{ at: 'web/chart.ts' }],
  esbuild: [{ at: 'loader/import.ts' }],
  fzstd: [{ at: 'proxy/' }],
  'gpt-tokenizer': [{ at: 'tokens/answer.ts' }],
  handlebars: [{ at: 'web/render.ts' }],
  'json-schema-to-ts': [
    { at: 'plugin.ts', typesOnly: true },
    { at: 'config/schema.ts', typesOnly: true },
  ],
  koa: [{ at: 'web/' }],
  pg: [{ at: 'store/postgres-driver.ts' }],
  pino: [{ at: 'log.ts' }, { at: 'log-destination.ts' }],
  'prom-client': [{ at: 'metrics.ts' }],
  re2js: [{ at: 'prompts/components.ts' }],
  sequelize: [{ at: 'store/' }],
  umzug: [{ at: 'store/' }],
  undici: [{ at: 'proxy/' }, { at: 'generation.ts' }],
  yaml: [{ at: 'config/' }, { at: 'loader/prices.ts' }, { at: 'loader/model-limits.ts' }],
};

/** Whether an import stands where its package lives. */
export function inHome({ at, typesOnly }: Home, { file, typesOnly: types }: ImportLine): boolean {
  const inside = at.endsWith('/') ? file.startsWith(`src/${at}`) : file === `src/${at}`;
  return inside && (types || !typesOnly);
}

/** Modules that share a test, and why they have none of their own. An entry that holds for nothing any more must go. */
export const HELD_ELSEWHERE: readonly { modules: RegExp; by: string; why: string }[] = [
  {
    modules: /^src\/(adapter|plugin|gateway|open-store|generation|blueprint|lend|tally|house)\.ts$/,
    by: 'test/scenarios/wire-samples.test.ts',
    why: 'they put the others together, which only a whole gateway shows',
  },
  {
    modules: /^src\/accounts\/local-time\.ts$/,
    by: 'test/accounts/period.test.ts',
    why: 'what clocks show is what windows need',
  },
  {
    modules: /^src\/accounts\/(sheets?|holds|opener|once|largest)\.ts$/,
    by: 'test/accounts/book.test.ts',
    why: 'parts of the accounts of one process',
  },
  {
    modules: /^src\/accounts\/(errands|homecoming|slice|rows|within)\.ts$/,
    by: 'test/accounts/cluster.test.ts',
    why: 'parts of the accounts of several processes',
  },
  { modules: /^src\/log-destination\.ts$/, by: 'test/log.test.ts', why: 'where the log goes' },
  {
    modules: /^src\/bytes\/json-grammar\.ts$/,
    by: 'test/bytes/json-scan.test.ts',
    why: 'the rules of the scanner',
  },
  {
    modules: /^src\/bytes\/json-members\.ts$/,
    by: 'test/bytes/json-body.test.ts',
    why: 'what the search in a body finds',
  },
  {
    modules: /^src\/config\//,
    by: 'test/config/validate.test.ts',
    why: 'every complaint stands in refusals.txt, with the text that causes it',
  },
  {
    modules: /^src\/metering\/(bill|rates|price-layer)\.ts$/,
    by: 'test/metering/cost.test.ts',
    why: 'the steps of one computation',
  },
  {
    modules: /^src\/metering\/(draft|error-member)\.ts$/,
    by: 'test/metering/answer-meter.test.ts',
    why: 'parts of the meter',
  },
  {
    modules: /^src\/(pipeline|proxy)\//,
    by: 'test/scenarios/faults.test.ts',
    why: 'what they promise shows on real sockets, in the scenarios',
  },
  {
    modules: /^src\/routing\/(aside|breaker|classes|place)\.ts$/,
    by: 'test/routing/health-book.test.ts',
    why: 'parts of the book: who is left alone, and who finds out',
  },
  {
    modules: /^src\/routing\/(error|vendor)-words\.ts$/,
    by: 'test/routing/failure.test.ts',
    why: 'the words of vendors, told apart by what they mean',
  },
  {
    modules: /^src\/routing\/stops\.ts$/,
    by: 'test/routing/journey.test.ts',
    why: 'where a journey may still go',
  },
  {
    modules: /^src\/tokens\/(attachment|duration)\.ts$/,
    by: 'test/tokens/weights.test.ts',
    why: 'what something weighs shows what it was taken for, and for how long',
  },
  {
    modules:
      /^src\/prompts\/(block(s|-reader)|body|cache-mark|hasher|history|label|message-reader|raw|schemas|seen|tools|vocabulary)\.ts$/,
    by: 'test/prompts/cutter.test.ts',
    why: 'steps of one cut, told apart by what comes of prompts of all dialects',
  },
  {
    modules: /^src\/prompts\/(sections|system-reader|workspace)\.ts$/,
    by: 'test/prompts/system.test.ts',
    why: 'how system prompts are taken apart, told by the parts',
  },
  {
    modules: /^src\/routing\/(way|compile-routes)\.ts$/,
    by: 'test/routing/planner.test.ts',
    why: 'what a route of gateway.yaml becomes shows in the plans that come of it',
  },
  { modules: /^src\/tokens\/most\.ts$/, by: 'test/tokens/answer.test.ts', why: 'a part of the answer' },
  { modules: /^src\/tokens\/words\.ts$/, by: 'test/tokens/prompt.test.ts', why: 'the words that prompts are read by' },
  { modules: /^src\/tokens\/copy\.ts$/, by: 'test/tokens/counter.test.ts', why: 'how a body is handed over' },
  {
    modules: /^src\/tokens\/model-name\.ts$/,
    by: 'test/tokens/vocabulary.test.ts',
    why: 'names are taken apart to find a vocabulary',
  },
  { modules: /^src\/store\/queries/, by: 'test/store/queries/list.test.ts', why: 'the questions share their filters' },
  { modules: /^src\/store\//, by: 'test/store/store.test.ts', why: 'the store is one machine, tested as one' },
  {
    modules: /^src\/settings\//,
    by: 'test/settings/live-settings.test.ts',
    why: 'what was set, what holds and what is noted of it are told apart by what a change does',
  },
  {
    modules: /^src\/sessions\//,
    by: 'test/sessions/book.test.ts',
    why: 'which session a request belongs to is told by what came before; interleaved.test.ts plays it in any order',
  },
  { modules: /^src\/web\//, by: 'test/web/pages.test.ts', why: 'pages are asked for over HTTP' },
  {
    modules: /^plugins\/shared\/blank-record\.ts$/,
    by: 'test/plugins/history.test.ts',
    why: 'what a row begins as',
  },
  {
    modules: /^plugins\/(ingest\/|shared\/(record-id|recent|json-body|fields)\.ts$)/,
    by: 'test/plugins/ingest.test.ts',
    why: 'parts of one plugin, told apart by what comes in over HTTP',
  },
  {
    modules: /^plugins\/prediction\/bounds-images\.ts$/,
    by: 'test/plugins/prediction/bounds.test.ts',
    why: 'what a request says about its output, of pictures',
  },
  {
    modules: /^plugins\/late-usage\//,
    by: 'test/plugins/late-usage.test.ts',
    why: 'parts of one plugin',
  },
  {
    modules: /^plugins\/prediction\/(actual|asked|cost|headers|memory|unknown|view)\.ts$/,
    by: 'test/plugins/prediction.test.ts',
    why: 'parts of one plugin, whose numbers prediction-outlook.test.ts checks one by one',
  },
  {
    modules: /^providers\/adapters\/_late-lines\.ts$/,
    by: 'test/providers/adapters/anthropic-late.test.ts',
    why: 'what the downloads of batches have in common',
  },
  {
    modules: /^plugins\/(session-limits\/|shared\/history-chars\.ts$)/,
    by: 'test/plugins/session-limits.test.ts',
    why: 'parts of one plugin, told apart by what comes back over HTTP',
  },
  {
    modules: /^plugins\/settings\//,
    by: 'test/plugins/settings/page.test.ts',
    why: 'what the forms do, and what the page shows of it',
  },
  {
    modules: /^plugins\/(budgets\/claims|shared\/header-text)\.ts$/,
    by: 'test/plugins/budgets.test.ts',
    why: 'the way of a request past its budgets, told apart by what comes back over HTTP',
  },
  {
    modules: /^plugins\/budgets\/(desk|http|problems|shapes)\.ts$/,
    by: 'test/plugins/budgets/api.test.ts',
    why: 'parts of the API, told apart by what it answers',
  },
  {
    modules: /^plugins\/budgets\/(fieldset|view)\.ts$/,
    by: 'test/plugins/budgets/page.test.ts',
    why: 'what the page shows',
  },
  {
    modules: /^plugins\/budgets\/tokencap-(budget|project|question)\.ts$/,
    by: 'test/plugins/budgets/tokencap-api.test.ts',
    why: "parts of tokencap's API, told apart by what it answers",
  },
  {
    modules: /^plugins\/(budgets\/(fields|scope)|shared\/scope)\.ts$/,
    by: 'test/plugins/budgets/spec.test.ts',
    why: 'how a budget is read, told apart by what is complained of',
  },
  {
    modules: /^plugins\/session-files\/(desk|manager|routes|state)\.ts$/,
    by: 'test/plugins/session-files.test.ts',
    why: 'parts of one plugin, told apart by what becomes of the files',
  },
  {
    modules: /^plugins\/session-files\/(folder|session-index|lock)\.ts$/,
    by: 'test/plugins/session-files/reset.test.ts',
    why: 'the steps of taking one session away',
  },
  {
    modules: /^plugins\/trim\/(anthropic|chat|content|gemini|item|responses|system|tools|tools-gemini)\.ts$/,
    by: 'test/plugins/trim/body.test.ts',
    why: 'the words of each API, told apart by what leaves; conversations are held by trim-history.test.ts',
  },
  {
    modules: /^plugins\/trim\/(saved|stats)\.ts$/,
    by: 'test/plugins/trim.test.ts',
    why: 'what was saved, told over HTTP',
  },
  {
    modules: /^plugins\/(rate-limits\/|shared\/(facts|where)\.ts$)/,
    by: 'test/plugins/rate-limits.test.ts',
    why: 'parts of one plugin, told apart by who is refused over HTTP',
  },
  {
    modules: /^plugins\/redact\/(api-key|card|digits|email|iban|ip|phone|recogniser|suspicion|us-ssn)\.ts$/,
    by: 'test/plugins/redact/kinds.test.ts',
    why: 'what is found, and what only looks like it, kind by kind, from the bytes on',
  },
  {
    modules: /^plugins\/redact\/(finder|patterns|strings|text|token|word-edge|words)\.ts$/,
    by: 'test/plugins/redact/body.test.ts',
    why: 'the steps of one redaction, told apart by what leaves',
  },
  {
    modules: /^plugins\/redact\/(answer|answer-strings|event-data|fragments|json-objects|vault)\.ts$/,
    by: 'test/plugins/redact/restorer.test.ts',
    why: 'how originals come back, told apart by what the client gets of each dialect',
  },
  {
    modules: /^plugins\/redact\/(check|redactor|salt)\.ts$/,
    by: 'test/plugins/redact.test.ts',
    why: 'parts of one plugin, told apart over HTTP',
  },
  {
    modules: /^plugins\/redact\/(entries|routes|view)\.ts$/,
    by: 'test/plugins/redact/page.test.ts',
    why: 'the page and the API of redactions',
  },
  {
    modules: /^plugins\/pauses\//,
    by: 'test/plugins/pauses.test.ts',
    why: 'parts of one plugin, told apart over HTTP; its page has a test beside it',
  },
  {
    modules: /^plugins\/channels\/(discord|pagerduty|parcel|slack|webhook|words)\.ts$/,
    by: 'test/plugins/channels/channel.test.ts',
    why: 'the forms of a message, held against their document',
  },
  {
    modules: /^plugins\/channels\/(book|delivery)\.ts$/,
    by: 'test/plugins/channels/courier.test.ts',
    why: 'what is kept of deliveries, told by how they are tried',
  },
  {
    modules: /^plugins\/channels\/outcome\.ts$/,
    by: 'test/plugins/channels/post.test.ts',
    why: 'how a try ended',
  },
  {
    modules: /^plugins\/channels\/schema\.ts$/,
    by: 'test/plugins/channels/check.test.ts',
    why: 'what is refused, by the schema or by the check',
  },
  {
    modules: /^plugins\/channels\/(desk|routes)\.ts$/,
    by: 'test/plugins/channels.test.ts',
    why: 'parts of the API, told apart by what it answers',
  },
  {
    modules: /^plugins\/sessions\/(turn|recall)\.ts$/,
    by: 'test/plugins/sessions.test.ts',
    why: 'parts of the plugin, told apart by the sessions that rows have',
  },
  {
    modules: /^plugins\/sessions\/(page|view)-/,
    by: 'test/plugins/sessions/pages.test.ts',
    why: 'what the pages of sessions show; how they look has a test in a browser',
  },
  {
    modules: /^plugins\/(prompts\/(economics|routes)|shared\/(controls|question|part-words|answer))\.ts$/,
    by: 'test/plugins/prompts/page.test.ts',
    why: 'the page and the API of prompts, told apart by what they show',
  },
  {
    modules: /^plugins\/cache-breaks\/(routes|view)\.ts$/,
    by: 'test/plugins/cache-breaks/page.test.ts',
    why: 'the page and the API of breaks',
  },
  {
    modules: /^plugins\/cache-breaks\/cost\.ts$/,
    by: 'test/plugins/cache-breaks.test.ts',
    why: 'what a break cost, in dollars of real exchanges',
  },
  {
    modules: /^plugins\/alerts\/(ask|book|fits|groups|lease|tell)\.ts$/,
    by: 'test/plugins/alerts/evaluator.test.ts',
    why: 'what is asked, kept and told is told apart by what comes of rows, minute by minute',
  },
  {
    modules: /^plugins\/alerts\/(metrics|rule|schema)\.ts$/,
    by: 'test/plugins/alerts/check.test.ts',
    why: 'how rules are written, right and wrong',
  },
  {
    modules: /^plugins\/alerts\/(desk|routes)\.ts$/,
    by: 'test/plugins/alerts.test.ts',
    why: 'what the API shows, and to whom',
  },
  {
    modules: /^plugins\/alerts\/(view|words)\.ts$/,
    by: 'test/plugins/alerts/page.test.ts',
    why: 'alerts in words and figures, as the page shows them',
  },
  { modules: /^plugins\/queue\//, by: 'test/plugins/queue.test.ts', why: 'the line is there for the requests in it' },
  {
    modules: /^plugins\/simulator\//,
    by: 'test/plugins/simulator.test.ts',
    why: 'parts of one plugin',
  },
  {
    modules: /^providers\/adapters\/_openai-(error|stop|responses-reader)\.ts$/,
    by: 'test/providers/adapters/openai-responses.test.ts',
    why: 'parts of the adapter',
  },
  {
    modules: /^providers\/adapters\/_llama-cpp-reader\.ts$/,
    by: 'test/providers/adapters/llama-cpp.test.ts',
    why: 'part of the adapter',
  },
  {
    modules: /^providers\/adapters\/_ollama-reader\.ts$/,
    by: 'test/providers/adapters/ollama.test.ts',
    why: 'part of the adapter',
  },
  {
    modules: /^providers\/adapters\/_openai-media-reader\.ts$/,
    by: 'test/providers/adapters/openai-audio.test.ts',
    why: 'what the answers of audio and images share',
  },
  {
    modules: /^providers\/adapters\/_anthropic-reader\.ts$/,
    by: 'test/providers/adapters/anthropic-messages.test.ts',
    why: 'part of the adapter',
  },
  {
    modules: /^providers\/adapters\/_bedrock-(converse-reader|stop)\.ts$/,
    by: 'test/providers/adapters/bedrock-converse.test.ts',
    why: 'parts of the adapter',
  },
  {
    modules: /^providers\/adapters\/_bedrock-(invoke-reader|plain-reader)\.ts$/,
    by: 'test/providers/adapters/bedrock-invoke.test.ts',
    why: 'parts of the adapter',
  },
];

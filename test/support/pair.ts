/** A gateway with a scripted upstream behind it, for the length of one `describe`. */
import { expect } from 'chai';

import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { type Answer, type Call, open, type Sending, send } from './client.ts';
import { PIPELINE, startGateway, type TestGateway } from './gateway.ts';
import { startUpstream, type Upstream } from './upstream.ts';

export interface PairOptions {
  /** Members of both providers, as YAML: `timeouts: { idle: 300ms }`. */
  provider?: string;
  /** Further providers, as indented lines of YAML; asked when the gateway starts. */
  providers?: () => string;
  /** Further top-level YAML. */
  more?: string;
  plugins?: string;
  env?: Record<string, string>;
}

export interface Pair {
  readonly up: Upstream;
  readonly gw: TestGateway;
  /** Sends to a path of the gateway; a plain object is the body. */
  send(path: string, sending?: Omit<Sending, 'url'>): Promise<Answer>;
  open(path: string, sending?: Omit<Sending, 'url'>): Call;
  /** The row of the only exchange of this test; fails when there are more, or none within 10 s. */
  row(): Promise<ExchangeRecord>;
  /** All rows of this test, at least `count`, oldest first. */
  rows(count: number): Promise<ExchangeRecord[]>;
  /** Closes the pooled connections, so that the next request opens a new one. */
  fresh(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

export const CHAT = '/v1/chat/completions';
export const MESSAGES = '/v1/messages';
/** A chat request of a few words. */
export const ASK = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] };
export const ASK_STREAM = { ...ASK, stream: true };

/** Starts gateway and upstream before the tests of a `describe` and stops them after; rows are counted for each test anew. */
export function usePair(options: PairOptions = {}): Pair {
  let up: Upstream;
  let gw: TestGateway;
  let earlier = 0;
  const idle = async (): Promise<void> => {
    const limit = Date.now() + 5000;
    while (gw.gateway.inFlight > 0 && Date.now() < limit) await new Promise((done) => setTimeout(done, 5));
    expect(gw.gateway.inFlight, 'exchanges under way').to.equal(0);
  };
  const rows = async (count: number): Promise<ExchangeRecord[]> => {
    if (count > 0) await gw.rows(earlier + count);
    await idle();
    return (await gw.rows()).slice(earlier);
  };
  before(async () => {
    up = await startUpstream();
    gw = await startGateway(yamlOf(up.url, options), { env: options.env ?? {} });
  });
  after(async () => {
    await gw?.close();
    await up?.close();
  });
  beforeEach(async () => {
    await idle();
    earlier = (await gw.rows()).length;
    up.received.length = 0;
    up.always({ headers: { 'content-type': 'application/json' }, chunks: ['{}'] });
  });
  return {
    get up() {
      return up;
    },
    get gw() {
      return gw;
    },
    send: (path, sending = {}) => send({ ...sending, url: gw.url + path }),
    open: (path, sending = {}) => open({ ...sending, url: gw.url + path }),
    rows,
    row: async () => {
      const [row, ...others] = await rows(1);
      expect(others, 'further rows').to.have.length(0);
      if (!row) throw new Error('there is no row');
      return row;
    },
    fresh: async () => {
      up.closeConnections();
      // The gateway hears of it in its own time.
      await new Promise((done) => setTimeout(done, 20));
    },
    idle,
  };
}

function yamlOf(
  url: string,
  { provider = '', more = '', plugins = PIPELINE, providers = () => '' }: PairOptions,
): string {
  const members = provider === '' ? '' : `, ${provider}`;
  return `providers:
  openai: { base_url: "${url}/v1"${members} }
  anthropic: { base_url: "${url}"${members} }
${providers()}
${more}
${plugins}`;
}

import { expect } from 'chai';
import { sessionPages } from '../../../plugins/sessions/pages.ts';
import { differenceOf } from '../../../plugins/sessions/view-compare.ts';
import { thin } from '../../../plugins/sessions/view-growth.ts';
import { numbered } from '../../../plugins/sessions/view-turns.ts';
import { foundWords, shortOf } from '../../../plugins/sessions/view-words.ts';
import type { Lent, Principal, SessionEntry, TurnEntry } from '../../../src/plugin.ts';
import { openHouse, type TestHouse } from '../../support/house.ts';
import { rowsOf, type Script } from '../../support/sessions.ts';

const HOUR = 3_600_000;
const LIMIT = 10_000;
const NASTY = '<img src=x onerror=alert(1)>';

describe('plugins/sessions/pages', () => {
  let test: TestHouse;
  let url: string;
  let now: number;

  beforeEach(async () => {
    test = await openHouse();
    test.house.pages = () => pages();
    url = await test.listen();
    now = Date.now();
  });
  afterEach(() => test.close());

  function pages() {
    const { queries, audit } = test.store;
    const records = {
      list: (question) => queries.list(question),
      sums: (question) => queries.sums(question),
      sessions: (question) => queries.sessions(question),
      session: (id, tenant) => queries.session(id, tenant),
      turns: (question) => queries.turns(question),
      cacheBreaks: (question) => queries.cacheBreaks(question),
    } as Pick<Lent['records'], 'list' | 'sums' | 'sessions' | 'session' | 'turns' | 'cacheBreaks'>;
    const settings = {
      of: (agent: string | null) => ({ sessionCharLimit: agent === 'roomy' ? 10 * LIMIT : LIMIT }),
      body: () => ({ agents: { 'night-shift': {} } }),
    };
    return sessionPages({ records, settings, audit } as unknown as Parameters<typeof sessionPages>[0]);
  }
  const add = async (...scripts: (Partial<Script> & { id: string })[]): Promise<void> => {
    for (const script of scripts) {
      const rows = rowsOf({ agent: 'coder', turns: 4, chars: 4000, end: now - 60_000, ...script });
      for (const row of rows) test.store.append(row);
    }
    await test.store.flush();
  };
  const page = async (path: string, status = 200): Promise<string> => {
    const answer = await fetch(`${url}/dashboard/${path}`, { headers: { accept: 'text/html' } });
    expect(answer.status, path).to.equal(status);
    return (await answer.text()).replace(/\s+/g, ' ');
  };
  /** What a page shows, without its view. */
  const data = async (name: string, query: string, principal: Principal | null = null) => {
    const { data: make } = pages().find((one) => one.name === name)!;
    return (await make({ query: new URLSearchParams(query), zone: 'UTC', principal })) as Record<string, never>;
  };
  /** The card of an agent. */
  const card = (html: string, agent: string): string =>
    html.split('<article').find((part) => part.includes(`<h3 title="${agent}">`))!;

  it('stand in the menu, but for the page of one session', async () => {
    const html = await page('sessions');
    expect(html).to.match(/<a href="\/dashboard\/agents">Agents<\/a>/);
    expect(html).to.match(/<a href="\/dashboard\/sessions" aria-current="page">Sessions<\/a>/);
    expect(html).to.not.include('href="/dashboard/session"');
  });

  describe('all sessions', () => {
    it('teach how one is found while there is none', async () => {
      const html = await page('sessions');
      expect(html).to.include('x-token-spy-session: my-first-session').and.include('No session in this stretch');
      expect(html).to.not.include('<svg class="drawing');
    });

    it('show each agent by its newest session, in every state, with its word', async () => {
      await add(
        { id: 'a', agent: 'fine', turns: 8, chars: 4000 },
        { id: 'b', agent: 'longer', turns: 8, chars: LIMIT + 1 },
        { id: 'c', agent: 'long', turns: 8, chars: 2 * LIMIT + 1 },
        { id: 'd', agent: 'endless', turns: 8, chars: 2.5 * LIMIT + 1 },
        { id: 'e', agent: 'flapper', turns: 8, chars: 4000, written: 0.5 },
      );
      const html = await page('sessions');
      const badges = { fine: 'healthy', longer: 'monitor', long: 'compact soon', endless: 'reset recommended' };
      for (const [agent, badge] of Object.entries({ ...badges, flapper: 'cache unstable', 'night-shift': 'no data' }))
        expect(card(html, agent), agent).to.include(`>${badge}</span>`);
      const isOffered = (agent: string): boolean => card(html, agent).includes('action="/dashboard/sessions/reset"');
      expect(['fine', 'longer', 'long', 'endless', 'flapper', 'night-shift'].filter(isOffered)).to.eql([
        'longer',
        'long',
        'endless',
      ]);
      expect(card(html, 'endless')).to.include('name="agent" value="endless"').and.include('badge bad urgent');
      const order = [...html.matchAll(/<h3 title="([\w-]+)"/g)].map(([, name]) => name);
      expect(order).to.eql(['endless', 'long', 'longer', 'flapper', 'fine', 'night-shift']);
    });

    it('say what the form of a card came to, and nothing that an address makes up', async () => {
      expect(await page('sessions?note=reset&agent=coder')).to.match(/role="status"><b[^>]*>coder<\/b> was reset/);
      expect(await page('sessions?note=not_configured&agent=coder')).to.include('no session directory is configured');
      expect(await page('sessions?note=constructor&agent=coder')).to.not.include('role="status"');
      expect(await page('sessions?note=kept&agent=coder')).to.not.match(/href="[^"]*note/);
    });

    it('hold the history against the limit of the agent: amber above 60 %, red above 80 %', async () => {
      await add(
        { id: 'a', agent: 'low', chars: 6000 },
        { id: 'b', agent: 'middle', chars: 6001 },
        { id: 'c', agent: 'high', chars: 8001 },
        { id: 'd', agent: 'roomy', chars: 8001 },
      );
      const html = await page('sessions');
      const tone = (agent: string): string => /history-bar (\w+)/.exec(card(html, agent))![1]!;
      expect(['low', 'middle', 'high', 'roomy'].map(tone)).to.eql(['good', 'warn', 'bad', 'good']);
      expect(card(html, 'middle'))
        .to.include('<b>6K</b> <span class="dim">of 10K characters</span> <span class="share warn">60%</span>')
        .and.include('about 1.5K tokens · 4 turns');
    });

    it('never call a cost nothing that nobody knows', async () => {
      await add(
        { id: 'known', agent: 'paid', turns: 3, cost: '0.25' },
        { id: 'unknown', agent: 'mystery', turns: 3, cost: null },
        { id: 'half', agent: 'partly', turns: 4, change: (_, turn) => (turn === 3 ? unpriced : {}) },
      );
      const html = await page('sessions');
      const row = (id: string): string => html.split('<tr>').find((part) => part.includes(`title="${id}"`))!;
      expect(row('known')).to.include('$0.75');
      expect(row('unknown')).to.match(/class="unknown"[^>]*>unknown</);
      expect(row('half')).to.include('$0.0369 <span class="unknown"').and.include('+ 1 unknown');
      expect(card(html, 'mystery')).to.not.include('$0');
    });

    it('call an agent self-hosted whose provider is free, and only such a one', async () => {
      await add(
        { id: 'own', agent: 'llama', cost: '0', change: () => ({ cost_source: 'free' }) },
        { id: 'gift', agent: 'gifted', cost: '0' },
      );
      const html = await page('sessions');
      expect(card(html, 'llama')).to.include('self-hosted').and.include('$0.00/token');
      expect(card(html, 'gifted')).to.not.include('self-hosted');
    });

    it('put single calls together by agent, and list them when asked', async () => {
      const lone = Array.from({ length: 12 }, (_, i) => ({
        id: `one-${i}`,
        agent: 'classifier',
        turns: 1,
        cost: '0.01',
      }));
      await add({ id: 'long' }, ...lone);
      const html = await page('sessions');
      expect(html).to.include('12 single calls</a> of <span class="clip" title="classifier">classifier</span>, $0.12');
      expect(html).to.not.include('title="one-3"');
      expect(card(html, 'classifier')).to.include('1 turn');
      const all = await page('sessions?singles=1&agent=classifier');
      expect(all).to.include('title="one-3"').and.include('put single calls together').and.not.include('title="long"');
    });

    it('are paged, the last used first', async () => {
      await add(...Array.from({ length: 53 }, (_, i) => ({ id: `s-${i}`, turns: 2, end: now - i * 1000 })));
      const html = await page('sessions');
      expect(html).to.include('title="s-49"').and.not.include('title="s-50"');
      const older = /<a href="\/dashboard\/sessions\?cursor&#x3D;([^"]+)" rel="next">/.exec(html)![1]!;
      const second = await page(`sessions?cursor=${older}`);
      expect(second).to.include('title="s-50"').and.include('title="s-52"').and.include('>Newest</a>');
      await page('sessions?cursor=made-up', 400);
    });

    it('keep to the stretch of time, and take made-up words for none', async () => {
      await add({ id: 'new' }, { id: 'old', end: now - 30 * HOUR });
      expect(await page('sessions?range=<b>'))
        .to.include('title="new"')
        .and.not.include('title="old"');
      expect(await page('sessions?range=7d')).to.include('title="old"');
    });

    it('show what was done to them: by their id, or by their agent at that time', async () => {
      await add({ id: 'mine' }, { id: 'other', agent: 'other' }, { id: 'before', end: now - 3 * HOUR });
      await reset({ session: 'mine', agent: 'coder' }, { reason: 'history limit', chars: 12_345 });
      await reset({ session: 'f00-of-a-file', agent: 'other' }, { reason: 'by hand' }, 'admin');
      const html = await page('sessions');
      expect(html).to.include('reason: history limit, chars: 12,345').and.include('reset by admin');
      const { rows } = (await data('sessions', '')) as unknown as {
        rows: { id: string; deed: { why: string } | null }[];
      };
      const told = rows.map(({ id, deed }) => [id, deed?.why ?? null]);
      expect(told).to.have.deep.members([
        ['mine', 'reason: history limit, chars: 12,345'],
        ['other', 'reason: by hand'],
        ['before', null],
      ]);
    });

    it('draw how the five newest histories of an agent grew, with its limits', async () => {
      const five = Array.from({ length: 6 }, (_, i) => ({ id: `s-${i}`, chars: 9000, end: now - i * HOUR }));
      await add(...five, { id: 'short', agent: 'roomy', chars: 4000, end: now - HOUR });
      const html = await page('sessions');
      expect(html).to.include('How histories grew: <span class="clip" title="coder">');
      expect(html.match(/class="line line-\d"/g)).to.have.length(2 * 5);
      expect(html).to.include('>limit 10K (auto-reset)</text>').and.include('>danger 25K</text>');
      const roomy = await page('sessions?agent=roomy');
      expect(roomy).to.include('>limit 100K (auto-reset)</text>').and.not.include('danger 250K');
    });

    it('are those of the tenant alone, whatever they are asked for', async () => {
      await add({ id: 'ours', tenant: 'acme', agent: 'coder' }, { id: 'theirs', tenant: 'other', agent: 'secret' });
      await reset({ session: 'f00', agent: 'coder' }, { reason: 'of somebody else' });
      const acme = { name: 'k', tenant: 'acme' };
      for (const query of ['', 'agent=secret', 'singles=1']) {
        const text = JSON.stringify(await data('sessions', query, acme));
        expect(text.replaceAll('agent=secret', '').replaceAll('{"value":"secret","chosen":true}', ''), query)
          .to.not.include('secret')
          .and.not.include('theirs')
          .and.not.include('night-shift')
          .and.not.include('of somebody else');
      }
      expect(await data('session', 'id=theirs', acme)).to.have.keys('asked', 'self');
      expect(JSON.stringify(await data('agents', 'a=secret&b=coder', acme))).to.not.include('theirs');
    });
  });

  describe('one session', () => {
    it('is asked for by its id, and says so when there is none', async () => {
      expect(await page('session')).to.include('Which session?');
      expect(await page(`session?id=${encodeURIComponent(NASTY)}`))
        .to.include('No such session')
        .and.include('&lt;img src&#x3D;x')
        .and.not.include(NASTY);
    });

    it('says who it is, how it was found, where it came from and what came of it', async () => {
      await add({ id: 'first', turns: 3 }, { id: 'second', turns: 5, parent: 'first', end: now - 30_000 });
      const html = await page('session?id=second');
      expect(html).to.include('Nobody says it: each request begins with the messages of the one before.');
      expect(html).to.match(/Branched from<\/th><td><a href="\/dashboard\/session\?id&#x3D;first"/);
      expect(await page('session?id=first')).to.match(/Branches<\/th>.*session\?id&#x3D;second/);
    });

    it('lists its turns in their order, with gaps, sums and links to their rows', async () => {
      await add({ id: 's', turns: 3, cost: '0.1', every: 90_000 });
      const { rows } = (await data('session', 'id=s')) as unknown as { rows: Record<string, unknown>[] };
      expect(rows.map(({ number, gap, cost, soFar }) => [number, gap, cost, soFar])).to.eql([
        [1, null, '0.1', '0.1'],
        [2, 90, '0.1', '0.2'],
        [3, 90, '0.1', '0.3'],
      ]);
      const html = await page('session?id=s');
      expect(html.match(/href="\/dashboard\/requests\/[0-9a-f]{32}"/g)).to.have.length(3);
      expect(html).to.include('aria-label="tools 4,200, system 8,300, history 3,600, new 420"');
    });

    it('steps through them, each with all parts of its prompt, and none of its words', async () => {
      await add({ id: 's', turns: 3 });
      const html = await page('session?id=s&turn=2&chart=tokens');
      expect(html).to.include('Turn 2 of 3').and.include('file <b>AGENTS.md</b>').and.include('$0.00031');
      expect(html).to.include(
        'href="/dashboard/session?id&#x3D;s&amp;turn&#x3D;1&amp;chart&#x3D;tokens#turn" rel="prev"',
      );
      expect(html).to.include(
        'href="/dashboard/session?id&#x3D;s&amp;turn&#x3D;3&amp;chart&#x3D;tokens#turn" rel="next"',
      );
      expect(await page('session?id=s&turn=1')).to.include('<span class="dim">← Previous</span>');
      for (const made of ['0', '4', '-1', 'x', '2e1'])
        expect(await page(`session?id=s&turn=${made}`), made).to.not.include('id="turn"');
    });

    it('says plainly what is not known of a turn', async () => {
      const bare = { prompt: null, tools_called: null, turn: null, duration_ms: null, time_to_first_token_ms: null };
      await add({ id: 's', turns: 2, cost: null, change: () => bare });
      const html = await page('session?id=s&turn=2');
      expect(html).to.include('The parts of its prompt are not known').and.include('length unknown');
      expect(html).to.match(/<dt>Cost<\/dt><dd><span class="unknown">unknown/);
      expect(html).to.include('2 turns of unknown cost').and.not.include('$0');
    });

    it('tells what happened: compaction, breaks of the cache, failures, rests and resets', async () => {
      const broke = {
        cause: 'prefix_change',
        part: { kind: 'file', name: 'AGENTS.md' },
        tokens: 12_000,
        idle_s: 9,
      } as const;
      await add({
        id: 's',
        turns: 6,
        every: 2 * HOUR,
        change: (_, turn) => ({
          ...(turn === 2 && {
            turn: { relation: 'compacted', parent: null },
            cache_break: { ...broke, cost_usd: '0.03' },
          }),
          ...(turn === 4 && failed),
        }),
      });
      await reset({ session: 's', agent: 'coder' }, { reason: 'history limit' }, 'admin');
      const { events } = (await data('session', 'id=s')) as unknown as { events: Record<string, string>[] };
      expect(events.map(({ label, words }) => `${label}: ${words}`)).to.eql([
        'rest: nothing for 2 hours',
        'rest: nothing for 2 hours',
        'compacted: history from 1,333 to 2,000 characters',
        'cache break: the prompt changed at file AGENTS.md; 12,000 tokens paid again',
        'rest: nothing for 2 hours',
        'failed: status 529, overloaded_error',
        'rest: nothing for 4 hours',
        'reset: by admin; reason: history limit',
      ]);
      const html = await page('session?id=s');
      expect(html).to.include('cache break</li>').and.include('reset</li>').and.include('and 1 failed');
    });

    it('shows any name as it is', async () => {
      await add({
        id: NASTY,
        agent: NASTY,
        turns: 3,
        change: () => ({ project: NASTY, user: NASTY, tools_called: { [NASTY]: 2 } }),
      });
      const id = encodeURIComponent(NASTY);
      for (const path of [
        'sessions',
        `session?id=${id}`,
        `session?id=${id}&turn=2`,
        `agents?a=${id}`,
        `sessions?agent=${id}`,
      ]) {
        const html = await page(path);
        expect(html, path).to.include('&lt;img').and.not.include('<img');
      }
      await page(`sessions?agent=${'x'.repeat(5000)}%00`);
    });

    it('pages through 2,000 turns, draws few of them, and its sum ends where the session does', async () => {
      await add({ id: 's', turns: 2000, every: 1000, cost: '0.001' });
      const html = await page('session?id=s');
      expect(html).to.include('1,951 to 2,000 of 2,000').and.include('of so many turns 400 are drawn');
      expect(html.length).to.be.lessThan(500_000);
      const whole = (await data('session', 'id=s&chart=sum&from=60')) as unknown as {
        pages: { first: number; last: number };
        plot: { wide: { slots: { values: { value: number }[] }[] } };
      };
      expect([whole.pages.first, whole.pages.last]).to.eql([51, 100]);
      expect(whole.plot.wide.slots.at(-1)!.values[0]!.value).to.equal(2);
      expect(whole.plot.wide.slots).to.have.length(400);
    });
  });

  describe('two agents', () => {
    it('stand side by side, with the difference in words', async () => {
      await add({ id: 'a', agent: 'one', turns: 4, cost: '0.1' }, { id: 'b', agent: 'two', turns: 8, cost: '0.15' });
      const { figures } = (await data('agents', 'a=one&b=two')) as unknown as {
        figures: { name: string; a: unknown; b: unknown; words: string | null }[];
      };
      const line = (name: string) =>
        figures.filter((one) => one.name === name).map(({ a, b, words }) => [a, b, words])[0];
      expect(line('Turns')).to.eql([4, 8, '100% more']);
      expect(line('Cost')).to.eql(['0.4', '1.2', '3 times as much']);
      expect(line('Cost of a turn')).to.eql(['0.1', '0.15', '50% more']);
      expect(line('Sessions')).to.eql([1, 1, 'alike']);
      const html = await page('agents?a=one&b=two');
      expect(html).to.include('Swap them').and.include('search <b>').and.include('How histories grew');
      expect(html.match(/class="line line-[01]"/g)).to.have.length(4);
    });

    it('take times from good answers, models and tools from all, and quality by turns', async () => {
      const broken = { outcome: 'stream_error', duration_ms: 90_000 } as const;
      await add({
        id: 'a',
        agent: 'one',
        turns: 20,
        chars: 1000,
        change: (_, turn) => (turn === 3 ? broken : { duration_ms: 100 * (turn + 1), tools_called: { grep: 2 } }),
      });
      const { figures, sides } = (await data('agents', 'a=one')) as unknown as {
        figures: { name: string; a: number; noteA: string }[];
        sides: { tools: unknown; models: unknown }[];
      };
      const line = (name: string) => figures.find((one) => one.name === name)!;
      expect([line('Latency, median').a, line('Latency, 95th percentile').a]).to.eql([1100, 2000]);
      expect([line('Errors').a, line('Errors').noteA]).to.eql([0.05, '1 of 20']);
      expect(line('Quality').a).to.be.within(60, 99);
      expect(sides[0]).to.deep.include({
        tools: [{ name: 'grep', times: 38 }],
        models: [{ name: 'gpt-4o-2024-08-06', times: 20 }],
      });
    });

    it('need not be two: the other side is empty, and is asked for', async () => {
      await add({ id: 'a', agent: 'one' }, { id: 'b', agent: 'two' });
      const html = await page('agents?a=&b=two');
      expect(html).to.include('nobody chosen').and.include('Choose a first agent above');
      expect(html).to.match(/<option value="two" selected>/);
      expect(html).to.not.include('unknown');
      await add({ id: 'c', agent: 'mystery', cost: null });
      expect(await page('agents?a=mystery')).to.match(/Cost<\/th> <td class="n"><span class="unknown">unknown/);
      expect(await page('agents')).to.not.include('nobody chosen');
      expect(await page('agents?a=never-seen')).to.include('No turn in this stretch of time.');
    });

    it('are none at first, and the page says how to have one', async () => {
      expect(await page('agents'))
        .to.include('No agent yet')
        .and.include('x-token-spy-agent: my-agent');
    });

    it('differ in words that fit what is compared', () => {
      expect(differenceOf('usd', '2', '1')).to.equal('50% less');
      expect(differenceOf('count', 10, 9)).to.equal('10% fewer');
      expect(differenceOf('time', 100, 1250)).to.equal('13 times as long');
      expect(differenceOf('time', 100, 80)).to.equal('20% shorter');
      expect(differenceOf('share', 0.5, 0.625)).to.equal('13 points more');
      expect(differenceOf('score', 90, 89)).to.equal('1 point less');
      expect(differenceOf('count', 1000, 1)).to.equal('99% fewer');
      expect(differenceOf('usd', '0', '1')).to.equal('only the second');
      expect(differenceOf('count', 1, 0)).to.equal('none');
      expect(differenceOf('usd', null, '1')).to.equal(null);
    });
  });

  describe('what they are made of', () => {
    const session = (change: Partial<SessionEntry>): SessionEntry =>
      ({ turns: 0, errors: 0, refused: 0, cost_usd: null, ...change }) as SessionEntry;
    const turn = (cost: string | null): TurnEntry =>
      ({ time: '2026-11-20T12:00:00.000Z', cost_usd: cost }) as TurnEntry;

    it('numbers turns, also when the first of them are not there', () => {
      expect(numbered([], session({}))).to.eql([]);
      const [one, two] = numbered([turn('0.1'), turn(null)], session({ turns: 12, cost_usd: '1.000000000001' }));
      expect([one!.number, one!.soFar, two!.number, two!.soFar]).to.eql([11, '1.000000000001', 12, '1.000000000001']);
      const [free] = numbered([turn(null)], session({ turns: 1 }));
      expect(free!.soFar).to.equal(null);
    });

    it('thins evenly, keeps the heaviest of each stretch, and the last', () => {
      const list = Array.from({ length: 1000 }, (_, i) => (i === 500 ? 9999 : i % 7));
      const kept = thin(list, 100, (one) => one);
      expect(kept).to.have.length(100);
      expect(kept).to.include(9999);
      expect(kept.at(-1)).to.equal(list.at(-1));
      expect(thin([1, 2], 2, (one) => one)).to.eql([1, 2]);
    });

    it('says how a session was found', () => {
      expect(foundWords({ source: 'header:x-session-id', confidence: 'high' })).to.equal(
        'The client says it, in the header x-session-id. That is sure.',
      );
      expect(foundWords({ source: 'body:metadata.user_id', confidence: 'medium' })).to.include(
        'metadata.user_id of the request',
      );
      expect(foundWords({ source: 'constructor', confidence: 'low' })).to.equal(
        'It was found by constructor. That is a guess.',
      );
    });

    it('shortens ids between letters, not within one', () => {
      expect(shortOf('0b9f3c1e-5d0a-4a53')).to.equal('0b9f3c1e…');
      expect(shortOf('release-notes')).to.equal('release-notes');
      expect(shortOf('chain-c7864332c16d8067')).to.equal('c7864332…');
      expect(shortOf('🦊'.repeat(20))).to.equal(`${'🦊'.repeat(8)}…`);
    });
  });

  const unpriced = {
    cost_usd: null,
    cost_source: null,
    price: null,
    unpriced: { reason: 'no_price', missing: null },
  } as const;
  const failed = {
    status: 529,
    outcome: 'upstream_error',
    usage: null,
    usage_status: 'not_applicable',
    usage_source: 'none',
    cost_usd: null,
    cost_source: null,
    error: { type: 'overloaded_error', code: null, http_status: 529, retry_after_s: null },
  } as const;
  const reset = (of: { session: string; agent: string }, facts: object, who: string | null = null): Promise<void> =>
    test.store.audit.write({ who, action: 'session.reset', subject: `agent ${of.agent}`, ...of, facts: { ...facts } });
});

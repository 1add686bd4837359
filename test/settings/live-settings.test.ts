import { expect } from 'chai';
import type { Documents, Json } from '../../src/accounts/documents.ts';
import { BUILT_IN } from '../../src/settings/built-in.ts';
import { LiveSettings } from '../../src/settings/live-settings.ts';
import type { AuditEntry } from '../../src/store/audit.ts';

/** Documents in memory, which another process may change too. */
class Shelf implements Documents {
  readonly bodies = new Map<string, Json>();
  readonly listeners = new Set<() => void>();
  fails = false;
  all = () => this.bodies;
  put = (id: string, body: Json) => this.putAll(new Map([[id, body]]));
  async putAll(bodies: ReadonlyMap<string, Json | null>): Promise<void> {
    await Promise.resolve();
    if (this.fails) throw new Error('away');
    for (const [id, body] of bodies) {
      if (body === null) this.bodies.delete(id);
      else this.bodies.set(id, structuredClone(body));
    }
    for (const listener of [...this.listeners]) listener();
  }
  putUnchanged = (id: string, body: Json) => this.put(id, body).then(() => true);
  async delete(id: string): Promise<boolean> {
    await this.putAll(new Map([[id, null]]));
    return true;
  }
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}

describe('settings', () => {
  let shelf: Shelf;
  let notes: Omit<AuditEntry, 'time'>[];
  let auditFails: boolean;
  let settings: LiveSettings;

  const open = (): LiveSettings =>
    new LiveSettings(shelf, {
      write: async (entry) => {
        if (auditFails) throw new Error('away');
        notes.push(entry);
      },
      list: async () => [],
    });

  beforeEach(() => {
    shelf = new Shelf();
    notes = [];
    auditFails = false;
    settings = open();
  });
  afterEach(() => settings.close());

  const change = async (patch: unknown): Promise<void> => {
    expect(await settings.change(patch, 'ann')).to.equal(null);
  };

  it('begin as the predecessor began', () => {
    expect(settings.body()).to.eql({
      session_char_limit: 200_000,
      poll_interval_minutes: 5,
      agents: {},
      filters: BUILT_IN.filters,
    });
    expect(settings.of('anybody')).to.eql({
      sessionCharLimit: 200_000,
      pollIntervalMinutes: 5,
      filters: BUILT_IN.filters,
    });
    expect(settings.of(null)).to.equal(settings.of('anybody'));
  });

  it('hold for all, and for an agent what it has of its own', async () => {
    await change({ session_char_limit: 150_000, agents: { coder: { session_char_limit: 400_000 } } });
    expect(settings.of('coder').sessionCharLimit).to.equal(400_000);
    expect(settings.of('other').sessionCharLimit).to.equal(150_000);
    expect(settings.body().agents).to.eql({
      coder: {
        session_char_limit: 400_000,
        poll_interval_minutes: null,
        _effective_session_char_limit: 400_000,
        _effective_poll_interval_minutes: 5,
      },
    });
    await change({
      session_char_limit: null,
      agents: { coder: { session_char_limit: null, poll_interval_minutes: 9 } },
    });
    expect(settings.body().session_char_limit).to.equal(200_000);
    expect(settings.body().agents.coder).to.eql({
      session_char_limit: null,
      poll_interval_minutes: 9,
      _effective_session_char_limit: 200_000,
      _effective_poll_interval_minutes: 9,
    });
    await change({ agents: { coder: null } });
    expect(settings.body().agents).to.eql({});
    expect([...shelf.bodies]).to.eql([]);
  });

  it('tell agents apart whose names differ in punctuation, and take any name', async () => {
    const names = ['a.b', 'a-b', 'a b', '__proto__', 'constructor', 'ümläut 🐎'];
    const limits = Object.fromEntries(names.map((name, i) => [name, { session_char_limit: 10_000 + i }]));
    await change({ agents: limits });
    expect(names.map((name) => settings.of(name).sessionCharLimit)).to.eql(names.map((_, i) => 10_000 + i));
    expect(Object.keys(settings.body().agents).sort()).to.eql([...names].sort());
    expect(settings.of('toString').sessionCharLimit).to.equal(200_000);
  });

  it('come back after a restart, and what nobody understands is passed over', async () => {
    await change({
      poll_interval_minutes: 7,
      filters: { enabled: true },
      agents: { a: { session_char_limit: 10_000 } },
    });
    shelf.bodies.set('agent odd', { session_char_limit: 'much' });
    shelf.bodies.set('session_char_limit', true);
    shelf.bodies.set('colour', 'blue');
    const again = open();
    expect(again.body()).to.eql(settings.body());
    expect(again.of('a').sessionCharLimit).to.equal(10_000);
    expect(again.of('odd')).to.equal(again.of(null));
    again.close();
  });

  it('say when they changed, also when another process changed them', async () => {
    let rings = 0;
    const deaf = settings.onChange(() => rings++);
    await change({ poll_interval_minutes: 7 });
    await shelf.put('poll_interval_minutes', 8);
    expect([rings, settings.body().poll_interval_minutes]).to.eql([2, 8]);
    deaf();
    await change({ poll_interval_minutes: 9 });
    expect(rings).to.equal(2);
  });

  it('that are asked for at the same time are all kept', async () => {
    await Promise.all([
      ...Array.from({ length: 20 }, (_, i) => change({ agents: { [`a${i}`]: { session_char_limit: 10_000 + i } } })),
      ...Array.from({ length: 20 }, (_, i) => change({ agents: { a1: { poll_interval_minutes: i + 1 } } })),
    ]);
    expect(Object.keys(settings.body().agents).length).to.equal(20);
    expect(settings.body().agents.a1).to.include({ session_char_limit: 10_001, poll_interval_minutes: 20 });
  });

  describe('filters', () => {
    it('are merged one level deep', async () => {
      await change({ filters: { enabled: true, tools: { blocklist: ['x'] } } });
      await change({ filters: { tools: { mode: 'blocklist' }, history: { max_pairs: 3 } } });
      const { tools, history, enabled, log_details: details } = settings.of(null).filters;
      expect([enabled, details]).to.eql([true, true]);
      expect(tools).to.eql({ ...BUILT_IN.filters.tools, blocklist: ['x'], mode: 'blocklist' });
      expect(history).to.eql({ ...BUILT_IN.filters.history, max_pairs: 3 });
    });

    it('take null as "none" where there may be none, and elsewhere as "as it was built in"', async () => {
      await change({
        filters: { history: { truncate_tool_results_chars: null, max_pairs: 3 }, tools: { enabled: true } },
      });
      expect(settings.of(null).filters.history).to.include({ truncate_tool_results_chars: null, max_pairs: 3 });
      await change({ filters: { history: { max_pairs: null }, tools: null } });
      expect(settings.of(null).filters.history).to.include({ truncate_tool_results_chars: null, max_pairs: 20 });
      expect(settings.of(null).filters.tools).to.eql(BUILT_IN.filters.tools);
      await change({ filters: null });
      expect(settings.of(null).filters).to.eql(BUILT_IN.filters);
    });

    it('of an agent lie over those of all, are replaced as a whole, and null inherits', async () => {
      await change({ filters: { history: { max_pairs: 3, truncate_tool_results_chars: 500 } } });
      await change({ agents: { a: { filters: { enabled: true, history: { truncate_tool_results_chars: null } } } } });
      expect(settings.of('a').filters.enabled).to.equal(true);
      expect(settings.of('a').filters.history).to.include({ max_pairs: 3, truncate_tool_results_chars: 500 });
      expect(settings.of('b').filters.enabled).to.equal(false);
      await change({ agents: { a: { filters: { history: { max_pairs: 9 } } } } });
      expect(settings.body().agents.a!.filters).to.eql({ history: { max_pairs: 9 } });
      expect(settings.of('a').filters.enabled).to.equal(false);
      await change({ agents: { a: { filters: null } } });
      expect(settings.body().agents.a).to.not.have.property('filters');
    });
  });

  describe('of gateway.yaml', () => {
    const FILE = {
      session_char_limit: 300_000,
      filters: { enabled: true },
      agents: { coder: { session_char_limit: 500_000 }, 'from file': {} },
    };

    it('hold where nothing was set, and what was set holds over them', async () => {
      const takeAway = settings.lay(FILE);
      expect(settings.body()).to.deep.include({ session_char_limit: 300_000, poll_interval_minutes: 5 });
      expect(settings.of('coder').sessionCharLimit).to.equal(500_000);
      expect(settings.of('from file')).to.include({ sessionCharLimit: 300_000 });
      await change({ session_char_limit: 250_000, agents: { coder: { session_char_limit: 600_000 } } });
      expect([settings.of(null).sessionCharLimit, settings.of('coder').sessionCharLimit]).to.eql([250_000, 600_000]);
      await change({ session_char_limit: null, agents: { coder: null } });
      expect([settings.of(null).sessionCharLimit, settings.of('coder').sessionCharLimit]).to.eql([300_000, 500_000]);
      takeAway();
      expect(settings.body().agents).to.eql({});
      expect(settings.of(null).filters.enabled).to.equal(false);
    });

    it('follow the newest configuration, and a configuration that was refused leaves the one before', () => {
      const first = settings.lay({ session_char_limit: 300_000 });
      const second = settings.lay({ session_char_limit: 310_000 });
      expect(settings.of(null).sessionCharLimit).to.equal(310_000);
      second();
      second();
      expect(settings.of(null).sessionCharLimit).to.equal(300_000);
      settings.lay({});
      first();
      expect(settings.of(null).sessionCharLimit).to.equal(200_000);
    });
  });

  describe('are taken as a whole or not at all', () => {
    it('where one of them is wrong', async () => {
      const patch = {
        session_char_limit: 150_000,
        agents: { good: { poll_interval_minutes: 3 }, bad: { session_char_limit: 5 } },
      };
      expect(await settings.change(patch, null)).to.eql({
        field: 'agents.bad.session_char_limit',
        message: 'must be >= 10000, a whole number',
      });
      expect([...shelf.bodies]).to.eql([]);
      expect(notes).to.eql([]);
    });

    it('where the database does not answer', async () => {
      shelf.fails = true;
      expect(await settings.change({ poll_interval_minutes: 3 }, null).catch(String)).to.equal('Error: away');
      shelf.fails = false;
      expect(settings.body().poll_interval_minutes).to.equal(5);
      await change({ poll_interval_minutes: 4 });
      expect(settings.body().poll_interval_minutes).to.equal(4);
    });

    it('where the audit does not take it', async () => {
      await change({ agents: { a: { poll_interval_minutes: 3 } } });
      auditFails = true;
      const patch = { session_char_limit: 10_000, agents: { a: null, b: { poll_interval_minutes: 4 } } };
      expect(await settings.change(patch, null).catch(String)).to.equal('Error: away');
      expect(Object.keys(settings.body().agents)).to.eql(['a']);
      expect(settings.body().session_char_limit).to.equal(200_000);
    });

    it('where they would be for too many agents', async () => {
      const agents = (from: number, count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${from + i}`, { poll_interval_minutes: 1 }]));
      await change({ agents: agents(0, 1000) });
      expect(await settings.change({ agents: agents(1000, 1) }, null)).to.eql({
        field: 'agents',
        message: 'are at most 1000; take one away with null first',
      });
      await change({ agents: { a0: null, ...agents(1000, 1) } });
      expect(Object.keys(settings.body().agents).length).to.equal(1000);
    });

    it('where there would be too much of them', async () => {
      const list = Array.from({ length: 500 }, (_, i) => `${i}`.padEnd(256, 'x'));
      const agent = (name: string) => ({
        agents: { [name]: { filters: { tools: { allowlist: list, blocklist: list } } } },
      });
      for (let i = 0; i < 4; i++) await change(agent(`a${i}`));
      const problem = await settings.change(agent('a4'), null);
      expect(problem?.message).to.match(/^have more of their own than can be kept/);
      expect(Object.keys(settings.body().agents).length).to.equal(4);
    });
  });

  describe('leave in the audit', () => {
    it('who changed what, before and after, for all and for each agent', async () => {
      await change({ session_char_limit: 150_000 });
      await change({
        session_char_limit: 160_000,
        agents: { coder: { poll_interval_minutes: 3 } },
        filters: { enabled: true },
      });
      await settings.change({ agents: { coder: null } }, null);
      const entry = (more: object) => ({
        who: 'ann',
        action: 'settings.changed',
        subject: '',
        agent: null,
        session: null,
        ...more,
      });
      expect(notes).to.eql([
        entry({ facts: { before: { session_char_limit: 200_000 }, after: { session_char_limit: 150_000 } } }),
        entry({
          facts: {
            before: { session_char_limit: 150_000, 'filters.enabled': false },
            after: { session_char_limit: 160_000, 'filters.enabled': true },
          },
        }),
        entry({
          subject: 'agent coder',
          agent: 'coder',
          facts: { before: { poll_interval_minutes: null }, after: { poll_interval_minutes: 3 } },
        }),
        entry({
          who: null,
          subject: 'agent coder',
          agent: 'coder',
          facts: { before: { poll_interval_minutes: 3 }, after: { poll_interval_minutes: null } },
        }),
      ]);
    });

    it('nothing where nothing changed', async () => {
      await change({ session_char_limit: 150_000 });
      await change({ session_char_limit: 150_000, agents: {} });
      await change({});
      expect(notes.length).to.equal(1);
    });

    it('no text of a prompt, and no long lists', async () => {
      await change({
        filters: {
          system_prompt: { custom_replacement: 'You are Hal.' },
          tools: { blocklist: Array.from({ length: 30 }, (_, i) => `t${i}`) },
        },
      });
      const { after } = notes[0]!.facts as { after: Record<string, unknown> };
      expect(after['filters.system_prompt.custom_replacement']).to.equal('12 characters');
      expect(after['filters.tools.blocklist']).to.have.length(21).and.include('and 10 more');
      expect(JSON.stringify(notes)).to.not.include('Hal');
    });
  });
});

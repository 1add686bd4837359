/** Ten thousand exchanges of all fates: what the accounts say is what the rows come to, always. */
import { expect } from 'chai';
import type { Claim } from '../../src/accounts/accounts.ts';
import { MemoryAccounts } from '../../src/accounts/book.ts';
import { type Calendar, readPeriod, windowOf } from '../../src/accounts/period.ts';
import type { AccountKey } from '../../src/accounts/series.ts';
import { until } from '../support/until.ts';
import { Chance } from './chance.ts';
import { seriesOf, TestRows } from './rows.ts';

const LIVES = 5000;
const AGENTS = ['a1', 'a2', 'a3'];
const HOUR = 3_600_000;
const TIMES = { openMs: 2000, rowMs: 1, pauseMs: 1 };

/** A gateway that has three budgets, and is restarted, reloaded and killed. */
class World {
  readonly rows = new TestRows();
  readonly limits = { hour: 1500n, agent: 4000n, total: 50_000n };
  now = Date.parse('2026-11-01T00:00:00Z');
  #calendar: Calendar = { zone: 'UTC', starts: null };
  accounts = new MemoryAccounts(this.rows, () => this.now, TIMES);
  /** The life of the process: what was under way in an earlier one has no end. */
  life = 0;
  /** Rows of others so far. */
  told = 0;
  /** All accounts that were ever asked for. */
  readonly asked = new Map<string, AccountKey>();
  readonly clockGoesBack: boolean;

  constructor(clockGoesBack: boolean) {
    this.clockGoesBack = clockGoesBack;
  }

  /** What an exchange of an agent claims. The objects are new each time, as after a reload. */
  claims(agent: string, amount: bigint): Claim[] {
    const window = (period: string, calendar: Calendar) => windowOf(readPeriod(period)!, calendar, this.now);
    const claims: Claim[] = [
      {
        series: seriesOf([], { agent: ['a*'] }),
        window: window('hour', this.#calendar),
        subject: '',
        amount,
        limit: this.limits.hour,
      },
      {
        series: seriesOf(['agent']),
        window: window('total', this.#calendar),
        subject: agent,
        amount,
        limit: this.limits.agent,
      },
      {
        series: seriesOf([], { agent: ['a*'] }),
        window: { from: 0, to: null },
        subject: '',
        amount,
        limit: this.limits.total,
      },
      {
        series: seriesOf([], {}, 'requests'),
        window: window('day', this.#calendar),
        subject: '',
        amount: 1n,
        limit: null,
      },
    ];
    for (const { series, window, subject } of claims)
      this.asked.set(`${series.key} ${window.from} ${window.to} ${subject}`, { series, window, subject });
    return claims;
  }

  reset(): void {
    this.now++;
    this.#calendar = { zone: 'UTC', starts: this.now };
  }

  crash(): void {
    this.life++;
    this.accounts.close();
    this.accounts = new MemoryAccounts(this.rows, () => this.now, TIMES);
  }
}

describe('ten thousand exchanges', () => {
  const chance = new Chance();
  const turns = async (many: number): Promise<void> => {
    for (let i = 0; i < many; i++) await new Promise(setImmediate);
  };

  /** One exchange: it asks, works, perhaps changes its mind, and ends in one of many ways. */
  async function live(world: World, id: string): Promise<string> {
    const { life, accounts, rows, now: at } = world;
    const gone = (): boolean => life !== world.life;
    const agent = chance.one(AGENTS);
    let amount = BigInt(1 + chance.below(60));
    const claims = world.claims(agent, amount);
    const { taken } = await accounts.hold(id, claims, 'refuse');
    if (gone()) return 'killed';
    if (!taken) return 'refused';
    await turns(chance.below(4));
    if (gone()) return 'killed';
    if (chance.next() < 0.3) {
      amount = BigInt(chance.below(Number(amount) + 1));
      accounts.adjust(id, [amount, amount, amount, 1n]);
    }
    await turns(chance.below(4));
    if (gone()) return 'killed';
    const fate = chance.one(['ok', 'ok', 'ok', 'error', 'aborted', 'no row'] as const);
    const ended = chance.next() < 0.5;
    if (ended) accounts.end(id);
    const usd = fate === 'error' ? 0n : BigInt(chance.below(Number(amount) + 1));
    if (fate === 'no row') accounts.end(id);
    else rows.take({ id, at, usd, facts: { agent } });
    if (!ended) accounts.end(id);
    return fate;
  }

  /** What may happen beside the exchanges. */
  function befall(world: World): void {
    const { rows } = world;
    const what = chance.next();
    if (what < 0.3) rows.flush();
    else if (what < 0.36) world.reset();
    else if (what < 0.39) world.crash();
    else if (what < 0.44) world.now += chance.below(2 * HOUR);
    else if (what < 0.445) world.now -= world.clockGoesBack ? chance.below(HOUR) : 0;
    else if (what < 0.5) {
      const usage = { id: `${'0'.repeat(12)}${world.told++}`, at: world.now, facts: { agent: 'told' }, usd: 5n };
      rows.take(usage);
      if (chance.next() < 0.5) rows.take(usage);
    } else world.now += chance.below(50);
  }

  /** Of the accounts that are in force: those of an abandoned window are nobody's limit any more. */
  async function holdsNothingTooMuch(world: World, said: string): Promise<void> {
    const claims = AGENTS.flatMap((agent) => world.claims(agent, 0n)).filter(({ limit }) => limit !== null);
    const standings = await world.accounts.standings(claims);
    standings.forEach(({ spent, held }, i) => {
      const { limit, series } = claims[i]!;
      const good = held >= 0n && spent + held <= limit!;
      expect(good, `${said}: ${spent} + ${held} of ${limit} in ${series.key}`).to.equal(true);
    });
  }

  for (const clockGoesBack of [false, true])
    it(`leave nothing held, and have spent what their rows come to${clockGoesBack ? ', also when clocks are set back' : ''} (SEED=${chance.seed})`, async function () {
      this.timeout(20_000);
      const world = new World(clockGoesBack);
      const fates: Record<string, number> = {};
      for (let n = 0; n < LIVES; ) {
        const many = Math.min(1 + chance.below(40), LIVES - n);
        const lives = Array.from({ length: many }, (_, i) => live(world, `${n + i}`));
        for (let i = chance.below(4); i > 0; i--) {
          await turns(1);
          befall(world);
        }
        for (const fate of await Promise.all(lives)) fates[fate] = (fates[fate] ?? 0) + 1;
        n += many;
        // Rows of the future, which a clock leaves behind, were let through by the limits of that time.
        if (!clockGoesBack) await holdsNothingTooMuch(world, `SEED=${chance.seed}, after ${n}`);
      }
      expect(Object.keys(fates).sort()).to.eql(['aborted', 'error', 'killed', 'no row', 'ok', 'refused']);
      const keys = [...world.asked.values()];
      const standings = () => world.accounts.standings(keys);
      await until('nothing is held', async () => (await standings()).every(({ held }) => held === 0n));
      const spent = (await standings()).map((standing) => standing.spent);
      expect(spent, `SEED=${chance.seed}`).to.eql(
        keys.map(({ series, window, subject }) => world.rows.truth(series, window, subject)),
      );
      expect(spent.filter((sum) => sum > 0n).length).to.be.greaterThan(20);
      world.accounts.close();
    });
});

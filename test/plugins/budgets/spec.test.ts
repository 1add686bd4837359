import { expect } from 'chai';
import { idOf, readBudget } from '../../../plugins/budgets/spec.ts';
import type { Budget } from '../../../plugins/budgets/types.ts';

const BASE = { name: 'backend', limit_usd: 10, period: 'month' };
const read = (more: object, origin: Budget['origin'] = 'file'): Budget => {
  const { budget, complaints } = readBudget({ ...BASE, ...more }, origin);
  if (!budget) throw new Error(JSON.stringify(complaints));
  return budget;
};
const complaintsOf = (value: unknown, origin: Budget['origin'] = 'file'): string[] =>
  (readBudget(value, origin).complaints ?? []).map(({ field, message }) => `${field} ${message}`);
const wrong = (more: object, origin?: Budget['origin']): string[] => complaintsOf({ ...BASE, ...more }, origin);

describe('a budget as it is written', () => {
  it('says what it does not say: UTC, reject, a warning at 80 percent, refuse and block', () => {
    const { series, when, ...rest } = read({});
    expect(rest).to.deep.include({
      id: 'backend',
      origin: 'file',
      limit: 10_000_000_000_000n,
      action: 'reject',
      warnAt: [80],
      whenShort: 'refuse',
      onUnpriced: 'block',
    });
    expect([series.measure, series.where, series.per]).to.eql(['usd', {}, []]);
    expect([when.period, when.zone, when.starts]).to.eql(['month', 'UTC', null]);
  });

  it('is the same when its own words are read again', () => {
    const budgets = [
      read({ scope: { team: 'a', tags: { Env: ['x*'] }, model: ['gpt-4*', 'o3*'] }, per: ['agent', 'team'] }),
      read({ limit_usd: '0.000001', period: '30d', time_zone: 'Europe/Berlin', starts: '2026-11-01' }),
      read({ limit_usd: undefined, limit_tokens: 5, warn_at: [], when_short: { model: 'gpt-4o-mini' } }),
      read({ limit_usd: null, limit_requests: 5, on_unpriced: { reserve_usd: 0.05 }, action: 'warn', warn_at: 50 }),
    ];
    for (const { spec, series, limit, ...rest } of budgets) {
      const again = read({ limit_usd: null, ...(JSON.parse(JSON.stringify(spec)) as object) });
      expect(again.spec).to.eql(spec);
      expect([again.series.key, again.limit, again.whenShort, again.onUnpriced, again.warnAt]).to.eql([
        series.key,
        limit,
        rest.whenShort,
        rest.onUnpriced,
        rest.warnAt,
      ]);
    }
    expect(budgets[0]!.spec.scope).to.eql({ model: ['gpt-4*', 'o3*'], tags: { team: ['a'], env: ['x*'] } });
    expect(budgets[0]!.series.per).to.eql(['agent', 'tags.team']);
  });

  it('reads dollars to the last digit, as text and as number', () => {
    for (const [written, pico] of [
      [0.1, 100_000_000_000n],
      ['0.1', 100_000_000_000n],
      ['0.000000000001', 1n],
      [1e-7, 100_000n],
      [0, 0n],
      ['8999999.99', 8_999_999_990_000_000_000n],
    ] as const)
      expect(read({ limit_usd: written }).limit, String(written)).to.equal(pico);
  });

  it('names the field of every figure that is none', () => {
    for (const bad of [-1, '-1', Number.NaN, Number.POSITIVE_INFINITY, '1e400', 'ten', '', '$5', [1], {}, true, 1e9])
      expect(wrong({ limit_usd: bad }), String(bad))
        .to.have.lengthOf(1)
        .and.to.match(/^limit_usd must /);
    for (const bad of [-1, 1.5, Number.NaN, '5', 2 ** 60, [5]]) {
      expect(wrong({ limit_usd: null, limit_tokens: bad }), String(bad)).to.match(
        /^limit_tokens must be a whole number/,
      );
      expect(wrong({ limit_usd: null, limit_requests: bad })).to.match(/^limit_requests must be a whole number/);
    }
  });

  it('lets gateway.yaml say that nothing may be spent, and nobody else', () => {
    expect(read({ limit_usd: 0 }).limit).to.equal(0n);
    expect(wrong({ limit_usd: 0 }, 'api')).to.eql(['limit_usd must be more than 0']);
    expect(wrong({ limit_usd: null, limit_tokens: 0 }, 'api')).to.eql(['limit_tokens must be more than 0']);
  });

  it('has exactly one limit', () => {
    expect(complaintsOf({ name: 'x', period: 'day' })[0]).to.match(/^limit_usd is missing/);
    expect(wrong({ limit_tokens: 5, limit_requests: 5 })).to.have.lengthOf(2);
    expect(wrong({ limit_tokens: 5 })[0]).to.match(/^limit_tokens cannot stand beside limit_usd/);
  });

  it('names what it does not know in scope and per', () => {
    expect(wrong({ scope: { colour: 'red' } })[0]).to.match(/^scope\.colour is not known; a scope has tenant/);
    expect(wrong({ scope: 'agent' })[0]).to.match(/^scope must be an object/);
    expect(wrong({ scope: { agent: 5 } })[0]).to.match(/^scope\.agent must be a text/);
    expect(wrong({ scope: { agent: [] } })[0]).to.match(/^scope\.agent must be/);
    expect(wrong({ scope: { agent: 'a\u0000b' } })[0]).to.match(/^scope\.agent must be/);
    expect(wrong({ scope: { team: 'a', tags: { team: 'b' } } })[0]).to.equal('scope.tags.team is there twice');
    expect(wrong({ scope: { tags: ['team'] } })[0]).to.match(/^scope\.tags must be an object/);
    expect(wrong({ scope: { __proto__: null, constructor: 'x' } })[0]).to.match(/^scope\.constructor is not known/);
    expect(wrong({ per: 'colour' })[0]).to.match(/^per must be among tenant/);
    expect(wrong({ per: ['agent', 'agent'] })).to.eql(['per names something twice']);
    expect(wrong({ per: ['tags.'] })).to.have.lengthOf(1);
  });

  it('knows periods, zones and days, and no others', () => {
    for (const bad of ['', 'fortnight', '0d', '-1d', '1.5d', '99y', 30]) {
      expect(wrong({ period: bad }), String(bad)).to.match(/^period /);
    }
    expect(complaintsOf({ name: 'x', limit_usd: 1 })[0]).to.match(/^period is missing/);
    expect(wrong({ time_zone: 'Berlin' })[0]).to.match(/^time_zone is not known/);
    for (const bad of ['2026-02-31', 'tomorrow', '2026-11-01T00:00:00', '2026-11-01T00:00:00Q'])
      expect(wrong({ starts: bad })[0], bad).to.match(/^starts must be a day/);
  });

  it('begins at midnight of its zone, or at the time it says, and is not there before', () => {
    const berlin = read({ period: '30d', time_zone: 'Europe/Berlin', starts: '2026-11-01' }).when;
    const midnight = Date.UTC(2026, 9, 31, 23);
    expect(berlin.windowAt(midnight - 1)).to.equal(null);
    expect(berlin.windowAt(midnight)?.from).to.equal(midnight);
    const later = read({ period: 'total', starts: '2026-11-01T08:00:00+02:00' }).when;
    expect(later.windowAt(Date.UTC(2026, 10, 1, 6))).to.eql({ from: Date.UTC(2026, 10, 1, 6), to: null });
  });

  it('knows its words, and no others', () => {
    expect(wrong({ action: 'explode' })).to.eql(['action must be reject or warn']);
    for (const bad of [0, 101, 1.5, '80', [80, 'x'], Array(11).fill(5)])
      expect(wrong({ warn_at: bad })[0], String(bad)).to.match(/^warn_at must be a whole number of percent/);
    for (const bad of ['other', { model: '' }, { model: 'a', b: 1 }, ['clamp'], 5])
      expect(wrong({ when_short: bad })[0]).to.match(/^when_short must be refuse, clamp or/);
    expect(wrong({ limit_usd: null, limit_requests: 1, when_short: 'clamp' })[0]).to.match(
      /^when_short cannot be clamp/,
    );
    for (const bad of ['ask', { reserve: 1 }, {}])
      expect(wrong({ on_unpriced: bad })[0]).to.match(/^on_unpriced must be/);
    expect(wrong({ on_unpriced: { reserve_usd: -1 } })).to.eql(['on_unpriced.reserve_usd must not be negative']);
  });

  it('tells all that is wrong at once, and never throws', () => {
    expect(complaintsOf({ limit_usd: -1, period: 'x', colour: 1 })).to.have.lengthOf(4);
    for (const odd of [null, undefined, [], 'x', 5, Object.create(null)])
      expect(complaintsOf(odd).length).to.be.greaterThan(0);
    expect(wrong({ name: 'a\nb' })[0]).to.match(/^name must be a text/);
    expect(wrong({ name: 'x'.repeat(129) })[0]).to.match(/^name must be a text/);
  });

  it('has an id that fits into an address, the same for the same name', () => {
    expect([idOf('backend'), idOf('team-1.a_b')]).to.eql(['backend', 'team-1.a_b']);
    const odd = idOf('über alles / x');
    expect(odd)
      .to.match(/^b-[0-9a-f]{24}$/)
      .and.to.equal(idOf('über alles / x'));
    expect(idOf(odd)).to.not.equal(odd);
  });
});

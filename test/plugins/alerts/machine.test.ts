import { expect } from 'chai';
import type { Observation } from '../../../plugins/alerts/ask.ts';
import { type GroupState, type State, step, type Telling } from '../../../plugins/alerts/machine.ts';
import { type RuleSpec, ruleOf } from '../../../plugins/alerts/rule.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-11-20T12:00:00Z');

/** Steps a rule through one value a minute; null: no rows. Gives each state, and what was told. */
function walk(
  spec: Partial<RuleSpec>,
  values: readonly (string | null)[],
  { grouped = false, acknowledgedFrom = Number.POSITIVE_INFINITY } = {},
): { states: State[]; told: (Telling | null)[]; last: GroupState } {
  const rule = ruleOf({
    name: 'r',
    metric: 'cost_usd',
    window: '1h',
    ...(spec.below === undefined && { above: 10 }),
    ...spec,
  });
  const labels = grouped ? { agent: 'a' } : null;
  let group: GroupState | null = null;
  const states: State[] = [];
  const told: (Telling | null)[] = [];
  values.forEach((value, n) => {
    const seen: Observation | null = value === null ? null : { labels, value, rows: 1 };
    const now = { at: START + n * MINUTE, acknowledged: n >= acknowledgedFrom, labels };
    const { after, telling } = step(rule, group, seen, now);
    group = after;
    states.push(after.state);
    told.push(telling);
  });
  return { states, told, last: group! };
}

const short = (states: readonly State[]): string => states.map((state) => state[0]).join('');
const marks = (told: readonly (Telling | null)[]): string => told.map((one) => one?.slice(0, 1) ?? '.').join('');

describe('the states of an alert', () => {
  it('follow the value over its thresholds, and stay on them', () => {
    const { states, told } = walk({ warn_above: '5' }, ['1', '5', '5.000000000001', '10', '10.01', '5', '6', '0']);
    expect(short(states)).to.equal('OOWWAOWO');
    // The second warning is the same worsening within the ten minutes of the cooldown, and so is its end.
    expect(marks(told)).to.equal('..t.tr..');
  });

  it('follow it below them, too', () => {
    expect(short(walk({ below: 50, warn_below: 60 }, ['60', '59', '50', '49', '70']).states)).to.equal('OWWAO');
  });

  it('become worse when that was so for long enough, and better at once', () => {
    const spec = { for: 2 * MINUTE, warn_above: 5 };
    expect(short(walk(spec, ['11', '11', '11', '11']).states)).to.equal('OOAA');
    expect(short(walk(spec, ['11', '11', '1', '11', '11', '11']).states), 'a break begins anew').to.equal('OOOOOA');
    expect(short(walk(spec, ['6', '6', '11', '11', '11', '6', '1']).states)).to.equal('OOWWAWO');
    expect(short(walk(spec, ['11', '11', '6', '6']).states), 'what is critical is a warning, too').to.equal('OOWW');
  });

  describe('without data', () => {
    const values = ['1', null, null, '11', null, null, '1'];

    it('are NO_DATA, told of a whole rule, and of what was bad', () => {
      const { states, told } = walk({}, values);
      expect(short(states)).to.equal('ONNANNO');
      expect(marks(told)).to.equal('.n.tn.r');
    });

    it('are told of a group only where it was bad', () => {
      const { states, told } = walk({}, ['1', null, null, '11', null, '1'], { grouped: true });
      expect(short(states)).to.equal('ONNANO');
      expect(marks(told)).to.equal('...tnr');
    });

    it('say nothing of what never had any', () => {
      const { states, told } = walk({}, [null, null, '1']);
      expect([short(states), marks(told)]).to.eql(['NNO', '...']);
    });

    it('keep what they were, are well, or critical, as the rule says', () => {
      expect(short(walk({ no_data: 'keep' }, values).states)).to.equal('OOOAAAO');
      expect(short(walk({ no_data: 'ok' }, values).states)).to.equal('OOOAOOO');
      expect(short(walk({ no_data: 'alert' }, values).states)).to.equal('OAAAAAO');
    });

    it('wait for `for`, as anything that is worse', () => {
      expect(short(walk({ for: 2 * MINUTE }, ['1', null, null, null]).states)).to.equal('OOON');
      expect(short(walk({ for: MINUTE }, ['11', '11', null, null]).states)).to.equal('OAAN');
    });
  });

  describe('and what is told', () => {
    it('is each change once', () => {
      const { told } = walk({ cooldown: 1 }, ['1', '11', '12', '13', '1', '1', '11', '11']);
      expect(marks(told)).to.equal('.t..r.t.');
    });

    it('is one message a cooldown of what flaps, and its end when it had been told', () => {
      const flapping = Array.from({ length: 22 }, (_, n) => (n % 2 === 1 ? '11' : '1'));
      const { states, told } = walk({}, flapping);
      expect(short(states)).to.equal('OA'.repeat(11));
      expect(marks(told)).to.equal('.tr........tr........t');
    });

    it('is told later where it lasts beyond the cooldown', () => {
      const values = ['11', '1', ...Array.from({ length: 12 }, () => '11')];
      expect(marks(walk({}, values).told)).to.equal('tr........t...');
    });

    it('is told again while it lasts, until somebody takes care of it', () => {
      const values = Array.from({ length: 10 }, () => '11');
      const spec = { renotify: 3 * MINUTE };
      expect(marks(walk(spec, values).told).replaceAll('r', 'R')).to.equal('t..R..R..R');
      expect(marks(walk(spec, values, { acknowledgedFrom: 4 }).told)).to.equal('t..r......');
      expect(marks(walk({}, values).told)).to.equal('t.........');
    });

    it('is told of a worsening although somebody takes care of it', () => {
      const values = ['6', '6', '11'];
      expect(marks(walk({ warn_above: 5 }, values, { acknowledgedFrom: 1 }).told)).to.equal('t.t');
    });
  });
});

import { expect } from 'chai';
import { checkAlerts } from '../../../plugins/alerts/check.ts';
import type { RuleSpec } from '../../../plugins/alerts/rule.ts';
import { draw } from '../../support/drafts.ts';

const file = { names: (section: string) => (section === 'channels' ? ['ops', 'night-shift'] : []) };
const GOOD = { name: 'a', metric: 'cost_usd', window: '1h', above: 10 } as const;

/** What is wrong, by path. */
const faults = (...specs: Partial<RuleSpec>[]): string[] =>
  checkAlerts(specs as RuleSpec[], file).map(({ path, message }) => `${path.slice(1).join('.')} ${message}`);

describe('the check of alerts', () => {
  const WRONG: [string, Partial<RuleSpec>, string][] = [
    ['no threshold', { above: undefined as never }, '0 needs above or below: from where on it is critical'],
    ['both', { below: 1 }, '0.below cannot stand beside above: make an alert of its own of it'],
    [
      'a warning on the wrong side',
      { warn_above: '10.0' },
      '0.warn_above must be less than above, 10: the warning comes first',
    ],
    [
      'a warning of the other kind',
      { warn_below: 3 },
      '0.warn_below cannot stand beside above; did you mean warn_above?',
    ],
    ['no window', { window: undefined as never }, '0 needs a window, such as window: 1h'],
    ['a long window', { window: '32d' }, '0.window must be from 1m to 31d'],
    [
      'a spike of months',
      { metric: 'cost_spike', window: '8d' },
      '0.window must be 7d at most: cost_spike looks thirty windows back',
    ],
    ['a misspelt metric', { metric: 'cost_usdd' }, '0.metric cost_usdd is no metric; did you mean cost_usd?'],
    [
      'a window of a figure',
      { metric: 'budget_used' },
      '0.window cannot stand here: budget_used is what it is now; take it away',
    ],
    [
      'groups of a figure',
      { metric: 'budget_used', window: undefined as never, group_by: 'agent' },
      '0.group_by cannot stand here: budget_used has groups of its own; narrow them by scope',
    ],
    [
      'a percentile of a sum',
      { percentile: 99 },
      '0.percentile belongs to latency_ms and time_to_first_token_ms; cost_usd has none',
    ],
    [
      'more than all',
      { metric: 'error_rate', above: 100 },
      '0.above must be less than 100: these are percent, and there are no more',
    ],
    [
      'models of a model',
      { metric: 'unpriced_models', group_by: 'model' },
      '0.group_by cannot be model: each would be one; take unpriced_requests',
    ],
    [
      'sessions that end',
      { group_by: 'session', no_data: 'alert' },
      '0.no_data cannot be alert by session: every session ends, and each would alert',
    ],
    [
      'a channel that is not there',
      { notify: ['ops', 'nightshift'] },
      '0.notify.1 nightshift is no channel; did you mean night-shift?',
    ],
  ];

  for (const [what, changes, expected] of WRONG)
    it(`complains of ${what}`, () => {
      expect(faults(JSON.parse(JSON.stringify({ ...GOOD, ...changes })) as Partial<RuleSpec>)).to.eql([expected]);
    });

  it('complains of what can never be below 0, and of names that are there twice', () => {
    const { above: _, ...rest } = GOOD;
    expect(faults({ ...rest, below: 0 })).to.eql(['0.below must be more than 0: nothing is less']);
    expect(faults(GOOD, { ...GOOD, name: 'b' }, GOOD)).to.eql(['2.name is the same as that of alerts[0]']);
  });

  it('takes what is right, figures of plugins that nobody knows here included', () => {
    expect(
      faults(
        { ...GOOD, group_by: 'tag team', notify: ['ops'], warn_above: '9.99' },
        { name: 'b', metric: 'open_tickets', above: 3, scope: { agent: 'ci-*' } },
        { name: 'c', metric: 'latency_ms', percentile: 99, window: '15m', above: 60_000 },
        { name: 'd', metric: 'cache_hit', window: '1d', below: 40, warn_below: 60 },
      ),
    ).to.eql([]);
  });

  it('refuses the file, with the line', async () => {
    const yaml = `alerts:
  - { name: a, metric: cost_usd, window: 1h, above: 10 }
  - name: b
    metric: cost_usd
    window: 25h
    above: 10
    warn_above: 20
plugins: [history, alerts, usage]
`;
    const error = await draw(yaml).then(
      () => expect.fail('it was taken'),
      (error: Error) => error,
    );
    expect(error.message).to.match(/gateway\.yaml:7:\d+ alerts\[1\]\.warn_above must be less than above, 10/);
    expect(error.message.split('\n')).to.have.lengthOf(1);
  });

  it('refuses what its schema says is wrong, in words', async () => {
    const yaml = `alerts:
  - { name: a, metric: cost_usd, window: 1w, above: ten, group_by: agents }
plugins: [history, alerts, usage]
`;
    const error = await draw(yaml).then(
      () => expect.fail('it was taken'),
      (error: Error) => error,
    );
    expect(error.message).to.match(/window.* must be a time from 1m to 31d, such as 15m, 1h or 1d/);
    expect(error.message).to.match(/above.* must be a number, such as 10 or "0.50"/);
    expect(error.message).to.match(/group_by.* must be one of none, tenant/);
  });
});

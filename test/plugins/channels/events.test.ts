import { expect } from 'chai';
import { newRefusalState, noticeFrom, type RefusalState } from '../../../plugins/channels/events.ts';
import { noticeOf } from '../../../plugins/shared/notice.ts';

const NOW = Date.parse('2027-01-31T12:00:30.000Z');
const BUDGET = {
  budget: 'backend',
  id: 'b1',
  subject: { agent: 'coder' },
  kind: 'exceeded',
  percent: null,
  action: 'reject',
  measure: 'usd',
  spent: '9.98',
  held: '0',
  limit: '10',
  resets_at: '2027-02-01T00:00:00.000Z',
};
const SIGHTING = {
  time: '2027-01-31T11:59:00.000Z',
  session: 's1',
  agent: 'coder',
  tenant: 'acme',
  project: null,
  limit: 'history',
  state: 'hard',
  measure: 'chars',
  value: '200001',
  bound: '200000',
  action: 'refuse',
};
const BREAK = {
  time: '2027-01-31T11:59:00.000Z',
  tenant: null,
  agent: 'coder',
  session: 's1',
  cause: 'tools_changed',
  part: null,
  tokens: 12000,
  cost_usd: '0.03',
};
const PAUSE = {
  kind: 'paused',
  id: 'p1',
  scope: { agent: 'coder', project: 'web' },
  reason: 'Too fast',
  since: '2027-01-31T12:00:00.000Z',
  until: null,
  by: 'admin',
};
const RESET = { agent: 'coder', session: 's1', cause: 'limit', size_bytes: 7 };
const UNPRICED = { provider: 'openai', model: 'gpt-9', reason: 'no_price', missing: null };
const REFUSED = { at: '2027-01-31T12:00:01.000Z', lines: ['gateway.yaml:3:1 x is not known'] };

describe('events as notices', () => {
  let refusal: RefusalState;
  beforeEach(() => {
    refusal = newRefusalState();
  });
  const from = (event: string, data: unknown, now = NOW) => noticeFrom(event, data, refusal, now);

  const told: [event: string, data: object, name: string, severity: string, title: string, text: string][] = [
    [
      'budget',
      BUDGET,
      'budget_exceeded',
      'critical',
      'Budget backend of agent coder is used up',
      '9.98 of 10 US dollars are spent.',
    ],
    [
      'budget',
      { ...BUDGET, action: 'warn' },
      'budget_exceeded',
      'warning',
      'Budget backend of agent coder is used up',
      'Requests pass all the same.',
    ],
    [
      'budget',
      { ...BUDGET, kind: 'threshold', percent: 80, subject: {} },
      'budget_threshold',
      'warning',
      '80% of the budget backend are spent',
      'begins anew at 2027-02-01',
    ],
    [
      'session_reset',
      RESET,
      'session_reset',
      'info',
      'The session of coder was reset',
      'Session s1 was taken away (limit)',
    ],
    [
      'session_limit',
      SIGHTING,
      'session_limit',
      'warning',
      'A session of coder is at its limit history',
      'Session s1 has 200001 chars; the hard limit is 200000.',
    ],
    ['unpriced', UNPRICED, 'model_unpriced', 'warning', 'gpt-9 of openai has no price', 'Its cost is unknown'],
    [
      'unpriced',
      { ...UNPRICED, reason: 'no_rate', missing: 'cache_read' },
      'model_unpriced',
      'warning',
      'gpt-9 of openai has no rate for cache_read',
      'Its cost is unknown',
    ],
    [
      'config_refused',
      REFUSED,
      'config_refused',
      'warning',
      'gateway.yaml was refused',
      'gateway.yaml:3:1 x is not known',
    ],
    ['pause', PAUSE, 'pause', 'info', 'The agent coder of project web is paused', 'by admin. Reason: Too fast'],
    ['cache_break', BREAK, 'cache_break', 'info', 'The prompt cache of coder broke: tools_changed', '12000 tokens'],
  ];
  for (const [event, data, name, severity, title, text] of told)
    it(`${name} tells: ${title}`, () => {
      const notice = from(event, data)!;
      expect(noticeOf(notice), 'of the right form').to.equal(notice);
      expect(notice).to.deep.include({ event: name, severity, title, resolves: false, notify: [] });
      expect(notice.text).to.include(text);
      expect(from(event, { ...data })!.id, 'the same, told again').to.equal(notice.id);
      expect(notice.id).to.match(/^[a-z_]+:[0-9a-f]{24}$/);
    });

  it('take whatever is published, and make nothing of what is none', () => {
    for (const event of ['turn', 'config', 'constructor', '__proto__', 'delivery', 'settings'])
      expect(from(event, {}), event).to.equal(null);
    for (const event of [
      'budget',
      'pause',
      'session_reset',
      'unpriced',
      'cache_break',
      'session_limit',
      'config_refused',
    ])
      for (const data of [null, undefined, 'x', 7]) expect(from(event, data), event).to.equal(null);
    for (const event of ['session_reset', 'unpriced', 'cache_break', 'session_limit', 'config_refused'])
      expect(noticeOf(from(event, {})), event).to.not.equal(null);
    expect(from('budget', { kind: 'changed' })).to.equal(null);
    expect(from('pause', {})).to.equal(null);
    expect(from('pause', { kind: 'toString', scope: {} })).to.equal(null);
  });

  const other: [event: string, data: object, more: object][] = [
    ['budget', BUDGET, { resets_at: '2027-03-01T00:00:00.000Z' }],
    ['budget', BUDGET, { limit: '20' }],
    ['budget', BUDGET, { subject: { agent: 'ci' } }],
    ['session_limit', SIGHTING, { state: 'soft' }],
    ['session_limit', SIGHTING, { session: 's2' }],
    ['session_reset', RESET, { session: 's2' }],
    ['unpriced', UNPRICED, { model: 'gpt-10' }],
    ['config_refused', REFUSED, { lines: ['else'] }],
    ['config_refused', REFUSED, { at: '2027-01-31T12:01:01.000Z' }],
    ['cache_break', BREAK, { session: 's2' }],
    ['cache_break', BREAK, { cause: 'model_changed' }],
    ['pause', PAUSE, { kind: 'resumed' }],
  ];
  for (const [event, data, more] of other)
    it(`${event} with another ${Object.keys(more)[0]} is told by itself`, () => {
      expect(from(event, { ...data, ...more })!.id).to.not.equal(from(event, data)!.id);
    });

  it('of one incident have one key', () => {
    const [begun, over] = [from('pause', PAUSE)!, from('pause', { ...PAUSE, kind: 'resumed' })!];
    expect(over).to.include({ key: begun.key, resolves: true });
    expect(from('budget', { ...BUDGET, limit: '20' })!.key).to.equal(from('budget', BUDGET)!.key);
  });

  it('tell whose they are, and when', () => {
    expect(from('session_limit', SIGHTING)).to.include({ tenant: 'acme', at: SIGHTING.time });
    expect(from('session_reset', RESET)).to.include({ tenant: null, at: '2027-01-31T12:00:30.000Z' });
  });

  it('come again the next day of a model that nobody has priced', () => {
    expect(from('unpriced', UNPRICED, NOW + 86_400_000)!.id).to.not.equal(from('unpriced', UNPRICED)!.id);
  });

  it('tell that a refused configuration is good again, once, and not right behind the refusal', () => {
    expect(from('config', null), 'nothing was refused').to.equal(null);
    const refused = from('config_refused', REFUSED)!;
    expect(from('config', null), 'the gateway goes on with the one before').to.equal(null);
    const mended = from('config', null)!;
    expect(mended).to.include({
      resolves: true,
      key: refused.key,
      event: 'config_refused',
      severity: refused.severity,
    });
    expect(mended.id).to.not.equal(refused.id);
    expect(from('config', null)).to.equal(null);
  });
});

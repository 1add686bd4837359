import { expect } from 'chai';

import { kindOf, type Notice, noticeOf } from '../../../plugins/shared/notice.ts';

const notice: Notice = {
  id: 'alert:cost:web:1',
  event: 'alert',
  severity: 'warning',
  resolves: false,
  key: 'alert:cost:web',
  title: 'Cost of web',
  text: 'It is above 5 dollars an hour.',
  at: '2026-01-31T12:00:00.000Z',
  data: { above: '5' },
  notify: ['ops'],
  tenant: null,
};

describe('a notice', () => {
  it('is taken as it is', () => {
    expect(noticeOf(notice)).to.equal(notice);
    expect(noticeOf(JSON.parse(JSON.stringify(notice)))).to.eql(notice);
  });

  it('is of the kind before the dot', () => {
    expect(['alert.triggered', 'alert', 'a.b.c'].map(kindOf)).to.eql(['alert', 'alert', 'a']);
  });

  const wrong: readonly [string, unknown][] = [
    ['nothing', null],
    ['a text', 'alert'],
    ['one without an id', { ...notice, id: undefined }],
    ['one of a severity that nobody knows', { ...notice, severity: 'fatal' }],
    ['one that does not say whether something is over', { ...notice, resolves: undefined }],
    ['one without facts', { ...notice, data: null }],
    ['one for channels that are no list', { ...notice, notify: 'ops' }],
    ['one for channels that are no names', { ...notice, notify: [7] }],
    ['one that does not say whose it is', { ...notice, tenant: undefined }],
  ];
  for (const [what, value] of wrong) it(`${what} is none`, () => expect(noticeOf(value)).to.equal(null));

  it('is of a kind that channels list, whatever of it happened', () => {
    expect(['alert.triggered', 'alert.resolved', 'alert', 'pause'].map(kindOf)).to.eql([
      'alert',
      'alert',
      'alert',
      'pause',
    ]);
  });
});

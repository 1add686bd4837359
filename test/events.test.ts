import { expect } from 'chai';

import { Events } from '../src/events.ts';

describe('Events', () => {
  it('reach every listener in order, until it stops', () => {
    const events = new Events();
    const heard: unknown[] = [];
    const stop = events.subscribe((event, data) => heard.push(['a', event, data]));
    events.subscribe((event, data) => heard.push(['b', event, data]));
    events.publish('turn', 1);
    stop();
    events.publish('config', null);
    expect(heard).to.eql([
      ['a', 'turn', 1],
      ['b', 'turn', 1],
      ['b', 'config', null],
    ]);
  });
});

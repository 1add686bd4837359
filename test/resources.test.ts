import { expect } from 'chai';
import { Resources } from '../src/resources.ts';

describe('resources', () => {
  it('open a thing once for all who hold it, and close it when the last lets go', async () => {
    const resources = new Resources();
    const told: string[] = [];
    const hold = () =>
      resources.hold(
        'pool',
        () => told.push('open'),
        () => told.push('close'),
      );
    expect(await Promise.all([hold(), hold()])).to.eql([1, 1]);
    await resources.release('pool');
    expect(told).to.eql(['open']);
    await resources.release('pool');
    expect(told).to.eql(['open', 'close']);
    expect(resources.has('pool')).to.equal(false);
  });

  it('do not hold what failed to open, for any of those who waited', async () => {
    const resources = new Resources();
    let tries = 0;
    const hold = () =>
      resources.hold(
        'port',
        async () => {
          if (++tries === 1) throw new Error('in use');
          return tries;
        },
        () => {},
      );
    const both = await Promise.allSettled([hold(), hold()]);
    expect(both.map(({ status }) => status)).to.eql(['rejected', 'rejected']);
    expect(resources.has('port')).to.equal(false);
    expect(await hold()).to.equal(2);
  });

  it('wait for the closing, and open anew for who comes meanwhile', async () => {
    const resources = new Resources();
    const told: string[] = [];
    let close = () => {};
    const closing = new Promise<void>((done) => {
      close = done;
    });
    await resources.hold(
      'a',
      () => 1,
      () => closing.then(() => told.push('closed')),
    );
    const released = resources.release('a').then(() => told.push('released'));
    expect(
      await resources.hold(
        'a',
        () => 2,
        () => {},
      ),
    ).to.equal(2);
    close();
    await released;
    expect(told).to.eql(['closed', 'released']);
  });

  it('take a release of something unheld for nothing', async () => {
    await new Resources().release('nothing');
  });
});

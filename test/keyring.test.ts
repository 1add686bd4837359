import { expect } from 'chai';
import type { GatewayKey } from '../src/config/schema.ts';
import { Keyring } from '../src/keyring.ts';

const KEY = 'correct-horse-battery';
const key = (more: Partial<GatewayKey> = {}): GatewayKey => ({ name: 'team', key: KEY, access: 'all', ...more });

describe('the keyring', () => {
  it('tells whose a key is, and never hands the key itself on', () => {
    const keyring = new Keyring([key({ agent: 'ci', tags: { team: 'web' } })], null);
    for (const time of ['first', 'again']) {
      const holder = keyring.principal(KEY);
      expect(holder, time).to.include({ name: 'team', agent: 'ci', access: 'all' });
      expect(JSON.stringify(holder)).to.not.contain(KEY);
    }
  });

  const odd = [
    '',
    KEY.slice(0, -1),
    `${KEY}x`,
    KEY.toUpperCase(),
    ` ${KEY}`,
    `${KEY}\u0000`,
    `${KEY}' OR '1'='1`,
    '__proto__',
    'constructor',
    'undefined',
    'null',
    'ключ-ключ-ключ-ключ',
    '\ud800',
    'x'.repeat(1025),
    KEY.repeat(900),
  ];
  for (const text of odd) {
    it(`opens nothing for ${JSON.stringify(text.slice(0, 30))} of ${text.length} characters`, () => {
      expect(new Keyring([key()], 'tspy_generated').principal(text)).to.equal(null);
    });
  }

  it('opens nothing when there is no key at all', () => {
    expect(new Keyring([], null).principal('')).to.equal(null);
    expect(new Keyring([], null).size).to.equal(0);
  });

  it('knows the generated key beside the configured ones', () => {
    expect(new Keyring([], 'tspy_generated').principal('tspy_generated')).to.have.property('name', 'generated');
  });

  it('closes to a key that has expired, also one it has let in before', async () => {
    const keyring = new Keyring([key({ expires: new Date(Date.now() + 40).toISOString() })], null);
    expect(keyring.principal(KEY)).to.have.property('name', 'team');
    await new Promise((done) => setTimeout(done, 60));
    expect(keyring.principal(KEY)).to.equal(null);
    expect(new Keyring([key({ expires: '2020-01-01' })], null).principal(KEY)).to.equal(null);
  });

  it('lets a key in on the whole of its last day when only the day is named', () => {
    const today = new Date().toISOString().slice(0, 10);
    expect(new Keyring([key({ expires: today })], null).principal(KEY)).to.have.property('name', 'team');
  });
});

import type { LookupAddress } from 'node:dns';
import { expect } from 'chai';
import { guardedLookup, hostOf, isRefusedHost, mayConnect } from '../../../plugins/channels/addresses.ts';
import { SPELLINGS_OF_LOOPBACK } from '../../support/loopback.ts';

const PRIVATE = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '0:0:0:0:0:ffff:10.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::',
  '64:ff9b::a00:1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:808:808::1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'ff02::1',
];
const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.1',
  '192.167.255.255',
  '198.17.255.255',
  '198.20.0.1',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001::1',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '64:ff9b::808:808',
];
const METADATA = [
  '169.254.169.254',
  '::ffff:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '169.254.170.2',
  '100.100.100.200',
  'fd00:ec2::254',
];

describe('addresses of channels', () => {
  it('that are not of the public internet are closed', () => {
    expect(PRIVATE.filter((address) => mayConnect(address, false))).to.eql([]);
    expect(METADATA.filter((address) => mayConnect(address, false))).to.eql([]);
  });

  it('of the public internet are open, inside others too', () => {
    expect(PUBLIC.filter((address) => !mayConnect(address, false))).to.eql([]);
  });

  it('that are private are open to who asked for them, those of credentials never', () => {
    expect(['127.0.0.1', '10.0.0.1', '::1', 'fd12::1', '169.254.0.1'].filter((one) => !mayConnect(one, true))).to.eql(
      [],
    );
    expect(METADATA.filter((address) => mayConnect(address, true))).to.eql([]);
  });

  it('are none where they cannot be read', () => {
    for (const text of ['', 'localhost', '127.0.0.1.', '127.1', '1.2.3.4.5', ':::', '::1]', 'x%y'])
      expect(mayConnect(text, true), text).to.equal(false);
  });

  const SPELLINGS = [...SPELLINGS_OF_LOOPBACK, '[::1]', '[0:0:0:0:0:0:0:1]', '[64:ff9b::7f00:1]', '[::]'];
  it('of this machine are known in all their spellings', () => {
    const open = SPELLINGS.filter((host) => !isRefusedHost(hostOf(new URL(`https://${host}/x`)), false));
    expect(open).to.eql([]);
    expect(isRefusedHost('localhost', true)).to.equal(false);
    expect(isRefusedHost('hooks.slack.com', false)).to.equal(false);
    expect(isRefusedHost('localhost.example.com', false)).to.equal(false);
  });

  describe('behind names', () => {
    const resolving =
      (...addresses: string[]): Parameters<typeof guardedLookup>[1] =>
      (_name, _options, callback) =>
        callback(
          null,
          addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
        );
    const look = (resolve: Parameters<typeof guardedLookup>[1], all: boolean, allowPrivate = false) =>
      new Promise<unknown>((resolved) => {
        guardedLookup(allowPrivate, resolve)('x.example', { all }, (error, address, family) =>
          resolved(error ? (error as NodeJS.ErrnoException).code : all ? address : [address, family]),
        );
      });

    it('are passed on as they were checked', async () => {
      expect(await look(resolving('8.8.8.8', '2606:4700::1'), false)).to.eql(['8.8.8.8', 4]);
      expect(await look(resolving('8.8.8.8', '2606:4700::1'), true)).to.eql([
        { address: '8.8.8.8', family: 4 },
        { address: '2606:4700::1', family: 6 },
      ]);
      expect(await look(resolving('127.0.0.1'), false, true)).to.eql(['127.0.0.1', 4]);
    });

    it('are refused where one of them is private, or there is none', async () => {
      expect(await look(resolving('127.0.0.1'), true)).to.equal('ADDRESS_REFUSED');
      expect(await look(resolving('8.8.8.8', '10.0.0.1'), false)).to.equal('ADDRESS_REFUSED');
      expect(await look(resolving('169.254.169.254'), false, true)).to.equal('ADDRESS_REFUSED');
      expect(await look(resolving(), true)).to.equal('ADDRESS_REFUSED');
    });

    it('fail as the lookup fails', async () => {
      const code = await look((_name, _options, callback) => {
        callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
      }, true);
      expect(code).to.equal('ENOTFOUND');
    });
  });
});

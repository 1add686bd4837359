import { expect } from 'chai';

import { Broken, CLIENT_GONE, failureOf, isUnread, tooLarge } from '../../src/proxy/problems.ts';

const error = (code: string, name = 'Error') =>
  Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:443'), { code, name });

describe('failureOf', () => {
  for (const [code, status, ours] of [
    ['ECONNREFUSED', 502, 'upstream_unreachable'],
    ['ENOTFOUND', 502, 'upstream_unreachable'],
    ['EHOSTUNREACH', 502, 'upstream_unreachable'],
    ['ECONNRESET', 502, 'upstream_reset'],
    ['UND_ERR_SOCKET', 502, 'upstream_reset'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 502, 'upstream_reset'],
    ['UND_ERR_CONNECT_TIMEOUT', 504, 'upstream_connect_timeout'],
    ['ETIMEDOUT', 504, 'upstream_connect_timeout'],
    ['UND_ERR_HEADERS_OVERFLOW', 502, 'upstream_bad_answer'],
    ['CERT_HAS_EXPIRED', 502, 'upstream_tls'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 502, 'upstream_tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 502, 'upstream_tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 502, 'upstream_tls'],
    ['EPROTO', 502, 'upstream_tls'],
  ] as [string, number, string][]) {
    it(`${code} is a ${status} ${ours} and names no address`, () => {
      const failure = failureOf(error(code));
      expect(failure).to.include({ status, code: ours });
      expect(failure.message).not.to.match(/\d+\.\d+/);
    });
  }

  it('an error without a code, or none at all, is a 502', () => {
    for (const thrown of [new Error('x'), null, undefined, 'text'])
      expect(failureOf(thrown)).to.include({ status: 502, code: 'upstream_failed' });
    expect(failureOf({ name: 'HTTPParserError' }).code).to.equal('upstream_bad_answer');
  });

  it('what broke on its way up says itself what it is', () => {
    expect(failureOf(new Broken(CLIENT_GONE))).to.equal(CLIENT_GONE);
    expect(failureOf(new Broken(tooLarge(2048)))).to.include({ status: 413, code: 'request_too_large' });
  });
});

describe('isUnread', () => {
  const read = (complete: boolean, headers: Record<string, string>) => isUnread({ complete, headers } as never);

  it('is true while a body that was announced is not whole', () => {
    expect(read(false, { 'content-length': '5' })).to.equal(true);
    expect(read(false, { 'transfer-encoding': 'chunked' })).to.equal(true);
    expect(read(true, { 'content-length': '5' })).to.equal(false);
    expect(read(false, {})).to.equal(false);
    expect(read(false, { 'content-length': '0' })).to.equal(false);
  });
});

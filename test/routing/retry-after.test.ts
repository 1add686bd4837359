import { expect } from 'chai';

import { isFinal, retryAfter } from '../../src/routing/retry-after.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');

const told = (headers: Record<string, string>, body: unknown = null): number | null =>
  retryAfter({
    header: (name) => headers[name],
    body: body === null ? null : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    now: NOW,
  });

const retryInfo = (retryDelay: unknown): object => ({
  error: { code: 429, details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }] },
});

describe('the wait a provider asks for', () => {
  it('is read from retry-after: seconds, with a fraction, or a date', () => {
    expect(told({ 'retry-after': '7' })).to.equal(7000);
    expect(told({ 'retry-after': '0.25' })).to.equal(250);
    expect(told({ 'retry-after': '0' })).to.equal(0);
    expect(told({ 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT' })).to.equal(30_000);
  });

  it('is read in milliseconds first, where they are given', () => {
    expect(told({ 'retry-after-ms': '1250', 'retry-after': '2' })).to.equal(1250);
    expect(told({ 'x-ms-retry-after-ms': '800', 'retry-after': '1' })).to.equal(800);
    expect(told({ 'retry-after-ms': 'soon', 'retry-after': '2' })).to.equal(2000);
  });

  it("is read from Google's RetryInfo", () => {
    expect(told({}, retryInfo('21.5s'))).to.equal(21_500);
    expect(told({}, [retryInfo('3s')])).to.equal(3000);
    expect(told({}, retryInfo('-3s'))).to.equal(null);
    expect(told({}, retryInfo(3))).to.equal(null);
    expect(told({}, '{"error":{"details":[{"retryDelay":"3s"')).to.equal(null);
  });

  it('is that of the limits that are used up, the longest of them', () => {
    const openai = {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '6m0s',
    };
    expect(told(openai)).to.equal(360_000);
    expect(told({ ...openai, 'x-ratelimit-remaining-tokens': '12' })).to.equal(1000);
    expect(told({ ...openai, 'x-ratelimit-remaining-tokens': '12', 'x-ratelimit-remaining-requests': '3' })).to.equal(
      null,
    );
    const anthropic = {
      'anthropic-ratelimit-requests-remaining': '40',
      'anthropic-ratelimit-requests-reset': '2026-11-21T10:05:00Z',
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-21T10:00:12Z',
    };
    expect(told(anthropic)).to.equal(12_000);
    expect(told({ ...anthropic, 'retry-after': '9' })).to.equal(9000);
  });

  it('reads a reset in all ways in which they are written', () => {
    const reset = (text: string) => told({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': text });
    expect(reset('120ms')).to.equal(120);
    expect(reset('1h2m3.5s')).to.equal(3_723_500);
    expect(reset('59')).to.equal(59_000);
    expect(reset(String(NOW / 1000 + 20))).to.equal(20_000);
    expect(reset(String(NOW + 1500))).to.equal(1500);
    expect(reset('2026-11-21T10:00:01Z')).to.equal(1000);
    expect(reset('m5')).to.equal(null);
  });

  it('is null for nothing and for nonsense, and a day at most', () => {
    expect(told({})).to.equal(null);
    for (const text of ['', '-5', 'soon', 'NaN', 'Infinity', '1e9', '0x10', 'Sat, 21 Nov 2026 09:00:00 GMT', '2026'])
      expect(told({ 'retry-after': text }), text).to.equal(text === '2026' ? 2_026_000 : null);
    expect(told({ 'retry-after': '31536000' })).to.equal(86_400_000);
    expect(told({ 'retry-after': 'Sat, 21 Nov 2099 10:00:00 GMT' })).to.equal(86_400_000);
    // Azure's way of saying that it does not say.
    expect(told({ 'x-ratelimit-remaining-tokens': '-1', 'x-ratelimit-reset-tokens': '0' })).to.equal(null);
  });

  it('tells where asking again is of no use', () => {
    expect(isFinal((name) => (name === 'x-should-retry' ? 'False' : undefined))).to.equal(true);
    expect(isFinal((name) => (name === 'x-should-retry' ? 'true' : undefined))).to.equal(false);
    expect(isFinal(() => undefined)).to.equal(false);
  });
});

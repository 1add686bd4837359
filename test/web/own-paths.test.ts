import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

import type { Adapter } from '../../src/adapter.ts';
import { isOwn } from '../../src/web/own-paths.ts';
import { root } from '../support/gateway.ts';

const NONE: ReadonlySet<string> = new Set();
const folder = join(root, 'providers', 'adapters');
const names = readdirSync(folder).filter((file) => /^[^_.].*\.ts$/.test(file));

describe('isOwn', () => {
  for (const name of names) {
    it(`takes no call of ${name.replace('.ts', '')} for its own`, async () => {
      const { default: adapter } = (await import(join(folder, name))) as { default: Adapter };
      const calls = adapter.endpoints.map(({ method, path }) => [method, path.replace(/:[a-z]+|\*/gi, 'x')] as const);
      expect(calls.filter(([method, path]) => isOwn(method, path, NONE))).to.deep.equal([]);
    });
  }

  for (const path of [
    '/api/chat',
    '/api/generate?x=1',
    '/api/tags',
    '/api/v1/chat/completions',
    '/completion',
    '/props',
  ])
    it(`leaves ${path} to a provider`, () => {
      expect(isOwn('POST', path, NONE)).to.equal(false);
      expect(isOwn('GET', path, NONE)).to.equal(false);
    });

  for (const path of [
    '/api/usage',
    '/api/summary',
    '/api/session-status?agent=x',
    '/api/v1/requests',
    '/api/v1/sessions/x',
    '/metrics',
    '/health',
    '/dashboard/x',
  ])
    it(`keeps ${path}`, () => expect(isOwn('GET', path, NONE)).to.equal(true));

  it('keeps the front page, and only for those who look at it', () => {
    expect(isOwn('GET', '/', NONE)).to.equal(true);
    expect(isOwn('POST', '/', NONE)).to.equal(false);
  });

  it('keeps what a plugin serves, to the letter', () => {
    const extra = new Set(['/v1/usage', '/hook']);
    expect(['/v1/usage?x=1', '/hook'].map((path) => isOwn('GET', path, extra))).to.deep.equal([true, true]);
    expect(['/v1/usage/', '/v1/models', '/Hook'].map((path) => isOwn('GET', path, extra))).to.deep.equal([
      false,
      false,
      false,
    ]);
  });
});

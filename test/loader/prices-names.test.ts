/** Every name in the shipped prices leads to its own entry, and no other name leads anywhere. */
import { join } from 'node:path';
import { expect } from 'chai';

import { loadPriceLayers } from '../../src/loader/prices.ts';
import { checkPriceEntry, type PriceEntry, tokenRateNames } from '../../src/metering/price-entry.ts';
import { PriceBook } from '../../src/metering/prices.ts';

const NOW = new Date('2026-11-20T12:00:00Z');

interface Named {
  key: string;
  provider: string;
  entry: PriceEntry;
  /** Exact names; patterns with `*` apart. */
  names: string[];
  from: number;
  to: number;
}

describe('the names in the shipped prices', () => {
  let book: PriceBook;
  let all: Named[];
  before(async () => {
    const layers = await loadPriceLayers(join(import.meta.dirname, '..', '..'));
    book = new PriceBook(layers);
    all = Object.entries(layers[0]?.entries ?? {}).map(named);
  });

  const find = (provider: string, model: string, at = NOW) => book.find(provider, model, null, at)?.key ?? null;

  it('lead to their own entries, in whatever spelling, at a time when they are in force', () => {
    expect(all.length).to.be.greaterThan(1700);
    for (const { key, provider, names, from, to } of all) {
      const at = new Date(to < Number.POSITIVE_INFINITY ? to - 1 : Math.max(from, NOW.getTime()));
      for (const name of names)
        for (const spelling of [name, name.toUpperCase()]) expect(find(provider, spelling, at), spelling).to.equal(key);
    }
  });

  it('are claimed by one entry at a time', () => {
    const claims = new Map<string, Named[]>();
    for (const each of all)
      for (const name of each.names) {
        const claim = `${each.provider}/${name}`.toLowerCase();
        const rivals = (claims.get(claim) ?? []).filter(({ from, to }) => from < each.to && each.from < to);
        expect(
          rivals.map(({ key }) => key),
          `${claim}, which ${each.key} has too`,
        ).to.eql([]);
        claims.set(claim, [...(claims.get(claim) ?? []), each]);
      }
  });

  it('are taken over by the next price at the moment when one ends', () => {
    const over = all.filter(({ to }) => to < Number.POSITIVE_INFINITY);
    expect(over.length).to.be.greaterThan(15);
    for (const { key, provider, names, to } of over)
      for (const name of names) expect(find(provider, name, new Date(to)), `${name} after ${key}`).to.not.equal(null);
  });

  it('stay what they are when something is put behind or before them', () => {
    const everything = new Set(all.flatMap(({ names }) => names.map((name) => name.toLowerCase())));
    for (const { provider, names } of all)
      for (const name of names) {
        for (const stranger of [`${name}-evil`, `${name}-9`, `${name}.1`, `x-${name}`, `${name}:nitro`]) {
          const known = find(provider, stranger);
          if (known === null || everything.has(stranger.toLowerCase())) continue;
          // A fine-tuned model's name always goes on, and the entry says so.
          expect(name, `${provider} ${stranger} led to ${known}`).to.match(/^ft:/);
        }
      }
  });

  it('have `*` only where fine-tuned models go on with an organisation and an id', () => {
    const patterns = all.flatMap(({ key, entry }) =>
      [entry.match ?? []]
        .flat()
        .filter((name) => name.includes('*'))
        .map((name) => [key, name]),
    );
    expect(patterns.length).to.be.greaterThan(2);
    for (const [key, name] of patterns) expect(name, key).to.match(/^ft:gpt-[^*]+\*$/);
  });

  for (const [provider, model, key] of [
    ['openai', 'gpt-4o-mini-2024-07-18', 'openai/gpt-4o-mini'],
    ['openai', 'gpt-5-nano-2025-08-07', 'openai/gpt-5-nano'],
    ['openai', 'ft:gpt-4o-mini-2024-07-18:acme::9aXyz', 'openai/ft:gpt-4o-mini'],
    ['openai', 'ft:gpt-4o-mini:acme::9aXyz', null],
    ['openai', 'gpt-4o-mini-foo', null],
    ['openai', 'gpt-5-nano-evil', null],
    ['openai', 'gpt-4o-2024-13-40', null],
    ['azure', 'gpt-5-mini-2025-08-07', 'openai/gpt-5-mini'],
    ['azure', 'gpt-35-turbo', 'openai/gpt-3.5-turbo'],
    ['anthropic', 'claude-opus-4-8-20260501', 'anthropic/claude-opus-4-8'],
    ['anthropic', 'claude-sonnet-5-9', null],
    ['anthropic', 'claude-haiku-4-5-mini', null],
    ['google', 'models/gemini-2.5-pro', 'google/gemini-2.5-pro'],
    ['google', 'google/gemini-2.5-flash', 'google/gemini-2.5-flash'],
    ['google', 'claude-sonnet-4-5@20250929', 'google/claude-sonnet-4-5'],
    ['google', 'claude-haiku-4-5@20251001', 'anthropic/claude-haiku-4-5'],
    ['google', 'gemini-2.5-pro-evil', null],
    ['aws', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['aws', 'eu.anthropic.claude-opus-4-5-20251101-v1:0', 'aws/regional.anthropic.claude-opus-4-5-v1:0'],
    ['aws', 'us.anthropic.claude-opus-4-6-v1', 'aws/regional.anthropic.claude-opus-4-6-v1:0'],
    ['aws', 'apac.anthropic.claude-sonnet-4-20250514-v1:0', 'aws/regional.anthropic.claude-sonnet-4-20250514-v1:0'],
    ['aws', 'global.anthropic.claude-opus-4-5-20251101-v1:0', 'aws/global.anthropic.claude-opus-4-5-v1:0'],
    ['aws', 'mars.anthropic.claude-opus-4-5-20251101-v1:0', null],
    ['openrouter', 'openai/gpt-4o-mini', 'openrouter/openai/gpt-4o-mini'],
    ['openrouter', 'google/gemma-3-27b-it:free', 'openrouter/google/gemma-3-27b-it:free'],
    ['openrouter', 'openai/gpt-4o-mini:nitro', null],
    ['openrouter', 'openai/gpt-4o-mini:online', null],
    ['ollama', 'llama3.2:latest', null],
  ] as const)
    it(`${provider} ${model} leads to ${key ?? 'nothing'}`, () => {
      expect(find(provider, model)).to.equal(key);
    });

  it('have no tier for long prompts that forgets a rate', () => {
    for (const { key, entry } of all)
      for (const tier of entry.tiers ?? []) {
        const forgotten = tokenRateNames.filter((name) => entry[name] !== undefined && tier[name] === undefined);
        // xAI says of this model alone that cached tokens cost the same in any prompt.
        expect(forgotten, key).to.eql(key === 'openrouter/x-ai/grok-4-fast' ? ['cache_read'] : []);
      }
  });

  it('have rates that are per million', () => {
    for (const { key, entry } of all) expect(checkPriceEntry(entry), key).to.eql([]);
  });
});

function named([key, entry]: [string, PriceEntry]): Named {
  const slash = key.indexOf('/');
  const own = key.slice(slash + 1);
  const listed = [entry.match ?? []].flat();
  // The key of a period that is over has its end in it; its names are all in `match`.
  const names = [...(/ until \d{4}-\d\d-\d\d$/.test(own) ? [] : [own]), ...listed].filter(
    (name) => !name.includes('*'),
  );
  return {
    key,
    provider: key.slice(0, slash),
    entry,
    names: [...new Map(names.map((name) => [name.toLowerCase(), name])).values()],
    from: entry.starts === undefined ? Number.NEGATIVE_INFINITY : Date.parse(entry.starts),
    to: entry.ends === undefined ? Number.POSITIVE_INFINITY : Date.parse(entry.ends),
  };
}

import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { fromPico } from '../../src/store/money.ts';
import { toRow } from '../../src/store/row.ts';
import { countedUsd, hashOf, receiptOf } from '../../src/web/receipt.ts';
import { openHouse, recordOf, type TestHouse } from '../support/house.ts';

const CAME = 'a'.repeat(64);
const LEFT = 'b'.repeat(64);
const NASTY = '<img src=x onerror=alert(1)>';

/** Sent twice, under a budget, by a route that renames the model. */
const full = (): ExchangeRecord =>
  recordOf({
    cost_usd: '0.000355',
    route: { name: 'chat', strategy: 'fastest', reason: 'fastest: openai 210 ms x 2', alias: 'fast' },
    attempts: [
      {
        provider: 'openai',
        model: null,
        key: 'spare',
        status: 200,
        reason: 'cut off',
        class: 'broken',
        ms: 900,
        cost_usd: '0.00001',
      },
      { provider: 'groq', model: 'llama', status: 200, reason: 'answered', ms: 120, waited_ms: 250 },
    ],
    rewritten_by: ['include-usage'],
    receipt: {
      body_in: CAME,
      body_out: LEFT,
      decisions: [
        { by: 'budgets', at_ms: 0.4, what: 'hold', facts: { accounts: 2, usd: '0.05' } },
        { by: 'queue', at_ms: 20.5, what: 'waited', facts: { ms: 20, turn: 'mine' } },
        { by: 'budgets', at_ms: 900, what: 'settle', facts: { held_usd: '0.01', usd: '0.000355' } },
        { by: NASTY, at_ms: 901, what: NASTY, facts: { [NASTY]: NASTY, nothing: null } },
      ],
    },
  });

describe('Receipts', () => {
  let test: TestHouse;
  let url: string;

  before(async () => {
    test = await openHouse();
    url = await test.listen();
  });
  after(() => test.close());

  const read = async (path: string): Promise<{ status: number; body: Record<string, never> }> => {
    const answer = await fetch(url + path);
    return { status: answer.status, body: (await answer.json()) as Record<string, never> };
  };

  it('answer by API why it went there, what it cost, and what proves it', async () => {
    const record = full();
    await test.add(record);
    const { status, body } = await read(`/api/v1/requests/${record.id}/receipt`);
    expect(status).to.equal(200);
    expect(body).to.deep.include({
      id: record.id,
      time: record.time,
      config_version: 'abcdef012345',
      body: { in: CAME, out: LEFT, unchanged: false, rewritten_by: ['include-usage'] },
      route: record.route,
      attempts: [
        {
          ...{
            provider: 'openai',
            model: null,
            key: 'spare',
            status: 200,
            reason: 'cut off',
            class: 'broken',
            ms: 900,
          },
          ...{ waited_ms: 0, cost_usd: '0.00001' },
        },
        {
          ...{ provider: 'groq', model: 'llama', key: null, status: 200, reason: 'answered', class: null, ms: 120 },
          ...{ waited_ms: 250, cost_usd: null },
        },
      ],
      decisions: record.receipt!.decisions,
      holds: { held_usd: '0.01', settled_usd: '0.000355', counted_usd: '0.000355' },
      prompt: null,
    });
    expect(body.price).to.deep.equal({
      cost_usd: '0.000355',
      cost_source: 'price_table',
      unpriced: null,
      key: 'openai/gpt-4o-mini',
      version: '2026-11-01',
      lines: [
        { unit: 'input', tokens: 1000, usd_per_million: '0.15', cost_usd: '0.00015' },
        { unit: 'cache_read', tokens: 200, usd_per_million: '0.075', cost_usd: '0.000015' },
        { unit: 'output', tokens: 300, usd_per_million: '0.6', cost_usd: '0.00018' },
      ],
      attempts_usd: '0.00001',
      rest_usd: null,
    });
  });

  it('say of a request without one what is known of it all the same', async () => {
    const record = recordOf({ usage: null, cost_usd: null, price: null, attempts: [] });
    await test.add(record);
    const { body } = await read(`/api/v1/requests/${record.id}/receipt`);
    expect(body).to.deep.include({
      body: { in: null, out: null, unchanged: null, rewritten_by: [] },
      route: null,
      attempts: [],
      decisions: null,
      holds: { held_usd: null, settled_usd: null, counted_usd: null },
    });
  });

  it('that are not there, or asked for with a parameter, are refused', async () => {
    expect((await read('/api/v1/requests/nobody/receipt')).status).to.equal(404);
    const record = recordOf();
    await test.add(record);
    expect((await read(`/api/v1/requests/${record.id}/receipt?x=1`)).status).to.equal(400);
  });

  it('carry a hash that anybody can make of them, which stays when the parts of the prompt are forgotten', () => {
    const record = full();
    const { sha256, prompt: _, ...kept } = receiptOf(record);
    const sorted = (value: unknown): unknown => {
      if (typeof value !== 'object' || value === null) return value;
      if (Array.isArray(value)) return value.map(sorted);
      return Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((name) => [name, sorted((value as Record<string, unknown>)[name])]),
      );
    };
    expect(sha256).to.equal(
      createHash('sha256')
        .update(JSON.stringify(sorted(kept)))
        .digest('hex'),
    );
    const sizes = { system_chars: null, history_chars: null, tools_chars: null };
    expect(receiptOf({ ...record, prompt: { ...sizes, parts: [] } }).sha256).to.equal(sha256);
    expect(receiptOf({ ...record, cost_usd: '0.000356' }).sha256).to.not.equal(sha256);
    expect(hashOf({ b: [1, { d: null, c: 'x' }], a: '' })).to.equal(hashOf({ a: '', b: [1, { c: 'x', d: null }] }));
  });

  it('count for budgets what the store counts', () => {
    const guess = (cost_usd: string | null) => ({
      input_tokens: 1,
      output_tokens: 1,
      cost_usd,
      confidence: 'low' as const,
    });
    for (const usage_status of ['final', 'partial', 'missing'] as const)
      for (const cost_usd of [null, '0.5'])
        for (const estimate of [null, guess(null), guess('0.25')])
          for (const reserved_usd of [null, '2']) {
            const record = recordOf({ usage_status, cost_usd, estimate, reserved_usd });
            const pico = toRow(record).charged_pico;
            expect(countedUsd(record)).to.equal(pico === undefined ? null : fromPico(String(pico)));
          }
  });

  it('are on the page of the request, and nothing in them is taken for HTML', async () => {
    const record = full();
    await test.add(record);
    const html = await (await fetch(`${url}/dashboard/requests/${record.id}`)).text();
    expect(html).to.not.include('<img');
    const text = html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
    for (const words of [
      'Route chat fastest fastest: openai 210 ms x 2',
      'asked for as fast',
      'It left changed. Changed by include-usage, the route (asked for llama).',
      `As it came ${CAME}`,
      `As it left ${LEFT}`,
      'held $0.01, came to $0.000355; $0.000355 counts',
      'budgets hold accounts 2 usd $0.05',
      'queue waited ms 20 turn mine',
      'nothing unknown',
      'openai key spare 200 broke off in the middle 900 ms cut off given up: $0.00001',
      'after a wait of 250 ms',
      'Attempts that were given up 0.00001',
    ])
      expect(text).to.include(words);
    expect(html).to.include(`href="/api/v1/requests/${record.id}/receipt"`);
  });
});

import { expect } from 'chai';
import type { Browser } from 'playwright-core';

import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import { recordOf } from '../../store/records.ts';
import { browserFor } from '../../support/browser.ts';
import { send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../../support/pages.ts';

const PATH = '/dashboard/predictions';

/** A row whose cost was foreseen. */
function foreseen(
  model: string,
  [expected, p90, paid]: [string, string, string],
  confidence: 'high' | 'medium' | 'low',
  at: number,
): ExchangeRecord {
  const prediction: ExchangeRecord['prediction'] = {
    input_tokens: 9,
    source: 'counted',
    output_tokens: 75,
    output_tokens_p90: 100,
    basis: 'learned',
    cost_usd: expected,
    cost_usd_p90: p90,
    cost_usd_max: p90,
    confidence,
  };
  return recordOf({ model: { request: model, response: model, priced_as: model }, prediction, cost_usd: paid }, at);
}

describe('plugins/prediction/page', () => {
  let running: TestGateway;
  let browser: Browser | null = null;
  let pages: Pages;

  before(async () => {
    running = await startGateway('plugins: [history, prediction, usage]\n');
  });
  after(async () => {
    await browser?.close();
    await running.close();
  });

  const page = async (query = '') => {
    const { status, text } = await send({ url: `${running.url}${PATH}${query}`, headers: { accept: 'text/html' } });
    expect(status).to.equal(200);
    return text.replace(/\s+/g, ' ');
  };
  const add = async (rows: readonly ExchangeRecord[]) => {
    for (const row of rows) running.gateway.store.append(row);
    await running.gateway.store.flush();
  };

  it('says so while nothing was foreseen', async () => {
    const html = await page();
    expect(html).to.include('Nothing to compare yet').and.include('POST /api/v1/estimate');
    expect(html).to.not.include('<svg class="drawing');
  });

  it('says plainly how often predictions held, by model and by confidence', async () => {
    const now = Date.now() - 3_600_000;
    const rows = Array.from({ length: 40 }, (_, n) =>
      foreseen(
        'gpt-4o',
        n < 37 ? ['0.01', '0.02', '0.012'] : ['0.01', '0.02', '0.05'],
        n < 30 ? 'high' : 'medium',
        now + n,
      ),
    );
    rows.push(foreseen('claude-haiku-4-5', ['0.1', '0.3', '0.02'], 'low', now));
    rows.push(foreseen('llama3', ['0', '0', '0'], 'low', now));
    rows.push(foreseen('older', ['1', '1', '2'], 'high', now - 40 * 86_400_000));
    await add(rows);
    const html = await page();
    expect(html).to.include('9 of 10 requests were to cost no more than their P90; 92.7% of 41 did.');
    expect(html).to.match(
      /<td>gpt-4o<\/td><td>openai<\/td><td class="n">40<\/td><td class="n"><b>92.5%<\/b><\/td><td class="n">\+20%<\/td>/,
    );
    expect(html).to.include('100% <span class="dim">of 30</span>').and.include('70.0% <span class="dim">of 10</span>');
    expect(html).to.match(/claude-haiku-4-5<\/td>.*?<td class="n">−80%/);
    expect(html).to.not.include('llama3').and.not.include('older');
    expect(html.match(/<circle class="series/g)).to.have.length(2 * 41);
  });

  it('looks at the stretch of time that is asked for', async () => {
    const html = await page('?range=90d');
    expect(html).to.include('older').and.include('of 42 did');
    expect(await page('?range=<script>')).to.include('In the last 30 days'.slice(7));
  });

  describe('in a browser', () => {
    before(async function () {
      browser = await browserFor(this);
      pages = watchPages(browser, running.url);
    });

    it('has no barriers in light and dark, and fits a telephone', async () => {
      const now = Date.now();
      const some = Array.from({ length: 300 }, (_, n) => {
        const expected = 10 ** (-4 + (3 * ((n * 37) % 300)) / 300);
        const paid = expected * 10 ** (0.5 * Math.sin(n * 1.7) - 0.1);
        const classes = ['high', 'high', 'medium', 'low'] as const;
        const model = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'an-organisation/with-a-long-name-70b-instruct'][
          n % 4
        ]!;
        return foreseen(
          model,
          [expected.toFixed(9), (2 * expected).toFixed(9), paid.toFixed(9)],
          classes[n % 4]!,
          now - n * 1000,
        );
      });
      await add(some);
      await pages.inspect(PATH);
      const narrow = await pages.visit(PATH, { viewport: { width: 390, height: 844 } });
      await photograph(narrow, `${PATH}-390`);
      expect(await narrow.evaluate('document.documentElement.scrollWidth')).to.equal(390);
      await narrow.context().close();
      expect(pages.complaints).to.eql([]);
    });
  });
});

import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { browserFor } from '../support/browser.ts';
import { send } from '../support/client.ts';
import { draw } from '../support/drafts.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Pages, photograph, watchPages } from '../support/pages.ts';

const PATH = '/dashboard/budgets';
const PIPELINE = 'plugins: [history, identity, ingest, prediction, budgets, usage]\n';
const YAML = `
budgets:
  - { name: backend, scope: { team: backend, agent: "ci-*" }, limit_usd: 10, period: 30d }
  - { name: each agent, per: agent, limit_usd: 2, period: day, when_short: clamp }
  - { name: company, limit_usd: 500, period: month, action: warn, warn_at: [1] }
${PIPELINE}`;

describe('Budgets in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let gw: TestGateway;
  let empty: TestGateway;
  let pages: Pages;
  let count = 0;

  before(async function () {
    browser = await browserFor(this);
    [gw, empty] = await Promise.all([startGateway(YAML), startGateway(PIPELINE)]);
    for (const [agent, cost] of Object.entries({
      'ci-1': '4.21',
      coder: '1.99',
      support: '0.4',
      'an-agent-with-a-long-name': '0.1',
    }))
      await spend(agent, cost);
    await make({ name: 'tokens of the trial', scope: { key: 'trial' }, limit_tokens: 2_000_000, period: 'total' });
  });
  after(async () => {
    await browser?.close();
    await Promise.all([gw?.close(), empty?.close()]);
  });
  beforeEach(() => {
    pages = watchPages(browser, gw.url);
  });

  async function spend(agent: string, cost: string): Promise<void> {
    const body = {
      id: `b${++count}`,
      provider: 'openai',
      model: 'gpt-4o',
      agent,
      cost_usd: cost,
      tags: { team: 'backend' },
    };
    expect((await send({ url: `${gw.url}/api/v1/usage/events`, body })).status).to.equal(202);
  }
  async function make(budget: object): Promise<string> {
    const { text, status } = await send({
      url: `${gw.url}/api/v1/budgets`,
      body: { period: 'month', ...budget },
    });
    expect(status, text).to.equal(201);
    return (JSON.parse(text) as { id: string }).id;
  }

  it('load without a complaint or a serious barrier, in light and dark, with each form', async () => {
    const id = await make({
      name: 'to look at',
      limit_usd: 10,
      per: ['agent', 'team'],
      when_short: { model: 'gpt-4o-mini' },
    });
    for (const query of ['', `?edit=${id}`, '?reset=backend']) await pages.inspect(PATH + query);
    const bare = watchPages(browser, empty.url);
    await bare.inspect(PATH);
    const page = await bare.visit(PATH);
    // What it shows to copy is good.
    const { config } = await draw(`${await page.locator('pre').innerText()}\n${PIPELINE}`);
    expect(config.plugins.find(({ plugin }) => plugin === 'budgets')!.options.budgets).to.have.lengthOf(2);
    await page.context().close();
  });

  it('follow the traffic without a reload, and leave a form alone in which one types', async () => {
    const page = await pages.visit(PATH);
    await page.getByRole('link', { name: 'New budget' }).click();
    await page.waitForURL(/\?new/);
    await page.evaluate(() => Object.assign(globalThis, { mark: 'same page' }));
    await page.getByLabel('Name', { exact: true }).fill('half typed');
    await spend('newcomer', '0.77');
    await page.getByRole('row', { name: /^newcomer \$0.77/ }).waitFor({ timeout: 5000 });
    const id = await make({ name: 'of somebody else', limit_usd: 10 });
    await page.locator(`#b-${id}`).waitFor({ timeout: 5000 });
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).to.equal('half typed');
    expect(await page.evaluate(() => (globalThis as unknown as { mark: string }).mark)).to.equal('same page');
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('are made, changed, reset and deleted', async () => {
    const page = await pages.visit(PATH);
    await page.getByRole('link', { name: 'New budget' }).click();
    // What opens has the focus.
    await page.locator('#f-name:focus').waitFor();
    await page.keyboard.type('by hand');
    await page.getByLabel('Limit', { exact: true }).fill('12');
    await page.getByText('Of which requests').click();
    await page.getByLabel('Agent', { exact: true }).fill('coder');
    await page.getByRole('button', { name: 'Make the budget' }).click();
    await page.getByRole('status').filter({ hasText: 'by hand is in force now' }).waitFor();
    const card = page.locator('.budget', { hasText: 'by hand' });
    expect(await card.innerText())
      .to.include('$1.99')
      .and.include('of $12.00');
    await page.getByRole('link', { name: 'Edit by hand' }).click();
    await page.getByLabel('Limit', { exact: true }).fill('3');
    await page.getByRole('button', { name: 'Save' }).click();
    await card.getByText('of $3.00').waitFor();
    await page.getByRole('link', { name: 'Reset by hand' }).click();
    await page.getByText('The $1.99 that were spent').waitFor();
    // Return alone destroys nothing.
    await page.keyboard.press('Enter');
    await page.getByText('The $1.99 that were spent').waitFor({ state: 'detached' });
    expect(await card.innerText()).to.include('$1.99');
    await page.getByRole('link', { name: 'Reset by hand' }).click();
    await page.getByRole('button', { name: 'Reset' }).click();
    await card.getByText('0%').waitFor();
    await page.getByRole('link', { name: 'Delete by hand' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await card.waitFor({ state: 'detached' });
    expect(pages.complaints).to.eql([]);
    await page.context().close();
  });

  it('are whole without script, mistakes included', async () => {
    const page = await pages.visit(PATH, { javaScriptEnabled: false });
    await page.getByRole('link', { name: 'New budget' }).click();
    await page.getByLabel('Name', { exact: true }).fill('without script');
    await page.getByLabel('Limit', { exact: true }).fill('-1');
    await page.getByLabel('Counted in').selectOption('tokens');
    await page.getByRole('button', { name: 'Make the budget' }).click();
    expect(await page.locator('#f-limit-error').innerText()).to.include('whole number');
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).to.equal('without script');
    await page.getByLabel('Limit', { exact: true }).fill('5000');
    await page.getByRole('button', { name: 'Make the budget' }).click();
    expect(page.url()).to.include('done=create');
    await page.getByRole('link', { name: 'Delete without script' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    expect(await page.getByRole('status').innerText()).to.equal('The budget is deleted.');
    await page.context().close();
  });

  it('fit a phone', async () => {
    for (const query of ['', '?new']) {
      const page = await pages.visit(PATH + query, { viewport: { width: 390, height: 800 } });
      expect(await page.evaluate('document.documentElement.scrollWidth'), query).to.be.at.most(390);
      await photograph(page, `${PATH}${query}-phone`);
      await page.context().close();
    }
  });
});

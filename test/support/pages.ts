/** Pages in a browser, watched for everything that is wrong with them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Folder for screenshots, to be looked at; without it none are taken. */
const shots = process.env.SCREENSHOTS;

export interface Pages {
  /** Console messages, errors, dialogs, and requests to elsewhere, so far. */
  readonly complaints: readonly string[];
  visit(path: string, options?: BrowserContextOptions): Promise<Page>;
  /** Loads a page in light and dark: there is no complaint and no serious barrier. */
  inspect(path: string): Promise<void>;
}

export function watchPages(browser: Browser, url: string): Pages {
  const complaints: string[] = [];
  const visit = async (path: string, options: BrowserContextOptions = {}): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    page.on('console', (message) => message.type() !== 'log' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => !request.url().startsWith(url) && complaints.push(`elsewhere: ${request.url()}`));
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    await page.goto(url + path);
    return page;
  };
  const inspect = async (path: string): Promise<void> => {
    const page = await visit(path, { colorScheme: 'light' });
    await page.waitForFunction(() => 'htmx' in globalThis);
    // As text: the page's policy lets no script in, and what the debugger evaluates is none.
    await page.evaluate(axeSource);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await photograph(page, `${path}-${colorScheme}`);
      expect(await violations(page, colorScheme), `${path} ${colorScheme}`).to.eql([]);
    }
    expect(complaints, path).to.eql([]);
    await page.context().close();
  };
  return { complaints, visit, inspect };
}

/** Keeps a picture of the whole page, where somebody wants to see it. */
export async function photograph(page: Page, name: string): Promise<void> {
  if (shots === undefined) return;
  await page.screenshot({ path: join(shots, `${name.replace(/\W+/g, '-').slice(1, 40)}.png`), fullPage: true });
}

/** Serious barriers; the dark page differs from the light one in its colours only. */
async function violations(page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> {
  return page.evaluate(
    async (only) => {
      type Found = { id: string; impact: string; nodes: { html: string }[] };
      type Axe = { run(options: object): Promise<{ violations: Found[] }> };
      const { axe } = globalThis as unknown as { axe: Axe };
      const { violations } = await axe.run({ resultTypes: ['violations'], ...(only && { runOnly: only }) });
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      return serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
    },
    colorScheme === 'dark' ? ['color-contrast'] : null,
  );
}

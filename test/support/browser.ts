import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Starts a browser for a `before`; where none runs, the tests that hang on it say so and are passed over. */
export async function browserFor(context: Mocha.Context): Promise<Browser> {
  const browser = await openBrowser();
  if (browser) return browser;
  context.test!.parent!.title += ' (skipped: no browser here; set CHROME_PATH)';
  return context.skip();
}

/**
 * Starts a headless browser: the system's, or the one that npm can bring. Null where neither runs,
 * so that a bare machine can say so and pass over these tests.
 */
async function openBrowser(): Promise<Browser | null> {
  const places = [process.env.CHROME_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome'];
  const installed = places.find((path) => path !== undefined && existsSync(path));
  try {
    if (installed) return await chromium.launch({ executablePath: installed, args: ['--no-sandbox'] });
    // Makes the package unpack the libraries that a bare machine lacks.
    process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs22.x';
    const { default: packaged } = await import('@sparticuz/chromium');
    const args = ['--no-sandbox', '--no-zygote', '--headless=shell', '--disable-gpu'];
    return await chromium.launch({ executablePath: await packaged.executablePath(), args });
  } catch {
    return null;
  }
}

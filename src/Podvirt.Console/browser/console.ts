import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { preview, type PreviewServer } from 'vite';

/** The built console behind the mock API, and a browser to look at it. */
export interface Console {
  origin: string;
  browser: Browser;
  close: () => Promise<void>;
}

export async function openConsole(): Promise<Console> {
  const server: PreviewServer = await preview({ mode: 'mock', logLevel: 'error', preview: { port: 0, host: '127.0.0.1' } });
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('The preview server has no port.');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    browser,
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

export interface Look {
  width?: number;
  height?: number;
  dark?: boolean;
}

/** A fresh browser profile, signed in unless told otherwise. Every error the page reports ends up in `problems`. */
export async function openPage(console: Console, path: string, look: Look = {}, signedIn = true) {
  const context: BrowserContext = await console.browser.newContext({
    baseURL: console.origin,
    viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
    colorScheme: look.dark === true ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  if (signedIn) await context.addCookies([{ name: 'podvirt_session', value: 'yes', url: console.origin }]);
  const page: Page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    // A refused call is logged by the browser itself and is often what a check is about.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) problems.push(message.text());
  });
  await page.goto(path);
  return { page, problems, close: () => context.close() };
}

/** How far the page is wider than the screen, in pixels. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

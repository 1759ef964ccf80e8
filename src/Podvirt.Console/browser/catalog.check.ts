import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole, openPage, overflow, type Console } from './console';

let app: Console;
beforeAll(async () => {
  app = await openConsole();
});
afterAll(() => app.close());

const catalog = '/inference/serverless';

describe('the catalog', () => {
  it('filters by type and words, and keeps both in the address', async () => {
    const { page, problems, close } = await openPage(app, catalog);
    await page.getByText('Embedding', { exact: true }).click();
    await page.getByLabel('Search models').fill('bge');
    await page.waitForURL('**/serverless?type=embedding&q=bge');
    expect(await page.getByRole('list', { name: 'Models' }).getByRole('heading').allTextContents()).toEqual(['BGE M3']);
    await page.reload();
    expect(await page.getByLabel('Search models').inputValue()).toBe('bge');
    await page.getByLabel('Search models').fill('nothing like it');
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await page.waitForURL('**/serverless');
    expect(problems).toEqual([]);
    await close();
  });

  it('loses no character of a fast typist', async () => {
    const { page, close } = await openPage(app, catalog);
    await page.getByLabel('Search models').pressSequentially('meta llama scout');
    expect(await page.getByLabel('Search models').inputValue()).toBe('meta llama scout');
    await page.waitForURL('**/serverless?q=meta+llama+scout');
    expect(await page.getByRole('list', { name: 'Models' }).getByRole('heading').count()).toBe(1);
    await close();
  });

  it('follows the feed without a reload', async () => {
    const { page, close } = await openPage(app, catalog);
    const card = page.getByRole('listitem').filter({ hasText: 'Devstral' });
    await card.getByText('Cold').waitFor();
    const other = await openPage(app, '/inference/serverless/mistralai/Devstral-Small-2/chat');
    await other.page.getByLabel('Message', { exact: true }).fill('hello');
    await other.page.keyboard.press('Enter');
    await card.getByText(/^Warming up: .* to go$/).waitFor();
    await card.getByText('Active').waitFor({ timeout: 15_000 });
    await other.close();
    await close();
  });

  it('says so when live updates are lost', async () => {
    const { page, close } = await openPage(app, 'about:blank');
    await page.route('**/api/events', (route) => route.abort());
    await page.goto(catalog);
    await page.getByText('Reconnecting').waitFor();
    await page.unroute('**/api/events');
    await page.getByText('Reconnecting').waitFor({ state: 'detached', timeout: 20_000 });
    await close();
  });

  it('can be used by keyboard alone, beginning with the skip link', async () => {
    const { page, close } = await openPage(app, catalog);
    await page.getByRole('list', { name: 'Models' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Search models');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.waitForURL('**/serverless?type=chat');
    await close();
  });

  it('fits a narrow phone, where the closed navigation takes no focus', async () => {
    const { page, close } = await openPage(app, catalog, { width: 360, height: 740 });
    await page.getByRole('list', { name: 'Models' }).waitFor();
    expect(await overflow(page)).toBe(0);
    for (let presses = 0; presses < 4; presses += 1) await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('nav'))).toBeNull();
    await page.getByRole('button', { name: 'Navigation', exact: true }).click();
    await page.getByRole('link', { name: 'Serverless' }).click();
    await close();
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole, openPage, overflow, type Console } from './console';

let app: Console;
beforeAll(async () => {
  app = await openConsole();
});
afterAll(() => app.close());

describe('signing in', () => {
  it('refuses a wrong token, takes the right one and stays on the address', async () => {
    const { page, problems, close } = await openPage(app, '/inference/serverless?type=code', {}, false);
    await page.getByLabel('Admin token').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('That is not the admin token').waitFor();
    await page.getByLabel('Admin token').fill('mock-token');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Devstral Small 2' }).waitFor();
    expect(new URL(page.url()).search).toBe('?type=code');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('uses the code of a link once and strips it from the address', async () => {
    const { page, close } = await openPage(app, '/inference/serverless#signin=mock-code', {}, false);
    await page.getByRole('heading', { name: 'Serverless' }).waitFor();
    expect(page.url()).not.toContain('mock-code');
    await close();
  });

  it('says that a link was used, and offers the token', async () => {
    const { page, close } = await openPage(app, '/#signin=used', { width: 360, height: 740 }, false);
    await page.getByRole('alert').getByText('used before or has expired').waitFor();
    expect(page.url()).not.toContain('used');
    expect(await overflow(page)).toBe(0);
    await close();
  });
});

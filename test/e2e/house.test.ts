import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeBrowser, noBrowser, type OpenDesk, openDesk } from './open-desk.ts';

describe.skipIf(noBrowser)('the policy screen', () => {
  let open: OpenDesk;
  let page: Page;
  beforeAll(async () => {
    open = await openDesk();
    page = await open.page();
    await page.goto('/policy');
    await page.getByRole('heading', { name: 'Policy', exact: true }).waitFor();
  });
  afterAll(async () => {
    await open.close();
    await closeBrowser();
  });
  const silence = () => page.getByLabel('Silence before a proven compromise is revoked');
  const preview = () => page.getByRole('complementary', { name: 'What it would change' });

  test('takes nothing that is longer than the rulebook, and says why', async () => {
    await silence().fill('7:00');
    await page.getByText('At most 6:00.').waitFor();
    expect(await preview().textContent()).toContain('Nothing yet');
    await silence().blur();
    expect(await silence().inputValue()).toBe('4:00');
  });

  test('shows which open cases a shorter silence would move before it holds, and puts it in force with a reason', async () => {
    await silence().fill('2:00');
    await preview().getByText('shop.customer.example').waitFor();
    expect(await preview().textContent()).toMatch(/4 h → 2 h/);
    const put = preview().getByRole('button', { name: /Put in force/ });
    await put.click();
    // Without a reason the browser itself holds the form back.
    expect((await open.desk.policy()).version).toBe(3);
    await preview().getByLabel('Why').fill('Two hours are enough at night.');
    await put.click();
    await page.getByText('version 4').first().waitFor();
    const policy = await open.desk.policy();
    expect(policy).toMatchObject({ version: 4, silenceSeconds: 7200 });
    expect(policy.history[0]?.because).toBe('Two hours are enough at night.');
  });

  test('proposes what is laxer than now to a second person, and leaves the stricter one in force', async () => {
    await silence().fill('3:00');
    await preview().getByText('another person has to agree').waitFor();
    await preview().getByLabel('Why').fill('Two hours were too few.');
    await preview().getByRole('button', { name: 'Propose' }).click();
    await page.getByRole('heading', { name: /waits for a second person/ }).waitFor();
    expect((await open.desk.policy()).silenceSeconds).toBe(7200);
  });

  test('lets no shipped step come later, and an own one come and go', async () => {
    await page.reload();
    const call = page.getByLabel('After receipt: Call the subscriber.').first();
    await call.fill('5:00');
    await page.getByText('At most 3:00.').waitFor();
    await call.fill('1:30');
    await preview().getByText(/call/).first().waitFor();
    await page.getByRole('button', { name: 'Add a step …' }).click();
    await page.getByLabel('In words').fill('Page the shift lead.');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const row = page.getByRole('row', { name: /Page the shift lead/ });
    await row.getByRole('button', { name: 'Remove' }).click();
    expect(await row.count()).toBe(0);
  });
});

describe.skipIf(noBrowser)('the screens of peace time', () => {
  let open: OpenDesk;
  beforeAll(async () => {
    open = await openDesk();
  });
  afterAll(async () => {
    await open.close();
    await closeBrowser();
  });

  test('the rules lab names the weaker first, and tries only when asked', async () => {
    const page = await open.page();
    await page.goto('/rules');
    await page.getByText('nothing moves').waitFor();
    await page.getByLabel('Opens a case from').fill('0.8');
    expect(await page.getByText('nothing moves').count()).toBe(1);
    await page.getByRole('button', { name: 'Judge the mail again' }).click();
    await page.getByText('to a weaker treatment').waitFor();
    expect(await page.getByRole('row', { name: /leaked keys/ }).textContent()).toContain('▾');
  });

  test('readiness says what is missing tonight, and lists whom nothing reaches', async () => {
    const page = await open.page();
    await page.goto('/readiness');
    await page.getByText('2 things are not ready').waitFor();
    await page
      .getByRole('row', { name: /Harbour Freight/ })
      .getByText('nothing works')
      .waitFor();
    await page.getByRole('searchbox', { name: 'Narrow by name' }).fill('nobody of this name');
    await page.getByRole('row', { name: /Harbour Freight/ }).waitFor({ state: 'detached' });
  });

  test('the CA screen shows who would replace in time, most urgent first', async () => {
    const page = await open.page();
    await page.goto('/ca');
    const section = page.getByRole('region', { name: 'Who would replace in time' });
    await section.getByText('did not').first().waitFor();
    expect(await section.getByRole('row').nth(1).textContent()).toContain('did not');
  });
});

describe.skipIf(noBrowser)('a case that somebody telephones for', () => {
  test('says when to call again, and keeps what came of the call', async () => {
    const open = await openDesk();
    const page = await open.page();
    await page.goto('/cases/C-2026-0412');
    const contacts = page.getByRole('region', { name: 'Contacts' });
    await contacts.getByText('call again').waitFor();
    await contacts.getByRole('button', { name: 'Note a call …' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Number', { exact: true }).inputValue()).toBe('+44 20 7946 0321');
    await dialog.getByLabel('What came of it').selectOption('answered');
    await dialog.getByLabel('What was said').fill('They replace them now.');
    await dialog.getByRole('button', { name: 'Note it' }).click();
    await contacts.getByText('They replace them now.').waitFor();
    expect(await contacts.getByText('call again').count()).toBe(0);
    expect(open.desk.commands.at(-1)?.command).toMatchObject({ do: 'called', subscriber: 'SUB-1', result: 'answered' });
    await open.close();
    await closeBrowser();
  });
});

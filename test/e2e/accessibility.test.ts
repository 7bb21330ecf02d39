import { source as axe } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeBrowser, noBrowser, type OpenDesk, openDesk } from './open-desk.ts';

const screens: readonly [string, string][] = [
  ['the NOW board', '/'],
  ['the wall display', '/?wall=true'],
  ['the case of the leaked keys', '/cases/C-2026-0412'],
  ['the mass revocation', '/cases/C-2026-0404'],
  ['a message to review', '/cases/C-2026-0413'],
  ['a case that waits for approval', '/cases/C-2026-0409'],
  ['an overdue case', '/cases/C-2026-0398'],
  ['the inbox', '/inbox'],
  ['certificate search', '/search?q=customer'],
  ['channels', '/channels'],
  ['blocked keys', '/keys'],
  ['CA systems', '/ca'],
  ['the ladder', '/ladder'],
  ['readiness', '/readiness'],
  ['the policy', '/policy'],
  ['the rules lab', '/rules'],
  ['the event log', '/log'],
  ['people', '/people'],
  ['the report form', '/report'],
  ['the report form for large files', '/report/files'],
  ['the reporter’s page', '/status/good-token'],
  ['the subscriber’s page', '/subscriber/good-token'],
  ['the renewal page', '/renewal/abc.def'],
];

describe.skipIf(noBrowser)('every screen', () => {
  let open: OpenDesk;
  beforeAll(async () => {
    open = await openDesk();
  });
  afterAll(async () => {
    await open.close();
    await closeBrowser();
  });

  for (const [name, path] of screens) {
    test(`${name} has no serious accessibility finding, light or dark, and fits a phone`, async () => {
      const page = await open.page({ colorScheme: 'light' });
      await page.goto(path);
      await page.locator('h1, h2').first().waitFor();
      await page.waitForLoadState('load');
      expect(await seriousFindings(page, allRules), `${name}, light`).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      // Only colours differ in the dark.
      expect(await seriousFindings(page, ['color-contrast', 'link-in-text-block']), `${name}, dark`).toEqual([]);
      await page.setViewportSize({ width: 390, height: 844 });
      expect(
        await page.evaluate('document.documentElement.scrollWidth'),
        `${name} scrolls sideways on a phone`,
      ).toBeLessThanOrEqual(390);
      await page.context().close();
    });
  }

  test('the letters that will leave can be read before they do, and that has no serious finding', async () => {
    const page = await open.page({ colorScheme: 'light' });
    await page.goto('/cases/C-2026-0412');
    await page.getByRole('button', { name: 'Preview the next letters' }).click();
    await page.getByText('pki1@customer.example').click();
    await page.getByText('[personal link, made when the letter leaves]').first().waitFor();
    expect(await seriousFindings(page, allRules)).toEqual([]);
    await page.context().close();
  });

  test('a page with a known fault is found out, so the check above can fail', async () => {
    const page = await open.page();
    await page.goto('/report');
    await page.evaluate("document.querySelector('label').replaceWith(document.createElement('input'))");
    expect(await seriousFindings(page, allRules)).not.toEqual([]);
  });

  test('no screen wrote an error or broke its own content security policy', () => {
    expect(open.complaints).toEqual([]);
  });
});

describe.skipIf(noBrowser)('people and access, for an administrator who is signed in', () => {
  let open: OpenDesk;
  beforeAll(async () => {
    open = await openDesk('night', { signIn: true });
  });
  afterAll(async () => {
    await open.close();
    await closeBrowser();
  });

  test('has no serious accessibility finding, light or dark, and fits a phone', async () => {
    const page = await open.page({ colorScheme: 'light' });
    await page.goto(open.firstLink);
    await page.getByRole('button', { name: 'Sign in on this device' }).click();
    await page.goto('/people');
    await page.getByRole('heading', { name: 'Outgoing webhooks' }).waitFor();
    await page.getByRole('button', { name: 'Change …' }).first().waitFor();
    expect(await seriousFindings(page, allRules), 'light').toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await seriousFindings(page, ['color-contrast', 'link-in-text-block']), 'dark').toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole('button', { name: 'Change …' }).first().click();
    await page.getByRole('dialog').waitFor();
    expect(await seriousFindings(page, allRules), 'changing a person').toEqual([]);
  });
});

const allRules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Tags or names of rules to run; only what axe calls serious or critical comes back. */
async function seriousFindings(page: Page, rules: readonly string[]): Promise<string[]> {
  // Evaluated through the debugger: the page's own policy lets no outside script in, and should not.
  await page.evaluate(`window.axe || (() => {${axe}})()`);
  const results = (await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'], runOnly: ${JSON.stringify(rules)} })`,
  )) as { violations: { id: string; impact: string | null; nodes: { html: string }[] }[] };
  return results.violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 160)}`);
}

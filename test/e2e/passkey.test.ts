import type { CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { closeBrowser, noBrowser, type OpenDesk, openDesk } from './open-desk.ts';

describe.skipIf(noBrowser)('a person with a passkey', () => {
  let open: OpenDesk;
  beforeEach(async () => {
    open = await openDesk('night', { signIn: true });
  });
  afterEach(async () => {
    expect(open.complaints.filter((c) => !/Failed to load resource/.test(c))).toEqual([]);
    await open.close();
  });
  afterAll(closeBrowser);

  test('adds one at the first sign-in, signs out, and comes back with it alone', async () => {
    const page = await open.page();
    await anAuthenticator(page);
    await page.goto(open.firstLink);
    await page.getByRole('button', { name: 'Sign in on this device' }).click();
    await page.getByText('You have none yet.').waitFor();
    await page.getByLabel('Name of this device or key').fill('Desk laptop');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByText('Desk laptop, added').waitFor();

    await page.getByRole('link', { name: 'To the board' }).click();
    await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
    await page.getByRole('button', { name: /sign out/i }).click();
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
    const me = await page.evaluate("fetch('/api/v1/me').then((r) => r.json())");
    expect(me).toMatchObject({ person: 'person:first', passkeys: 1 });
  });

  test('that was removed here opens nothing, and the page says what to do', async () => {
    const page = await open.page();
    await anAuthenticator(page);
    await page.goto(open.firstLink);
    await page.getByRole('button', { name: 'Sign in on this device' }).click();
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('button', { name: 'Remove This device' }).click();
    await page.getByText('You have none yet.').waitFor();
    await page.context().clearCookies();
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText('This passkey does not open this desk.').waitFor();
  });

  test('whose device does not know them is not signed in', async () => {
    const page = await open.page();
    const { cdp, authenticatorId } = await anAuthenticator(page);
    await page.goto(open.firstLink);
    await page.getByRole('button', { name: 'Sign in on this device' }).click();
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByText('This device, added').waitFor();
    await page.context().clearCookies();
    // Found, and the finger on it is the wrong one.
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText('Nothing was done').waitFor();
    expect(await page.evaluate("fetch('/api/v1/board').then((r) => r.status)")).toBe(401);
  });
});

/** A platform authenticator in the browser itself, of the kind of a laptop with a fingerprint reader. */
async function anAuthenticator(page: Page): Promise<{ cdp: CDPSession; authenticatorId: string }> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, authenticatorId };
}

/**
 * Takes the pictures of docs/screens: `node test/web/shoot.ts FOLDER [SCREEN…]`. Every screen in light and dark, and
 * at phone width, over the fixture desk with its clock standing still.
 */
import { mkdirSync } from 'node:fs';
import { serve } from '@hono/node-server';
import type { Page } from 'playwright-core';
import { type Access, localAccess } from '../../src/api/access/access.ts';
import { linkAccess } from '../../src/api/access/link-access.ts';
import { memoryAccessStore } from '../../src/api/access/memory.ts';
import { createApi } from '../../src/api/routes.ts';
import { openChromium } from './chromium.ts';
import { fixtureDesk } from './fixture-desk.ts';
import { memoryUploads } from './memory-uploads.ts';

interface Screen {
  readonly path: string;
  readonly kind?: 'night' | 'empty';
  readonly keys?: readonly string[];
  readonly tall?: boolean;
  /** Shown to somebody who is signed in as administrator. */
  readonly signIn?: true;
  /** What a person does before the picture is taken. */
  readonly act?: (page: Page) => Promise<void>;
}

const screens: Record<string, Screen> = {
  now: { path: '/' },
  quiet: { path: '/', kind: 'empty' },
  wall: { path: '/?wall=true' },
  case: { path: '/cases/C-2026-0412', tall: true },
  'case-letters': {
    path: '/cases/C-2026-0412',
    tall: true,
    act: async (page) => {
      await page.getByRole('button', { name: 'Preview the next letters' }).click();
      await page.getByText('pki1@customer.example').click();
    },
  },
  'case-mass': { path: '/cases/C-2026-0404', tall: true },
  'case-review': { path: '/cases/C-2026-0413' },
  'case-approval': { path: '/cases/C-2026-0409' },
  'case-late': { path: '/cases/C-2026-0398' },
  inbox: { path: '/inbox' },
  search: { path: '/search?q=customer' },
  channels: { path: '/channels' },
  keys: { path: '/keys' },
  connectors: { path: '/ca', tall: true },
  readiness: { path: '/readiness', tall: true },
  policy: {
    path: '/policy',
    tall: true,
    act: (page) => page.getByLabel('Silence before a proven compromise is revoked').fill('2:00'),
  },
  rules: {
    path: '/rules',
    tall: true,
    act: async (page) => {
      await page.getByLabel('Opens a case from').fill('0.8');
      await page.getByRole('button', { name: 'Judge the mail again' }).click();
    },
  },
  log: { path: '/log' },
  people: { path: '/people', tall: true, signIn: true },
  account: { path: '/account', signIn: true },
  'sign-in': { path: '/sign-in', signIn: true },
  ladder: { path: '/ladder' },
  palette: { path: '/', keys: ['Control+k'] },
  report: { path: '/report' },
  'report-files': { path: '/report/files' },
  'report-files-broken': {
    path: '/report/files',
    tall: true,
    act: async (page) => {
      let pieces = 0;
      await page.route('**/api/v1/uploads/*', (route) =>
        ++pieces > 4 ? route.abort('connectionreset') : route.continue(),
      );
      await page.getByLabel('What is wrong?').fill('The keys are in the archive.');
      await page
        .getByLabel('Files')
        .setInputFiles({ name: 'keys.zip', mimeType: 'application/zip', buffer: Buffer.alloc(8_000_000) });
      await page.getByRole('button', { name: 'Send the report' }).click();
      await page.getByText('The connection broke off').waitFor();
    },
  },
  status: { path: '/status/good-token' },
  subscriber: { path: '/subscriber/good-token' },
  renewal: { path: '/renewal/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE' },
};

const [folder = '/tmp/screens', ...names] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await openChromium();
for (const kind of ['night', 'empty'] as const) {
  const wanted = Object.entries(screens).filter(
    ([n, s]) => (s.kind ?? 'night') === kind && (names.length === 0 || names.includes(n)),
  );
  if (wanted.length === 0) continue;
  const { desk, time } = fixtureDesk(kind);
  const site = {
    caName: 'Harbour Trust',
    contact: 'problem-reporting@ca.example',
    publicUrl: 'https://ca.example',
    policyUrl: 'https://ca.example/cps',
  };
  const listen = async (access: Access): Promise<{ origin: string; close: () => void }> => {
    const app = createApi({
      ...{ desk, time, access, site, deskName: 'Harbour Trust', virtualTime: false, tickMs: 500 },
      uploads: memoryUploads(),
      webRoot: new URL('../../dist/web', import.meta.url).pathname,
      onError: (error) => console.error(error),
    });
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
  };
  const open = await listen(localAccess({ name: 'M. Oduya', mayAct: true, csrf: 'fixture-csrf' }));
  const people = linkAccess({
    ...{ store: memoryAccessStore(), time, origin: 'http://desk.invalid', site },
    record: async () => {},
  });
  const guarded = await listen(people);
  const context = await browser.newContext();
  const first = await context.newPage();
  await first.goto(guarded.origin + new URL((await people.firstLink()) ?? '').pathname);
  await first.getByRole('button', { name: 'Sign in on this device' }).click();
  await first.waitForURL('**/account');
  const storageState = await context.storageState();
  await context.close();
  for (const [name, screen] of wanted) {
    for (const look of ['light', 'dark', 'phone'] as const) {
      const page = await browser.newPage({
        viewport: look === 'phone' ? { width: 390, height: 844 } : { width: 1440, height: 900 },
        colorScheme: look === 'dark' ? 'dark' : 'light',
        timezoneId: 'Europe/Berlin',
        locale: 'en-GB',
        ...(screen.signIn && screen.path !== '/sign-in' ? { storageState } : {}),
      });
      page.on('console', (m) => m.type() === 'error' && console.error(name, look, m.text()));
      page.on('pageerror', (e) => console.error(name, look, e.message));
      await page.goto(`${(screen.signIn ? guarded : open).origin}${screen.path}`);
      await page.waitForTimeout(700);
      await screen.act?.(page);
      for (const key of screen.keys ?? []) await page.keyboard.press(key);
      if (screen.keys !== undefined || screen.act !== undefined) await page.waitForTimeout(300);
      await page.screenshot({
        path: `${folder}/${name}-${look}.png`,
        fullPage: screen.tall === true || look === 'phone',
      });
      await page.close();
    }
  }
  open.close();
  guarded.close();
}
await browser.close();
process.exit(0);

import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { at } from '../../src/foundation/time/time.ts';
import { checkFiles } from '../../src/stages/evidence/check.ts';
import { closeBrowser, noBrowser, type OpenDesk, openDesk } from './open-desk.ts';

describe.skipIf(noBrowser)('a person at the console', () => {
  let open: OpenDesk;
  beforeEach(async () => {
    open = await openDesk();
  });
  afterEach(async () => {
    expect(open.complaints.filter((c) => !/Failed to load resource/.test(c))).toEqual([]);
    await open.close();
  });
  afterAll(closeBrowser);

  test('finds the most urgent case on top and opens it with two keys', async () => {
    const page = await open.page();
    await page.goto('/');
    await page.getByRole('table', { name: 'Open cases by time left' }).waitFor();
    expect(await page.title()).toContain('−00:35');
    await page.keyboard.press('j');
    await page.keyboard.press('o');
    await page.getByRole('heading', { level: 1, name: 'vpn.harbour-freight.example' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
  });

  test('reads what happens by itself, and why the clock started when it did', async () => {
    const page = await open.page();
    await page.goto('/cases/C-2026-0412');
    const next = page.getByRole('region', { name: 'By itself, if nobody acts' });
    await next.getByText('An answer is not awaited.').waitFor();
    const marks = page.getByRole('region', { name: 'When the clock started' });
    expect(await marks.locator('.chosen').textContent()).toContain('Received by a host of ours');
    expect(await marks.getByText('not trusted').count()).toBe(1);
  });

  test('scrolls through 83,267 certificates while the page holds only those in sight', async () => {
    const page = await open.page();
    await page.goto('/cases/C-2026-0404');
    const table = page.getByRole('table', { name: 'Certificates' });
    await table.getByText('host-0.tenant-0.example').waitFor();
    await page.evaluate("document.querySelector('.certs').scrollTop = 1e9");
    await table.getByText('host-83266.').waitFor();
    expect(await table.getByRole('row').count()).toBeLessThan(100);
    await page.getByRole('button', { name: /^failing 12/ }).click();
    await table.getByText('The CA answered: pending approval.').first().waitFor();
    expect(await table.getAttribute('aria-rowcount')).toBe('13');
  });

  test('decides in the inbox with one key, and takes it back before anything is sent', async () => {
    const page = await open.page();
    await page.goto('/inbox');
    await page.getByRole('heading', { level: 1, name: 'urgent!!! your ssl' }).waitFor();
    expect(await page.locator('mark').allTextContents()).toContainEqual(expect.stringContaining('4a10c3e9'));
    await page.keyboard.press('3');
    await page.getByText('Not a report.', { exact: true }).waitFor();
    await page.getByRole('heading', { level: 1, name: '(encrypted)' }).waitFor();
    await page.keyboard.press('u');
    await page.getByText('Taken back. Nothing was sent.').waitFor();
    await page.getByRole('heading', { level: 1, name: 'urgent!!! your ssl' }).waitFor();
    expect(open.desk.commands).toEqual([]);
  });

  test('decides and leaves: the decision is sent, once', async () => {
    const page = await open.page();
    await page.goto('/inbox');
    await page.getByRole('heading', { level: 1, name: 'urgent!!! your ssl' }).waitFor();
    await page.keyboard.press('2');
    await page.getByText('Report: key compromise.').waitFor();
    await page.goto('/healthz');
    await expect.poll(() => open.desk.commands.length).toBe(1);
    expect(open.desk.commands.map((c) => c.command)).toEqual([
      expect.objectContaining({ do: 'confirm', label: 'key-compromise' }),
    ]);
  });

  test('approves as the second person, seeing what it does before', async () => {
    const page = await open.page();
    await page.goto('/cases/C-2026-0409');
    await page.getByRole('button', { name: 'Approve …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Approve the revocation' });
    await dialog.getByText('1 of 2: m.oduya').waitFor();
    await dialog.getByLabel('Why').fill('Checked the sample against our records.');
    await dialog.getByRole('button', { name: 'Approve' }).dblclick();
    await page.getByText('Recorded.').waitFor();
    expect(open.desk.commands).toHaveLength(1);
    expect(open.desk.commands[0]).toMatchObject({ command: { do: 'approve' }, context: { expectedSeq: 41_870 } });
  });

  test('who acts on a stale tab is told that the case has changed, and nothing happens', async () => {
    const page = await open.page();
    await page.goto('/cases/C-2026-0409');
    await page.getByRole('button', { name: 'Approve …' }).click();
    open.desk.touch('C-2026-0409');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Why').fill('Looks right.');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await dialog.getByRole('alert').getByText('has changed').waitFor();
    expect(open.desk.commands).toEqual([]);
  });

  test('when the answer is lost, pressing again is the same act', async () => {
    const page = await open.page();
    await page.goto('/cases/C-2026-0409');
    let lost = false;
    await page.route('**/commands', async (route) => {
      if (lost) return route.continue();
      lost = true;
      await route.fetch();
      await route.abort('connectionreset');
    });
    await page.getByRole('button', { name: 'Approve …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Why').fill('Looks right.');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await dialog.getByText('it happens at most once').waitFor();
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Recorded.').waitFor();
    expect(open.desk.commands).toHaveLength(1);
  });

  test('agrees as second person to what another asked for', async () => {
    const page = await open.page();
    await page.goto('/inbox');
    await page.getByRole('button', { name: 'Decide …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Second person' });
    await dialog.getByLabel('Why').fill('The order was lifted; I have read it.');
    await dialog.getByRole('button', { name: 'Agree and do it' }).click();
    await page.getByText('Recorded.').waitFor();
    expect((await open.desk.proposals()).rows).toEqual([]);
  });

  test('sees a new report without touching anything', async () => {
    const page = await open.page();
    await page.goto('/');
    await page.getByText('live', { exact: true }).waitFor();
    open.desk.addCase('C-2026-0999', 'new.example');
    await page.getByRole('link', { name: 'new.example' }).waitFor();
  });

  test('goes anywhere by the palette', async () => {
    const page = await open.page();
    await page.goto('/');
    await page.getByRole('table').first().waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search or command' }).fill('shop.customer');
    await page.getByRole('option', { name: /shop\.customer\.example and 3 more/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'shop.customer.example and 3 more' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.getByRole('heading', { level: 1, name: 'Channels' }).waitFor();
  });

  test('hostile HTML in a mail does nothing and loads nothing', async () => {
    const page = await open.page();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto('/inbox');
    await page.getByRole('button', { name: /Show the HTML part/ }).click();
    const frame = page.frameLocator('iframe.mail-frame');
    await frame.getByText('jemand anders hat unser Zertifikat').waitFor();
    await frame.getByRole('button', { name: 'Send' }).click({ force: true });
    await frame.locator('a').dispatchEvent('click');
    await page.keyboard.press('Escape');
    expect(await page.title()).not.toContain('owned');
    expect(asked.filter((url) => url.includes('tracker.example'))).toEqual([]);
    expect(page.frames().every((f) => !f.url().includes('tracker.example'))).toBe(true);
    // What Chromium says about what it refused is the proof, not a fault of ours.
    open.complaints.length = 0;
  });
});

describe.skipIf(noBrowser)('two people', () => {
  afterAll(closeBrowser);

  test('sign in by links, see each other on a case, and the second one approves under their own name', async () => {
    const open = await openDesk('night', { signIn: true });
    const first = await open.page();
    await first.goto('/');
    await first.getByRole('heading', { name: 'Not signed in' }).waitFor();
    await first.goto(open.firstLink);
    await first.getByRole('button', { name: 'Sign in on this device' }).click();
    await first.getByRole('link', { name: 'To the board' }).click();
    await first.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
    await first.goto('/people');
    const people = first.getByRole('region', { name: 'People' });
    await people.getByLabel('Name').fill('Ines Sato');
    await people.getByLabel('E-mail').fill('ines@ca.example');
    await people.getByLabel('Compliance').check();
    await people.getByRole('button', { name: 'Add and make a link' }).click();
    const link = (await people.getByRole('status').locator('code').textContent()) ?? '';

    const second = await open.page();
    await second.goto(new URL(link).pathname);
    await second.getByRole('button', { name: 'Sign in on this device' }).click();
    await second.getByRole('link', { name: 'To the board' }).click();
    await second.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
    await second.goto('/cases/C-2026-0409');
    await second.getByRole('button', { name: 'Approve …' }).click();
    await first.goto('/cases/C-2026-0409');
    await first.getByText('Ines Sato is about to act here').waitFor();
    const dialog = second.getByRole('dialog');
    await dialog.getByLabel('Why').fill('Read the finding.');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await second.getByText('Recorded.').waitFor();
    expect(open.desk.commands[0]?.context.by.id).toMatch(/^person:ines-sato-/);

    await second.getByRole('button', { name: /sign out/i }).click();
    await second.getByRole('heading', { name: 'Not signed in' }).waitFor();
    await open.close();
  });
});

describe.skipIf(noBrowser)('other desks', () => {
  afterAll(closeBrowser);

  test('an empty board says why all quiet is proven', async () => {
    const open = await openDesk('empty');
    const page = await open.page();
    await page.goto('/');
    await page.getByText('All quiet, and proven so.').waitFor();
    expect(await page.getByText('test report came through').count()).toBe(4);
    await open.close();
  });

  test('ten thousand open cases are one short page and a long scroll', async () => {
    const open = await openDesk('many');
    const page = await open.page();
    await page.goto('/');
    const table = page.getByRole('table', { name: 'Open cases by time left' });
    await table.getByRole('row').nth(5).waitFor();
    expect(await table.getAttribute('aria-rowcount')).toBe('10001');
    expect(await table.getByRole('row').count()).toBeLessThan(60);
    await page.evaluate("document.querySelector('.board').scrollTop = 1e9");
    await expect
      .poll(() => page.evaluate("document.querySelector('.board .rows').clientHeight / 60"))
      .toBeGreaterThanOrEqual(1000);
    for (let n = 0; n < 3; n++) await page.keyboard.press('j');
    await open.close();
  });
});

describe.skipIf(noBrowser)('people outside the house, without scripts', () => {
  afterAll(closeBrowser);

  test('report by the form, with a file, and follow the report', async () => {
    const open = await openDesk();
    const page = await open.page({ javaScriptEnabled: false });
    await page.goto('/report');
    await page.getByLabel('What is wrong?').fill('The key of 4a10c3e1 is on a public web server.');
    await page
      .getByLabel('Files')
      .setInputFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('see above') });
    await page.getByLabel('Your address').fill('ann@keywatch.example');
    await page.getByRole('button', { name: 'Send the report' }).click();
    await page.getByRole('heading', { name: 'Your report is accepted.' }).waitFor();
    expect(open.desk.reports).toHaveLength(1);
    expect(Buffer.from(open.desk.reports[0]!.raw).toString()).toContain('note.txt');
    await open.close();
  });

  test('with scripts: a large report goes on where the connection broke off', async () => {
    const open = await openDesk();
    const page = await open.page();
    await page.goto('/report/files');
    let pieces = 0;
    await page.route('**/api/v1/uploads/*', async (route) => {
      pieces += 1;
      // The second piece never arrives; of the third the desk has it and its answer is lost.
      if (pieces === 2) return route.abort('connectionreset');
      if (pieces === 4) {
        await route.fetch();
        return route.abort('connectionreset');
      }
      return route.continue();
    });
    const file = (name: string, size: number) => ({ name, mimeType: 'application/zip', buffer: Buffer.alloc(size, 7) });
    await page.getByLabel('What is wrong?').fill('The keys are in the archive.');
    await page.getByLabel('Files').setInputFiles(file('keys.zip', 3 * 1024 * 1024));
    await page.getByRole('button', { name: 'Send the report' }).click();
    await page.getByText('The connection broke off. What has arrived is kept').waitFor();
    await page.getByRole('heading', { name: 'Your report is accepted.' }).waitFor();
    expect(open.desk.reports).toHaveLength(1);
    const { attachments } = await PostalMime.parse(open.desk.reports[0]!.raw);
    expect(attachments.map((a) => [a.filename, (a.content as ArrayBuffer).byteLength])).toEqual([
      ['keys.zip', 3 * 1024 * 1024],
    ]);
    await open.close();
  });

  test('with scripts: a report that is too large is told so in one sentence, and what was written stays', async () => {
    const open = await openDesk();
    const page = await open.page();
    await page.goto('/report/files');
    const folder = mkdtempSync(join(tmpdir(), 'rescind-large-'));
    const large = join(folder, 'image.bin');
    writeFileSync(large, '');
    truncateSync(large, 100_000_000);
    await page.getByLabel('What is wrong?').fill('The key is in this image.');
    await page.getByLabel('Files').setInputFiles(large);
    await page.getByRole('button', { name: 'Send the report' }).click();
    await page.getByText('These are 96 MiB and a report may hold 64 MiB').waitFor();
    expect(await page.getByLabel('What is wrong?').inputValue()).toBe('The key is in this image.');
    expect(await page.getByRole('button', { name: 'Send the report' }).isEnabled()).toBe(true);
    expect(open.desk.reports).toHaveLength(0);
    truncateSync(large, 3_000_000);
    await page.getByLabel('Files').setInputFiles(large);
    await page.route('**/api/v1/uploads/*', (route) => route.abort('connectionreset'), { times: 1 });
    await page.getByRole('button', { name: 'Send the report' }).click();
    // Waiting for the line is no refusal, and does not look like the one before.
    const waits = page.getByText('The connection broke off.');
    await waits.waitFor();
    expect(await waits.getAttribute('class')).toBe('hint');
    await page.getByRole('heading', { name: 'Your report is accepted.' }).waitFor();
    expect(open.desk.reports).toHaveLength(1);
    rmSync(folder, { recursive: true });
    await open.close();
  });

  test('with scripts: prove a key without sending it, for every common kind and spelling of key', async () => {
    const open = await openDesk();
    const page = await open.page();
    const sent: string[] = [];
    page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));
    await page.goto('/report');
    const keys: [string, KeyObject, 'pkcs8' | 'pkcs1' | 'sec1'][] = [
      ['rsa', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'pkcs8'],
      ['rsa-old', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'pkcs1'],
      ['p256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'sec1'],
      ['p384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, 'pkcs8'],
      ['ed25519', generateKeyPairSync('ed25519').privateKey, 'pkcs8'],
    ];
    for (const [name, key, type] of keys) {
      const pem = key.export({ format: 'pem', type: type as 'pkcs8' }) as string;
      const picker = page.getByLabel(/prove it without sending/);
      await picker.setInputFiles({ name: `${name}.pem`, mimeType: 'text/plain', buffer: Buffer.from(pem) });
      await page.getByRole('status').getByText(`Signed with ${name}.pem`).waitFor();
    }
    await page.getByRole('button', { name: 'Send the report' }).click();
    await page.getByRole('heading', { name: 'Your report is accepted.' }).waitFor();
    expect(sent.filter((s) => s.includes('PRIVATE KEY'))).toEqual([]);
    const files = (async function* () {
      yield { file: 'report.eml', bytes: open.desk.reports[0]!.raw };
    })();
    const inventory = { certificates: [], facts: new Map() };
    const lines = await checkFiles(files, { inventory, lists: [], passphrases: [], now: at('2026-11-24T00:00:00Z') });
    const proven = lines.filter((l) => l.verdict === 'proven-statement').map((l) => l.spkiSha256);
    expect(proven.sort()).toEqual(keys.map(([, key]) => spkiHash(key)).sort());
    await open.close();
  });

  test('a subscriber understands what happens when, and disputes; the page says that the clock runs on', async () => {
    const open = await openDesk();
    const page = await open.page({ javaScriptEnabled: false });
    await page.goto('/subscriber/good-token');
    await page.getByRole('heading', { name: 'Your 4 certificates will be revoked' }).waitFor();
    await page.getByLabel('We dispute this').check();
    await page.getByRole('button', { name: 'Send the answer' }).click();
    await page.getByRole('status').getByText('The clock runs on').waitFor();
    expect(open.desk.subscriberAnswers).toMatchObject([{ answer: 'disputes' }]);
    await open.close();
  });
});

function spkiHash(key: KeyObject): string {
  return createHash('sha256')
    .update(createPublicKey(key).export({ format: 'der', type: 'spki' }))
    .digest('hex');
}

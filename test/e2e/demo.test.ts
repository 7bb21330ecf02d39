import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openChromium } from '../web/chromium.ts';
import { noBrowser } from './open-desk.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const startsWithin = 150_000;

describe.skipIf(noBrowser)('the demo, through real parts', () => {
  let demo: ChildProcess | null = null;
  beforeAll(() => {
    demo = spawn(process.execPath, ['src/main/rescind.ts', 'demo', '--port', '0'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  });
  afterAll(() => {
    demo?.kill('SIGINT');
  });

  test(
    'ends at a screen on which four certificates are seen as revoked, eighteen hours before the limit',
    async () => {
      const url = await addressOf(demo!.stdout!);
      const browser = await openChromium();
      try {
        const page = await browser.newPage();
        const complaints: string[] = [];
        page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
        page.on('pageerror', (error) => complaints.push(error.message));
        await page.goto(url);
        const ended = page.getByRole('region', { name: 'Ended lately' });
        await ended.getByText('all 4 seen as revoked').waitFor();
        await ended.getByText('18 h 00 min').waitFor();
        await ended.getByRole('link', { name: 'shop.customer.example and 3 more' }).click();
        await page.getByRole('heading', { level: 1, name: 'shop.customer.example and 3 more' }).waitFor();
        const certificates = page.getByRole('table', { name: 'Certificates' });
        await certificates.getByText('seen as revoked').nth(3).waitFor();
        expect(await page.getByText('key proven').count()).toBeGreaterThanOrEqual(4);
        await page.getByRole('region', { name: 'Timeline' }).getByText('Report', { exact: false }).first().waitFor();
        await page.getByRole('button', { name: 'Read it' }).first().click();
        await page.getByText('while looking through files').first().waitFor();
        expect(await page.content()).not.toContain('BEGIN PRIVATE KEY');
        await page.goto(`${url}/report`);
        await page.getByRole('heading', { name: 'Report a problem with a certificate' }).waitFor();
        expect(complaints).toEqual([]);
      } finally {
        await browser.close();
      }
    },
    startsWithin,
  );
});

/** The address that the demo prints when it has ended. */
function addressOf(stdout: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stdout.on('data', (part: Buffer) => {
      text += part.toString();
      const found = /Look at it: (http:\/\/\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    stdout.on('end', () => reject(new Error(`The demo ended without a screen:\n${text.slice(-2000)}`)));
  });
}

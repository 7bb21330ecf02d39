/** Everything a browser test needs: the console as it is shipped, over the fixture desk, in the system's Chromium. */
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';
import { localAccess } from '../../src/api/access/access.ts';
import { linkAccess } from '../../src/api/access/link-access.ts';
import { memoryAccessStore } from '../../src/api/access/memory.ts';
import { createApi } from '../../src/api/routes.ts';
import { chromiumPath, openChromium } from '../web/chromium.ts';
import { type FixtureDesk, fixtureDesk } from '../web/fixture-desk.ts';
import { memoryUploads } from '../web/memory-uploads.ts';

export const noBrowser = chromiumPath === null;
if (noBrowser) console.warn('Browser tests are skipped: no Chromium found (apt-get install chromium).');

export interface OpenDesk {
  readonly desk: FixtureDesk;
  readonly url: string;
  /** Path behind which the first administrator signs in; empty without sign-in. */
  readonly firstLink: string;
  /** Errors that pages wrote to the console or threw, content security policy included. */
  readonly complaints: string[];
  page(options?: BrowserContextOptions): Promise<Page>;
  close(): Promise<void>;
}

let built: Promise<string> | null = null;
let browser: Promise<Browser> | null = null;

const site = {
  caName: 'Harbour Trust',
  contact: 'report@ca.example',
  publicUrl: 'https://ca.example',
  policyUrl: null,
};

/** `signIn`: people need links; otherwise everybody is I. Sato. */
export async function openDesk(
  kind: 'night' | 'empty' | 'many' = 'night',
  options: { readonly signIn?: boolean } = {},
): Promise<OpenDesk> {
  built ??= buildConsole();
  browser ??= openChromium();
  const webRoot = await built;
  const open = await browser;
  const { desk, time } = fixtureDesk(kind);
  const port = await freePort();
  // Passkeys belong to a host name; an address has none.
  const url = options.signIn === true ? `http://localhost:${port}` : `http://127.0.0.1:${port}`;
  const people =
    options.signIn === true
      ? linkAccess({ store: memoryAccessStore(), time, origin: url, site, record: async () => {} })
      : null;
  const app = createApi({
    desk,
    time,
    access: people ?? localAccess({ name: 'I. Sato', mayAct: true, csrf: 'token-of-the-page' }),
    webRoot,
    deskName: 'Harbour Trust',
    virtualTime: true,
    site,
    uploads: memoryUploads(),
    tickMs: 200,
  });
  const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const complaints: string[] = [];
  return {
    desk,
    url,
    firstLink: new URL((await people?.firstLink()) ?? 'http://desk.invalid/').pathname,
    complaints,
    async page(options = {}) {
      const context = await open.newContext({ baseURL: url, viewport: { width: 1440, height: 900 }, ...options });
      const page = await context.newPage();
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      return page;
    },
    async close() {
      for (const context of open.contexts()) await context.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        (server as import('node:http').Server).closeAllConnections();
      });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Ends Chromium; the next `openDesk` starts another. */
export async function closeBrowser(): Promise<void> {
  const ending = browser;
  browser = null;
  await (await ending)?.close();
}

async function buildConsole(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'rescind-console-'));
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  await build({ mode: 'production', logLevel: 'error', build: { outDir, emptyOutDir: true } });
  process.env.NODE_ENV = before ?? 'test';
  return outDir;
}

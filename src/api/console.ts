/**
 * The built console as static files under a strict content security policy. The page carries one nonce for the style
 * elements that the interface parts write; there is no inline script and nothing comes from outside.
 */
import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import type { Context } from 'hono';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

/** Headers of every answer, API and pages alike. */
export const commonHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'x-dns-prefetch-control': 'off',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
};

export function consolePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    // Mail is shown in a sandboxed srcdoc frame; nothing else may be framed and the frame may go nowhere.
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Serves `root` (the folder that `vite build` writes); every unknown page is the console, which knows its own paths. */
export function createConsole(root: string): (context: Context) => Promise<Response> {
  return async (context) => {
    const wanted = normalize(decodeURIComponent(context.req.path)).replaceAll(/^[/\\]+/g, '');
    const path = join(root, wanted);
    if (wanted !== '' && wanted !== 'index.html' && path.startsWith(root + sep) && (await isFile(path)))
      return asset(context, path);
    if (wanted.startsWith('assets/')) return context.text('Not found.', 404);
    return page(context, root);
  };
}

async function asset(context: Context, path: string): Promise<Response> {
  context.header('content-type', types[extname(path)] ?? 'application/octet-stream');
  // Names of built files carry a hash of their content.
  const cache = path.includes(`${sep}assets${sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache';
  context.header('cache-control', cache);
  return context.body(new Uint8Array(await readFile(path)));
}

async function page(context: Context, root: string): Promise<Response> {
  const nonce = randomBytes(16).toString('base64');
  const html = await readFile(join(root, 'index.html'), 'utf8').catch(() => null);
  context.header('content-security-policy', consolePolicy(nonce));
  context.header('cache-control', 'no-store');
  if (html === null)
    return context.html(
      '<!doctype html><title>Rescind</title><p>The console is not built yet: npm run build:web</p>',
      503,
    );
  return context.html(html.replaceAll('%NONCE%', nonce));
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

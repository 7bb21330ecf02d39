/** Public pages are plain documents: they work without scripts, have one style sheet, and every value is escaped. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { AcceptedEvidence } from './evidence-page.ts';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** Who runs this desk, as the public sees it. */
export interface PublicSite {
  readonly caName: string;
  /** The problem-reporting address of CPS 1.5.2. */
  readonly contact: string;
  /** Origin under which the public reaches these pages, without a slash at the end. */
  readonly publicUrl: string;
  readonly policyUrl: string | null;
  /** What shows that a key is compromised; a desk that is not told publishes nothing of it. */
  readonly evidence?: AcceptedEvidence;
}

const policy = (scripts: boolean, connects: boolean): string =>
  `default-src 'none'; ${scripts ? "script-src 'self'; " : ''}${connects ? "connect-src 'self'; " : ''}style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

export async function publicPage(
  context: Context,
  page: {
    title: string;
    site: PublicSite;
    /** Lets our own script files run; still nothing may be fetched or connected to. */
    scripts?: boolean;
    /** Lets those files talk to this desk, and to nobody else. */
    connects?: boolean;
    status?: 200 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 400;
    body: Html;
  },
): Promise<Response> {
  context.header('content-security-policy', policy(page.scripts ?? false, page.connects ?? false));
  context.header('cache-control', 'no-store');
  // A signed link is a secret: it must not travel in a Referer nor into an index.
  context.header('x-robots-tag', 'noindex');
  return context.html(
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${page.site.caName}: certificate problem reports.">
<meta name="color-scheme" content="light dark">
<title>${page.title} · ${page.site.caName}</title>
<link rel="stylesheet" href="/public.css">
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
</head>
<body>
<header><strong>${page.site.caName}</strong> <span>certificate problems</span></header>
<main>${page.body}</main>
<footer>
<p>Problem reports: <a href="mailto:${page.site.contact}">${page.site.contact}</a>${
      page.site.policyUrl === null ? '' : html`, <a href="${page.site.policyUrl}">certification practice statement</a>`
    }. Times are UTC.</p>
</footer>
</body>
</html>`,
    page.status ?? 200,
  );
}

/** `24 November 2026, 03:19:00 UTC`. */
export function longTime(iso: string): string {
  const months = [
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
    'November',
    'December',
  ];
  return `${Number(iso.slice(8, 10))} ${months[Number(iso.slice(5, 7)) - 1]} ${iso.slice(0, 4)}, ${iso.slice(11, 19)} UTC`;
}

export function timeTag(iso: string): Html {
  return html`<time datetime="${iso}">${longTime(iso)}</time>`;
}

/** `in 11 min`, `35 min ago`, from two instants of the server. */
export function relativeTo(iso: string, now: string): string {
  const seconds = Math.round((Date.parse(iso) - Date.parse(now)) / 1000);
  const s = Math.abs(seconds);
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  const text = s < 60 ? `${s} s` : h === 0 ? `${m} min` : h < 48 ? `${h} h ${m} min` : `${Math.floor(h / 24)} days`;
  return seconds >= 0 ? `in ${text}` : `${text} ago`;
}

/**
 * The page behind the link of a page: one button. Opening it does nothing, because mail filters and chat programs open
 * every link; pressing takes the case. The link is the permission, so it needs no sign-in on a phone at night.
 */
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { readTakeToken } from '../stages/outreach/on-call/take.ts';
import { takeByLink } from './page-answers.ts';
import type { Desk } from './wiring.ts';

export function takePages(desk: Desk, secret: Uint8Array): Hono {
  const app = new Hono();
  app.get('/page/:token', (context) => {
    const read = readTakeToken(context.req.param('token'), secret, desk.time.now());
    if (!read.ok) return show(context, 'This link does not work', 'It is too old, or was cut by a mail program.', 404);
    const [title, button] =
      read.caseId === null
        ? ['Does this reach you?', `${read.person}: it reached me`]
        : [`Case ${read.caseId}`, `${read.person}: I take it`];
    return show(context, title, html`<form method="post"><button>${button}</button></form>`, 200);
  });
  app.post('/page/:token', async (context) => {
    const taken = await takeByLink({ ...desk.parts, contacts: desk.contacts }, context.req.param('token'), secret);
    if (!taken.ok) return show(context, 'Not taken', taken.message, 409);
    if (taken.caseId === null) return show(context, 'Thank you', 'This way of reaching you is now known to work.', 200);
    desk.wake.nudge();
    return show(context, `Case ${taken.caseId} is taken`, 'You are paged again when nothing moves.', 200);
  });
  return app;
}

function show(context: Context, title: string, body: unknown, status: 200 | 404 | 409) {
  context.header('cache-control', 'no-store');
  context.header('referrer-policy', 'no-referrer');
  context.header('content-security-policy', "default-src 'none'; form-action 'self'; frame-ancestors 'none'");
  return context.html(
    html`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1><p>${body}</p></html>`,
    status,
  );
}

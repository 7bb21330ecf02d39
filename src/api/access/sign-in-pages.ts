/** The pages around sign-in, written by the server: they have to work before there is a console to show. */
import type { Context, Hono } from 'hono';
import { html } from 'hono/html';
import { Fault } from '../../foundation/fault.ts';
import { rfc3339, type Time } from '../../foundation/time/time.ts';
import { PasskeyIn } from '../contract/index.ts';
import type { HouseAct } from '../port.ts';
import { ProblemError } from '../problem.ts';
import { type Html, type PublicSite, publicPage, timeTag } from '../public-pages/layout.ts';
import type { Visitor } from './access.ts';
import type { Oidc } from './oidc.ts';
import type { Passkeys } from './passkeys.ts';
import { cookieOf, hashOf, sameText } from './secrets.ts';
import type { Sessions } from './sessions.ts';
import type { AccessStore, SessionRecord } from './store.ts';

interface Parts {
  readonly store: AccessStore;
  readonly time: Time;
  readonly site: PublicSite;
  readonly sessions: Sessions;
  readonly keys: Passkeys;
  readonly provider: Oidc | null;
  readonly passkeyRequired: boolean;
  readonly record: (act: HouseAct) => Promise<void>;
  readonly visitor: (request: Request) => Promise<Visitor>;
}

/** Holds the state of a sign-in at the identity provider for as long as that takes. */
const oidcCookie = 'rescind-oidc';
const responseBytesMax = 64 * 1024;

export function addSignIn(app: Hono, parts: Parts): void {
  const { store, time, site, sessions, keys, provider } = parts;

  const signIn = async (context: Context, personId: string, how: SessionRecord['how']): Promise<void> => {
    context.header('set-cookie', await sessions.start(context.req.raw, personId, how), { append: true });
    await parts.record({ type: 'SignedIn', by: `person:${personId}`, because: '', about: { personId, how } });
  };
  const lapsed = html`<h1>This link does not work any more</h1>
<p>It was used, or it is older than 24 hours. Ask an administrator for a new one; when nobody has ever signed in, restart the desk and it prints one. <a href="/sign-in">Sign in another way</a>.</p>`;

  app.get('/sign-in', (context) =>
    publicPage(context, { title: 'Sign in', site, scripts: true, connects: true, body: signInPage(provider, null) }),
  );
  app.get('/sign-in/oidc', async (context) => {
    if (provider === null) return context.redirect('/sign-in', 303);
    try {
      const { url, state } = await provider.begin();
      context.header('set-cookie', `${oidcCookie}=${state}; Path=/sign-in; HttpOnly; SameSite=Lax; Max-Age=600`);
      return context.redirect(url, 303);
    } catch (error) {
      return refusedPage(context, error);
    }
  });
  app.get('/sign-in/oidc/return', async (context) => {
    if (provider === null) return context.redirect('/sign-in', 303);
    context.header('set-cookie', `${oidcCookie}=; Path=/sign-in; HttpOnly; SameSite=Lax; Max-Age=0`);
    try {
      const personId = await provider.finish(new URL(context.req.url), cookieOf(context.req.raw, oidcCookie));
      if (personId === null) {
        const body = signInPage(
          provider,
          `${provider.name} knows you, but nobody here invited you. Ask an administrator.`,
        );
        return publicPage(context, { title: 'Not invited', site, status: 403, scripts: true, connects: true, body });
      }
      await signIn(context, personId, 'oidc');
      return context.redirect('/', 303);
    } catch (error) {
      return refusedPage(context, error);
    }
  });
  app.get('/sign-in/:secret', async (context) => {
    const owner = await store.linkOwner(hashOf(context.req.param('secret')), time.now());
    const person = owner === null ? null : await store.person(owner);
    if (person === null) return publicPage(context, { title: 'Sign in', site, status: 404, body: lapsed });
    const body = html`<h1>Sign in</h1>
<p class="lead">You are ${person.name}. This link works once.</p>
<form method="post"><button type="submit">Sign in on this device</button></form>`;
    return publicPage(context, { title: 'Sign in', site, body });
  });
  app.post('/sign-in/:secret', async (context) => {
    const personId = await store.takeLink(hashOf(context.req.param('secret')), time.now());
    if (personId === null) return publicPage(context, { title: 'Sign in', site, status: 404, body: lapsed });
    await signIn(context, personId, 'link');
    // Who has no passkey yet is asked for one; the link that brought them here works no second time.
    return context.redirect((await store.passkeys(personId)).length === 0 ? '/account' : '/', 303);
  });

  app.post('/api/v1/sign-in/passkey/options', async (context) =>
    context.json({ now: rfc3339(time.now()), options: await keys.askToSignIn() }),
  );
  app.post('/api/v1/sign-in/passkey', async (context) => {
    const personId = await keys.signIn(await responseIn(context));
    await signIn(context, personId, 'passkey');
    return context.json({ now: rfc3339(time.now()) });
  });
  app.post('/api/v1/sign-out', async (context) => {
    const session = await sessions.find(context.req.raw);
    if (session !== null && sameText(session.csrf, context.req.header('x-csrf-token') ?? ''))
      await store.endSession(session.sessionId);
    context.header('set-cookie', sessions.goneCookie);
    return context.body(null, 204);
  });

  app.get('/account', async (context) => {
    const visitor = await parts.visitor(context.req.raw);
    if (visitor.session === null || visitor.principal === null) return context.redirect('/sign-in', 303);
    const body = await accountPage(parts, visitor);
    return publicPage(context, { title: 'Your account', site, scripts: true, connects: true, body });
  });

  function refusedPage(context: Context, error: unknown): Response | Promise<Response> {
    if (!(error instanceof Fault)) throw error;
    const body = signInPage(provider, error.message);
    return publicPage(context, { title: 'Not signed in', site, status: 403, scripts: true, connects: true, body });
  }
}

async function responseIn(context: Context): Promise<Record<string, unknown>> {
  const text = await context.req.text();
  if (text.length > responseBytesMax) throw new ProblemError(413, 'too_large', 'This is no passkey.');
  try {
    return PasskeyIn.pick({ response: true }).parse(JSON.parse(text)).response;
  } catch {
    throw new ProblemError(422, 'invalid', 'Send {"response": …} as the browser made it.');
  }
}

function signInPage(provider: Oidc | null, problem: string | null): Html {
  return html`<h1>Sign in</h1>
${problem === null ? '' : html`<p class="bad" role="alert">${problem}</p>`}
<div id="passkey" data-do="sign-in" hidden>
<p><button type="button">Sign in with a passkey</button></p>
<p role="status" class="hint"></p>
</div>
<noscript><p>A passkey needs scripts in this page.</p></noscript>
${provider === null ? '' : html`<form action="/sign-in/oidc"><button type="submit">Sign in with ${provider.name}</button></form>`}
<p class="soft">New here, or lost your passkey? An administrator makes you a link that works once.</p>
<script type="module" src="/sign-in.js"></script>`;
}

/** Passkeys and sessions of the person who is signed in: what they can end by themselves when something is lost. */
async function accountPage({ store, time, passkeyRequired }: Parts, visitor: Visitor): Promise<Html> {
  const { principal, session, csrf } = visitor;
  const personId = session?.personId ?? '';
  const own = await store.passkeys(personId);
  const sessions = await store.sessions({ personId, now: time.now() });
  return html`<h1>${principal?.name ?? ''}</h1>
<p class="soft">Roles: ${visitor.roles.join(', ').replaceAll('-', ' ')}</p>
<div id="passkey" data-do="account" data-csrf="${csrf ?? ''}" hidden>
<h2>Passkeys</h2>
${
  own.length === 0
    ? html`<p class="lead">You have none yet. Add one on this device, and one more elsewhere: links are for the first time only.</p>`
    : html`<ul>${own.map(
        (p) =>
          html`<li>${p.name}, added ${timeTag(rfc3339(p.addedAt))}${p.synced ? ', kept in sync' : ''} <button type="button" class="small" data-remove="/api/v1/passkeys/${encodeURIComponent(p.credentialId)}">Remove ${p.name}</button></li>`,
      )}</ul>`
}
<label><span>Name of this device or key</span><input name="name" maxlength="100" value="This device"></label>
<p><button type="button" data-add>Add a passkey</button></p>
<p role="status" class="hint"></p>
<h2>Where you are signed in</h2>
<ul>${sessions.map(
    (s) =>
      html`<li>${s.device}, since ${timeTag(rfc3339(s.since))}${s.sessionId === session?.sessionId ? ' (here)' : html` <button type="button" class="small" data-remove="/api/v1/sessions/${s.sessionId}">End ${s.device}</button>`}</li>`,
  )}</ul>
</div>
<noscript><p>Passkeys need scripts in this page.</p></noscript>
${passkeyRequired && own.length === 0 ? '' : html`<p><a href="/">To the board</a></p>`}
<script type="module" src="/sign-in.js"></script>`;
}

import PostalMime from 'postal-mime';
import { expect, test } from 'vitest';
import { fixtureDesk } from '../../../test/web/fixture-desk.ts';
import { publishedEvidencePolicy } from '../../stages/evidence/policy.ts';
import { localAccess } from '../access/access.ts';
import { createApi } from '../routes.ts';

function aSite() {
  const { desk, time } = fixtureDesk('night');
  const app = createApi({
    desk,
    time,
    access: localAccess({ name: 'M. Oduya', mayAct: true, csrf: 'token' }),
    webRoot: null,
    deskName: 'Harbour Trust',
    site: {
      caName: 'Harbour Trust',
      contact: 'report@ca.example',
      publicUrl: 'https://ca.example',
      policyUrl: null,
      evidence: publishedEvidencePolicy,
    },
    virtualTime: true,
  });
  return { app, desk, time };
}

function aForm(fields: Record<string, string>, files: Record<string, string> = {}): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  for (const [name, content] of Object.entries(files))
    data.append('files', new File([content], name, { type: 'text/plain' }));
  return data;
}

test('a report by the form arrives as one message, file and all, and leads to the status page', async () => {
  const { app, desk } = aSite();
  const body = aForm(
    {
      text: 'The key of this certificate is public.',
      email: 'r@keywatch.example',
      name: 'Ann',
      certificates: '4a10c3e1\n4a10c3e2',
    },
    { 'key.pem': 'not a key, only a file' },
  );
  const response = await app.request('/report', { method: 'POST', body });
  expect(response.status).toBe(303);
  expect(response.headers.get('location')).toBe('/status/good-token');
  const message = await PostalMime.parse(desk.reports[0]!.raw);
  expect(message.from).toMatchObject({ address: 'r@keywatch.example', name: 'Ann' });
  expect(message.text).toContain('4a10c3e2');
  expect(message.attachments.map((a) => a.filename)).toEqual(['key.pem']);
});

test('a report without an address has no sender, rather than an invented one', async () => {
  const { app, desk } = aSite();
  await app.request('/report', { method: 'POST', body: aForm({ text: 'Something is wrong.' }) });
  expect((await PostalMime.parse(desk.reports[0]!.raw)).from).toBeUndefined();
});

test('what a visitor types never becomes a header', async () => {
  const { app, desk } = aSite();
  const body = JSON.stringify({
    text: 'x',
    subject: 'a\r\nBcc: everybody@ca.example\r\n\r\nforged body',
    name: 'Eve\r\nX-Rescind-Channel: manual',
    email: 'e@x.example',
    attachments: [{ name: 'a"\r\nX-Evil: 1', mediaType: 'text/plain\r\nX-Evil: 2', base64: 'eA==' }],
  });
  const response = await app.request('/api/v1/reports', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(response.status).toBe(202);
  const message = await PostalMime.parse(desk.reports[0]!.raw);
  const headers = message.headers.map((h) => h.key);
  expect(headers).not.toContain('bcc');
  expect(headers).not.toContain('x-evil');
  expect(message.headers.filter((h) => h.key === 'x-rescind-channel').map((h) => h.value)).toEqual(['api']);
});

test('the same report sent twice has the same identity', async () => {
  const { app, desk } = aSite();
  for (let n = 0; n < 2; n++) await app.request('/report', { method: 'POST', body: aForm({ text: 'Twice.' }) });
  await app.request('/report', { method: 'POST', body: aForm({ text: 'Another.' }) });
  const ids = await Promise.all(desk.reports.map(async (r) => (await PostalMime.parse(r.raw)).messageId));
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
});

test('a raw message is handed in byte for byte', async () => {
  const { app, desk } = aSite();
  const raw = 'From: a@b.example\r\nSubject: x\r\n\r\n\u0000 odd bytes';
  const response = await app.request('/api/v1/reports', {
    method: 'POST',
    headers: { 'content-type': 'message/rfc822' },
    body: raw,
  });
  expect(response.status).toBe(202);
  expect(Buffer.from(desk.reports[0]!.raw).toString()).toBe(raw);
});

test('a flood turns away empty words but never a report with evidence', async () => {
  const { app, desk, time } = aSite();
  const send = (text: string) => app.request('/report', { method: 'POST', body: aForm({ text }) });
  const answers: number[] = [];
  for (let n = 0; n < 25; n++) answers.push((await send(`hello ${n}`)).status);
  expect(answers.filter((s) => s === 303)).toHaveLength(20);
  expect(answers.at(-1)).toBe(429);
  expect((await send('https://crt.sh/?id=123 has its key on github')).status).toBe(303);
  expect(desk.reports).toHaveLength(21);
  time.advanceTo(time.now().add({ minutes: 11 }));
  expect((await send('hello again')).status).toBe(303);
});

test('an oversized report is refused with another way to send it', async () => {
  const { app } = aSite();
  const response = await app.request('/api/v1/reports', {
    method: 'POST',
    headers: { 'content-type': 'message/rfc822', 'content-length': String(100 * 1024 * 1024) },
    body: 'x',
  });
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ code: 'too_large', detail: expect.stringContaining('by mail') });
});

test('a forged or expired link tells nothing, a good one tells when', async () => {
  const { app } = aSite();
  for (const path of ['/status/forged', '/subscriber/forged']) {
    const response = await app.request(path);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain('customer.example');
  }
  const page = await (await app.request('/subscriber/good-token')).text();
  expect(page).toContain('24 November 2026, 03:19:00 UTC');
  expect(page).toContain('shop.customer.example');
});

test('a dispute is recorded and the page says that the clock runs on', async () => {
  const { app, desk } = aSite();
  const body = aForm({ answer: 'disputes', text: 'It is not our key.' });
  const response = await app.request('/subscriber/good-token', { method: 'POST', body });
  expect(desk.subscriberAnswers).toEqual([{ token: 'good-token', answer: 'disputes', text: 'It is not our key.' }]);
  expect(await response.text()).toContain('The clock runs on');
  expect(
    (await app.request('/subscriber/good-token', { method: 'POST', body: aForm({ answer: 'postpone' }) })).status,
  ).toBe(422);
  expect(desk.subscriberAnswers).toHaveLength(1);
});

test('public pages have no inline script, and may connect to nothing', async () => {
  const { app } = aSite();
  for (const path of [
    '/report',
    '/evidence',
    '/guides/acme',
    '/status/good-token',
    '/subscriber/good-token',
    '/renewal/abc.def',
  ]) {
    const response = await app.request(path);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).not.toMatch(/<script(?! type="module" src="\/prove.js">)|javascript:|onload=/i);
    expect(response.headers.get('content-security-policy')).not.toMatch(/connect-src|unsafe/);
  }
});

test('the guide to renewing by itself has a section for each kind of server, open to everybody', async () => {
  const { app } = aSite();
  const response = await app.request('/guides/acme');
  expect(response.status).toBe(200);
  const text = await response.text();
  const sections = [...text.matchAll(/<section id="([^"]+)"/g)].map((m) => m[1]);
  expect(sections).toEqual(['nginx', 'apache', 'caddy', 'iis', 'tomcat', 'haproxy', 'cert-manager', 'appliance']);
  // Configuration lines are shown, never taken for markup.
  expect(text).toContain('&lt;Certificate certificateFile');
});

test('security.txt names the ways to reach us and expires', async () => {
  const { app } = aSite();
  const text = await (await app.request('/.well-known/security.txt')).text();
  expect(text).toContain('Contact: mailto:report@ca.example');
  expect(text).toMatch(/^Expires: 2027-02-22T03:07:12Z$/m);
});

test('what counts as proof is published as the desk decides by it, for people and for machines', async () => {
  const { app } = aSite();
  const published = (await (await app.request('/api/v1/evidence-policy')).json()) as typeof publishedEvidencePolicy;
  expect(published).toEqual(publishedEvidencePolicy);
  expect(published).not.toHaveProperty('passphrases');
  const page = await (await app.request('/evidence')).text();
  expect(page).toContain(published.version);
  for (const { form } of published.forms) expect(page).toContain(form);
  for (const wording of published.wordings) expect(page).toContain(wording);
});

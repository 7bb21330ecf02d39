import { expect, test } from 'vitest';
import { fixtureDesk } from '../../test/web/fixture-desk.ts';
import { localAccess } from './access/access.ts';
import { createClient } from './client.ts';
import { endpoints } from './contract/endpoints.ts';
import type { OperationName } from './contract/paths.ts';
import { createApi } from './routes.ts';

const csrf = 'the-token-of-this-page';

function anApi(options: { mayAct?: boolean } = {}) {
  const { desk, time } = fixtureDesk('night');
  const app = createApi({
    desk,
    time,
    access: localAccess({ name: 'M. Oduya', mayAct: options.mayAct ?? true, csrf }),
    webRoot: null,
    deskName: 'Harbour Trust',
    site: {
      caName: 'Harbour Trust',
      contact: 'problem-reporting@ca.example',
      publicUrl: 'https://ca.example',
      policyUrl: 'https://ca.example/cps',
    },
    virtualTime: true,
    tickMs: 50,
  });
  const call = createClient({
    baseUrl: 'http://localhost',
    csrf: () => csrf,
    fetch: (async (url: string, init: RequestInit) => app.request(url, init)) as typeof fetch,
  });
  return { desk, time, app, call };
}

const caseId = 'C-2026-0412';
const strict = { openFrom: 0.9, fileBelow: 0.15, fileStrangersBelow: 0.18 };

test('every answer of the API is what the contract says', async () => {
  const { call } = anApi();
  const answers: [OperationName, unknown][] = [
    ['getMe', await call('getMe', {})],
    ['getBoard', await call('getBoard', {})],
    ['getInbox', await call('getInbox', {})],
    ['getCase', await call('getCase', { path: { caseId } })],
    ['getCase', await call('getCase', { path: { caseId: 'C-2026-0404' } })],
    [
      'getCertificates',
      await call('getCertificates', { path: { caseId: 'C-2026-0404', matterId: 'M-7' }, query: { from: 83_000 } }),
    ],
    ['getMessage', await call('getMessage', { path: { caseId, reportId: 'R-9017' } })],
    ['getLetter', await call('getLetter', { path: { caseId, letterId: 'L-1' } })],
    ['getContacts', await call('getContacts', { path: { caseId } })],
    ['getIncident', await call('getIncident', { path: { caseId } })],
    ['search', await call('search', { query: { q: '4a10c3' } })],
    ['getChannels', await call('getChannels', {})],
    ['getBlockedKeys', await call('getBlockedKeys', {})],
    ['getConnectors', await call('getConnectors', {})],
    ['getLadders', await call('getLadders', { query: { startAt: '2026-11-24T00:00:00Z' } })],
    ['getLog', await call('getLog', {})],
    ['getProposals', await call('getProposals', {})],
    ['getPolicy', await call('getPolicy', {})],
    ['previewPolicy', await call('previewPolicy', { body: { overlay: { silenceSeconds: 3600 } } })],
    ['tryRules', await call('tryRules', { body: { thresholds: strict } })],
    ['getReadiness', await call('getReadiness', {})],
    ['getUnreachable', await call('getUnreachable', {})],
    ['getAdoption', await call('getAdoption', {})],
    ['getAutomationPolicies', await call('getAutomationPolicies', {})],
    ['getAutomationPolicy', await call('getAutomationPolicy', { path: { account: 'a b/c@x.example' } })],
    ['getWebhooks', await call('getWebhooks', {})],
    [
      'exportReporter',
      await call('exportReporter', { body: { address: 'r@x.example', because: 'She asked for it.' } }),
    ],
  ];
  for (const [name, answer] of answers) expect(endpoints[name].answer.safeParse(answer).error, name).toBeUndefined();
});

test('the board is sorted by time left', async () => {
  const { call } = anApi();
  const due = (await call('getBoard', {})).rows.map((r) => r.clocks[0]?.dueAt ?? '~');
  expect(due).toEqual([...due].sort());
});

test('an unknown case is a problem with a code', async () => {
  const { app } = anApi();
  const response = await app.request('/api/v1/cases/C-0');
  expect(response.status).toBe(404);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(await response.json()).toMatchObject({ code: 'not_found', status: 404 });
});

test('a case that has not changed is not sent twice', async () => {
  const { app } = anApi();
  const first = await app.request(`/api/v1/cases/${caseId}`);
  const etag = first.headers.get('etag') ?? '';
  expect(etag).toBe('"41911"');
  expect((await app.request(`/api/v1/cases/${caseId}`, { headers: { 'if-none-match': etag } })).status).toBe(304);
});

test('a person who looked at an older version is told so and changes nothing', async () => {
  const { call, desk } = anApi();
  const act = call('commandCase', { path: { caseId }, body: { do: 'note', text: 'Called.' }, ifMatch: 17 });
  await expect(act).rejects.toMatchObject({ problem: { status: 412, code: 'case_changed' } });
  expect(desk.commands).toEqual([]);
});

test('the same act sent twice happens once, and both are answered alike', async () => {
  const { call, desk } = anApi();
  const send = () =>
    call('commandCase', {
      path: { caseId },
      body: { do: 'note', text: 'Called.' },
      idempotencyKey: 'one-press-of-a-button',
    });
  const [first, second] = await Promise.all([send(), send()]);
  expect(second).toEqual(first);
  expect(desk.commands).toHaveLength(1);
  await call('commandCase', {
    path: { caseId },
    body: { do: 'note', text: 'Called.' },
    idempotencyKey: 'another-press-of-it',
  });
  expect(desk.commands).toHaveLength(2);
});

test('a key that is used again for something else is refused', async () => {
  const { call } = anApi();
  const send = (text: string) =>
    call('commandCase', { path: { caseId }, body: { do: 'note', text }, idempotencyKey: 'one-press-of-a-button' });
  await send('Called.');
  await expect(send('Wrote.')).rejects.toMatchObject({ problem: { status: 422, code: 'idempotency_key_reused' } });
});

test('an act without the token of the page is refused, and with it goes through', async () => {
  const { app, desk } = anApi();
  const send = (headers: Record<string, string>) =>
    app.request(`/api/v1/cases/${caseId}/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ do: 'note', text: 'Called.' }),
    });
  expect((await send({})).status).toBe(403);
  expect(desk.commands).toEqual([]);
  expect((await send({ 'x-csrf-token': csrf })).status).toBe(200);
});

test('a name that a stranger points at this machine reads nothing', async () => {
  const { app } = anApi();
  expect((await app.request('http://rebound.example/api/v1/board')).status).toBe(401);
  expect((await app.request('http://127.0.0.1:8080/api/v1/board')).status).toBe(200);
});

test('who may only read cannot act', async () => {
  const { call, desk } = anApi({ mayAct: false });
  await expect(call('commandCase', { path: { caseId }, body: { do: 'note', text: 'Called.' } })).rejects.toMatchObject({
    problem: { status: 403, code: 'not_allowed' },
  });
  expect(desk.commands).toEqual([]);
});

test('a command that does not fit says where', async () => {
  const { call } = anApi();
  const act = call('commandCase', { path: { caseId }, body: { do: 'approve', matterId: 'M-1', because: '' } });
  await expect(act).rejects.toMatchObject({ problem: { status: 422, errors: [{ path: 'because' }] } });
});

test('a reader of the change feed who comes back misses nothing', async () => {
  const { app, desk } = anApi();
  const seen = await desk.seq();
  desk.happen('EvidenceVerified', caseId);
  desk.happen('KeyBlocked', caseId);
  const stop = new AbortController();
  const response = await app.request('/api/v1/events', {
    headers: { 'last-event-id': String(seen) },
    signal: stop.signal,
  });
  const text = await readUntil(response, 'KeyBlocked');
  stop.abort();
  expect(text).toContain(`id: ${seen + 1}`);
  expect(text).toContain('"type":"EvidenceVerified"');
  expect(text).toContain('event: tick');
});

test('a CA that asks about a blocked key is told so, without a session', async () => {
  const { app, call } = anApi();
  const blocked = (await call('getBlockedKeys', {})).rows[0]?.spkiSha256 ?? '';
  expect(await (await app.request(`/blocked-keys/${blocked}`)).json()).toMatchObject({
    blocked: true,
    reason: 'keyCompromise',
  });
  expect(await (await app.request(`/blocked-keys/${'0'.repeat(64)}`)).json()).toMatchObject({ blocked: false });
  expect((await app.request('/blocked-keys/not-a-hash')).status).toBe(400);
});

test('the API describes itself, to anybody', async () => {
  const { app } = anApi();
  const document = (await (await app.request('/api/v1/openapi.json')).json()) as { paths: Record<string, unknown> };
  expect(Object.keys(document.paths)).toContain('/api/v1/cases/{caseId}/commands');
  const schema = await app.request('/api/v1/schemas/report.json');
  expect(schema.headers.get('content-type')).toBe('application/schema+json');
  expect(await schema.json()).toMatchObject({ $id: '/api/v1/schemas/report.json' });
  expect((await app.request('/api/v1/schemas/reports.json')).status).toBe(200);
  expect((await app.request('/api/v1/schemas/other.json')).status).toBe(404);
});

test('a page of 100,000 certificates is one page', async () => {
  const { call } = anApi();
  const page = await call('getCertificates', {
    path: { caseId: 'C-2026-0404', matterId: 'M-7' },
    query: { from: 83_200, limit: 200 },
  });
  expect(page).toMatchObject({ total: 83_267, from: 83_200, next: null });
  expect(page.rows).toHaveLength(67);
});

async function readUntil(response: Response, word: string): Promise<string> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!text.includes(word)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

test('a policy may be shorter than the rulebooks, never longer; laxer than the one in force needs a second person', async () => {
  const { call } = anApi();
  const basedOn = (await call('getPolicy', {})).version;
  const publish = (silenceSeconds: number, from = basedOn) =>
    call('publishPolicy', { body: { overlay: { silenceSeconds }, because: 'After the drill.', basedOn: from } });
  await expect(publish(7 * 3600)).rejects.toMatchObject({ problem: { status: 409, code: 'policy_refused' } });
  const laxer = await publish(5 * 3600);
  expect(laxer.state).toBe('waits-for-second-person');
  const agree = call('decidePolicy', {
    path: { version: String(laxer.version) },
    body: { decision: 'agree', because: 'Why not.' },
  });
  await expect(agree).rejects.toMatchObject({ problem: { code: 'same_person' } });
  expect((await publish(3600)).state).toBe('in-force');
  await expect(publish(1800)).rejects.toMatchObject({ problem: { status: 412, code: 'case_changed' } });
});

import { randomBytes } from 'node:crypto';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fixtureDesk } from '../../test/web/fixture-desk.ts';
import { localAccess } from '../api/access/access.ts';
import { createApi } from '../api/routes.ts';
import { pieceBytesMax, uploadsPath } from '../api/uploads/routes.ts';
import { forgetUploads, postgresUploads } from '../api/uploads/store.ts';
import { Fault } from '../foundation/fault.ts';
import { type TestDatabase, testDatabase } from '../platform/store/testing.ts';
import { migrateAll } from './wiring.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await migrateAll(database.pool, fixtureDesk('night').time.now());
});
beforeEach(async () => {
  await database.pool.query('DELETE FROM uploads.upload');
});
afterAll(() => database.drop());

function aSite() {
  const { desk, time } = fixtureDesk('night');
  const app = createApi({
    ...{ desk, time, webRoot: null, deskName: 'Harbour Trust', virtualTime: true },
    access: localAccess({ name: 'M. Oduya', mayAct: true, csrf: 'token' }),
    site: {
      caName: 'Harbour Trust',
      contact: 'report@ca.example',
      publicUrl: 'https://ca.example',
      policyUrl: null,
    },
    uploads: postgresUploads(database.pool),
  });
  return { app, desk, time };
}
type App = ReturnType<typeof aSite>['app'];

async function aForm(file: Uint8Array<ArrayBuffer>) {
  const data = new FormData();
  data.set('text', 'The key of this certificate is in the archive.');
  data.append('files', new File([file], 'dump.bin'));
  const whole = new Response(data);
  return { type: whole.headers.get('content-type') ?? '', bytes: new Uint8Array(await whole.arrayBuffer()) };
}

async function begin(app: App, type: string, length: number) {
  const headers = { 'content-type': type, 'upload-length': String(length) };
  const response = await app.request(uploadsPath, { method: 'POST', headers });
  return {
    response,
    place: {
      path: response.headers.get('location') ?? '',
      secret: response.headers.get('upload-secret') ?? '',
    },
  };
}

function patch(app: App, place: { path: string; secret: string }, offset: number, body: Uint8Array<ArrayBuffer>) {
  const headers = {
    'content-type': 'application/partial-upload',
    'upload-offset': String(offset),
    'upload-secret': place.secret,
  };
  return app.request(place.path, { method: 'PATCH', headers, body });
}

/** As the page does: asks where it stands and goes on from there. */
async function sendRest(app: App, place: { path: string; secret: string }, bytes: Uint8Array<ArrayBuffer>) {
  const stands = await app.request(place.path, { method: 'HEAD', headers: { 'upload-secret': place.secret } });
  let offset = Number(stands.headers.get('upload-offset'));
  for (;;) {
    const answer = await patch(app, place, offset, bytes.slice(offset, offset + pieceBytesMax));
    if (answer.status !== 204) return answer;
    offset = Number(answer.headers.get('upload-offset'));
  }
}

const stored = async () =>
  (await database.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM uploads.piece')).rows[0]?.n;

describe('a report that is sent in pieces', () => {
  it('has a page of its own, which may talk to this desk and to nobody else', async () => {
    const { app } = aSite();
    const files = await app.request('/report/files');
    expect(files.headers.get('content-security-policy')).toMatch(/default-src 'none'.*connect-src 'self';/);
    expect(await files.text()).toContain('src="/upload.js"');
    const form = await app.request('/report');
    expect(form.headers.get('content-security-policy')).not.toContain('connect-src');
    expect(await form.text()).toContain('href="/report/files"');
  });

  it('goes on where the connection broke off, and arrives whole as one report', async () => {
    const { app, desk } = aSite();
    const file = new Uint8Array(randomBytes(3 * pieceBytesMax));
    const { type, bytes } = await aForm(file);
    const { response, place } = await begin(app, type, bytes.length);
    expect(response.status).toBe(201);
    expect((await patch(app, place, 0, bytes.slice(0, pieceBytesMax))).status).toBe(204);
    expect(desk.reports).toHaveLength(0);
    const last = await sendRest(app, place, bytes);
    expect(last.status).toBe(200);
    expect(await last.json()).toMatchObject({ statusUrl: '/status/good-token' });
    expect(desk.reports).toHaveLength(1);
    const message = await PostalMime.parse(desk.reports[0]!.raw);
    expect(Buffer.from(message.attachments[0]!.content as ArrayBuffer).equals(Buffer.from(file))).toBe(true);
    expect(await stored()).toBe(0);
  });

  it('is told the same answer again when the last one was lost on the way', async () => {
    const { app, desk } = aSite();
    const { type, bytes } = await aForm(new Uint8Array(10));
    const { place } = await begin(app, type, bytes.length);
    const first = await (await sendRest(app, place, bytes)).json();
    expect(await (await sendRest(app, place, bytes)).json()).toEqual(first);
    expect(desk.reports).toHaveLength(1);
  });

  it('keeps every piece until the desk has the report', async () => {
    const { app, desk } = aSite();
    const { type, bytes } = await aForm(new Uint8Array(10));
    const { place } = await begin(app, type, bytes.length);
    const take = desk.receiveReport;
    desk.receiveReport = () => Promise.reject(new Fault('database_away', 'No.', { outcome: 'did_not_happen' }));
    expect((await sendRest(app, place, bytes)).status).toBe(503);
    expect(await stored()).toBe(1);
    desk.receiveReport = take;
    expect((await sendRest(app, place, bytes)).status).toBe(200);
    expect(desk.reports).toHaveLength(1);
  });

  it('takes a piece once when it comes twice at one moment, and says where it stands', async () => {
    const { app } = aSite();
    const { type, bytes } = await aForm(new Uint8Array(1000));
    const { place } = await begin(app, type, bytes.length);
    const answers = await Promise.all([1, 2, 3].map(() => patch(app, place, 0, bytes.slice(0, 100))));
    expect(answers.map((a) => a.status).sort()).toEqual([204, 409, 409]);
    expect(answers.map((a) => a.headers.get('upload-offset'))).toEqual(['100', '100', '100']);
    expect(await stored()).toBe(1);
  });

  it('is readable in the database to nobody, and cannot be touched without its secret', async () => {
    const { app } = aSite();
    const { type, bytes } = await aForm(new Uint8Array(10));
    const { place } = await begin(app, type, bytes.length);
    await patch(app, place, 0, bytes.slice(0, 200));
    const { rows } = await database.pool.query<{ sealed: Buffer }>('SELECT sealed FROM uploads.piece');
    expect(rows[0]!.sealed.includes(Buffer.from(bytes.slice(0, 16)))).toBe(false);
    const all = JSON.stringify((await database.pool.query('SELECT * FROM uploads.upload')).rows);
    expect(all).not.toContain(place.secret);
    const forged = { ...place, secret: randomBytes(32).toString('base64url') };
    expect((await patch(app, forged, 200, bytes.slice(200))).status).toBe(404);
    expect((await app.request(place.path, { method: 'HEAD' })).status).toBe(404);
    expect((await patch(app, place, 200, bytes.slice(200))).status).toBe(200);
  });

  it('is refused when it is found changed in the database', async () => {
    const { app, desk } = aSite();
    const { type, bytes } = await aForm(new Uint8Array(10));
    const { place } = await begin(app, type, bytes.length);
    await patch(app, place, 0, bytes.slice(0, 200));
    await database.pool.query('UPDATE uploads.piece SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)');
    expect((await patch(app, place, 200, bytes.slice(200))).status).toBe(500);
    expect(desk.reports).toHaveLength(0);
  });

  it('that is too large is told so before anything is sent, with another way', async () => {
    const { app } = aSite();
    const { response } = await begin(app, 'multipart/form-data; boundary=x', 100 * 1024 * 1024);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      code: 'too_large',
      detail:
        'These are 100 MiB and a report may hold 64 MiB: leave a file out, or write to report@ca.example with a link to it.',
    });
  });

  it('cannot carry more than it announced, nor more than a piece at once', async () => {
    const { app } = aSite();
    const { place } = await begin(app, 'message/rfc822', 10);
    expect(await (await patch(app, place, 0, new Uint8Array(11))).json()).toMatchObject({ code: 'beyond_the_end' });
    const large = await begin(app, 'message/rfc822', 3 * pieceBytesMax);
    const answer = await patch(app, large.place, 0, new Uint8Array(pieceBytesMax + 1));
    expect(await answer.json()).toMatchObject({ code: 'piece_too_large' });
    expect(await stored()).toBe(0);
  });

  it('is one of a bounded number: a flood is turned away with other ways, which still work', async () => {
    const { app, desk } = aSite();
    const length = 64 * 1024 * 1024;
    const answers: number[] = [];
    for (let n = 0; n < 21; n++) answers.push((await begin(app, 'message/rfc822', length)).response.status);
    expect(answers.filter((s) => s === 201)).toHaveLength(20);
    expect(answers.at(-1)).toBe(429);
    // From other addresses: what all have announced together is bounded too.
    const others = aSite();
    for (let n = 0; n < 12; n++) expect((await begin(others.app, 'message/rfc822', length)).response.status).toBe(201);
    const { response } = await begin(others.app, 'message/rfc822', length);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'uploads_full', detail: expect.stringContaining('/report') });
    const form = new FormData();
    form.set('text', 'https://crt.sh/?id=123 has its key on github');
    expect((await app.request('/report', { method: 'POST', body: form })).status).toBe(303);
    expect(desk.reports).toHaveLength(1);
  });

  it('is forgotten a day after nobody went on with it, and not before', async () => {
    const { app, time } = aSite();
    const { type, bytes } = await aForm(new Uint8Array(10));
    const { place } = await begin(app, type, bytes.length);
    await patch(app, place, 0, bytes.slice(0, 200));
    expect(await forgetUploads(database.pool, time.now().add({ hours: 24 }))).toBe(0);
    expect(await forgetUploads(database.pool, time.now().add({ hours: 24, seconds: 1 }))).toBe(1);
    expect(await stored()).toBe(0);
    expect((await patch(app, place, 200, bytes.slice(200))).status).toBe(404);
  });
});

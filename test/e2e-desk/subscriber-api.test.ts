/** What a subscriber's own software can do at a served desk: with a token, and with a hook for those without ACME. */

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyRenewNow } from '../../src/stages/renewal-info/index.ts';
import { jsonLines, rescind } from './rescind.ts';
import { type Issued, Served, until } from './served.ts';

const mine = 'ops@holder.example';

/** The same token with one character of its secret changed. */
const changed = (token: string) => `${token.slice(0, -3)}${token.at(-3) === 'a' ? 'b' : 'a'}${token.slice(-2)}`;

describe('the API for subscribers', { timeout: 300_000 }, () => {
  let served: Served;
  let certificate: Issued;
  let neighbours: Issued;
  let token = '';
  beforeAll(async () => {
    served = await Served.open({ silenceSeconds: 600 });
    certificate = await served.issue(['shop.holder.example'], mine);
    neighbours = await served.issue(['shop.neighbour.example'], 'ops@neighbour.example');
    token = await tokenFor('list,revoke');
  });
  afterAll(() => served.close());

  const command = async (...args: string[]) =>
    rescind(['--config', served.config, 'subscribers', ...args], { env: { DATABASE_URL: '' } });
  const tokenFor = async (scopes: string) => (await command('token', mine, '--scopes', scopes)).out.trim();
  const call = (path: string, options: { method?: string; body?: unknown; token?: string } = {}) =>
    fetch(`http://127.0.0.1:${served.ports.http}/subscriber/v1${path}`, {
      method: options.method ?? 'GET',
      headers: { authorization: `Bearer ${options.token ?? token}`, 'content-type': 'application/json' },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
  type Listed = { sha256: string; serial: string; status: string; renewal: { now: boolean } | null };
  const listed = async () => ((await (await call('/certificates')).json()) as { certificates: Listed[] }).certificates;
  const fingerprintOf = async (serial: string) => (await listed()).find((one) => one.serial === serial)!.sha256;

  test('a token sees the certificates of its subscriber and nobody else’s', async () => {
    const all = await until(async () => ((await listed()).length > 0 ? listed() : null));
    expect(all.map((one) => one.serial)).toEqual([certificate.serial]);
    expect(all[0]).toMatchObject({ status: 'good', renewal: { now: false } });
    expect((await call('/certificates', { token: 'rsub_x_y' })).status).toBe(401);
    expect((await call('/certificates', { token: changed(token) })).status).toBe(401);
    const onlyRevoke = await tokenFor('revoke');
    expect(await (await call('/certificates', { token: onlyRevoke })).json()).toMatchObject({ code: 'out_of_scope' });
  });

  test('a token of another subscriber’s certificate, and a reason that is the CA’s, are refused', async () => {
    const theirs = (await tokenOf('ops@neighbour.example')).trim();
    const [other] = ((await (await call('/certificates', { token: theirs })).json()) as { certificates: Listed[] })
      .certificates;
    expect(other!.serial).toBe(neighbours.serial);
    const revoke = (sha256: string, body: unknown) => call(`/certificates/${sha256}/revoke`, { method: 'POST', body });
    expect((await revoke(other!.sha256, {})).status).toBe(404);
    const own = await fingerprintOf(certificate.serial);
    for (const reason of ['privilegeWithdrawn', 'certificateHold', 'aaCompromise', 7])
      expect(await (await revoke(own, { reason })).json()).toMatchObject({ status: 422 });
    expect(served.letters).toHaveLength(0);
  });

  const tokenOf = async (subscriber: string) => (await command('token', subscriber, '--scopes', 'list')).out;

  test('a request becomes a case at once and a revocation with the reason chosen, without a cut-off to wait for', async () => {
    const own = await fingerprintOf(certificate.serial);
    const asked = await call(`/certificates/${own}/revoke`, { method: 'POST', body: { reason: 'superseded' } });
    expect(asked.status).toBe(202);
    const first = (await asked.json()) as { receipt: string; reason: string };
    expect(first.reason).toBe('superseded');
    await until(async () => (await served.ocsp(certificate)).includes('revoked'));
    expect(await served.ocsp(certificate)).toMatch(/Response verify OK[\s\S]*revoked[\s\S]*superseded/);
    expect(await served.verify(neighbours)).toMatch(/: OK/);
    // Asked again it is told what is so; raising the reason to keyCompromise stays open to it (TLS BR 7.2.2).
    await until(async () => (await listed()).every((one) => one.status === 'revoked'));
    const again = await call(`/certificates/${own}/revoke`, { method: 'POST', body: {} });
    expect(await again.json()).toMatchObject({ status: 409, code: 'already_revoked' });
  });

  test('an ended token is good for nothing', async () => {
    const { id, token: text } = jsonLines((await command('token', mine, '--json')).out)[0] as {
      id: string;
      token: string;
    };
    expect((await call('/certificates', { token: text })).status).toBe(200);
    expect((await command('end-token', id)).code).toBe(0);
    expect((await call('/certificates', { token: text })).status).toBe(401);
    expect((await command('end-token', id)).code).toBe(1);
  });
});

describe('renew now, for those without ACME', { timeout: 300_000 }, () => {
  let served: Served;
  let receiver: Server;
  const taken: { body: string; headers: Record<string, string> }[] = [];
  let refuse = 1;
  beforeAll(async () => {
    served = await Served.open({ silenceSeconds: 900 });
    receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => {
        // The first one is lost on the way: it has to come again.
        if (refuse-- > 0) response.writeHead(503).end();
        else {
          taken.push({ body, headers: request.headers as Record<string, string> });
          response.writeHead(204).end();
        }
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await served.close();
    receiver.close();
  });

  test('is signed, says until when and that the key must change, and is sent until it is taken', async () => {
    const issued = await served.issue(['manual.holder.example'], mine);
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/renew`;
    const hook = (...args: string[]) =>
      rescind(['--config', served.config, 'subscribers', 'hook', mine, ...args], { env: { DATABASE_URL: '' } });
    expect((await hook('http://elsewhere.example/x')).code).toBe(2);
    const { secret } = jsonLines((await hook(url, '--json')).out)[0] as { secret: string };
    await served.report('ann@keywatch.example', 'This key is public.', [{ name: 'k.pem', content: issued.keyPem }]);
    const message = await until(() => taken[0]);
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    expect(verifyRenewNow(message, key, Temporal.Now.instant())).toBe(true);
    expect(verifyRenewNow({ ...message, body: `${message.body} ` }, key, Temporal.Now.instant())).toBe(false);
    expect(JSON.parse(message.body)).toMatchObject({
      type: 'certificate.renew-now',
      data: { subscriber: mine, certificates: [{ serial: issued.serial }], newKey: true },
    });
    expect(taken).toHaveLength(1);
  });

  test('the quarterly report counts who was told and who can replace, and names nobody', async () => {
    const folder = join(served.place.folder, 'report');
    const ended = await rescind(['--config', served.config, 'adoption', 'report', folder, '--staff', '--json'], {
      env: { DATABASE_URL: '' },
    });
    const [said] = jsonLines(ended.out) as { quarter: string; certificates: number; files: string[] }[];
    expect(said).toMatchObject({ certificates: 1, subscribers: 1, quarter: expect.stringMatching(/^20\d\d Q[1-4]$/) });
    const [html, markdown, table, staff] = said!.files.map((file) => readFileSync(file, 'utf8'));
    for (const open of [html, markdown, table]) expect(open).not.toContain(mine);
    expect(markdown).toMatch(/1 certificates were to be replaced, 0 were/);
    expect(html).toContain('<svg');
    expect(staff).toContain(`${mine},open,1,`);
  });
});

/**
 * A CA that is not the lab: `openssl ca` in a folder, driven through the `command` connector. Its certificates come from an
 * export, its subscribers from a list, its issuing certificate from the configuration, its CRL over HTTP.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPem } from '../../src/foundation/pki/pem.ts';
import { jsonLines, rescind } from './rescind.ts';
import { Served, until } from './served.ts';

const hook = fileURLToPath(new URL('../ca/openssl-ca-hook.mjs', import.meta.url));
const name = 'shop.elsewhere.example';

describe('a CA that is not the lab', { timeout: 300_000 }, () => {
  let served: Served;
  let folder = '';
  let crls: Server;
  let crlUrl = '';
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }).toString();

  beforeAll(async () => {
    // RFC 5280 4.2.1.13: DER at a distribution point; `openssl ca` writes PEM.
    crls = createServer((_, response) => response.end(readPem(readFileSync(join(folder, 'ca.crl'), 'utf8'))[0]?.bytes));
    await new Promise<void>((resolve) => crls.listen(0, '127.0.0.1', resolve));
    crlUrl = `http://127.0.0.1:${(crls.address() as AddressInfo).port}/ca.crl`;
    served = await Served.open({
      silenceSeconds: 3,
      settings: (place) => {
        folder = join(place, 'ca');
        mkdirSync(join(folder, 'new'), { recursive: true });
        anOpensslCa();
        return {
          ca: {
            connector: 'command',
            issuers: [join(folder, 'ca.pem')],
            settings: {
              command: [process.execPath, hook, folder],
              look: [process.execPath, hook, folder],
              publish: [process.execPath, hook, folder],
              raisesReason: false,
            },
          },
        };
      },
    });
  });
  afterAll(async () => {
    await served?.close();
    crls.close();
  });

  function anOpensslCa(): void {
    const extensions = `[leaf]\nsubjectAltName=DNS:${name}\ncrlDistributionPoints=URI:${crlUrl}\nauthorityKeyIdentifier=keyid\n`;
    const ca =
      '[ca]\ndefault_ca=d\n[d]\ndir=.\ndatabase=index.txt\nserial=serial\ncrlnumber=crlnumber\nnew_certs_dir=new\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\ndefault_days=30\ndefault_crl_days=7\npolicy=p\nunique_subject=no\nx509_extensions=leaf\ncrl_extensions=crl\n[p]\ncommonName=supplied\n[crl]\nauthorityKeyIdentifier=keyid\n';
    for (const [file, text] of Object.entries({ 'index.txt': '', serial: '1000\n', crlnumber: '01\n' }))
      writeFileSync(join(folder, file), text);
    writeFileSync(join(folder, 'ca.cnf'), `${ca}${extensions}`);
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Elsewhere CA', '-days', '60');
    openssl('req', ...ec, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', `/CN=${name}`);
    openssl('ca', '-config', 'ca.cnf', '-batch', '-notext', '-in', 'leaf.csr', '-out', 'leaf.pem');
    // Another CRL is issued only when the desk asks for it.
    openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'ca.crl');
  }

  const command = async (...args: string[]) => {
    const ended = await rescind(['--config', served.config, ...args], { env: { DATABASE_URL: '' } });
    return { code: ended.code, said: jsonLines(ended.out) as Record<string, unknown>[], err: ended.err };
  };

  test('takes a leaked key to a revocation that relying parties see', async () => {
    const rows = `certificate,subscriber\n"${readFileSync(join(folder, 'leaf.pem'), 'utf8')}",C-17\n`;
    writeFileSync(join(folder, 'export.csv'), rows);
    writeFileSync(
      join(folder, 'people.csv'),
      'subscriber,name,addresses\nC-17,Elsewhere,ops@elsewhere.example\n,x,y\n',
    );
    expect((await command('inventory', 'import', join(folder, 'export.csv'), '--json')).said).toMatchObject([
      { stored: 1 },
    ]);
    expect((await command('subscribers', 'import', join(folder, 'people.csv'), '--json')).said).toMatchObject([
      { read: 2, stored: 1, rejected: [{ problem: 'no subscriber' }] },
    ]);
    const answer = await served.report('ann@keywatch.example', `The key of ${name} is public.`, [
      { name: 'leaf.key', content: readFileSync(join(folder, 'leaf.key')) },
    ]);
    expect(answer).toMatch(/^250 /);
    await until(async () => {
      const log = await fetch(`http://127.0.0.1:${served.ports.http}/api/v1/log?limit=500`);
      const { rows: events = [] } = (await log.json()) as { rows?: { type: string }[] };
      return events.some((event) => event.type === 'RevocationPublished');
    });
    expect(openssl('crl', '-in', 'ca.crl', '-noout', '-text')).toMatch(/Serial Number: 1000[\s\S]*Key Compromise/);
    expect(openssl('verify', '-CAfile', 'ca.pem', 'leaf.pem')).toMatch(/OK/);
    expect(() => openssl('verify', '-crl_check', '-CRLfile', 'ca.crl', '-CAfile', 'ca.pem', 'leaf.pem')).toThrow();
    expect(served.lettersTo('ops@elsewhere.example').length).toBeGreaterThan(0);
  });

  test('is refused without its issuing certificates, for no clock could ever stop', async () => {
    const kept = JSON.parse(readFileSync(served.config, 'utf8')) as { ca: Record<string, unknown> };
    const check = async (ca: Record<string, unknown>) => {
      const file = await served.place.file('other.json', JSON.stringify({ ...kept, ca }));
      const { code, said } = await command('config', 'check', file, '--json');
      return { code, problems: said[0]?.problems };
    };
    expect(await check(kept.ca)).toEqual({ code: 0, problems: [] });
    expect(await check({ ...kept.ca, issuers: [] })).toMatchObject({ code: 1, problems: [{ path: 'ca.issuers' }] });
    expect(await check({ ...kept.ca, issuers: [join(folder, 'leaf.pem')] })).toMatchObject({
      problems: [{ path: 'ca.issuers', message: expect.stringContaining('is no CA') }],
    });
    expect(await check({ ...kept.ca, issuers: [join(folder, 'ca.cnf')] })).toMatchObject({
      problems: [{ path: 'ca.issuers', message: expect.stringContaining('holds no certificate') }],
    });
    expect(await check({ ...kept.ca, connector: 'own' })).toMatchObject({ problems: [{ path: 'ca.connector' }] });
    expect(await check({ ...kept.ca, settings: {} })).toMatchObject({ problems: [{ path: 'ca.settings.command' }] });
  });
});

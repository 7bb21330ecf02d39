/**
 * The lab CA's products under pkilint, a linter that CAs use. It is a Python package and not one of ours: set
 * RESCIND_PKILINT to the `bin` folder of an environment that has it (`pip install pkilint`), or have it on the path.
 */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertId, makeOcspRequest } from '../../src/foundation/pki/ocsp.ts';
import { writePem } from '../../src/foundation/pki/pem.ts';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import { spkiOfKey } from '../../src/lab-ca/certificate.ts';
import { aLab, someSpki } from './lab.ts';

const bin = process.env.RESCIND_PKILINT ?? '';
const command = (name: string) => (bin === '' ? name : join(bin, name));
const installed = spawnSync(command('lint_crl'), ['-h']).status === 0;
if (!installed) console.warn('pkilint is not installed: set RESCIND_PKILINT to its bin folder to run these tests.');

describe.skipIf(!installed)('pkilint finds no error', () => {
  let folder: string;
  let lab: Awaited<ReturnType<typeof aLab>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rescind-pkilint-'));
    lab = await aLab({ start: '2026-06-01T00:00:00Z', baseUrl: 'http://ca.example.com' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const lint = (tool: string, args: readonly string[], bytes: Uint8Array, label: string): string => {
    const file = join(folder, 'object.pem');
    if (label === 'DER') writeFileSync(file, bytes);
    else writeFileSync(file, writePem(label, bytes));
    const ran = spawnSync(command(tool), ['lint', '-s', 'ERROR', ...args, file], { encoding: 'utf8' });
    expect(ran.stderr).toBe('');
    return ran.stdout.trim();
  };
  const rsa = spkiOfKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

  test('in the hierarchy and in TLS leaves of every kind', async () => {
    const certificates = [lab.ca.root, lab.ca.issuerCertificate('tls')!];
    for (const profile of ['dv', 'ov', 'ev'] as const) {
      for (const spki of [someSpki, rsa])
        certificates.push((await lab.issue({ profile, spki, names: ['shop.example.com'] })).der);
    }
    certificates.push((await lab.issue({ precertificate: true, names: ['shop.example.com'] })).der);
    for (const der of certificates) expect(lint('lint_cabf_serverauth_cert', ['-d'], der, 'CERTIFICATE')).toBe('');
  });

  test('in an S/MIME leaf', async () => {
    const issued = await lab.ca.issue({ profile: 'smime', spki: someSpki, names: ['a@shop.example.com'] });
    expect(lint('lint_cabf_smime_cert', ['-d'], issued.der, 'CERTIFICATE')).toBe('');
  });

  test('in CRLs and OCSP answers', async () => {
    const leaf = await lab.issue();
    const request = makeOcspRequest(makeCertId(parseCertificate(leaf.issuer), leaf.serial));
    expect(lint('lint_ocsp_response', [], (await lab.ca.revocations.ocsp(request)).body, 'DER')).toBe('');
    await lab.revoke(leaf.serial);
    expect(lint('lint_ocsp_response', [], (await lab.ca.revocations.ocsp(request)).body, 'DER')).toBe('');
    for (const [path, type] of [
      ['/crl/tls-0.crl', 'CRL'],
      ['/crl/root.crl', 'CRL'],
    ] as const) {
      const crl = (await lab.ca.revocations.crl(path))!;
      for (const profile of ['BR', 'PKIX'])
        expect(lint('lint_crl', ['-t', type, '-p', profile], crl.der, 'X509 CRL')).toBe('');
    }
  });

  test('and does find one where there is one', async () => {
    const leaf = await lab.issue({ names: ['not_a_host'] });
    expect(lint('lint_cabf_serverauth_cert', ['-d'], leaf.der, 'CERTIFICATE')).toContain('ERROR');
  });
});

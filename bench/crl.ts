/** CRLs of the size of a bad day: written, signed, parsed, verified and searched; OpenSSL's parser beside it. */
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRevokedEntry, isCrlSignedBy, parseCrl, signCrl } from '../src/foundation/pki/crl.ts';
import { writeName } from '../src/foundation/pki/name.ts';
import { oid } from '../src/foundation/pki/oids.ts';
import { keyIdentifier } from '../src/foundation/pki/spki.ts';
import { serialText } from '../src/foundation/pki/x509.ts';
import { at } from '../src/foundation/time/time.ts';

export async function crlBench(options: { readonly entries?: number } = {}) {
  const entries = options.entries ?? 300_000;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
  const thisUpdate = at('2026-01-01T00:00:00Z');
  const serials = Array.from({ length: entries }, () => serialText(Uint8Array.of(0x40, ...randomBytes(15))));

  const encoding = performance.now();
  const encoded = serials.map((serial) =>
    encodeRevokedEntry({ serial, revokedAt: thisUpdate, reason: 1, invalidityAt: null }),
  );
  const der = signCrl(
    {
      issuerDer: writeName([{ type: oid.commonName, value: 'Bench CA' }]),
      aki: keyIdentifier(spki),
      number: 1n,
      thisUpdate,
      nextUpdate: thisUpdate.add({ hours: 24 }),
      urls: ['http://ca.bench.example/1.crl'],
      only: 'user',
      entries: encoded,
    },
    privateKey,
  );
  const encodedMs = performance.now() - encoding;

  const parsing = performance.now();
  const crl = parseCrl(der);
  if (!isCrlSignedBy(crl, { spki })) throw new Error('the CRL does not verify');
  crl.duplicates();
  const parsedMs = performance.now() - parsing;

  const searching = performance.now();
  for (const serial of serials) if (crl.find(serial)?.reason !== 1) throw new Error(`${serial} was not found`);
  const foundMs = performance.now() - searching;
  return {
    name: 'crl',
    figures: {
      entries,
      bytes: der.length,
      encodeAndSignMs: Math.round(encodedMs),
      parseVerifyIndexMs: Math.round(parsedMs),
      entriesPerSecond: Math.round((entries / parsedMs) * 1000),
      findsPerSecond: Math.round((entries / foundMs) * 1000),
    },
    unit: 'milliseconds for the whole list; entries and finds per second',
    peers: { openssl: { parseMs: opensslParse(der) } },
    limit: 'a million entries per second read and verified',
  };
}

function opensslParse(der: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'rescind-bench-crl-'));
  try {
    writeFileSync(join(folder, 'a.crl'), der);
    const startedAt = performance.now();
    execFileSync('openssl', ['crl', '-inform', 'DER', '-in', 'a.crl', '-noout', '-crlnumber'], {
      cwd: folder,
      stdio: 'ignore',
    });
    return Math.round(performance.now() - startedAt);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

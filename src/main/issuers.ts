/**
 * The issuing CA's certificates, as files the operator names in `ca.issuers`. Without them no CRL and no OCSP answer can be
 * verified, so no revocation could ever be seen as published and no clock could stop.
 */
import { hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Issuers } from '../app/ca-parts.ts';
import { readPem } from '../foundation/pki/pem.ts';
import { type Certificate, parseCertificate } from '../foundation/pki/x509.ts';

/** A bundle of a large CA has a few hundred certificates of 2 kB. */
const fileBytesMax = 4_000_000;
const issuersMax = 5_000;

export interface IssuerProblem {
  readonly file: string;
  readonly message: string;
}

export interface IssuerFiles {
  readonly certificates: readonly Certificate[];
  readonly problems: readonly IssuerProblem[];
}

/** PEM with any number of certificates, or one certificate as DER. What cannot be used is said and left out. */
export async function readIssuerFiles(files: readonly string[]): Promise<IssuerFiles> {
  const certificates: Certificate[] = [];
  const problems: IssuerProblem[] = [];
  for (const file of files) {
    const bytes = await readBounded(file);
    if (typeof bytes === 'string') {
      problems.push({ file, message: bytes });
      continue;
    }
    const ders = certificatesIn(bytes);
    if (ders.length === 0) problems.push({ file, message: `${file} holds no certificate (PEM or DER).` });
    for (const der of ders) {
      const certificate = parsed(der);
      if (certificate === null) problems.push({ file, message: `${file} holds a certificate that cannot be read.` });
      else if (!certificate.isCa)
        problems.push({
          file,
          message: `${file} holds the certificate of ${certificate.names[0] ?? certificate.subject}, which is no CA; name the issuing CA's certificate.`,
        });
      else certificates.push(certificate);
    }
  }
  if (certificates.length > issuersMax)
    problems.push({ file: files[0] ?? '', message: `More than ${issuersMax} issuing certificates are named.` });
  return { certificates: certificates.slice(0, issuersMax), problems };
}

/**
 * Several certificates may share a name: a CA that changes its key keeps it. The authority key identifier of what they
 * issued tells them apart; where nobody gives one, the newest is taken, and a wrong guess shows as a bad signature.
 */
export function issuersFrom(certificates: readonly Certificate[]): Issuers {
  const byName = Map.groupBy(
    certificates.toSorted((a, b) => Temporal.Instant.compare(b.notBefore, a.notBefore)),
    (certificate) => hash('sha256', certificate.subjectDer, 'hex'),
  );
  return (issuerHash, authorityKeyId) => {
    const named = byName.get(issuerHash) ?? [];
    const exact = authorityKeyId == null ? undefined : named.find((one) => one.ski === authorityKeyId);
    return (exact ?? named[0])?.der ?? null;
  };
}

/** Asks one after the other; the first that knows answers. */
export function firstOf(...all: readonly Issuers[]): Issuers {
  return (issuerHash, authorityKeyId) => {
    for (const one of all) {
      const der = one(issuerHash, authorityKeyId);
      if (der !== null) return der;
    }
    return null;
  };
}

async function readBounded(file: string): Promise<Uint8Array | string> {
  try {
    const handle = await open(file, 'r');
    try {
      if ((await handle.stat()).size > fileBytesMax)
        return `${file} is larger than 4 MB; this is no bundle of issuers.`;
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return `${file} cannot be read (${code ?? 'unreadable'}).`;
  }
}

function certificatesIn(bytes: Uint8Array): readonly Uint8Array[] {
  // 0x30: a SEQUENCE. Text never begins with this and a length of two octets.
  if (bytes[0] === 0x30 && bytes[1] === 0x82) return [bytes];
  return readPem(Buffer.from(bytes).toString('latin1'))
    .filter(({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE' || label === 'TRUSTED CERTIFICATE')
    .map((block) => block.bytes);
}

function parsed(der: Uint8Array): Certificate | null {
  try {
    return parseCertificate(der);
  } catch {
    return null;
  }
}

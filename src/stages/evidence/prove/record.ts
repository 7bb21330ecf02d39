/**
 * The durable proof of possession (design, promise 7): a fresh statement signed by the submitted key, that anybody can
 * check years later with nothing but the certificate. It holds no secret and may be published in an incident report.
 */
import { constants, hash, type KeyObject, type SignKeyObjectInput, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import type { ProofRecord } from '../../../desk/facts.ts';
import { DerError } from '../../../foundation/pki/der.ts';
import { canonicalSpki, keyHashes, publicKeyFor } from '../../../foundation/pki/spki.ts';
import { spkiOf } from '../../../foundation/pki/x509.ts';

/** The first line keeps the signature from meaning anything in another protocol. */
const DOMAIN = 'Rescind proof of possession of a private key, version 1';
const PURPOSE =
  'Whoever made this signature held the private key of the public key named above, which was handed in as evidence of its compromise.';

export interface StatementFacts {
  readonly reportId: string;
  /** RFC 3339 */
  readonly receivedAt: string;
  /** Canonical SPKI, lower-case hex. */
  readonly spkiSha256: string;
  /** 32 random bytes */
  readonly nonce: Uint8Array;
}

export function proofStatement(facts: StatementFacts): string {
  return [
    DOMAIN,
    `report: ${oneLine(facts.reportId)}`,
    `received: ${oneLine(facts.receivedAt)}`,
    `spki-sha256: ${facts.spkiSha256}`,
    `nonce: ${Buffer.from(facts.nonce).toString('hex')}`,
    PURPOSE,
    '',
  ].join('\n');
}

function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

const PSS = 'RSASSA-PSS-SHA256';
const PKCS1 = 'RSASSA-PKCS1-v1_5-SHA256';

/** Algorithm names by key, and how OpenSSL is asked for them. */
function signingOf(key: KeyObject): { algorithm: string; digest: string | null; how: SignKeyObjectInput } {
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      // PSS with SHA-256 and a salt of 32 bytes needs 66 bytes of modulus.
      return (key.asymmetricKeyDetails?.modulusLength ?? 0) < 528
        ? { algorithm: PKCS1, digest: 'sha256', how: { key, padding: constants.RSA_PKCS1_PADDING } }
        : { algorithm: PSS, digest: 'sha256', how: { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } };
    case 'ec': {
      const digest = ecDigest(key);
      return { algorithm: `ECDSA-${digest.toUpperCase()}`, digest, how: { key } };
    }
    case 'ed25519':
      return { algorithm: 'Ed25519', digest: null, how: { key } };
    case 'ed448':
      return { algorithm: 'Ed448', digest: null, how: { key } };
    default:
      return {
        algorithm: `${(key.asymmetricKeyType ?? 'unknown').toUpperCase()}-SHA256`,
        digest: 'sha256',
        how: { key },
      };
  }
}

function ecDigest(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === 'secp384r1' ? 'sha384' : curve === 'secp521r1' ? 'sha512' : 'sha256';
}

/** Whether `signature` over `statement` verifies under `key` by the named algorithm, which must fit the key. */
export function verifyStatement(key: KeyObject, algorithm: string, statement: string, signature: Uint8Array): boolean {
  const data = Buffer.from(statement, 'utf8');
  const type = key.asymmetricKeyType;
  try {
    if (algorithm === PSS && (type === 'rsa' || type === 'rsa-pss')) {
      return verify('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }, signature);
    }
    if (algorithm === PKCS1 && type === 'rsa') {
      return verify('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    }
    if (type === 'ec' && algorithm === `ECDSA-${ecDigest(key).toUpperCase()}`)
      return verify(ecDigest(key), data, key, signature);
    if ((type === 'ed25519' && algorithm === 'Ed25519') || (type === 'ed448' && algorithm === 'Ed448')) {
      return verify(null, data, key, signature);
    }
    return type === 'dsa' && algorithm === 'DSA-SHA256' && verify('sha256', data, key, signature);
  } catch {
    return false;
  }
}

export interface ProofCheck {
  readonly ok: boolean;
  readonly spkiSha256: string | null;
  readonly statement: string | null;
  /** Why not, in words; null when ok. */
  readonly problem: string | null;
}

/**
 * Checks a record, and with `certificate` (DER) that it proves possession of *that certificate's* key, under the key as
 * it stands there. Takes anything that was read from a file; never throws for bad input.
 */
export function verifyProof(record: unknown, certificate?: Uint8Array): ProofCheck {
  const parts = readRecord(record);
  if (parts === null) return failed(null, null, 'this is not a proof record of version 1');
  const { statement, spki, algorithm, signature } = parts;
  let spkiSha256: string;
  try {
    spkiSha256 = keyHashes(spki).canonical;
    const stated = /^spki-sha256: ([0-9a-f]{64})$/m.exec(statement)?.[1];
    if (!statement.startsWith(`${DOMAIN}\n`) || stated === undefined) {
      return failed(spkiSha256, statement, 'the statement is not one of this kind');
    }
    if (stated !== spkiSha256) return failed(spkiSha256, statement, 'the statement names another key than the record');
    const under = certificate === undefined ? spki : spkiOf(certificate);
    if (certificate !== undefined && keyHashes(under).canonical !== spkiSha256) {
      return failed(spkiSha256, statement, 'the certificate carries another key');
    }
    const key = publicKeyFor(under);
    if (!exponentProves(key)) return failed(spkiSha256, statement, 'an RSA exponent below 3 proves nothing');
    if (!verifyStatement(key, algorithm, statement, signature)) {
      return failed(spkiSha256, statement, 'the signature does not verify under this public key');
    }
    return { ok: true, spkiSha256, statement, problem: null };
  } catch (cause) {
    if (cause instanceof DerError) return failed(null, statement, 'the public key or certificate cannot be read');
    throw cause;
  }
}

function failed(spkiSha256: string | null, statement: string | null, problem: string): ProofCheck {
  return { ok: false, spkiSha256, statement, problem };
}

/** With e = 1 everybody can "sign": the signature is the padded message itself. */
export function exponentProves(key: KeyObject): boolean {
  const e = key.asymmetricKeyDetails?.publicExponent;
  return e === undefined || (e >= 3n && (e & 1n) === 1n);
}

function readRecord(record: unknown): { statement: string; spki: Buffer; algorithm: string; signature: Buffer } | null {
  if (typeof record !== 'object' || record === null) return null;
  const { version, statement, spki, algorithm, signature } = record as Record<string, unknown>;
  if (version !== 1 || typeof statement !== 'string' || typeof spki !== 'string') return null;
  if (typeof algorithm !== 'string' || typeof signature !== 'string' || statement.length > 10_000) return null;
  return { statement, algorithm, spki: Buffer.from(spki, 'base64'), signature: Buffer.from(signature, 'base64') };
}

/** A record under `spki`, or null when the signature does not verify under it. */
export function makeRecord(key: KeyObject, spki: Uint8Array, facts: ProofFacts): ProofRecord | null {
  try {
    const draft = draftOf(key, spki, facts);
    return draft === null ? null : finished(draft, sign(draft.digest, Buffer.from(draft.statement, 'utf8'), draft.how));
  } catch {
    // OpenSSL refuses numbers that are no key; what cannot sign proves nothing.
    return null;
  }
}

/** The same with the signature made on another thread, for whoever has something else to do meanwhile. */
export async function makeRecordAside(
  key: KeyObject,
  spki: Uint8Array,
  facts: ProofFacts,
): Promise<ProofRecord | null> {
  try {
    const draft = draftOf(key, spki, facts);
    if (draft === null) return null;
    return finished(draft, await signAside(draft.digest, Buffer.from(draft.statement, 'utf8'), draft.how));
  } catch {
    return null;
  }
}

export type ProofFacts = Omit<StatementFacts, 'spkiSha256'>;

const signAside: (digest: string | null, data: Buffer, how: SignKeyObjectInput) => Promise<Buffer> = promisify(sign);

interface Draft extends ReturnType<typeof signingOf> {
  readonly spki: Uint8Array;
  readonly publicKey: KeyObject;
  readonly statement: string;
}

function draftOf(key: KeyObject, spki: Uint8Array, facts: ProofFacts): Draft | null {
  const publicKey = publicKeyFor(spki);
  if (!exponentProves(publicKey)) return null;
  const spkiSha256 = hash('sha256', canonicalSpki(spki), 'hex');
  return { ...signingOf(key), spki, publicKey, statement: proofStatement({ ...facts, spkiSha256 }) };
}

function finished({ algorithm, statement, spki, publicKey }: Draft, signature: Buffer): ProofRecord | null {
  if (!verifyStatement(publicKey, algorithm, statement, signature)) return null;
  return {
    version: 1,
    statement,
    spki: Buffer.from(spki).toString('base64'),
    algorithm,
    signature: signature.toString('base64'),
  };
}

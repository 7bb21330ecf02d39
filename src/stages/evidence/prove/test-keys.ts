/** Keys, certificates and forgeries for tests, made when they are needed. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import type { Fingerprint } from '../../../foundation/brand.ts';
import { der } from '../../../foundation/pki/der.ts';
import { signatureAlgorithmFor, signed } from '../../../foundation/pki/signature.ts';
import { parseCertificate } from '../../../foundation/pki/x509.ts';
import { at } from '../../../foundation/time/time.ts';
import type { PrivateMaterial, RsaPrivate } from '../extract/found.ts';
import { readPrivateKey } from '../extract/private-key.ts';
import { evidencePolicy } from '../policy.ts';
import { groupByKey } from '../room/room.ts';
import { inventoryOf, type JudgeContext } from './context.ts';

export type Pair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

export const anRsaKey = (bits = 2048): Pair => generateKeyPairSync('rsa', { modulusLength: bits });
export const anEcKey = (namedCurve = 'P-256'): Pair => generateKeyPairSync('ec', { namedCurve });

export const spkiOfKey = (pair: Pair): Buffer => pair.publicKey.export({ format: 'der', type: 'spki' });
export const materialOf = (pair: Pair): PrivateMaterial =>
  readPrivateKey(pair.privateKey.export({ format: 'der', type: 'pkcs8' }))!.key;
export const rsaMaterial = (pair: Pair): RsaPrivate => materialOf(pair) as RsaPrivate;

const name = (commonName: string) => der.sequence(der.set(der.sequence(der.oid('2.5.4.3'), der.utf8(commonName))));

/** A self-signed certificate for the key; with `spki`, for that encoding of it (signed by another key then). */
export function aCertificate(pair: Pair, options: { spki?: Uint8Array; commonName?: string } = {}): Buffer {
  const subject = name(options.commonName ?? 'shop.customer.example');
  const tbs = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(Uint8Array.from([0x4a, ...randomBytes(12)])),
    signatureAlgorithmFor(pair.privateKey).identifier,
    subject,
    der.sequence(der.time(at('2026-01-01T00:00:00Z')), der.time(at('2036-01-01T00:00:00Z'))),
    subject,
    options.spki ?? spkiOfKey(pair),
  );
  return Buffer.from(signed(tbs, pair.privateKey));
}

/** PKCS#10, signed by `signer`. */
export function aCsr(pair: Pair, commonName: string, options: { signer?: Pair; more?: string } = {}): Buffer {
  const subject =
    options.more === undefined
      ? name(commonName)
      : der.sequence(
          der.set(der.sequence(der.oid('2.5.4.3'), der.utf8(commonName))),
          der.set(der.sequence(der.oid('2.5.4.10'), der.utf8(options.more))),
        );
  const info = der.sequence(der.integer(0), subject, spkiOfKey(pair), der.explicit(0));
  return Buffer.from(signed(info, (options.signer ?? pair).privateKey));
}

export function fingerprintOf(certificate: Buffer): Fingerprint {
  return parseCertificate(certificate).fingerprint;
}

export function aContext(certificates: readonly Buffer[], more: Partial<JudgeContext> = {}): JudgeContext {
  return {
    reportId: 'report-1',
    receivedAt: '2026-03-07T20:00:00Z',
    randomBytes: (count) => randomBytes(count),
    inventory: inventoryOf(groupByKey(certificates.map((der) => ({ fingerprint: fingerprintOf(der), der })))),
    policy: evidencePolicy,
    lists: [],
    challenges: [],
    enrolledCsrs: new Set(),
    claimed: true,
    ...more,
  };
}

/** The forgeries of the scenario schema: the victim's public part with another private part. */
export function forgedRsa(variant: string, victim: RsaPrivate, other: RsaPrivate): RsaPrivate {
  switch (variant) {
    case 'private-foreign':
      return { ...other, n: victim.n, e: victim.e };
    case 'd-foreign':
      return { ...victim, d: other.d, primes: [], crt: null };
    case 'pq-foreign':
      return { ...victim, primes: other.primes, crt: other.crt, d: other.d };
    case 'd-one':
      return { kind: 'rsa', n: victim.n, e: 1n, d: 1n, primes: [], crt: null };
    default:
      throw new Error(variant);
  }
}

/** PKCS#1 of whatever numbers are given, as a forger would write it. */
export function pkcs1Of(key: RsaPrivate): Buffer {
  const [p, q] = key.primes;
  const [dp, dq, qi] = key.crt ?? [1n, 1n, 1n];
  return Buffer.from(
    der.sequence(
      der.integer(0),
      ...[key.n ?? 0n, key.e ?? 0n, key.d ?? 0n, p ?? 3n, q ?? 5n, dp, dq, qi].map((v) => der.integer(v)),
    ),
  );
}

export const nodeKey = (bytes: Buffer, type: 'pkcs1' | 'pkcs8' | 'sec1'): KeyObject =>
  createPrivateKey({ key: bytes, format: 'der', type });
export const nodeSpki = (key: KeyObject): Buffer => createPublicKey(key).export({ format: 'der', type: 'spki' });
export const nodeCertificate = (bytes: Buffer): X509Certificate => new X509Certificate(bytes);

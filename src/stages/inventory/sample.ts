/**
 * Certificates made up for tests and benches: real DER, keys of the right shape that nobody holds, signatures that
 * verify under nothing. A hundred thousand take a second, which issuing them would not.
 */
import { randomBytes } from 'node:crypto';
import { der } from '../../foundation/pki/der.ts';
import { oid } from '../../foundation/pki/oids.ts';
import { serialBytes } from '../../foundation/pki/x509.ts';
import { at, type Instant } from '../../foundation/time/time.ts';

export interface Sample {
  readonly serial?: string;
  readonly names?: readonly string[];
  readonly commonName?: string;
  readonly mailboxes?: readonly string[];
  readonly issuer?: string;
  /** Hex keyIdentifier of the issuer; null leaves the extension out. */
  readonly authorityKeyId?: string | null;
  readonly spki?: Uint8Array;
  readonly notBefore?: Instant;
  readonly notAfter?: Instant;
  readonly precertificate?: boolean;
}

/** A P-256 key in the usual spelling; the point is random and on no curve. */
export function sampleKey(): Uint8Array {
  return der.sequence(
    der.sequence(der.oid(oid.ecPublicKey), der.oid(oid.p256)),
    der.bits(Buffer.concat([Buffer.of(4), randomBytes(64)])),
  );
}

/** An RSA-2048 key in the spelling asked for; `without-null` and `pss` are the same key to a verifier. */
export function sampleRsaKey(
  modulus: Uint8Array,
  spelling: 'plain' | 'without-null' | 'pss' = 'plain',
  exponent = 65537,
): Uint8Array {
  const algorithm =
    spelling === 'pss'
      ? der.sequence(der.oid(oid.rsassaPss))
      : spelling === 'without-null'
        ? der.sequence(der.oid(oid.rsaEncryption))
        : der.sequence(der.oid(oid.rsaEncryption), der.null());
  return der.sequence(algorithm, der.bits(der.sequence(der.integer(modulus), der.integer(exponent))));
}

export function sampleModulus(): Uint8Array {
  const modulus = randomBytes(256);
  modulus[0]! |= 0x80;
  modulus[255]! |= 1;
  return modulus;
}

const signature = der.bits(new Uint8Array(64).fill(7));
const signedWith = der.sequence(der.oid(oid.ecdsaWithSha256));

export function sampleCertificate(sample: Sample = {}): Uint8Array {
  const name = (text: string) => der.sequence(der.set(der.sequence(der.oid(oid.commonName), der.utf8(text))));
  const names = [
    ...(sample.names ?? ['www.shop.example']).map((dns) => der.implicit(2, Buffer.from(dns, 'latin1'))),
    ...(sample.mailboxes ?? []).map((mailbox) => der.implicit(1, Buffer.from(mailbox, 'latin1'))),
  ];
  const authorityKeyId =
    sample.authorityKeyId === undefined ? '69885b6b87464041e1b37b847ba0ae2cde01c8d4' : sample.authorityKeyId;
  const extension = (name: string, value: Uint8Array, critical = false) =>
    der.sequence(der.oid(name), ...(critical ? [der.boolean(true)] : []), der.octets(value));
  const extensions = [
    ...(names.length > 0 ? [extension(oid.subjectAltName, der.sequence(...names))] : []),
    ...(authorityKeyId === null
      ? []
      : [extension(oid.authorityKeyIdentifier, der.sequence(der.implicit(0, Buffer.from(authorityKeyId, 'hex'))))]),
    extension(oid.extKeyUsage, der.sequence(der.oid(oid.serverAuth))),
    extension(oid.certificatePolicies, der.sequence(der.sequence(der.oid(oid.policyDv)))),
    ...(sample.precertificate ? [extension(oid.precertificatePoison, der.null(), true)] : []),
  ];
  const tbs = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(serialBytes(sample.serial ?? `4a${randomBytes(8).toString('hex')}`)),
    signedWith,
    name(sample.issuer ?? 'Example TLS CA 1'),
    der.sequence(
      der.time(sample.notBefore ?? at('2026-06-01T00:00:00Z')),
      der.time(sample.notAfter ?? at('2026-08-30T00:00:00Z')),
    ),
    name(sample.commonName ?? sample.names?.[0] ?? 'www.shop.example'),
    sample.spki ?? sampleKey(),
    der.explicit(3, der.sequence(...extensions)),
  );
  return der.sequence(tbs, signedWith, signature);
}

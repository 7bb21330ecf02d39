/**
 * What certificates of the lab CA look like. The shapes follow TLS BR 7.1.2 (and SBR, CSBR for the other profiles) so
 * that public linters find nothing to say; what does not change from one certificate to the next is encoded once.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Serial } from '../foundation/brand.ts';
import { der } from '../foundation/pki/der.ts';
import { type NameAttribute, writeName } from '../foundation/pki/name.ts';
import { oid } from '../foundation/pki/oids.ts';
import { type Signing, signatureAlgorithmFor } from '../foundation/pki/signature.ts';
import { keyIdentifier } from '../foundation/pki/spki.ts';
import { serialBytes, writeAlternativeNames } from '../foundation/pki/x509.ts';
import type { Instant } from '../foundation/time/time.ts';

export const leafProfiles = ['dv', 'ov', 'ev', 'smime', 'code-signing'] as const;
export type LeafProfile = (typeof leafProfiles)[number];

/** An issuing CA serves one kind of certificate, as the BRs demand: their EKUs do not mix. */
export const issuerIds = ['tls', 'smime', 'code-signing'] as const;
export type IssuerId = (typeof issuerIds)[number];

export function issuerFor(profile: LeafProfile): IssuerId {
  return profile === 'smime' || profile === 'code-signing' ? profile : 'tls';
}

export interface Signer {
  readonly subjectDer: Uint8Array;
  readonly spki: Uint8Array;
  readonly key: KeyObject;
}

export interface LeafShape {
  readonly spki: Uint8Array;
  readonly serial: Serial;
  readonly names: readonly string[];
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly profile: LeafProfile;
  readonly organization: string;
  /** CRLDP; null leaves it out, which the BRs allow only for short-lived certificates. */
  readonly crlUrl: string | null;
  readonly ocspUrl: string | null;
  readonly issuerUrl: string;
  readonly precertificate: boolean;
}

/**
 * `amongMany` signs on the thread pool, so that a population is issued on every core; for one certificate the way there and
 * back costs more than the signature.
 */
export async function signLeaf(shape: LeafShape, issuer: Signer, amongMany: boolean): Promise<Uint8Array> {
  const algorithm = algorithmOf(issuer);
  const tbs = leafTbs(shape, issuer);
  const signature = amongMany ? await algorithm.signAside(tbs) : algorithm.sign(tbs);
  return der.sequence(tbs, algorithm.identifier, der.bits(signature));
}

function leafTbs(shape: LeafShape, issuer: Signer): Uint8Array {
  const subject = leafSubject(shape);
  return tbsOf(
    {
      serial: shape.serial,
      issuerDer: issuer.subjectDer,
      notBefore: shape.notBefore,
      notAfter: shape.notAfter,
      subjectDer: writeName(subject),
      spki: shape.spki,
      extensions: [
        digitalSignature,
        extendedKeyUsage(leafUsage(shape.profile)),
        policies(leafPolicy[shape.profile]),
        authorityKey(issuer),
        access(shape.ocspUrl, shape.issuerUrl),
        ...(shape.crlUrl === null ? [] : [distributionPoint(shape.crlUrl)]),
        // RFC 5280 section 4.2.1.6: critical when the subject says nothing.
        extension(oid.subjectAltName, writeAlternativeNames(shape.names), subject.length === 0),
        ...(shape.precertificate ? [extension(oid.precertificatePoison, der.null(), true)] : []),
      ],
    },
    issuer,
  );
}

export function signRoot(root: Signer, serial: Serial, notBefore: Instant, notAfter: Instant): Uint8Array {
  return signTbs(
    {
      serial,
      issuerDer: root.subjectDer,
      notBefore,
      notAfter,
      subjectDer: root.subjectDer,
      spki: root.spki,
      extensions: [
        extension(oid.basicConstraints, der.sequence(der.boolean(true)), true),
        caKeyUsage,
        extension(oid.subjectKeyIdentifier, der.octets(keyIdentifier(root.spki))),
        authorityKey(root),
      ],
    },
    root,
  );
}

export function signIssuer(
  shape: {
    readonly id: IssuerId;
    readonly subjectDer: Uint8Array;
    readonly spki: Uint8Array;
    readonly serial: Serial;
    readonly notBefore: Instant;
    readonly notAfter: Instant;
    readonly crlUrl: string;
    readonly rootUrl: string;
  },
  root: Signer,
): Uint8Array {
  return signTbs(
    {
      ...shape,
      issuerDer: root.subjectDer,
      extensions: [
        extension(oid.basicConstraints, der.sequence(der.boolean(true), der.integer(0)), true),
        caKeyUsage,
        extendedKeyUsage(issuerUsage[shape.id]),
        policies(issuerPolicies[shape.id]),
        extension(oid.subjectKeyIdentifier, der.octets(keyIdentifier(shape.spki))),
        authorityKey(root),
        access(null, shape.rootUrl),
        distributionPoint(shape.crlUrl),
      ],
    },
    root,
  );
}

/* ---- subject and usage by profile ---- */

/** X.520 ub-common-name. */
const commonNameMax = 64;

function leafSubject(shape: LeafShape): NameAttribute[] {
  const name = shape.names.find((candidate) => candidate.length <= commonNameMax);
  const commonName = name === undefined ? [] : [{ type: oid.commonName, value: name }];
  const place = [
    { type: oid.country, value: 'IN' },
    { type: oid.state, value: 'Karnataka' },
    { type: oid.locality, value: 'Bengaluru' },
    { type: oid.organization, value: shape.organization },
  ];
  switch (shape.profile) {
    case 'dv':
    case 'smime':
      return commonName;
    case 'ov':
    case 'code-signing':
      return [...place, ...commonName];
    case 'ev':
      return [
        { type: oid.jurisdictionCountry, value: 'IN' },
        { type: oid.businessCategory, value: 'Private Organization' },
        { type: oid.serialNumber, value: 'U72900KA2008PTC000001' },
        ...place,
        ...commonName,
      ];
  }
}

const leafPolicy: Readonly<Record<LeafProfile, readonly string[]>> = {
  dv: [oid.policyDv],
  ov: [oid.policyOv],
  ev: [oid.policyEv],
  smime: [oid.policySmimeMailboxStrict],
  'code-signing': [oid.policyCodeSigning],
};

const issuerPolicies: Readonly<Record<IssuerId, readonly string[]>> = {
  // One reserved policy or anyPolicy, not several: TLS BR 7.1.2.10.5.
  tls: [oid.anyPolicy],
  smime: [oid.policySmimeMailboxStrict],
  'code-signing': [oid.policyCodeSigning],
};

const issuerUsage: Readonly<Record<IssuerId, readonly string[]>> = {
  tls: [oid.serverAuth],
  smime: [oid.emailProtection],
  'code-signing': [oid.codeSigning],
};

function leafUsage(profile: LeafProfile): readonly string[] {
  return issuerUsage[issuerFor(profile)];
}

/** BIT STRING of KeyUsage with its trailing zero bits cut off, as DER demands. */
function keyUsage(...bits: readonly number[]): Uint8Array {
  const value = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return extension(oid.keyUsage, der.bits(Uint8Array.of(value), 7 - Math.max(...bits)), true);
}

const caKeyUsage = keyUsage(0, 5, 6);
const digitalSignature = keyUsage(0);
/* ---- encoding ---- */

interface TbsShape {
  readonly serial: Serial;
  readonly issuerDer: Uint8Array;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly subjectDer: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

function signTbs(shape: TbsShape, issuer: Signer): Uint8Array {
  const algorithm = algorithmOf(issuer);
  const tbs = tbsOf(shape, issuer);
  return der.sequence(tbs, algorithm.identifier, der.bits(algorithm.sign(tbs)));
}

const algorithms = new WeakMap<KeyObject, Signing>();

function algorithmOf(issuer: Signer): Signing {
  let algorithm = algorithms.get(issuer.key);
  if (algorithm === undefined) {
    algorithm = signatureAlgorithmFor(issuer.key);
    algorithms.set(issuer.key, algorithm);
  }
  return algorithm;
}

function tbsOf(shape: TbsShape, issuer: Signer): Uint8Array {
  return der.sequence(
    version3,
    der.integer(serialBytes(shape.serial)),
    algorithmOf(issuer).identifier,
    shape.issuerDer,
    der.sequence(der.time(shape.notBefore), der.time(shape.notAfter)),
    shape.subjectDer,
    shape.spki,
    der.explicit(3, der.sequence(...shape.extensions)),
  );
}

const version3 = der.explicit(0, der.integer(2));

function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  return critical
    ? der.sequence(der.oid(id), der.boolean(true), der.octets(value))
    : der.sequence(der.oid(id), der.octets(value));
}

/** Extensions that repeat from certificate to certificate; keyed by their content, bounded. */
const encoded = new Map<string, Uint8Array>();
function once(name: string, write: () => Uint8Array): Uint8Array {
  let bytes = encoded.get(name);
  if (bytes === undefined) {
    bytes = write();
    if (encoded.size >= 1000) encoded.clear();
    encoded.set(name, bytes);
  }
  return bytes;
}

function extendedKeyUsage(usages: readonly string[]): Uint8Array {
  return once(`eku ${usages}`, () => extension(oid.extKeyUsage, der.sequence(...usages.map(der.oid))));
}

function policies(ids: readonly string[]): Uint8Array {
  return once(`policy ${ids}`, () =>
    extension(oid.certificatePolicies, der.sequence(...ids.map((id) => der.sequence(der.oid(id))))),
  );
}

const authorityKeys = new WeakMap<Uint8Array, Uint8Array>();
function authorityKey(issuer: Pick<Signer, 'spki'>): Uint8Array {
  let bytes = authorityKeys.get(issuer.spki);
  if (bytes === undefined) {
    bytes = extension(oid.authorityKeyIdentifier, der.sequence(der.implicit(0, keyIdentifier(issuer.spki))));
    authorityKeys.set(issuer.spki, bytes);
  }
  return bytes;
}

function uri(url: string): Uint8Array {
  return der.implicit(6, Buffer.from(url, 'latin1'));
}

function access(ocspUrl: string | null, issuerUrl: string): Uint8Array {
  return once(`aia ${ocspUrl} ${issuerUrl}`, () =>
    extension(
      oid.authorityInfoAccess,
      der.sequence(
        ...(ocspUrl === null ? [] : [der.sequence(der.oid(oid.aiaOcsp), uri(ocspUrl))]),
        der.sequence(der.oid(oid.aiaCaIssuers), uri(issuerUrl)),
      ),
    ),
  );
}

function distributionPoint(url: string): Uint8Array {
  return once(`crldp ${url}`, () =>
    extension(oid.crlDistributionPoints, der.sequence(der.sequence(der.explicit(0, der.explicit(0, uri(url)))))),
  );
}

/** SubjectPublicKeyInfo of a private or public key. */
export function spkiOfKey(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
}

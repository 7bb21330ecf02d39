/** Signatures under the algorithm identifiers of X.509: one table for certificates, CRLs, OCSP and PKCS#10. */
import { constants, sign as cryptoSign, verify as cryptoVerify, type KeyObject } from 'node:crypto';
import { DerError, DerReader, der, tag } from './der.ts';
import { oid } from './oids.ts';
import { publicKeyFor } from './spki.ts';

export interface SignatureAlgorithm {
  readonly digest: 'sha1' | 'sha256' | 'sha384' | 'sha512' | null;
  readonly kind: 'rsa' | 'rsa-pss' | 'ecdsa' | 'eddsa';
  readonly saltLength: number | null;
}

const algorithms: Readonly<Record<string, SignatureAlgorithm>> = {
  [oid.sha1WithRsa]: { digest: 'sha1', kind: 'rsa', saltLength: null },
  [oid.sha256WithRsa]: { digest: 'sha256', kind: 'rsa', saltLength: null },
  [oid.sha384WithRsa]: { digest: 'sha384', kind: 'rsa', saltLength: null },
  [oid.sha512WithRsa]: { digest: 'sha512', kind: 'rsa', saltLength: null },
  [oid.ecdsaWithSha1]: { digest: 'sha1', kind: 'ecdsa', saltLength: null },
  [oid.ecdsaWithSha256]: { digest: 'sha256', kind: 'ecdsa', saltLength: null },
  [oid.ecdsaWithSha384]: { digest: 'sha384', kind: 'ecdsa', saltLength: null },
  [oid.ecdsaWithSha512]: { digest: 'sha512', kind: 'ecdsa', saltLength: null },
  [oid.ed25519]: { digest: null, kind: 'eddsa', saltLength: null },
  [oid.ed448]: { digest: null, kind: 'eddsa', saltLength: null },
};

/** Null for an algorithm this house does not verify (MD5, DSA, unknown). */
export function readSignatureAlgorithm(identifier: Uint8Array): SignatureAlgorithm | null {
  const body = new DerReader(identifier).enter(tag.sequence, 'AlgorithmIdentifier');
  const name = body.oid('algorithm');
  if (name === oid.rsassaPss) return pss(body);
  return algorithms[name] ?? null;
}

/** Whether `signature` over `data` verifies under `spki`. Never throws: what cannot be read does not verify. */
export function verifySignature(of: {
  readonly data: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly spki: Uint8Array;
}): boolean {
  try {
    return verifyWith(publicKeyFor(of.spki), of);
  } catch {
    return false;
  }
}

export function verifyWith(
  key: KeyObject,
  of: { readonly data: Uint8Array; readonly algorithm: Uint8Array; readonly signature: Uint8Array },
): boolean {
  const algorithm = readSignatureAlgorithm(of.algorithm);
  if (algorithm === null) return false;
  // The algorithm must fit the key: an ECDSA signature is never tried under an RSA key or the other way round.
  const fits = { rsa: 'rsa', 'rsa-pss': 'rsa', ecdsa: 'ec', eddsa: '' }[algorithm.kind];
  if (fits !== '' && key.asymmetricKeyType !== fits) return false;
  if (algorithm.kind === 'eddsa' && !/^ed(25519|448)$/.test(key.asymmetricKeyType ?? '')) return false;
  const options =
    algorithm.kind === 'rsa-pss'
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltLength ?? 20 }
      : key;
  try {
    return cryptoVerify(algorithm.digest, of.data, options, of.signature);
  } catch {
    return false;
  }
}

export interface Signing {
  readonly identifier: Uint8Array;
  sign(data: Uint8Array): Uint8Array;
  /** On the runtime's thread pool: many at once use every core. */
  signAside(data: Uint8Array): Promise<Uint8Array>;
}

/** Signs with the algorithm that fits the key: ECDSA with the curve's hash, RSA PKCS#1 with SHA-256, Ed25519. */
export function signatureAlgorithmFor(key: KeyObject): Signing {
  switch (key.asymmetricKeyType) {
    case 'ec': {
      const curve = key.asymmetricKeyDetails?.namedCurve;
      if (curve === 'secp384r1') return signing(der.sequence(der.oid(oid.ecdsaWithSha384)), 'sha384', key);
      if (curve === 'secp521r1') return signing(der.sequence(der.oid(oid.ecdsaWithSha512)), 'sha512', key);
      return signing(der.sequence(der.oid(oid.ecdsaWithSha256)), 'sha256', key);
    }
    case 'rsa':
      return signing(der.sequence(der.oid(oid.sha256WithRsa), der.null()), 'sha256', key);
    case 'ed25519':
      return signing(der.sequence(der.oid(oid.ed25519)), null, key);
    default:
      throw new DerError(`no signature algorithm for a key of type ${key.asymmetricKeyType}`);
  }
}

function signing(identifier: Uint8Array, digest: string | null, key: KeyObject): Signing {
  return {
    identifier,
    sign: (data) => cryptoSign(digest, data, key),
    signAside: (data) =>
      new Promise((resolve, reject) => {
        cryptoSign(digest, data, key, (error, signature) => (error ? reject(error) : resolve(signature)));
      }),
  };
}

/** Signs `tbs` and wraps it: SEQUENCE { tbs, algorithm, signature }, the shape of certificates, CRLs and requests. */
export function signed(tbs: Uint8Array, key: KeyObject): Uint8Array {
  const algorithm = signatureAlgorithmFor(key);
  return der.sequence(tbs, algorithm.identifier, der.bits(algorithm.sign(tbs)));
}

/** RFC 4055 section 3.1: the defaults are SHA-1 and a salt of 20. */
function pss(body: DerReader): SignatureAlgorithm | null {
  let digest: SignatureAlgorithm['digest'] = 'sha1';
  let saltLength = 20;
  if (body.peek() === tag.sequence) {
    const parameters = body.enter(tag.sequence, 'RSASSA-PSS-params');
    while (parameters.more) {
      const part = parameters.read();
      const inside = parameters.inside(part);
      if (part.tag === 0xa0) {
        const name = inside.enter(tag.sequence, 'hashAlgorithm').oid('hash');
        const known = { [oid.sha1]: 'sha1', [oid.sha256]: 'sha256', [oid.sha384]: 'sha384', [oid.sha512]: 'sha512' }[
          name
        ];
        if (known === undefined) return null;
        digest = known as SignatureAlgorithm['digest'];
      } else if (part.tag === 0xa2) {
        saltLength = inside.smallInteger('saltLength');
      }
    }
  }
  return { digest, kind: 'rsa-pss', saltLength };
}

/** Verifying what somebody else signed, in each of the spellings that tools write. */
import { constants, type KeyObject, verify } from 'node:crypto';
import { publicKeyFor } from '../../../foundation/pki/spki.ts';
import { exponentProves } from './record.ts';

const DIGESTS = ['sha256', 'sha384', 'sha512'] as const;

/** A raw signature: RSA PKCS#1 v1.5 or PSS with SHA-256/384/512, ECDSA as DER or r‖s, Ed25519 and Ed448. */
export function rawSignatureHolds(spki: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  let key: KeyObject;
  try {
    key = publicKeyFor(spki);
    if (!exponentProves(key)) return false;
  } catch {
    return false;
  }
  const holds = (check: () => boolean): boolean => {
    try {
      return check();
    } catch {
      return false;
    }
  };
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return DIGESTS.some(
        (digest) =>
          holds(() => verify(digest, data, { key, padding: constants.RSA_PKCS1_PADDING }, signature)) ||
          holds(() =>
            verify(
              digest,
              data,
              { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
              signature,
            ),
          ),
      );
    case 'ec':
      return DIGESTS.some(
        (digest) =>
          holds(() => verify(digest, data, key, signature)) ||
          holds(() => verify(digest, data, { key, dsaEncoding: 'ieee-p1363' }, signature)),
      );
    case 'ed25519':
    case 'ed448':
      return holds(() => verify(null, data, key, signature));
    default:
      return false;
  }
}

/** JOSE algorithms that fit a key (RFC 7518 section 3.1); the key decides, never the header. */
const joseAlgorithms: Readonly<
  Record<string, { readonly digest: string; readonly pss?: boolean; readonly curve?: string }>
> = {
  RS256: { digest: 'sha256' },
  RS384: { digest: 'sha384' },
  RS512: { digest: 'sha512' },
  PS256: { digest: 'sha256', pss: true },
  PS384: { digest: 'sha384', pss: true },
  PS512: { digest: 'sha512', pss: true },
  ES256: { digest: 'sha256', curve: 'prime256v1' },
  ES384: { digest: 'sha384', curve: 'secp384r1' },
  ES512: { digest: 'sha512', curve: 'secp521r1' },
};

export function joseSignatureHolds(
  spki: Uint8Array,
  algorithm: string,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const key = publicKeyFor(spki);
    if (!exponentProves(key)) return false;
    if (algorithm === 'EdDSA' || algorithm === 'Ed25519') {
      return (
        (key.asymmetricKeyType === 'ed25519' || key.asymmetricKeyType === 'ed448') && verify(null, data, key, signature)
      );
    }
    const chosen = joseAlgorithms[algorithm];
    if (chosen === undefined) return false;
    if (chosen.curve !== undefined) {
      if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== chosen.curve) return false;
      return verify(chosen.digest, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
    }
    if (key.asymmetricKeyType !== 'rsa') return false;
    const padding = chosen.pss === true ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
    return verify(chosen.digest, data, { key, padding }, signature);
  } catch {
    return false;
  }
}

/**
 * What a search through one text or file brings up. Nothing here is a verdict: `prove/` decides what it is worth.
 */

/** Offsets in the text or bytes that were searched, for redaction. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** RSA numbers as the file states them. Any may be missing, damaged, or somebody else's on purpose. */
export interface RsaPrivate {
  readonly kind: 'rsa';
  readonly n: bigint | null;
  readonly e: bigint | null;
  readonly d: bigint | null;
  /** p, q and any further primes. */
  readonly primes: readonly bigint[];
  /** dP, dQ, qInv as stated: signing with them is faster than computing them, and wrong ones show in the signature. */
  readonly crt: readonly [bigint, bigint, bigint] | null;
}

export interface EcPrivate {
  readonly kind: 'ec';
  readonly curve: EcCurve;
  readonly scalar: Buffer;
  /** The point as the file states it, which need not belong to the scalar. */
  readonly point: Buffer | null;
}

export interface EdwardsPrivate {
  readonly kind: 'ed25519' | 'ed448' | 'x25519' | 'x448';
  readonly seed: Buffer;
  readonly point: Buffer | null;
}

/** A kind of key that only OpenSSL takes apart (DSA, other curves): PKCS#8. */
export interface OtherPrivate {
  readonly kind: 'other';
  readonly pkcs8: Buffer;
}

export type PrivateMaterial = RsaPrivate | EcPrivate | EdwardsPrivate | OtherPrivate;
export type EcCurve = 'P-256' | 'P-384' | 'P-521' | 'secp256k1';

/** Why a locked thing was not opened with a pass phrase. */
export type Locked = 'wrong-passphrase' | 'too-costly' | 'unsupported' | 'damaged';

/** What came out of a locked key or key store. */
export interface Opened {
  readonly keys: readonly PrivateMaterial[];
  readonly certificates: readonly Buffer[];
}

interface Common {
  /** The encoding in words: `PKCS#8`, `OpenSSH`, `JWK`, … */
  readonly container: string;
  readonly range: Range;
}

export type Found =
  | (Common & { readonly kind: 'private-key'; readonly key: PrivateMaterial })
  | (Common & {
      readonly kind: 'encrypted-key';
      /** A public part that can be read without the pass phrase: a claim, no more. */
      readonly spki: Buffer | null;
      readonly open: (passphrase: string) => Opened | Locked;
    })
  /** Its markers or shape say private key, its content does not. Redacted all the same. */
  | (Common & { readonly kind: 'unreadable-key' })
  | (Common & { readonly kind: 'public-key'; readonly spki: Buffer })
  | (Common & { readonly kind: 'certificate'; readonly der: Buffer })
  | (Common & { readonly kind: 'csr'; readonly der: Buffer })
  | (Common & { readonly kind: 'jws'; readonly jws: Jws })
  | (Common & { readonly kind: 'cms'; readonly der: Buffer })
  | (Common & { readonly kind: 'statement'; readonly statement: SignedStatement })
  | (Common & { readonly kind: 'ssh-signature'; readonly blob: Buffer });

/** RFC 7515 section 3: one signature of a JWS. */
export interface Jws {
  readonly protectedHeader: string;
  readonly payload: string;
  readonly signature: string;
}

/** The desk's published form (prove/statement-form.ts). */
export interface SignedStatement {
  readonly text: string;
  readonly spkiSha256: string | null;
  readonly spki: Buffer | null;
  readonly signature: Buffer;
}

/**
 * What relying parties can see. A CA's "200 OK" says that an order was accepted; the regulatory clock stops only at
 * published revocation (TLS BR 4.9.5), so the desk reads the CRL and asks OCSP like a stranger: over HTTP, with the
 * addresses in the certificate, believing only what is signed, dated, in scope and no older than what it saw before.
 */
import type { Serial } from '../../foundation/brand.ts';
import type { CrlReasonName } from '../../foundation/pki/reasons.ts';
import type { Instant } from '../../foundation/time/time.ts';

/** A certificate to look at, with the addresses it names itself. */
export interface StatusSubject {
  readonly serial: Serial;
  /** DER of the issuing CA's certificate: under its key the answers must verify. */
  readonly issuer: Uint8Array;
  readonly isCa?: boolean;
  readonly crlUrls: readonly string[];
  readonly ocspUrls: readonly string[];
}

export type SeenStatus = 'good' | 'revoked' | 'unknown';

/** One answer as it was read, enough to find it again and to show an auditor. */
export interface StatusEvidence {
  readonly kind: 'crl' | 'ocsp';
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly httpStatus: number | null;
  /** SHA-256 of the body as received. */
  readonly sha256: string | null;
  readonly bytes: number;
  /** `Age` header in seconds: how long a cache had kept the answer. */
  readonly age: number | null;
  /** `Date` header as received. */
  readonly date: string | null;
  readonly thisUpdate: Instant | null;
  readonly nextUpdate: Instant | null;
  /** Decimal cRLNumber; null for OCSP. */
  readonly crlNumber: string | null;
  readonly status: SeenStatus;
  /** Stable code of what was wrong with it, e.g. `crl-bad-signature`, `ocsp-unauthorized`, `http-503`, `timeout`. */
  readonly problem: string | null;
}

export interface StatusObservation {
  readonly serial: Serial;
  readonly at: Instant;
  readonly crl: SeenStatus;
  readonly crlReason: CrlReasonName | null;
  readonly crlNumber: string | null;
  readonly ocsp: SeenStatus;
  readonly ocspReason: CrlReasonName | null;
  /** Whether the certificate names a CRL, an OCSP responder. What is not named is not asked and reads `unknown`. */
  readonly crlNamed: boolean;
  readonly ocspNamed: boolean;
  /** revocationDate as read, CRL before OCSP. */
  readonly revokedAt: Instant | null;
  /** Every source that the certificate names says "revoked". The only thing that stops the clock. */
  readonly published: boolean;
  /** The first thing that kept this from being a full answer, or null. */
  readonly problem: string | null;
  readonly evidence: readonly StatusEvidence[];
}

/**
 * The promise of a probe: it never throws for what the network or a responder does; that is a `problem`, and the
 * status then reads `unknown`, never `good` or `revoked`. It stores nothing and may be asked as often as one likes.
 */
export interface StatusProbe {
  /** Asks CRL, and OCSP by GET and by POST: what caches and what the origin say. `revoked` needs both. */
  look(subject: StatusSubject): Promise<StatusObservation>;
  /** Observations in the order of the subjects. Each CRL is fetched and read once; OCSP is asked with bounded parallelism. */
  lookMany(subjects: readonly StatusSubject[]): Promise<StatusObservation[]>;
}

/** The newest CRL number seen per issuer and URL; a list may not go back. Kept by the caller to survive a restart. */
export interface SeenNumbers {
  get(key: string): bigint | null;
  set(key: string, number: bigint): void;
}

/**
 * The facts that stages hand to each other through `app/`. Stages never import each other; they agree on these words.
 * Everything here is data: no functions that decide, no I/O.
 */
import type { Fingerprint, Serial, SpkiHash } from '../foundation/brand.ts';
import type { Instant } from '../foundation/time/time.ts';

/** What a message is about. One word per duty; `not-a-report` is the only one that owes nothing. */
export const labels = [
  'key-compromise',
  'weak-key',
  'misissuance',
  'domain-control',
  'misuse',
  'subscriber-request',
  'wrong-information',
  'ca-noncompliance',
  'other-problem',
  'not-a-report',
] as const;
export type Label = (typeof labels)[number];

export const teams = ['pki-team', 'pki-support', 'ssl-support', 'compliance'] as const;
export type Team = (typeof teams)[number];

/** Strongest first. `clean` exists only where a key was checked and nobody claims that it is compromised. */
export const verdicts = [
  'proven-key',
  'proven-statement',
  'computable',
  'refuted',
  'possession-only',
  'claim-only',
  'clean',
] as const;
export type Verdict = (typeof verdicts)[number];

/** Verdicts that show somebody else holds the key, or can compute it; strongest first. Nothing else revokes (promise 6). */
export const proving: readonly Verdict[] = ['proven-key', 'proven-statement', 'computable'];

export function proves(verdict: Verdict | null): boolean {
  return verdict !== null && proving.includes(verdict);
}

/** RFC 5280 section 5.3.1. certificateHold (6) is missing on purpose: TLS BR 4.9.13 and 7.2.2 forbid it. */
export const reasonCodes = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;
export type Reason = keyof typeof reasonCodes;

/** Which rulebook governs a certificate, from its policy OIDs and EKU. */
export type Profile = 'tls' | 'smime' | 'code-signing' | 'sub-ca';

/** Identifiers and objects found in one message. Keys and meaning as in the command-line contract (`triage`). */
export interface Artifacts {
  readonly fingerprintsSha256: readonly string[];
  readonly serials: readonly string[];
  readonly crtshIds: readonly string[];
  readonly spkiSha256: readonly string[];
  readonly domains: readonly string[];
  readonly urls: readonly string[];
  readonly hasPrivateKey: boolean;
  readonly hasCertificate: boolean;
  readonly hasCsr: boolean;
  readonly derivedFingerprintsSha256: readonly string[];
  readonly derivedSerials: readonly string[];
}

/** One reason of a triage decision. Weight is positive towards a report; the excerpt never holds key material. */
export interface Because {
  readonly signal: string;
  readonly weight: number;
  readonly excerpt: string;
}

export interface Triage {
  readonly label: Label;
  /** 0 to 1: probability that this is a report. */
  readonly score: number;
  readonly action: 'open-case' | 'human-review' | 'file';
  /** The revocation duty if the report is true: 24, 120 or null. Never longer than the text allows. */
  readonly deadlineHours: 24 | 120 | null;
  /** Rule ids of the trigger proposed, e.g. `TLS-03`; null when the label has none. */
  readonly trigger: string | null;
  readonly route: Team | null;
  readonly language: string;
  readonly artifacts: Artifacts;
  readonly because: readonly Because[];
}

/** Result of one weak-key check. A missing list reads `unknown`, never `clean`. */
export interface Finding {
  readonly check: string;
  readonly verdict: 'computable' | 'parameter' | 'unknown' | 'clean';
  readonly detail: string;
}

/**
 * A durable proof that somebody held the private key: a domain-separated statement signed by it, verifiable years
 * later from the certificate alone. It contains no secret.
 */
export interface ProofRecord {
  readonly version: 1;
  readonly statement: string;
  /** base64 of the SubjectPublicKeyInfo DER under which `signature` verifies: the certificate's own. */
  readonly spki: string;
  readonly algorithm: string;
  /** base64 */
  readonly signature: string;
}

/** One key-like thing found in one message, with its verdict. */
export interface EvidenceItem {
  /** Where it stood: attachment and member path, `body`, or the URL. Never its content. */
  readonly source: string;
  /** `private-key`, `encrypted-key`, `csr`, `statement`, `jws`, `cms`, `certificate`, `public-key`, … */
  readonly form: string;
  readonly verdict: Verdict;
  readonly spkiSha256: SpkiHash | null;
  readonly keyType: string | null;
  readonly bits: number | null;
  readonly findings: readonly Finding[];
  /** Fingerprints of inventory certificates under whose *own* key the proof verified. */
  readonly matches: readonly Fingerprint[];
  /** Fingerprints of inventory certificates which the item claims but does not prove (forged public part). */
  readonly refutedFor: readonly Fingerprint[];
  readonly proof: ProofRecord | null;
  /** The reason in words, fit for the reporter. */
  readonly because: string;
}

export type CertificateStatus = 'good' | 'revoked' | 'expired';

/** What the desk knows of one issued certificate (or of one known only from its precertificate). */
export interface CertificateFacts {
  readonly fingerprint: Fingerprint;
  readonly serial: Serial;
  /** Lower-case hex SHA-256 of the issuer's distinguished name DER: with the serial it names a certificate. */
  readonly issuerHash: string;
  readonly issuer: string;
  /** Lower-case hex identifier of the issuer's key: tells issuers of one name apart. */
  readonly authorityKeyId?: string | null;
  readonly names: readonly string[];
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly spkiHash: SpkiHash;
  readonly precertificate: boolean;
  readonly profile: Profile;
  readonly shortLived: boolean;
  readonly subscriber: string | null;
  readonly status: CertificateStatus;
  readonly crlUrls: readonly string[];
  readonly ocspUrls: readonly string[];
}

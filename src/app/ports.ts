/**
 * What the operations are composed from. Each part is a port of some stage or of the platform; `main/wiring.ts` picks
 * the adapters. Operations know nothing of SMTP, PostgreSQL or any CA.
 */
import type { Case, Matter } from '../desk/case.ts';
import type { Capture, Event } from '../desk/events.ts';
import type { CertificateFacts, EvidenceItem, Reason, Team, Verdict } from '../desk/facts.ts';
import type { ChooseRule } from '../desk/identify.ts';
import type { PlanPolicy } from '../desk/plan.ts';
import type { CaseId, Fingerprint, Serial, SpkiHash } from '../foundation/brand.ts';
import type { Message } from '../foundation/mail/message.ts';
import type { Duration, Instant, Time } from '../foundation/time/time.ts';
import type { Directory } from '../stages/outreach/directory/directory.ts';
import type { Outbox } from '../stages/outreach/outbox/outbox.ts';

/** One certificate of a set, with where it stands. */
export interface AffectedCertificate {
  readonly fingerprint: Fingerprint;
  readonly serial: Serial;
  readonly issuerHash: string;
  readonly subscriber: string | null;
  readonly state: AffectedState;
  readonly notBefore: Instant | null;
  readonly holdId: string | null;
  readonly acceptedAt: Instant | null;
  readonly publishedAt: Instant | null;
  readonly problem: string | null;
}

export type AffectedState = 'identified' | 'held' | 'attempted' | 'accepted' | 'published' | 'expired';

export interface SetPlace {
  readonly fingerprint: Fingerprint;
  readonly setId: string;
  readonly caseId: CaseId;
}

/**
 * Cases and their certificate sets. `append` is atomic: events, hash chain, wake-up and summary together, or nothing;
 * it faults with `case_changed` when somebody else was faster.
 */
export interface CaseFile {
  load(caseId: CaseId): Promise<readonly Event[]>;
  append(
    caseId: CaseId,
    expectedSeq: number,
    events: readonly Event[],
    after: Case,
    wakeAt: Instant | null,
  ): Promise<void>;
}

export interface CertificateSets {
  create(setId: string, caseId: CaseId, certificates: readonly CertificateFacts[]): Promise<void>;
  /** The next certificates that may be ordered now and have not been; `inState` has those with an unknown outcome. */
  revocable(setId: string, now: Instant, limit: number): Promise<readonly AffectedCertificate[]>;
  inState(setId: string, state: AffectedState, limit: number): Promise<readonly AffectedCertificate[]>;
  /** Says how many moved; a late answer never takes back a publication. */
  mark(
    setId: string,
    fingerprints: readonly Fingerprint[],
    state: AffectedState,
    at: Instant,
    problem?: string | null,
  ): Promise<number>;
  schedule(setId: string, fingerprints: readonly Fingerprint[], notBefore: Instant): Promise<number>;
  hold(setId: string, fingerprints: readonly Fingerprint[], holdId: string, at: Instant): Promise<number>;
  release(setId: string, holdId: string, at: Instant): Promise<number>;
  page(setId: string, after: string | null, limit: number): Promise<readonly AffectedCertificate[]>;
  /** Subscribers of a set with the certificates that are theirs. */
  bySubscriber(setId: string): Promise<ReadonlyMap<string, readonly Fingerprint[]>>;
  /** Sets in which these certificates already are. */
  places(fingerprints: readonly Fingerprint[]): Promise<readonly SetPlace[]>;
}

/** What the inventory says of many certificates at once. */
export interface CertificateBook {
  byFingerprints(fingerprints: readonly Fingerprint[]): Promise<readonly CertificateFacts[]>;
}

export type RevokeOutcome =
  | { readonly outcome: 'done' | 'already' }
  | { readonly outcome: 'pending-approval' | 'refused' | 'unknown'; readonly problem: string }
  /** Did not happen. `after`: how long the CA asks to be left alone, null when it does not say. */
  | { readonly outcome: 'retry'; readonly problem: string; readonly after: Duration | null };

export interface Revoker {
  /** The CA knows only single revocation. */
  readonly oneByOne: boolean;
  /** Orders in one go; the answer has one entry for each, in order. Never throws for what the CA says. */
  revoke(
    orders: readonly {
      readonly certificate: AffectedCertificate;
      readonly reason: Reason;
      readonly caseId: CaseId;
      readonly dueAt: Instant | null;
    }[],
    now: Instant,
  ): Promise<readonly RevokeOutcome[]>;
}

export interface Seen {
  readonly fingerprint: Fingerprint;
  readonly published: boolean;
  /** `CRL number 7, OCSP revoked`, from the probe's record. */
  readonly seen: string;
  /** Revoked, but relying parties are shown another reason than was ordered: a sentence. Null when it is right or not shown yet. */
  readonly wrongReason: string | null;
  readonly problem: string | null;
}

export interface Looker {
  look(certificates: readonly AffectedCertificate[], reason: Reason, now: Instant): Promise<readonly Seen[]>;
}

export interface Pager {
  page(
    page: {
      readonly caseId: CaseId;
      readonly step: string;
      readonly team: Team;
      readonly because: string;
      readonly dueAt: Instant | null;
    },
    now: Instant,
  ): Promise<boolean>;
}

export interface BlockedKeys {
  /** Append-only, durable when it resolves; blocking twice is harmless. */
  block(
    keys: readonly SpkiHash[],
    because: { readonly caseId: CaseId; readonly verdict: Verdict },
    now: Instant,
  ): Promise<void>;
}

/** ARI (RFC 9773): tells the ACME clients of a matter's certificates to renew now. Never revokes, never extends. */
export interface RenewalSteering {
  /** Returns the end of the advised window, inside the internal limit. */
  advise(caseId: CaseId, matter: Matter, now: Instant): Promise<Instant>;
}

export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface DeskPolicy extends PlanPolicy {
  readonly chooseRule: ChooseRule;
}

/** Certificates against which evidence was tested and failed, in some case. */
export interface Refutations {
  noteRefuted(caseId: CaseId, fingerprints: readonly string[]): Promise<void>;
  refuted(
    fingerprints: readonly string[],
  ): Promise<readonly { readonly fingerprint: string; readonly caseId: CaseId }[]>;
}

export interface CoreParts {
  readonly refutations: Refutations;
  readonly time: Time;
  readonly policy: DeskPolicy;
  readonly cases: CaseFile;
  readonly sets: CertificateSets;
  readonly book: CertificateBook;
  readonly directory: Directory;
  readonly outbox: Outbox;
  readonly log: Log;
}

/** A certificate as the reading room needs it: to verify under *its* key, nothing else is believed. */
export interface CertificateBytes {
  readonly fingerprint: Fingerprint;
  readonly der: Uint8Array;
}

/** Keys and identifiers found in one message, for which the inventory is asked. */
export interface FoundKeys {
  /** Canonical, exact and material hashes, lower-case hex. */
  readonly keyHashes: readonly string[];
  readonly fingerprints: readonly string[];
}

/** What the reading room lets out: never a private key, never unredacted text. */
export interface Reading {
  readonly message: Message;
  readonly evidence: readonly EvidenceItem[];
  readonly objects: {
    readonly hasPrivateKey: boolean;
    readonly hasCertificate: boolean;
    readonly hasCsr: boolean;
    readonly derivedFingerprintsSha256: readonly string[];
    readonly derivedSerials: readonly string[];
  };
  readonly sawPrivateKey: boolean;
  readonly problems: readonly string[];
}

export interface Room {
  read(
    input: {
      readonly bytes: Uint8Array;
      readonly sealed: boolean;
      readonly keyId: string | null;
      readonly reportId: string;
      readonly receivedAt: Instant;
      /** A hint; true when in doubt. */
      readonly mayHoldKey?: boolean;
      /** Pass phrases from elsewhere: a later message of the same reporter. */
      readonly passphrases?: readonly string[];
    },
    lookup: (found: FoundKeys) => Promise<readonly CertificateBytes[]>,
  ): Promise<Reading>;
}

/** One look at a reported address, within the bounds of safe fetching. Never throws for what the web does. */
export interface Fetcher {
  fetch(url: string): Promise<Fetched>;
}

export type Fetched =
  | {
      readonly ok: true;
      readonly bytes: Uint8Array;
      readonly capture: Pick<Capture, 'addresses' | 'tlsLeafSha256'> & {
        readonly finalUrl: string;
        readonly status: number;
        readonly sha256: string;
      };
    }
  /** `status` null when no answer came. */
  | { readonly ok: false; readonly problem: string; readonly status: number | null };

/** Weak-key checks over public keys of ours (TLS BR 6.1.1.3). One item for each key that is not clean. */
export interface WeakKeys {
  check(
    certificates: readonly (CertificateBytes & Pick<CertificateFacts, 'spkiHash'>)[],
  ): Promise<readonly EvidenceItem[]>;
}

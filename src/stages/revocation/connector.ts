/**
 * The port through which the desk makes a CA revoke. Whatever software the CA runs, an adapter answers in these words.
 *
 * The promise of a connector:
 * - It answers for every order, in order, and never throws for what the CA says or does.
 * - `done` means that the CA *accepted and recorded* the order. It does not mean that anybody can see it: only a
 *   probe (`stages/status`) says "published".
 * - A failed call never proves "not revoked": some CAs answer with an error after they have stored the revocation.
 *   `unknown` says so; the desk then looks (`record`, probe) before it orders again. Ordering again is harmless.
 * - It never lets a second order lower a reason. Where the CA would overwrite it, the adapter looks first.
 * - Serials stay bytes until the last moment; each adapter writes them as its CA wants them.
 * - Nothing secret stands in an outcome's message.
 */
import type { z } from 'zod';
import type { Reason } from '../../desk/facts.ts';
import type { Serial } from '../../foundation/brand.ts';
import type { CrlReasonName } from '../../foundation/pki/reasons.ts';
import type { Duration, Instant, Time } from '../../foundation/time/time.ts';
import type { CaTransport } from './transport.ts';

/** A certificate as the CA knows it. */
export interface OrderedCertificate {
  readonly serial: Serial;
  /** SHA-256 of the issuer's DN, lower-case hex. */
  readonly issuerHash: string;
  /** The certificate or precertificate; null when only the serial is known. */
  readonly der: Uint8Array | null;
  /** The issuing CA's certificate: its DN and key identifier are how several CAs name an issuer. Null when unknown. */
  readonly issuer: Uint8Array | null;
}

export interface RevocationOrder {
  readonly certificate: OrderedCertificate;
  /** `unspecified` is said by leaving the code out. */
  readonly reason: Reason;
  /** When the key is known to have been compromised, if earlier. */
  readonly invalidityAt: Instant | null;
  readonly caseId: string;
  readonly dueAt: Instant | null;
  /** The same for every attempt at the same order. */
  readonly idempotencyKey: string;
}

export type RevocationOutcome =
  /**
   * Accepted and recorded. `reason` and `revokedAt` as the CA states them, null where it does not: what we ordered is no
   * evidence of what was stored.
   */
  | { readonly outcome: 'done'; readonly reason: CrlReasonName | null; readonly revokedAt: Instant | null }
  /** Was revoked before, with this reason (null: none, or not told). The desk decides whether that is good enough. */
  | { readonly outcome: 'already'; readonly reason: CrlReasonName | null; readonly revokedAt: Instant | null }
  /** Waits for a person at the CA. Not revoked: the clock runs. */
  | { readonly outcome: 'pending-approval'; readonly reference: string | null; readonly message: string }
  /** The CA says no, and would say it again: a person must act. */
  | { readonly outcome: 'refused'; readonly code: RefusalCode; readonly message: string }
  /** Did not happen; the same order may succeed later, not before `after` where the CA says so. */
  | { readonly outcome: 'retry'; readonly code: FailureCode; readonly message: string; readonly after: Duration | null }
  /** May have happened. Look before ordering again. */
  | { readonly outcome: 'unknown'; readonly code: FailureCode; readonly message: string };

export type RefusalCode =
  | 'not-authenticated'
  | 'not-authorised'
  | 'unknown-certificate'
  | 'reason-not-supported'
  | 'certificate-needed'
  | 'issuer-needed'
  | 'expired'
  | 'rejected';

export type FailureCode =
  | 'unreachable'
  | 'tls'
  | 'timeout'
  | 'connection-lost'
  | 'busy'
  | 'server-error'
  | 'bad-answer';

export type PublishOutcome =
  /** The CA says that it has issued a new CRL. */
  | { readonly outcome: 'done' }
  /** The CA has no way to force one: it publishes when it publishes. */
  | { readonly outcome: 'unsupported' }
  | { readonly outcome: 'refused' | 'retry' | 'unknown'; readonly message: string };

/** What the CA has on record for one certificate: recorded is not published. */
export type CaRecord =
  | { readonly state: 'good' }
  | { readonly state: 'revoked'; readonly reason: CrlReasonName | null; readonly revokedAt: Instant | null }
  | { readonly state: 'unknown'; readonly message: string };

/** What this adapter and its CA can do: shown to operators, checked by the contract suite. */
export interface ConnectorAbilities {
  /** Reasons that reach the CRL. Another reason is refused as `reason-not-supported`, or recorded without a code. */
  readonly reasons: readonly Reason[];
  /** Most orders in one call to the CA; 1 where it knows only single revocation. */
  readonly batchMax: number;
  readonly forcesCrl: boolean;
  /** An order with keyCompromise raises an earlier other reason. */
  readonly raisesReason: boolean;
  /** Can say what is on record. */
  readonly reads: boolean;
  /**
   * Orders need the certificate's bytes: ACME revokes by the certificate itself, and where several issuers have one name
   * only the certificate says which of them it is. False for one that goes by serial numbers alone.
   */
  readonly needsCertificate: boolean;
}

export interface RevocationConnector {
  readonly name: string;
  readonly abilities: ConnectorAbilities;
  /** One outcome for each order, in order. */
  revoke(orders: readonly RevocationOrder[]): Promise<readonly RevocationOutcome[]>;
  /** Makes the CA issue its CRLs now, for this issuer where it has several. */
  publish(issuer: { readonly issuerHash: string; readonly issuer: Uint8Array | null }): Promise<PublishOutcome>;
  record(certificate: OrderedCertificate): Promise<CaRecord>;
  close(): Promise<void>;
}

/** What an adapter is given besides its settings. */
export interface ConnectorParts {
  readonly time: Time;
  /** Replaces the network, in tests and replays; adapters make their own from their settings when it is left out. */
  readonly transport?: CaTransport;
}

export interface ConnectorDefinition<Settings = unknown> {
  readonly name: string;
  /** For the documentation: which software, which interface. */
  readonly summary: string;
  readonly settings: z.ZodType<Settings>;
  open(settings: Settings, parts: ConnectorParts): Promise<RevocationConnector>;
}

export function defineConnector<Schema extends z.ZodType>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly settings: Schema;
  open(settings: z.output<Schema>, parts: ConnectorParts): Promise<RevocationConnector>;
}): ConnectorDefinition<z.output<Schema>> {
  return definition as ConnectorDefinition<z.output<Schema>>;
}

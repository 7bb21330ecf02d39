/** How the ACME server of the lab CA is set up. */
import type { Serial } from '../../foundation/brand.ts';
import type { Duration, Instant } from '../../foundation/time/time.ts';
import type { RateLimit } from './rate-limit.ts';
import type { AcmeRevocation } from './revocation.ts';
import type { ValidationWorld } from './validation.ts';

export interface AcmeProfile {
  readonly description: string;
  readonly validFor: Duration;
  /** Leaves CRLDP and OCSP out, as the BRs allow for short-lived certificates. */
  readonly withoutStatus: boolean;
}

export interface AcmeOptions {
  /** Public address of the ACME server, without trailing slash, e.g. `https://ca.example/acme`. */
  readonly url: string;
  /** Null accepts every challenge and skips CAA: for load tests and closed labs only. */
  readonly world: ValidationWorld | null;
  /** Names of this CA in CAA records. */
  readonly caaIdentities?: readonly string[];
  readonly website?: string;
  readonly termsOfService?: string;
  /** Accounts must be bound to one of these (RFC 8555 section 7.3.4). */
  readonly externalAccounts?: { readonly required: boolean; readonly macKey: (kid: string) => Uint8Array | null };
  readonly profiles?: Readonly<Record<string, AcmeProfile>>;
  /** `renewalInfo` of RFC 9773, served by the desk or by anybody. */
  readonly renewalInfoUrl?: string;
  readonly limits?: {
    readonly newAccount?: RateLimit;
    readonly newOrder?: RateLimit;
    readonly failedValidation?: RateLimit;
  };
  /** An order that replaces this certificate now is exempt from rate limits (its ARI window has come). */
  readonly isExempt?: (certificateId: string, now: Instant) => boolean;
  /** Told of each accepted revocation, with the instant that starts the desk's clock. */
  readonly onRevocation?: (revocation: AcmeRevocation, at: Instant) => void | Promise<void>;
  /** Told of each certificate issued: the desk's inventory, replacement tracking. */
  readonly onIssued?: (issued: {
    readonly der: Uint8Array;
    readonly serial: Serial;
    readonly account: string;
    readonly externalAccount: string | null;
    /** `mailto:` addresses of the account. */
    readonly contact: readonly string[];
    readonly replaces: string | null;
  }) => void | Promise<void>;
  /** Policy of the operator per external account: which profiles it may use. */
  readonly mayUseProfile?: (externalAccount: string | null, profile: string) => boolean;
}

export const defaultProfiles: Readonly<Record<string, AcmeProfile>> = {
  classic: {
    description: '90 days, with CRL and OCSP',
    validFor: Temporal.Duration.from({ hours: 24 * 90 }),
    withoutStatus: false,
  },
  shortlived: {
    description: '160 hours: short-lived under TLS BR 1.6.1, needs no revocation',
    validFor: Temporal.Duration.from({ hours: 160 }),
    withoutStatus: true,
  },
};

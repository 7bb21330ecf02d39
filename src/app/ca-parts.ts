/** The CA as the operations see it: orders go out through a connector, and what happened is read from outside. */
import type { CertificateFacts } from '../desk/facts.ts';
import type { Fingerprint } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import { parseCertificate } from '../foundation/pki/x509.ts';
import type { Instant } from '../foundation/time/time.ts';
import type { RevocationConnector, RevocationOutcome } from '../stages/revocation/connector.ts';
import type { StatusObservation, StatusProbe } from '../stages/status/index.ts';
import type { CertificateBook, Looker, RevokeOutcome, Revoker, Seen } from './ports.ts';

/**
 * DER of an issuing CA's certificate by the SHA-256 of its name, and by its key where several have one name; null when
 * nobody has told us.
 */
export type Issuers = (issuerHash: string, authorityKeyId?: string | null) => Uint8Array | null;

/** Certificates whose bytes are sent along with an order that can do without; above it serial and issuer have to do. */
const bytesMax = 500;

export function revoker(parts: {
  readonly connector: Pick<RevocationConnector, 'abilities' | 'revoke'>;
  readonly issuers: Issuers;
  readonly bytesOf: (fingerprints: readonly Fingerprint[]) => Promise<ReadonlyMap<Fingerprint, Uint8Array>>;
}): Revoker {
  return {
    oneByOne: parts.connector.abilities.batchMax === 1,
    async revoke(orders) {
      const wanted = orders.length <= bytesMax || parts.connector.abilities.needsCertificate;
      const bytes = wanted
        ? await parts.bytesOf(orders.map((o) => o.certificate.fingerprint))
        : new Map<Fingerprint, Uint8Array>();
      const outcomes = await parts.connector.revoke(
        orders.map(({ certificate, reason, caseId, dueAt }) => {
          const der = bytes.get(certificate.fingerprint) ?? null;
          return {
            certificate: {
              serial: certificate.serial,
              issuerHash: certificate.issuerHash,
              der,
              issuer: parts.issuers(certificate.issuerHash, der === null ? null : authorityKeyOf(der)),
            },
            reason,
            invalidityAt: null,
            caseId,
            dueAt,
            idempotencyKey: certificate.fingerprint,
          };
        }),
      );
      return outcomes.map(outcomeOf);
    },
  };
}

function outcomeOf(outcome: RevocationOutcome): RevokeOutcome {
  switch (outcome.outcome) {
    case 'done':
    case 'already':
      return { outcome: outcome.outcome };
    case 'pending-approval':
      return { outcome: 'pending-approval', problem: outcome.message };
    case 'retry':
      return { outcome: 'retry', problem: `${outcome.code}: ${outcome.message}`, after: outcome.after };
    default:
      return { outcome: outcome.outcome, problem: `${outcome.code}: ${outcome.message}` };
  }
}

function authorityKeyOf(der: Uint8Array): string | null {
  try {
    return parseCertificate(der).aki;
  } catch {
    // What cannot be read was misissued and is revoked by its serial.
    return null;
  }
}

/** What a probe read, kept so that a screen or an auditor can ask for it later. */
export interface ProbeRecords {
  keep(
    observations: readonly { readonly fingerprint: Fingerprint; readonly observation: StatusObservation }[],
    now: Instant,
  ): Promise<void>;
}

export function looker(parts: {
  readonly probe: StatusProbe;
  readonly connector: RevocationConnector;
  readonly book: CertificateBook;
  readonly issuers: Issuers;
  readonly records: ProbeRecords;
}): Looker {
  return {
    async look(certificates, reason, now) {
      const facts = await parts.book.byFingerprints(certificates.map((c) => c.fingerprint));
      await publish(parts, new Set(facts.map((f) => f.issuerHash)));
      const known = facts.flatMap((fact) => {
        const issuer = parts.issuers(fact.issuerHash, fact.authorityKeyId);
        return issuer === null ? [] : [{ fact, issuer }];
      });
      if (known.length === 0 && facts.length > 0) {
        throw new Fault(
          'issuer_unknown',
          'The issuing CA’s certificate is not known, so no status can be verified. Add it to ca.issuers.',
        );
      }
      const observations = await parts.probe.lookMany(
        known.map(({ fact, issuer }) => ({
          serial: fact.serial,
          issuer,
          crlUrls: fact.crlUrls,
          ocspUrls: fact.ocspUrls,
        })),
      );
      await parts.records.keep(
        known.map(({ fact }, i) => ({ fingerprint: fact.fingerprint, observation: observations[i]! })),
        now,
      );
      const seen = known.map(({ fact }, i): Seen => seenOf(fact.fingerprint, observations[i]!, reason));
      const looked = new Set(seen.map((one) => one.fingerprint));
      return [...seen, ...facts.filter((fact) => !looked.has(fact.fingerprint)).map(notLookedAt)];
    },
  };
}

function notLookedAt({ fingerprint, issuer }: CertificateFacts): Seen {
  return {
    fingerprint,
    published: false,
    seen: 'not looked at',
    wrongReason: null,
    problem: `issuer-unknown: the certificate of ${issuer} is not known, so no status can be verified. Add it to ca.issuers.`,
  };
}

async function publish(
  parts: { readonly connector: RevocationConnector; readonly issuers: Issuers },
  issuerHashes: ReadonlySet<string>,
): Promise<void> {
  if (!parts.connector.abilities.forcesCrl) return;
  // What the CA says about it does not matter: the probe decides.
  for (const issuerHash of issuerHashes)
    await parts.connector.publish({ issuerHash, issuer: parts.issuers(issuerHash) });
}

function seenOf(fingerprint: Fingerprint, observation: StatusObservation, reason: string): Seen {
  const crl = `CRL ${observation.crl}${observation.crlNumber === null ? '' : ` (number ${observation.crlNumber})`}`;
  const ocsp = observation.ocspNamed ? `, OCSP ${observation.ocsp}` : '';
  return {
    fingerprint,
    published: observation.published,
    seen: `${crl}${ocsp}`,
    wrongReason: observation.published ? wrongReason(observation, reason) : null,
    problem: observation.problem,
  };
}

/** Some CAs store another reason than they were told, or none, and answer that all is well (failures.md FM27). */
function wrongReason(observation: StatusObservation, ordered: string): string | null {
  const shown = [observation.crlReason, observation.ocspReason].filter((reason) => reason !== null);
  if (shown.length === 0) shown.push('unspecified');
  const other = shown.find((reason) => reason !== ordered);
  return other === undefined ? null : `ordered with reason ${ordered}, shown with reason ${other}`;
}

/**
 * Short-lived subscriber certificates (TLS BR 1.6.1): exempt from the duty to revoke, never from the duty to
 * investigate. Only TLS knows the exemption; the S/MIME and code signing documents do not.
 */
import { hasCome, type Instant } from '../../foundation/time/time.ts';
import type { Profile } from '../facts.ts';
import { day } from './rule.ts';

const steps = [
  { issuedFrom: '2026-03-15T00:00:00Z', validityMaxSeconds: 7 * day },
  { issuedFrom: '2024-03-15T00:00:00Z', validityMaxSeconds: 10 * day },
] as const;

/** notAfter belongs to the validity period (RFC 5280 4.1.2.5), so a certificate of seven days to the second is too long. */
export function isShortLived(certificate: {
  readonly profile: Profile;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}): boolean {
  if (certificate.profile !== 'tls') return false;
  const step = steps.find((s) => hasCome(Temporal.Instant.from(s.issuedFrom), certificate.notBefore));
  if (step === undefined) return false;
  const validitySeconds = certificate.notBefore.until(certificate.notAfter).total('seconds') + 1;
  return validitySeconds <= step.validityMaxSeconds;
}

import type { CertificateSet } from '../desk/events.ts';
import { listedMax } from '../desk/events.ts';
import type { CertificateFacts } from '../desk/facts.ts';
import { digestOf } from './perform/revoke.ts';

/** Freezes a list: count, digest over the sorted fingerprints, and as many as a reader wants to see. */
export function certificateSet(certificates: readonly CertificateFacts[]): Omit<CertificateSet, 'setId'> {
  const subscribers = new Set(certificates.flatMap((c) => c.subscriber ?? []));
  return {
    count: certificates.length,
    digest: digestOf(certificates.map((c) => c.fingerprint)),
    listed: certificates.slice(0, listedMax).map((c) => ({
      fingerprint: c.fingerprint,
      serial: c.serial,
      name: c.names[0] ?? '',
      subscriber: c.subscriber,
      notAfter: c.notAfter,
    })),
    subscriberCount: subscribers.size,
    subscribers: [...subscribers].slice(0, listedMax),
  };
}

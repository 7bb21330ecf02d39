/** The API for subscribers' own software over this desk's inventory, ARI and ledger. */
import type { Hono } from 'hono';
import { type SubscriberPort, subscriberRoutes } from '../api/subscriber/routes.ts';
import type { Fingerprint } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import { type InventoryCertificate, postgresSubscriberTokens } from '../stages/inventory/index.ts';
import { encodeCertId } from '../stages/renewal-info/index.ts';
import { receiveSubscriberRequest } from './acme-door.ts';
import type { Desk } from './wiring.ts';

/** Certificates in one answer; a subscriber of more asks the CA for an export. */
const listedMax = 1_000;

export function subscriberApi(desk: Desk): Hono {
  return subscriberRoutes(subscriberPort(desk), desk.time, (error, path) =>
    desk.log.error({ path, error: error instanceof Error ? error.message : 'unknown' }, 'A request failed.'),
  );
}

function subscriberPort(desk: Desk): SubscriberPort {
  const tokens = postgresSubscriberTokens(desk.pool);
  return {
    tokenOf: (id) => tokens.byId(id),
    async certificatesOf(subscriber) {
      const { matches, more } = await desk.inventory.find(
        { by: 'subscriber', value: subscriber },
        { limit: listedMax },
      );
      return { certificates: matches.map((match) => match.certificate), more };
    },
    async certificate(sha256) {
      const { matches } = await desk.inventory.find({ by: 'fingerprint', value: sha256 });
      return matches[0]?.certificate ?? null;
    },
    renewalOf(certificate) {
      const told = desk.renewal.explain(certIdOf(certificate) ?? '');
      if (told === null) return null;
      const { window, advice } = told;
      const url = advice?.explanationUrl?.replace('{certID}', certIdOf(certificate) ?? '') ?? null;
      return { start: window.start, end: window.end, explanationUrl: url };
    },
    async askToRevoke({ token, certificate, reason }) {
      const bytes = await desk.inventory.bytesOf([certificate.fingerprint as Fingerprint]);
      const der = bytes.get(certificate.fingerprint as Fingerprint);
      if (der === undefined)
        throw new Fault('certificate_bytes_missing', 'The certificate itself is not stored; ask by mail.');
      const received = await receiveSubscriberRequest(desk, { certificate: der, subscriber: token.subscriber, reason });
      desk.wake.nudge();
      return { receipt: received.receiptId, receivedAt: received.acceptedAt };
    },
  };
}

/** RFC 9773 section 4.1: content octets of the serial, so a leading bit of one needs its zero octet before it. */
function certIdOf({ authorityKeyId, serial }: InventoryCertificate): string | null {
  return authorityKeyId === null ? null : encodeCertId({ authorityKeyId, serial });
}

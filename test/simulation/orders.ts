import { hash } from 'node:crypto';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import type { WorldCertificate } from '../../src/main/scenario/world.ts';
import type { OrderedCertificate } from '../../src/stages/revocation/connector.ts';

/** A certificate of the simulated world as a connector is asked about it. */
export function orderOf({ serial, der }: WorldCertificate): OrderedCertificate {
  return { serial, der, issuer: null, issuerHash: hash('sha256', parseCertificate(der).issuerDer, 'hex') };
}

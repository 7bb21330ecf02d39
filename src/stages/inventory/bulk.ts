/**
 * Facts of many certificates in one statement: a campaign looks at 83,267 of them, and asking one by one would cost
 * more than revoking them. Same rows and same meaning as `Inventory.find`.
 */
import type { Pool } from 'pg';
import type { CertificateFacts } from '../../desk/facts.ts';
import type { Fingerprint } from '../../foundation/brand.ts';
import type { Time } from '../../foundation/time/time.ts';
import { certificateOf, columns, type Row } from './postgres-rows.ts';

/** Identifiers per statement. */
const chunk = 10_000;

export interface BulkFacts {
  /** By certificate or precertificate fingerprint. Unknown ones are absent; order is not kept. */
  byFingerprints(fingerprints: readonly Fingerprint[]): Promise<readonly CertificateFacts[]>;
  /** By serial number, of whatever issuer; lower-case hex without leading zeros. */
  bySerials(serials: readonly string[]): Promise<readonly CertificateFacts[]>;
  /** With exactly one of these names among its own; lower case, A-labels. */
  byNames(names: readonly string[]): Promise<readonly CertificateFacts[]>;
}

const select = `select ${columns} from inventory.certificate c join inventory.issuer i on i.id = c.issuer`;

export function postgresBulkFacts(pool: Pool, time: Time): BulkFacts {
  const read = async (where: string, values: readonly unknown[]): Promise<CertificateFacts[]> => {
    const found: CertificateFacts[] = [];
    for (let i = 0; i < values.length; i += chunk) {
      const now = time.now().epochMilliseconds / 1000;
      const { rows } = await pool.query<Row>(`${select} where ${where}`, [values.slice(i, i + chunk), now]);
      found.push(...rows.map(certificateOf));
    }
    return found;
  };
  return {
    byFingerprints: (fingerprints) => {
      const where = 'c.fingerprint = any($1::bytea[]) or c.precertificate_fingerprint = any($1::bytea[])';
      return read(
        where,
        fingerprints.map((f) => Buffer.from(f, 'hex')),
      );
    },
    bySerials: (serials) => read('c.serial = any($1::bytea[])', serials.map(serialBytes)),
    byNames: (names) => read('c.names && $1::text[]', names),
  };
}

function serialBytes(serial: string): Buffer {
  return Buffer.from(serial.length % 2 === 0 ? serial : `0${serial}`, 'hex');
}

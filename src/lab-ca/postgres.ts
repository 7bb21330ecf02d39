/** The lab CA's storage in PostgreSQL, in a schema of its own. Bulk writes go as arrays, one statement a batch. */
import type pg from 'pg';
import type { Serial } from '../foundation/brand.ts';
import type { Instant } from '../foundation/time/time.ts';
import type { IssuerId } from './certificate.ts';
import type {
  CertificateEntry,
  LabCaStorage,
  StoredAuthority,
  StoredCertificate,
  StoredDocument,
  StoredRevocation,
} from './storage.ts';

/** Forward-only, run in order before the storage is opened. */
export const migrations: readonly { readonly id: string; readonly sql: string }[] = [
  {
    id: '001-lab-ca',
    sql: `
      CREATE SCHEMA lab_ca;
      -- encrypted_key is PKCS#8 under the operator's pass phrase: no readable key is at rest.
      CREATE TABLE lab_ca.authority (
        id text PRIMARY KEY,
        certificate bytea NOT NULL,
        encrypted_key text NOT NULL
      );
      CREATE TABLE lab_ca.base_url (position bigint GENERATED ALWAYS AS IDENTITY, url text PRIMARY KEY);
      CREATE TABLE lab_ca.certificate (
        issuer text NOT NULL,
        serial text NOT NULL,
        der bytea NOT NULL,
        not_after timestamptz NOT NULL,
        spki_hash text NOT NULL,
        ocsp text NOT NULL,
        crl_url text,
        subscriber text,
        PRIMARY KEY (issuer, serial)
      );
      CREATE TABLE lab_ca.revocation (
        issuer text NOT NULL,
        serial text NOT NULL,
        revoked_at timestamptz NOT NULL,
        reason smallint,
        invalidity_at timestamptz,
        published_at timestamptz,
        PRIMARY KEY (issuer, serial),
        FOREIGN KEY (issuer, serial) REFERENCES lab_ca.certificate
      );
      CREATE TABLE lab_ca.crl_number (path text PRIMARY KEY, number numeric NOT NULL);
    `,
  },
  {
    id: '002-acme',
    sql: `
      CREATE TABLE lab_ca.document (
        kind text NOT NULL,
        id text NOT NULL,
        position bigint GENERATED ALWAYS AS IDENTITY,
        body jsonb NOT NULL,
        PRIMARY KEY (kind, id)
      );
      CREATE INDEX document_position ON lab_ca.document (kind, position);
    `,
  },
];

/** Certificates read at a time when the CA opens. */
const pageSize = 20_000;

interface EntryRow {
  readonly issuer: IssuerId;
  readonly serial: Serial;
  readonly not_after_ms: string;
  readonly spki_hash: string;
  readonly ocsp: CertificateEntry['ocsp'];
  readonly crl_url: string | null;
  readonly subscriber: string | null;
  readonly revoked_ms: string | null;
  readonly reason: number | null;
  readonly invalidity_ms: string | null;
  readonly published_ms: string | null;
}

export class PostgresStorage implements LabCaStorage {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async authorities(): Promise<readonly StoredAuthority[]> {
    const { rows } = await this.#pool.query<{ id: StoredAuthority['id']; certificate: Buffer; encrypted_key: string }>(
      'SELECT id, certificate, encrypted_key FROM lab_ca.authority',
    );
    return rows.map((row) => ({
      id: row.id,
      certificate: new Uint8Array(row.certificate),
      encryptedKey: row.encrypted_key,
    }));
  }

  async saveAuthority(authority: StoredAuthority): Promise<void> {
    await this.#pool.query('INSERT INTO lab_ca.authority (id, certificate, encrypted_key) VALUES ($1, $2, $3)', [
      authority.id,
      Buffer.from(authority.certificate),
      authority.encryptedKey,
    ]);
  }

  async baseUrls(): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ url: string }>('SELECT url FROM lab_ca.base_url ORDER BY position');
    return rows.map((row) => row.url);
  }

  async addBaseUrl(url: string): Promise<void> {
    await this.#pool.query('INSERT INTO lab_ca.base_url (url) VALUES ($1) ON CONFLICT (url) DO NOTHING', [url]);
  }

  async addCertificates(certificates: readonly StoredCertificate[]): Promise<void> {
    await this.#pool.query(
      `INSERT INTO lab_ca.certificate (issuer, serial, der, not_after, spki_hash, ocsp, crl_url, subscriber)
       SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[])`,
      [
        certificates.map((one) => one.issuer),
        certificates.map((one) => one.serial),
        certificates.map((one) => Buffer.from(one.der)),
        certificates.map((one) => one.notAfter.toString()),
        certificates.map((one) => one.spkiHash),
        certificates.map((one) => one.ocsp),
        certificates.map((one) => one.crlUrl),
        certificates.map((one) => one.subscriber),
      ],
    );
  }

  async certificate(issuer: IssuerId, serial: Serial): Promise<Uint8Array | null> {
    const { rows } = await this.#pool.query<{ der: Buffer }>(
      'SELECT der FROM lab_ca.certificate WHERE issuer = $1 AND serial = $2',
      [issuer, serial],
    );
    return rows[0] === undefined ? null : new Uint8Array(rows[0].der);
  }

  async saveRevocations(revocations: readonly StoredRevocation[]): Promise<void> {
    await this.#pool.query(
      `INSERT INTO lab_ca.revocation (issuer, serial, revoked_at, reason, invalidity_at, published_at)
       SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::smallint[], $5::timestamptz[], $6::timestamptz[])
       ON CONFLICT (issuer, serial) DO UPDATE SET
         revoked_at = excluded.revoked_at, reason = excluded.reason,
         invalidity_at = excluded.invalidity_at, published_at = excluded.published_at`,
      [
        revocations.map((one) => one.issuer),
        revocations.map((one) => one.serial),
        revocations.map((one) => one.revokedAt.toString()),
        revocations.map((one) => one.reason),
        revocations.map((one) => one.invalidityAt?.toString() ?? null),
        revocations.map((one) => one.publishedAt?.toString() ?? null),
      ],
    );
  }

  async *entries(): AsyncIterable<CertificateEntry> {
    let after = { issuer: '', serial: '' };
    for (;;) {
      const { rows } = await this.#pool.query<EntryRow>(
        `SELECT c.issuer, c.serial, (extract(epoch FROM c.not_after) * 1000)::bigint AS not_after_ms, c.spki_hash,
                c.ocsp, c.crl_url, c.subscriber, (extract(epoch FROM r.revoked_at) * 1000)::bigint AS revoked_ms,
                r.reason, (extract(epoch FROM r.invalidity_at) * 1000)::bigint AS invalidity_ms,
                (extract(epoch FROM r.published_at) * 1000)::bigint AS published_ms
         FROM lab_ca.certificate c LEFT JOIN lab_ca.revocation r USING (issuer, serial)
         WHERE (c.issuer, c.serial) > ($1, $2) ORDER BY c.issuer, c.serial LIMIT $3`,
        [after.issuer, after.serial, pageSize],
      );
      for (const row of rows) yield entryOf(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageSize) return;
      after = { issuer: last.issuer, serial: last.serial };
    }
  }

  async crlNumbers(): Promise<ReadonlyMap<string, bigint>> {
    const { rows } = await this.#pool.query<{ path: string; number: string }>(
      'SELECT path, number FROM lab_ca.crl_number',
    );
    return new Map(rows.map((row) => [row.path, BigInt(row.number)]));
  }

  async saveCrlNumber(path: string, number: bigint): Promise<void> {
    // Only ever grows, also when two processes were started on one CA by mistake.
    await this.#pool.query(
      `INSERT INTO lab_ca.crl_number (path, number) VALUES ($1, $2)
       ON CONFLICT (path) DO UPDATE SET number = greatest(lab_ca.crl_number.number, excluded.number)`,
      [path, number.toString()],
    );
  }

  async saveDocuments(documents: readonly StoredDocument[]): Promise<void> {
    await this.#pool.query(
      `INSERT INTO lab_ca.document (kind, id, body) SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[])
       ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body`,
      [
        documents.map((one) => one.kind),
        documents.map((one) => one.id),
        documents.map((one) => JSON.stringify(one.body)),
      ],
    );
  }

  async *documents(): AsyncIterable<StoredDocument> {
    for (const kind of ['account', 'authorization', 'order'] as const) {
      let after = '0';
      for (;;) {
        const { rows } = await this.#pool.query<{ id: string; body: StoredDocument['body']; position: string }>(
          'SELECT id, body, position FROM lab_ca.document WHERE kind = $1 AND position > $2 ORDER BY position LIMIT $3',
          [kind, after, pageSize],
        );
        for (const { id, body } of rows) yield { kind, id, body };
        const last = rows.at(-1);
        if (last === undefined || rows.length < pageSize) break;
        after = last.position;
      }
    }
  }
}

function entryOf(row: EntryRow): CertificateEntry {
  const { issuer, serial } = row;
  return {
    issuer,
    serial,
    notAfter: instant(row.not_after_ms)!,
    spkiHash: row.spki_hash,
    ocsp: row.ocsp,
    crlUrl: row.crl_url,
    subscriber: row.subscriber,
    revocation:
      row.revoked_ms === null
        ? null
        : {
            issuer,
            serial,
            revokedAt: instant(row.revoked_ms)!,
            reason: row.reason,
            invalidityAt: instant(row.invalidity_ms),
            publishedAt: instant(row.published_ms),
          },
  };
}

function instant(ms: string | null): Instant | null {
  return ms === null ? null : Temporal.Instant.fromEpochMilliseconds(Number(ms));
}

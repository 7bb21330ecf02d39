/** Uploads that are under way: what has come so far, sealed, and the answer once the report was taken. */
import type { Pool } from 'pg';
import type { Instant } from '../../foundation/time/time.ts';

export interface Upload {
  readonly uploadId: string;
  readonly secretHash: string;
  readonly mediaType: string;
  readonly length: number;
  readonly offset: number;
  /** Sealed; null until the report is taken. */
  readonly answer: Buffer | null;
}

export interface UploadStore {
  /** False when uploads that are under way already hold all the room there is. */
  begin(upload: Omit<Upload, 'offset' | 'answer'>, now: Instant): Promise<boolean>;
  find(uploadId: string): Promise<Upload | null>;
  /** Durable before it resolves. False when the upload does not stand at `offset` (any more): nothing was stored. */
  append(uploadId: string, piece: { offset: number; bytes: number; sealed: Buffer }, now: Instant): Promise<boolean>;
  pieces(uploadId: string): Promise<readonly { readonly offset: number; readonly sealed: Buffer }[]>;
  /** Keeps the answer and drops the pieces, in one. */
  finish(uploadId: string, answer: Buffer, now: Instant): Promise<void>;
}

/** Bytes that all unfinished uploads together may announce. The form and mail need none of this room. */
export const underWayBytesMax = 2 * 1024 * 1024 * 1024;
const kept = Temporal.Duration.from({ hours: 24 });

export const migrations: readonly { readonly id: string; readonly sql: string }[] = [
  {
    id: 'uploads-1',
    sql: `
      CREATE SCHEMA IF NOT EXISTS uploads;
      CREATE TABLE uploads.upload (
        upload_id text PRIMARY KEY,
        secret_hash text NOT NULL,
        media_type text NOT NULL,
        length bigint NOT NULL,
        stands_at bigint NOT NULL DEFAULT 0,
        moved_at timestamptz NOT NULL,
        answer bytea
      );
      CREATE TABLE uploads.piece (
        upload_id text NOT NULL REFERENCES uploads.upload ON DELETE CASCADE,
        starts_at bigint NOT NULL,
        sealed bytea NOT NULL,
        PRIMARY KEY (upload_id, starts_at)
      );`,
  },
];

interface Row {
  readonly secret_hash: string;
  readonly media_type: string;
  readonly length: string;
  readonly stands_at: string;
  readonly answer: Buffer | null;
}

export function postgresUploads(pool: Pool): UploadStore {
  return {
    async begin({ uploadId, secretHash, mediaType, length }, now) {
      const { rowCount } = await pool.query(
        `INSERT INTO uploads.upload (upload_id, secret_hash, media_type, length, moved_at)
         SELECT $1, $2, $3, $4::bigint, $5
         WHERE (SELECT coalesce(sum(length), 0) FROM uploads.upload WHERE answer IS NULL) + $4::bigint <= $6`,
        [uploadId, secretHash, mediaType, length, now.toString(), underWayBytesMax],
      );
      return rowCount === 1;
    },
    async find(uploadId) {
      const { rows } = await pool.query<Row>('SELECT * FROM uploads.upload WHERE upload_id = $1', [uploadId]);
      const [row] = rows;
      if (row === undefined) return null;
      return {
        uploadId,
        secretHash: row.secret_hash,
        mediaType: row.media_type,
        length: Number(row.length),
        offset: Number(row.stands_at),
        answer: row.answer,
      };
    },
    async append(uploadId, { offset, bytes, sealed }, now) {
      // Of two that send the same piece, one moves the row and the other finds that it has moved.
      const { rowCount } = await pool.query(
        `WITH moved AS (
           UPDATE uploads.upload SET stands_at = stands_at + $3::bigint, moved_at = $5
           WHERE upload_id = $1 AND stands_at = $2::bigint AND stands_at + $3::bigint <= length AND answer IS NULL
           RETURNING upload_id
         )
         INSERT INTO uploads.piece (upload_id, starts_at, sealed) SELECT upload_id, $2::bigint, $4 FROM moved`,
        [uploadId, offset, bytes, sealed, now.toString()],
      );
      return rowCount === 1;
    },
    async pieces(uploadId) {
      const { rows } = await pool.query<{ starts_at: string; sealed: Buffer }>(
        'SELECT starts_at, sealed FROM uploads.piece WHERE upload_id = $1 ORDER BY starts_at',
        [uploadId],
      );
      return rows.map((row) => ({ offset: Number(row.starts_at), sealed: row.sealed }));
    },
    async finish(uploadId, answer, now) {
      await pool.query(
        `WITH dropped AS (DELETE FROM uploads.piece WHERE upload_id = $1)
         UPDATE uploads.upload SET answer = $2, moved_at = $3 WHERE upload_id = $1 AND answer IS NULL`,
        [uploadId, answer, now.toString()],
      );
    },
  };
}

/** Uploads that nobody has gone on with for a day, and answers that nobody has asked for again since. */
export async function forgetUploads(pool: Pool, now: Instant): Promise<number> {
  const { rowCount } = await pool.query('DELETE FROM uploads.upload WHERE moved_at < $1', [
    now.subtract(kept).toString(),
  ]);
  return rowCount ?? 0;
}

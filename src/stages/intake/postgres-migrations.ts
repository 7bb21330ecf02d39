/** Tables of intake, schema `intake`. Migrations only go forward. */
import { gatewayMigrations } from './postgres-gateway.ts';

export const migrations: readonly { id: string; sql: string }[] = [
  {
    id: 'intake-001-receipts',
    sql: `
      CREATE SCHEMA IF NOT EXISTS intake;
      CREATE TABLE intake.receipt (
        id uuid PRIMARY KEY,
        channel text NOT NULL,
        source text NOT NULL,
        folder text NOT NULL,
        source_key text NOT NULL,
        sha256 bytea NOT NULL CHECK (length(sha256) = 32),
        size bigint NOT NULL,
        key_id text NOT NULL,
        sealed bytea,
        sealed_forgotten_at timestamptz,
        mailbox text,
        envelope_from text,
        envelope_to text[] NOT NULL,
        accepted_at timestamptz NOT NULL,
        marks jsonb NOT NULL,
        state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'reading', 'read', 'failed')),
        not_before timestamptz NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        reader text,
        leased_until timestamptz,
        deliveries integer NOT NULL DEFAULT 1,
        problem text,
        finished_at timestamptz,
        message_id text,
        message_id_synthetic boolean,
        content_hash bytea,
        thread_keys text[],
        automatic text,
        redacted bytea,
        UNIQUE (source, source_key, sha256),
        CHECK ((state = 'reading') = (leased_until IS NOT NULL))
      );
      -- Sealed bytes do not compress; trying would cost a core.
      ALTER TABLE intake.receipt ALTER COLUMN sealed SET STORAGE EXTERNAL;
      CREATE INDEX receipt_unread ON intake.receipt (accepted_at) WHERE state IN ('new', 'reading');
      CREATE INDEX receipt_failed ON intake.receipt (accepted_at) WHERE state = 'failed';
      CREATE INDEX receipt_accepted ON intake.receipt (accepted_at);
      CREATE INDEX receipt_content ON intake.receipt (content_hash);
      CREATE INDEX receipt_message ON intake.receipt (message_id) WHERE NOT message_id_synthetic;
      CREATE INDEX receipt_thread ON intake.receipt USING gin (thread_keys);
      CREATE INDEX receipt_kept ON intake.receipt (key_id) WHERE sealed IS NOT NULL;
      -- Where a source showed it: what is counted against what the source says it holds.
      CREATE TABLE intake.sighting (
        source text NOT NULL,
        folder text NOT NULL,
        place text NOT NULL,
        receipt_id uuid NOT NULL REFERENCES intake.receipt,
        PRIMARY KEY (source, folder, place, receipt_id)
      );
      CREATE INDEX sighting_receipt ON intake.sighting (receipt_id);
      CREATE TABLE intake.source_count (
        source text NOT NULL,
        folder text NOT NULL,
        epoch text NOT NULL,
        seen bigint NOT NULL,
        counted_at timestamptz NOT NULL,
        PRIMARY KEY (source, folder, epoch)
      );
      CREATE TABLE intake.source_cursor (
        source text NOT NULL,
        folder text NOT NULL,
        epoch text NOT NULL,
        next bigint NOT NULL,
        modseq numeric,
        moved_at timestamptz NOT NULL,
        PRIMARY KEY (source, folder)
      );
    `,
  },
  ...gatewayMigrations,
  {
    // New entries of a GIN index wait in a list that every search has to read through; looking for a thread is done for
    // every message, so they are filed at once.
    id: 'intake-003-threads-filed-at-once',
    sql: `
      ALTER INDEX intake.receipt_thread SET (fastupdate = off);
      SELECT gin_clean_pending_list('intake.receipt_thread');
    `,
  },
  {
    // A receipt changes twice while it is read. Where no index looks at what changes the first time, PostgreSQL writes
    // one row and no index entries. The text that people see is kept once, with the reading.
    id: 'intake-004-lighter-claims',
    sql: `
      DROP INDEX intake.receipt_unread;
      DROP INDEX intake.receipt_failed;
      CREATE INDEX receipt_unread ON intake.receipt (accepted_at) WHERE finished_at IS NULL;
      ALTER TABLE intake.receipt DROP COLUMN redacted;
      ALTER TABLE intake.receipt SET (fillfactor = 60);
    `,
  },
  {
    id: 'intake-005-key-hint',
    sql: 'ALTER TABLE intake.receipt ADD COLUMN may_hold_key boolean NOT NULL DEFAULT true;',
  },
];

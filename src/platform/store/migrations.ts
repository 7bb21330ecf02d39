/** The tables of this room, in the schema `store`. */
import type { Migration } from './migrate.ts';

export const storeMigrations: readonly Migration[] = [
  {
    id: '001-events',
    sql: `
      CREATE TABLE store.event (
        global_seq bigint PRIMARY KEY,
        case_id text NOT NULL,
        seq integer NOT NULL,
        at timestamptz NOT NULL,
        type text NOT NULL,
        -- Canonical JSON of the whole event, exactly the bytes that were hashed. Text and not jsonb: jsonb reorders,
        -- rewrites numbers, and refuses the NUL characters that hostile mail contains.
        body text NOT NULL,
        chain bytea NOT NULL,
        UNIQUE (case_id, seq)
      );
      CREATE TABLE store.event_head (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        size bigint NOT NULL,
        chain bytea NOT NULL,
        -- The peaks of the Merkle tree, 32 bytes each.
        peaks bytea NOT NULL
      ) WITH (fillfactor = 10);
      CREATE FUNCTION store.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'the event log is append-only';
        END $$;
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON store.event
        FOR EACH STATEMENT EXECUTE FUNCTION store.refuse_change();`,
  },
  {
    id: '002-cases',
    sql: `
      CREATE TABLE store.case_state (
        case_id text PRIMARY KEY,
        seq integer NOT NULL,
        open boolean NOT NULL,
        wake_at timestamptz,
        leased_until timestamptz,
        lease text
      ) WITH (fillfactor = 70);
      CREATE INDEX case_due ON store.case_state (wake_at) WHERE open AND wake_at IS NOT NULL;
      CREATE TABLE store.case_summary (
        case_id text PRIMARY KEY,
        open boolean NOT NULL,
        due_at timestamptz,
        data json NOT NULL,
        global_seq bigint NOT NULL
      ) WITH (fillfactor = 70);
      CREATE INDEX case_summary_due ON store.case_summary (due_at NULLS LAST, case_id);`,
  },
  {
    id: '003-duties',
    sql: `
      CREATE TABLE store.duty (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        idempotency_key text NOT NULL UNIQUE,
        case_id text,
        kind text NOT NULL,
        due_at timestamptz NOT NULL,
        state text NOT NULL DEFAULT 'waiting',
        attempts integer NOT NULL DEFAULT 0,
        payload json NOT NULL,
        outcome json,
        ended_at timestamptz,
        leased_until timestamptz,
        lease text
      );
      CREATE INDEX duty_due ON store.duty (due_at) WHERE state = 'waiting';
      CREATE INDEX duty_case ON store.duty (case_id);`,
  },
  {
    id: '004-certificates',
    sql: `
      CREATE TABLE store.affected_certificate (
        set_id text NOT NULL,
        fingerprint bytea NOT NULL,
        case_id text NOT NULL,
        serial bytea NOT NULL,
        issuer_hash bytea NOT NULL,
        subscriber text,
        priority integer NOT NULL,
        state text NOT NULL,
        reason text,
        not_before timestamptz,
        hold_id text,
        attempted_at timestamptz,
        accepted_at timestamptz,
        published_at timestamptz,
        outcome text,
        PRIMARY KEY (set_id, fingerprint)
      ) WITH (fillfactor = 80);
      CREATE INDEX affected_revocable ON store.affected_certificate (set_id, priority, fingerprint) WHERE state = 'identified';
      CREATE INDEX affected_fingerprint ON store.affected_certificate (fingerprint);`,
  },
  {
    id: '005-heartbeats',
    sql: `
      CREATE TABLE store.heartbeat (
        name text PRIMARY KEY,
        at timestamptz NOT NULL,
        detail text NOT NULL
      ) WITH (fillfactor = 20);`,
  },
  {
    id: '006-leased',
    sql: `
      CREATE INDEX case_leased ON store.case_state (leased_until) WHERE leased_until IS NOT NULL;
      CREATE INDEX duty_leased ON store.duty (leased_until) WHERE leased_until IS NOT NULL;`,
  },
];

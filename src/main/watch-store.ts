/** What the night watch has to remember over a restart: which pages went out, and which test reports. */
import type { Pool } from 'pg';
import { at, type Instant } from '../foundation/time/time.ts';

export const watchMigrations = [
  {
    id: '001-watch',
    sql: `create schema if not exists watch;
create table watch.page (
  case_id text not null,
  number integer not null,
  level integer not null,
  person text not null,
  because text not null,
  at timestamptz not null,
  accepted boolean not null,
  ended boolean not null default false,
  primary key (case_id, number)
);
create index page_running on watch.page (case_id) where not ended;
create table watch.canary (
  path text not null,
  number integer not null,
  sent_at timestamptz not null,
  seen_at timestamptz,
  folder text,
  attachment_whole boolean,
  primary key (path, number)
);`,
  },
  {
    id: '002-peace-time',
    sql: `create table watch.contact_finding (
  id text primary key,
  since timestamptz not null,
  seen_at timestamptz not null
);
create table watch.drill (
  drill_id text primary key,
  kind text not null,
  at timestamptz not null,
  by text not null,
  remark text not null,
  true_label text,
  message_id text,
  sent_to text
);
create index drill_kind on watch.drill (kind, at);`,
  },
] as const;

export interface StoredPage {
  readonly number: number;
  readonly level: number;
  readonly person: string;
  readonly because: string;
  readonly at: Instant;
  readonly accepted: boolean;
}

export interface PageStore {
  /** Pages of a case that have been sent, in order. */
  ofCase(caseId: string): Promise<readonly StoredPage[]>;
  /** Recorded before it is sent. Returns its number in the case. */
  add(caseId: string, page: Omit<StoredPage, 'number' | 'accepted'>): Promise<number>;
  accepted(caseId: string, number: number): Promise<void>;
  /** Cases somebody was paged for and that are not over. */
  running(limit: number): Promise<readonly string[]>;
  /** No further page is owed. A later page for the same case starts it again. */
  end(caseId: string): Promise<void>;
}

export function postgresPages(pool: Pool): PageStore {
  return {
    async ofCase(caseId) {
      const { rows } = await pool.query<Omit<StoredPage, 'at'> & { at: string }>(
        `select number, level, person, because, accepted,
           to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
         from watch.page where case_id = $1 order by number`,
        [caseId],
      );
      return rows.map((row) => ({ ...row, at: at(row.at) }));
    },
    async add(caseId, page) {
      const { rows } = await pool.query<{ number: number }>(
        `insert into watch.page (case_id, number, level, person, because, at, accepted)
         select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, false from watch.page where case_id = $1
         returning number`,
        [caseId, page.level, page.person, page.because, page.at.toString()],
      );
      return rows[0]?.number ?? 0;
    },
    async accepted(caseId, number) {
      await pool.query('update watch.page set accepted = true where case_id = $1 and number = $2', [caseId, number]);
    },
    async running(limit) {
      const { rows } = await pool.query<{ case_id: string }>(
        'select distinct case_id from watch.page where not ended order by case_id limit $1',
        [limit],
      );
      return rows.map((row) => row.case_id);
    },
    async end(caseId) {
      await pool.query('update watch.page set ended = true where case_id = $1 and not ended', [caseId]);
    },
  };
}

/** Test reports that nobody looks back at any more; says how many. */
export async function forgetTestReports(pool: Pool, before: Instant): Promise<number> {
  return (await pool.query('delete from watch.canary where sent_at < $1', [before.toString()])).rowCount ?? 0;
}

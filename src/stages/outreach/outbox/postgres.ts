import type { Pool } from 'pg';
import type { Instant } from '../../../foundation/time/time.ts';
import type { Letter, Outbox } from './outbox.ts';

export const outboxMigrations = [
  {
    id: '0002-letters',
    sql: `create schema if not exists outreach;
create table outreach.letter (
  letter_id text primary key,
  case_id text not null,
  matter_id text,
  report_id text,
  kind text not null,
  audience text not null,
  recipient text not null,
  language text not null,
  subject text not null,
  body text not null,
  message_id text not null unique,
  state text not null,
  at timestamptz not null,
  problem text
);
create index letter_case on outreach.letter (case_id, at);`,
  },
  {
    id: '0003-acknowledgements',
    sql: `create index letter_acknowledgements on outreach.letter (at) where kind = 'acknowledgement';`,
  },
  {
    id: '0004-acknowledgements-by-address',
    sql: `create index letter_acknowledged_to on outreach.letter (recipient, at) where kind = 'acknowledgement';`,
  },
] as const;

interface Row {
  readonly letter_id: string;
  readonly case_id: string;
  readonly matter_id: string | null;
  readonly report_id: string | null;
  readonly kind: string;
  readonly audience: Letter['audience'];
  readonly recipient: string;
  readonly language: string;
  readonly subject: string;
  readonly body: string;
  readonly message_id: string;
  readonly state: Letter['state'];
  readonly at: Instant;
  readonly problem: string | null;
}

export function postgresOutbox(pool: Pool): Outbox {
  return {
    async record(letters) {
      for (let i = 0; i < letters.length; i += 1_000) {
        const rows = letters.slice(i, i + 1_000);
        await pool.query(
          `insert into outreach.letter (letter_id, case_id, matter_id, report_id, kind, audience, recipient, language, subject, body, message_id, state, at, problem)
           select r->>'letterId', r->>'caseId', r->>'matterId', r->>'reportId', r->>'kind', r->>'audience', r->>'to', r->>'language', r->>'subject',
                  r->>'text', r->>'messageId', r->>'state', (r->>'at')::timestamptz, r->>'problem'
           from jsonb_array_elements($1::jsonb) as r
           on conflict (letter_id) do update set state = excluded.state, at = excluded.at, problem = excluded.problem
             where letter.state <> 'sent'`,
          [JSON.stringify(rows)],
        );
      }
    },
    async sent(letterIds) {
      const { rows } = await pool.query<{ letter_id: string }>(
        `select letter_id from outreach.letter where letter_id = any($1) and state = 'sent'`,
        [[...letterIds]],
      );
      return new Set(rows.map((r) => r.letter_id));
    },
    async ofCase(caseId, limit) {
      const { rows } = await pool.query<Row>(
        'select * from outreach.letter where case_id = $1 order by at desc, letter_id limit $2',
        [caseId, limit],
      );
      return rows.map(letterOf);
    },
    async cameBack(letterId, problem) {
      await pool.query(`update outreach.letter set state = 'failed', problem = $2 where letter_id = $1`, [
        letterId,
        problem,
      ]);
    },
    async acknowledged(address, { day, hour }, caseId) {
      const { rows } = await pool.query<{ today: number; hour: number; thread: number }>(
        `select (select count(*)::int from outreach.letter
                  where kind = 'acknowledgement' and recipient = $1 and at >= $2) as today,
                (select count(*)::int from outreach.letter where kind = 'acknowledgement' and at >= $3) as hour,
                (select count(*)::int from outreach.letter
                  where case_id = $4 and kind = 'acknowledgement' and recipient = $1) as thread`,
        [address, day.toString(), hour.toString(), caseId],
      );
      const [row] = rows;
      return { toAddressToday: row?.today ?? 0, thisHour: row?.hour ?? 0, inThread: row?.thread ?? 0 };
    },
    async byMessageId(messageId) {
      const { rows } = await pool.query<Row>('select * from outreach.letter where message_id = $1', [messageId]);
      return rows[0] === undefined ? null : letterOf(rows[0]);
    },
  };
}

function letterOf(row: Row): Letter {
  return {
    letterId: row.letter_id,
    caseId: row.case_id,
    matterId: row.matter_id,
    reportId: row.report_id,
    kind: row.kind,
    audience: row.audience,
    to: row.recipient,
    language: row.language,
    subject: row.subject,
    text: row.body,
    messageId: row.message_id,
    state: row.state,
    at: row.at,
    problem: row.problem,
  };
}

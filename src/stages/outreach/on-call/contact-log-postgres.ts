import type { Pool } from 'pg';
import { at } from '../../../foundation/time/time.ts';
import { attemptsMax, type ContactLog, type NotedAttempt } from './contact-log.ts';

export const contactLogMigrations = [
  {
    id: '0004-contact-log',
    sql: `create schema if not exists outreach;
create table outreach.contact_attempt (
  number bigint generated always as identity primary key,
  who text not null,
  kind text not null,
  channel text not null,
  "to" text not null,
  at timestamptz not null,
  result text not null,
  by text not null,
  case_id text,
  message_id text,
  remark text not null
);
create index contact_attempt_at on outreach.contact_attempt (kind, at);
create index contact_attempt_case on outreach.contact_attempt (case_id) where case_id is not null;
create index contact_attempt_message on outreach.contact_attempt (message_id) where message_id is not null;`,
  },
] as const;

interface Row {
  readonly who: string;
  readonly kind: NotedAttempt['kind'];
  readonly channel: NotedAttempt['channel'];
  readonly to: string;
  readonly at: string;
  readonly result: NotedAttempt['result'];
  readonly by: string;
  readonly case_id: string | null;
  readonly message_id: string | null;
  readonly remark: string;
}

const columns = `who, kind, channel, "to", to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, result, by,
  case_id, message_id, remark`;

export function postgresContactLog(pool: Pool): ContactLog {
  const read = async (where: string, values: readonly unknown[], limit = attemptsMax): Promise<NotedAttempt[]> => {
    const { rows } = await pool.query<Row>(
      `select ${columns} from outreach.contact_attempt where ${where} order by number desc limit ${limit}`,
      [...values],
    );
    return rows.map(attemptOf).toReversed();
  };
  return {
    async note(attempts) {
      if (attempts.length === 0) return;
      const rows = attempts.map((a) => ({ ...a, at: a.at.toString() }));
      await pool.query(
        `insert into outreach.contact_attempt (who, kind, channel, "to", at, result, by, case_id, message_id, remark)
         select r->>'who', r->>'kind', r->>'channel', r->>'to', (r->>'at')::timestamptz, r->>'result', r->>'by',
                r->>'caseId', r->>'messageId', r->>'remark'
         from jsonb_array_elements($1::jsonb) as r`,
        [JSON.stringify(rows)],
      );
    },
    since: (from, kind) => read('kind = $1 and at >= $2', [kind, from.toString()]),
    ofCase: (caseId) => read('case_id = $1', [caseId]),
    async byMessageId(messageIds) {
      if (messageIds.length === 0) return null;
      const [found] = await read('message_id = any($1)', [[...messageIds]], 1);
      return found ?? null;
    },
  };
}

function attemptOf(row: Row): NotedAttempt {
  const { case_id: caseId, message_id: messageId, ...rest } = row;
  return { ...rest, at: at(row.at), caseId, messageId };
}

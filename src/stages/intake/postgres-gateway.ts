/** Lines of the mail gateway in PostgreSQL, schema `intake`. */
import type pg from 'pg';
import type { Instant } from '../../foundation/time/time.ts';
import type { GatewayBook, GatewayEvent } from './gateway-log.ts';
import { REFUSAL_DAYS_MAX } from './gateway-log.ts';
import { instantFrom, instantText, storable } from './postgres-rows.ts';

export const gatewayMigrations: readonly { id: string; sql: string }[] = [
  {
    id: 'intake-002-gateway-lines',
    sql: `
      CREATE TABLE intake.gateway_line (
        at timestamptz NOT NULL,
        action text NOT NULL CHECK (action IN ('refuse', 'hold', 'move')),
        envelope_from text NOT NULL,
        envelope_to text[] NOT NULL,
        message_id text NOT NULL,
        UNIQUE (envelope_from, at, action, message_id)
      );
      CREATE INDEX gateway_line_message ON intake.gateway_line (message_id) WHERE message_id <> '';
    `,
  },
];

/** Lines looked at for one message. A sender that was refused more often than this has the earliest of them. */
const LINES_MAX = 200;

export function postgresGatewayBook(pool: pg.Pool): GatewayBook {
  return {
    async note(event) {
      const result = await pool.query(
        `INSERT INTO intake.gateway_line (at, action, envelope_from, envelope_to, message_id)
         VALUES ($1::timestamptz, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
        [
          instantText(event.at),
          event.action,
          storable(event.envelopeFrom.toLowerCase()),
          event.envelopeTo.map((to) => storable(to.toLowerCase())),
          storable(event.messageId ?? ''),
        ],
      );
      return result.rowCount === 1;
    },
    async about({ senders, messageId, acceptedAt }) {
      const { rows } = await pool.query<Row>(
        `SELECT (extract(epoch FROM at) * 1000000)::bigint::text AS at_us, action, envelope_from, envelope_to, message_id
         FROM intake.gateway_line
         WHERE at <= $3::timestamptz
           AND ((envelope_from = ANY($1::text[]) AND at >= $4::timestamptz) OR (message_id = $2 AND message_id <> ''))
         ORDER BY at LIMIT $5`,
        [
          senders.map(storable),
          storable(messageId ?? ''),
          instantText(acceptedAt),
          instantText(acceptedAt.subtract({ hours: REFUSAL_DAYS_MAX * 24 })),
          LINES_MAX,
        ],
      );
      return rows.map(eventFrom);
    },
  };
}

/** A line that names a message counts for it however late the message comes; one that does not counts for two weeks. */
const NAMED_DAYS_KEPT = 400;
const UNNAMED_DAYS_KEPT = 2 * REFUSAL_DAYS_MAX;

/** Lines that can move no clock any more; says how many. */
export async function forgetGatewayLines(pool: pg.Pool, now: Instant): Promise<number> {
  const before = (days: number): string => instantText(now.subtract({ hours: 24 * days }));
  const result = await pool.query(
    `DELETE FROM intake.gateway_line
     WHERE at < $1::timestamptz OR (at < $2::timestamptz AND message_id = '')`,
    [before(NAMED_DAYS_KEPT), before(UNNAMED_DAYS_KEPT)],
  );
  return result.rowCount ?? 0;
}

interface Row {
  readonly at_us: string;
  readonly action: GatewayEvent['action'];
  readonly envelope_from: string;
  readonly envelope_to: readonly string[];
  readonly message_id: string;
}

function eventFrom(row: Row): GatewayEvent {
  return {
    at: instantFrom(row.at_us),
    action: row.action,
    envelopeFrom: row.envelope_from,
    envelopeTo: row.envelope_to,
    messageId: row.message_id === '' ? null : row.message_id,
  };
}

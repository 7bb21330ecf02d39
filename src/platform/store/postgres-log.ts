/** The global log and the heartbeats on PostgreSQL. */
import type pg from 'pg';
import { canonicalJson, type Json } from '../../foundation/log/canonical.ts';
import { emptyLog, headOf, type LogEntry, type LogHead, verifyLog } from '../../foundation/log/chain.ts';
import { logLines } from '../../foundation/log/file.ts';
import type { Instant } from '../../foundation/time/time.ts';
import { treeHeadOf } from './common.ts';
import type { EventLog } from './event-log.ts';
import type { Heartbeat, Heartbeats } from './heartbeats.ts';
import { splitPeaks } from './postgres-append.ts';
import { run, sqlInstant } from './statements.ts';

interface EntryRow {
  readonly global_seq: number;
  readonly case_id: string;
  readonly seq: number;
  readonly at: Instant;
  readonly type: string;
  readonly body: string;
  readonly chain: Buffer;
}

const pageSize = 2_000;

export function postgresLog(pool: pg.Pool): EventLog {
  const log: EventLog = {
    head: () => readHead(pool),
    treeHead: (size) => treeHeadOf(log, size),
    entries: (from = 1, to = Number.MAX_SAFE_INTEGER) => entries(pool, from, to),
    verify: async (checkpoints) => {
      // What is appended while this reads is beyond the head it is compared with.
      const head = await readHead(pool);
      const extra = await run<{ extra: boolean }>(
        pool,
        // An append in between moves both in one transaction; rows beyond the *current* head are a forgery.
        'SELECT EXISTS (SELECT 1 FROM store.event e, store.event_head h WHERE e.global_seq > h.size) AS extra',
      );
      const to = extra[0]?.extra ? Number.MAX_SAFE_INTEGER : head.size;
      return verifyLog(entries(pool, 1, to), head, checkpoints);
    },
    exportLines: async function* () {
      const head = await readHead(pool);
      yield* logLines(head, entries(pool, 1, head.size));
    },
  };
  return log;
}

async function readHead(pool: pg.Pool): Promise<LogHead> {
  const [row] = await run<{ size: number; chain: Buffer; peaks: Buffer }>(
    pool,
    'SELECT size, chain, peaks FROM store.event_head',
  );
  if (!row) return headOf(emptyLog);
  return headOf({ chain: row.chain, frontier: { size: row.size, peaks: splitPeaks(row.peaks) } });
}

async function* entries(pool: pg.Pool, from: number, to: number): AsyncGenerator<LogEntry> {
  for (let next = from; next <= to; ) {
    const rows = await run<EntryRow>(
      pool,
      `SELECT global_seq, case_id, seq, at, type, body, chain FROM store.event
        WHERE global_seq BETWEEN $1 AND $2 ORDER BY global_seq LIMIT $3`,
      [next, to, pageSize],
    );
    yield* rows.map(toEntry);
    if (rows.length < pageSize) return;
    next = (rows.at(-1)?.global_seq ?? next) + 1;
  }
}

/** Besides the hashed text, the columns that queries use must say the same, or a forger would change those. */
function toEntry(row: EntryRow): LogEntry {
  const { global_seq: globalSeq, chain } = row;
  let event: Json;
  try {
    event = JSON.parse(row.body) as Json;
  } catch {
    return { globalSeq, event: null, chain, problem: 'the entry cannot be read' };
  }
  const entry = { globalSeq, event, chain };
  const { caseId, seq, at, type } = (event ?? {}) as { [key: string]: Json };
  const same = caseId === row.case_id && seq === row.seq && type === row.type && at === row.at.toString();
  if (!same) return { ...entry, problem: 'a column beside the entry was changed' };
  if (canonicalJson(event) !== row.body) return { ...entry, problem: 'the entry is not in canonical form' };
  return entry;
}

export function postgresHeartbeats(pool: pg.Pool): Heartbeats {
  return {
    beat: async ({ name, at, detail }) => {
      await run(
        pool,
        `INSERT INTO store.heartbeat (name, at, detail) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail`,
        [name, sqlInstant(at), detail],
        true,
      );
    },
    all: () => run<Heartbeat>(pool, 'SELECT name, at, detail FROM store.heartbeat ORDER BY name'),
  };
}

/** Which receipts have to do with one that was just read. Asked for every message, so many are asked in one statement. */
import type pg from 'pg';
import type { ReceiptId } from '../../foundation/brand.ts';
import { gathering } from '../../foundation/gathering.ts';
import type { Ledger } from './ledger.ts';
import { storable } from './postgres-rows.ts';
import type { ReceiptFacts, Related } from './receipt.ts';

/** Receipts looked at per relation; a thread of thousands is one case anyway. */
const RELATED_MAX = 1_000;
/** Messages asked about in one statement. */
const TOGETHER_MAX = 50;
const LINGER_MILLISECONDS = 10;

interface Asked {
  readonly facts: ReceiptFacts;
  readonly except: ReceiptId | null;
}

export function relatedOf(pool: pg.Pool): Ledger['related'] {
  const together = gathering((asked: readonly Asked[]) => findAll(pool, asked), {
    most: TOGETHER_MAX,
    lingerMilliseconds: LINGER_MILLISECONDS,
  });
  return (facts, except) => together({ facts, except });
}

async function findAll(pool: pg.Pool, asked: readonly Asked[]): Promise<readonly Related[]> {
  const result = await pool.query<{ place: number; id: string; relation: keyof Related }>({
    name: 'intake-related',
    text: `WITH asked AS MATERIALIZED (
         SELECT place, decode(content_hash, 'hex') AS content_hash, message_id, synthetic, thread_keys, own
         FROM json_to_recordset($1::json) AS asked (
           place integer, content_hash text, message_id text, synthetic boolean, thread_keys text[], own uuid)
       )
       SELECT asked.place, found.id, found.relation
       FROM asked CROSS JOIN LATERAL (
         SELECT id, relation FROM (
           SELECT id, accepted_at, CASE
             WHEN receipt.content_hash = asked.content_hash THEN 'sameContent'
             ELSE 'reusedMessageId' END AS relation
           FROM intake.receipt
           WHERE receipt.content_hash = asked.content_hash
             OR (receipt.message_id = asked.message_id AND NOT receipt.message_id_synthetic AND NOT asked.synthetic)
           UNION ALL
           SELECT id, accepted_at, 'sameThread' FROM intake.receipt
           WHERE receipt.thread_keys && asked.thread_keys AND receipt.content_hash <> asked.content_hash
         ) AS either
         WHERE asked.own IS NULL OR id <> asked.own
         ORDER BY accepted_at, id LIMIT $2
       ) AS found ORDER BY asked.place`,
    values: [JSON.stringify(asked.map(rowOf)), RELATED_MAX],
  });
  const found = asked.map(() => ({
    sameContent: [] as ReceiptId[],
    reusedMessageId: [] as ReceiptId[],
    sameThread: [] as ReceiptId[],
  }));
  for (const { place, relation, id } of result.rows) found[place]?.[relation].push(id as ReceiptId);
  return found;
}

function rowOf({ facts, except }: Asked, place: number) {
  return {
    place,
    content_hash: facts.contentHash,
    message_id: storable(facts.messageId),
    synthetic: facts.messageIdSynthetic,
    thread_keys: facts.threadKeys.map(storable),
    own: except,
  };
}

/**
 * The rules lab over what the desk has read: both judges see the redacted message and the recorded findings of the
 * reading room, so that what moves moves by the thresholds alone. Keys and originals are gone and are not needed.
 */
import type { Pool } from 'pg';
import type * as c from '../../api/contract/index.ts';
import type { Triage } from '../../desk/facts.ts';
import type { Message } from '../../foundation/mail/message.ts';
import { rfc3339, type Time } from '../../foundation/time/time.ts';
import type { BulkFacts } from '../../stages/inventory/bulk.ts';
import { replay } from '../../stages/triage/rules-lab.ts';
import { defaultThresholds, type Thresholds } from '../../stages/triage/thresholds.ts';
import { triage } from '../../stages/triage/triage.ts';

const movedMax = 500;
/** Messages judged between two looks at what else the process has to do. */
const breathEvery = 20;

type KeptMessage = Pick<
  Message,
  'subject' | 'from' | 'to' | 'texts' | 'links' | 'problems' | 'automatic' | 'attachments'
>;

interface Kept {
  readonly reportId: string;
  readonly caseId: string | null;
  readonly message: KeptMessage;
  readonly triage: Triage;
}

export async function tryRules(
  parts: { readonly pool: Pool; readonly time: Time; readonly bulk: Pick<BulkFacts, 'byNames'> },
  { thresholds, most }: c.RulesLabIn,
): Promise<c.RulesLab> {
  const { rows } = await parts.pool.query<Kept>(
    `select report_id as "reportId", case_id as "caseId", message, triage from reading.message
     order by read_at desc limit $1`,
    [most],
  );
  const ours = await namesOfOurs(parts.bulk, rows);
  const counts = { before: { open: 0, review: 0, filed: 0 }, after: { open: 0, review: 0, filed: 0 } };
  const moved: c.RulesLab['moved'] = [];
  for (const [n, kept] of rows.entries()) {
    if (n % breathEvery === 0) await new Promise((resolve) => setImmediate(resolve));
    const message = revived(kept.message);
    const judged = (with_: Thresholds) =>
      triage(message, { objects: kept.triage.artifacts, ownDomains: (name) => ours.has(name), thresholds: with_ });
    const [before, after] = [judged(defaultThresholds), judged(thresholds)];
    counts.before[words[before.action]]++;
    counts.after[words[after.action]]++;
    const [one] = replay(
      [{ name: kept.reportId, read: 0 }],
      () => before,
      () => after,
    );
    if (one === undefined) continue;
    const { reportId, caseId } = kept;
    moved.push({
      reportId,
      caseId,
      subject: message.subject,
      before: one.before,
      after: one.after,
      weaker: one.weaker,
    });
  }
  moved.sort((a, b) => Number(b.weaker) - Number(a.weaker));
  return {
    now: rfc3339(parts.time.now()),
    inForce: { ...defaultThresholds },
    read: rows.length,
    counts,
    weaker: moved.filter((one) => one.weaker).length,
    movedTotal: moved.length,
    moved: moved.slice(0, movedMax),
  };
}

const words = { 'open-case': 'open', 'human-review': 'review', file: 'filed' } as const;

async function namesOfOurs(bulk: Pick<BulkFacts, 'byNames'>, rows: readonly Kept[]): Promise<ReadonlySet<string>> {
  const asked = [...new Set(rows.flatMap((row) => row.triage.artifacts.domains))];
  const found = asked.length === 0 ? [] : await bulk.byNames(asked);
  const ours = new Set(found.flatMap((certificate) => certificate.names));
  return new Set(asked.filter((name) => ours.has(name) || ours.has(name.replace(/^[^.]+/, '*'))));
}

/** What is kept of a message, with nothing where nothing was kept: texts of enclosed messages are among its own. */
function revived(kept: KeptMessage): Message {
  return {
    ...kept,
    ...{ messageId: null, messageIdSynthetic: true, inReplyTo: [], references: [], replyTo: [], originalFrom: null },
    ...{ sender: null, cc: [], deliveredTo: [], returnPath: null, date: null, received: [], inner: [], failures: [] },
    ...{ feedback: null, headers: new Map() },
    attachments: kept.attachments.map((a) => ({ ...a, bytes: new Uint8Array() })),
  } as Message;
}

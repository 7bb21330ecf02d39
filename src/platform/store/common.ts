/** What both stores say in the same words. */
import assert from 'node:assert';
import { Fault } from '../../foundation/fault.ts';
import { canonicalJson } from '../../foundation/log/canonical.ts';
import type { LogHead } from '../../foundation/log/chain.ts';
import { emptyFrontier, grow, leafHash, rootOf, type TreeHead } from '../../foundation/log/merkle.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { AppendOptions, NewEvent } from './case-store.ts';
import { type Change, mayFollow } from './certificate-sets.ts';
import type { EventLog } from './event-log.ts';

/** One append is one decision; more than this is a list that belongs in a certificate set. */
const eventsPerAppendMax = 1_000;
const eventBytesMax = 1024 * 1024;

/** Before anything is written: a mistake of one caller must not fail others who share a transaction with it. */
export function checkAppend(caseId: string, events: readonly NewEvent[], options: AppendOptions): void {
  assert(caseId !== '', 'a case has an id');
  assert(events.length > 0, 'an append without events would change a case without a trace');
  assert(events.length <= eventsPerAppendMax, 'an append is one decision, not a bulk load');
  for (const event of events) {
    assert(canonicalJson(event.data).length <= eventBytesMax, `event ${event.type} is larger than any the desk makes`);
  }
  if (options.summary) canonicalJson(options.summary.data);
  for (const duty of options.duties ?? []) canonicalJson(duty.payload);
}

export function caseChanged(caseId: string): Fault {
  return new Fault('case_changed', `Case ${caseId} was changed by somebody else meanwhile. Load it and decide again.`);
}

export async function treeHeadOf(log: EventLog, size: number): Promise<TreeHead> {
  const head: LogHead = await log.head();
  if (size < 0 || size > head.size) throw new RangeError(`the log has ${head.size} entries, not ${size}`);
  if (size === head.size) return { size, root: head.root };
  let frontier = emptyFrontier;
  if (size > 0) {
    for await (const { event } of log.entries(1, size))
      frontier = grow(frontier, leafHash(Buffer.from(canonicalJson(event))));
  }
  return { size, root: rootOf(frontier) };
}

/** Lower-case hex of a serial as whole bytes. */
export function serialBytes(serial: string): string {
  return serial.length % 2 === 0 ? serial : `0${serial}`;
}

export function checkChange(change: Change): void {
  assert(change.to !== 'held' || change.holdId !== undefined, "a hold is a named person's recorded act: say which");
  const impossible = (change.from ?? []).filter((state) => !mayFollow[change.to].includes(state));
  assert(impossible.length === 0, `no certificate goes from ${impossible.join(', ')} to ${change.to}`);
}

/** PostgreSQL keeps microseconds; what memory keeps must not be finer. */
export function micro(instant: Instant): Instant;
export function micro(instant: Instant | null): Instant | null;
export function micro(instant: Instant | null): Instant | null {
  return instant?.round({ smallestUnit: 'microsecond', roundingMode: 'halfExpand' }) ?? null;
}

/** The order of the builtin C.UTF-8 collation for the ids we make. */
export function textOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The ledger in memory, for the simulation and for tests. Same promises, except that it does not survive anything. */
import { randomUUID } from 'node:crypto';
import type { ReceiptId } from '../../foundation/brand.ts';
import { Fault } from '../../foundation/fault.ts';
import { hasCome, type Instant, isBefore } from '../../foundation/time/time.ts';
import type { Cursor, Ledger, SourceCount } from './ledger.ts';
import type { Receipt, ReceiptFacts, ReceiptState, Related } from './receipt.ts';

interface Row {
  receipt: Receipt;
  sealed: Uint8Array | null;
  reader: string | null;
  leasedUntil: Instant | null;
  notBefore: Instant;
}

export function memoryLedger(): Ledger {
  const rows = new Map<ReceiptId, Row>();
  const byKey = new Map<string, ReceiptId[]>();
  /** Places per source and folder. */
  const sightings = new Map<string, Set<string>>();
  const counts = new Map<string, SourceCount>();
  const cursors = new Map<string, Cursor>();
  const listeners = new Set<() => void>();

  const held = (id: ReceiptId, reader: string): Row => {
    const row = rows.get(id);
    if (row === undefined || row.receipt.state !== 'reading' || row.reader !== reader) throw claimLost(id);
    return row;
  };
  const update = (row: Row, change: Partial<Receipt>): void => {
    row.receipt = { ...row.receipt, ...change };
  };
  const ordered = (): Row[] =>
    [...rows.values()].toSorted((a, b) => Temporal.Instant.compare(a.receipt.acceptedAt, b.receipt.acceptedAt));
  const related = (facts: ReceiptFacts, except: ReceiptId | null): Related => {
    const others = ordered().filter((row) => row.receipt.id !== except && row.receipt.facts !== null);
    const ids = (test: (other: ReceiptFacts) => boolean): ReceiptId[] =>
      others.filter((row) => test(row.receipt.facts as ReceiptFacts)).map((row) => row.receipt.id);
    return {
      sameContent: ids((other) => other.contentHash === facts.contentHash),
      reusedMessageId: facts.messageIdSynthetic
        ? []
        : ids(
            (other) =>
              !other.messageIdSynthetic &&
              other.messageId === facts.messageId &&
              other.contentHash !== facts.contentHash,
          ),
      sameThread: ids(
        (other) =>
          other.contentHash !== facts.contentHash && other.threadKeys.some((key) => facts.threadKeys.includes(key)),
      ),
    };
  };

  return {
    async record({ arrival, sealed }) {
      const sourceKey = arrival.sourceKey ?? sealed.sha256;
      const key = JSON.stringify([arrival.source, sourceKey]);
      const folder = JSON.stringify([arrival.source, arrival.folder ?? '']);
      const sighted = sightings.get(folder) ?? new Set<string>();
      if (arrival.folder !== null) sightings.set(folder, sighted.add(arrival.sightedAs ?? sourceKey));
      const known = byKey.get(key) ?? [];
      const same = known.find((id) => rows.get(id)?.receipt.sha256 === sealed.sha256);
      if (same !== undefined) {
        const row = rows.get(same) as Row;
        update(row, { deliveries: row.receipt.deliveries + 1 });
        return { id: same, fresh: false, acceptedAt: row.receipt.acceptedAt, keyReused: known.length > 1 };
      }
      const id = randomUUID() as ReceiptId;
      byKey.set(key, [...known, id]);
      const { sightedAs: _, ...kept } = arrival;
      rows.set(id, {
        receipt: {
          ...kept,
          sourceKey,
          id,
          sha256: sealed.sha256,
          size: sealed.size,
          keyId: sealed.keyId,
          mayHoldKey: sealed.mayHoldKey,
          sealedKept: true,
          state: 'new',
          attempts: 0,
          deliveries: 1,
          problem: null,
          facts: null,
        },
        sealed: sealed.sealed,
        reader: null,
        leasedUntil: null,
        notBefore: arrival.acceptedAt,
      });
      for (const listener of listeners) queueMicrotask(listener);
      return { id, fresh: true, acceptedAt: arrival.acceptedAt, keyReused: known.length > 0 };
    },
    async claim({ reader, now, lease, limit }) {
      const free = ordered().filter(
        (row) =>
          (row.receipt.state === 'new' && hasCome(row.notBefore, now)) ||
          (row.receipt.state === 'reading' && row.leasedUntil !== null && hasCome(row.leasedUntil, now)),
      );
      return free.slice(0, limit).map((row) => {
        row.reader = reader;
        row.leasedUntil = now.add(lease);
        update(row, { state: 'reading', attempts: row.receipt.attempts + 1 });
        return { receipt: row.receipt, sealed: row.sealed ?? new Uint8Array(0) };
      });
    },
    async renew({ reader, ids, until }) {
      for (const id of ids) {
        const row = rows.get(id);
        if (row?.receipt.state === 'reading' && row.reader === reader) row.leasedUntil = until;
      }
    },
    async markRead(id, reader, outcome) {
      const row = held(id, reader);
      update(row, {
        state: 'read',
        facts: outcome.facts,
        problem: outcome.problem,
        marks: [...row.receipt.marks, ...outcome.marks],
      });
      row.reader = null;
      row.leasedUntil = null;
    },
    async markFailed(id, reader, failure) {
      const row = held(id, reader);
      update(row, { state: failure.retryAt === null ? 'failed' : 'new', problem: failure.problem });
      row.reader = null;
      row.leasedUntil = null;
      row.notBefore = failure.retryAt ?? row.notBefore;
    },
    async get(id) {
      return rows.get(id)?.receipt ?? null;
    },
    async list({ state, source, limit }) {
      return ordered()
        .map((row) => row.receipt)
        .filter(
          (receipt) => (state ?? receipt.state) === receipt.state && (source ?? receipt.source) === receipt.source,
        )
        .slice(0, limit);
    },
    async sentBy({ sender, messageId, since, limit }) {
      return ordered()
        .map((row) => row.receipt)
        .filter(
          ({ envelopeFrom, facts, acceptedAt }) =>
            !isBefore(acceptedAt, since) &&
            (envelopeFrom === null ||
              envelopeFrom.toLowerCase() === sender.toLowerCase() ||
              (messageId !== null && facts?.messageId === messageId)),
        )
        .slice(0, limit);
    },
    async sealed(id) {
      return rows.get(id)?.sealed ?? null;
    },
    async addMarks(id, marks) {
      const row = rows.get(id);
      if (row !== undefined) update(row, { marks: [...row.receipt.marks, ...marks] });
    },
    async forgetSealed(id) {
      const row = rows.get(id);
      if (row === undefined || row.sealed === null) return false;
      row.sealed = null;
      update(row, { sealedKept: false });
      return true;
    },
    async keyIdsInUse() {
      const kept = [...rows.values()].filter((row) => row.sealed !== null).map((row) => row.receipt.keyId);
      return [...new Set(kept)].toSorted();
    },
    async related(facts, except) {
      return related(facts, except);
    },
    async unrecorded(source, folder, keys) {
      const sighted = sightings.get(JSON.stringify([source, folder]));
      return keys.filter((key) => sighted?.has(key) !== true);
    },
    async reportSeen(count) {
      counts.set(JSON.stringify([count.source, count.folder, count.epoch]), count);
    },
    async differences() {
      return [...counts.values()]
        .map((count) => ({
          ...count,
          recorded: [...(sightings.get(JSON.stringify([count.source, count.folder])) ?? [])].filter(
            (key) => count.epoch === '' || key.startsWith(`${count.epoch}/`),
          ).length,
        }))
        .filter((count) => count.recorded < count.seen);
    },
    async cursor(source, folder) {
      return cursors.get(JSON.stringify([source, folder])) ?? null;
    },
    async moveCursor(source, folder, cursor) {
      cursors.set(JSON.stringify([source, folder]), cursor);
    },
    async stats() {
      const states: Record<ReceiptState, number> = { new: 0, reading: 0, read: 0, failed: 0 };
      let oldestUnreadAt: Instant | null = null;
      for (const { receipt } of rows.values()) {
        states[receipt.state]++;
        if (receipt.state !== 'new' && receipt.state !== 'reading') continue;
        if (oldestUnreadAt === null || isBefore(receipt.acceptedAt, oldestUnreadAt))
          oldestUnreadAt = receipt.acceptedAt;
      }
      return { counts: states, oldestUnreadAt };
    },
    async onRecorded(listener) {
      listeners.add(listener);
      return async () => {
        listeners.delete(listener);
      };
    },
  };
}

export const claimLost = (id: ReceiptId): Fault =>
  new Fault('claim_lost', `Receipt ${id} is no longer this reader's; another reader has it or has finished it.`);

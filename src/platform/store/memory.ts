/**
 * The store in memory, for simulations that run ten thousand cases and for tests that are not about PostgreSQL. It
 * keeps every promise of the ports but durability; values are copied on the way in, as a database would.
 */
import { randomUUID } from 'node:crypto';
import { canonicalJson, type Json } from '../../foundation/log/canonical.ts';
import { emptyLog, extend, headOf, type LogEntry, type LogState, verifyLog } from '../../foundation/log/chain.ts';
import { logLines } from '../../foundation/log/file.ts';
import { hasCome, type Instant, isBefore } from '../../foundation/time/time.ts';
import {
  type CaseStore,
  type CaseSummary,
  type Claim,
  eventBody,
  eventFrom,
  type NewEvent,
  type StoredEvent,
} from './case-store.ts';
import { caseChanged, checkAppend, micro, textOrder, treeHeadOf } from './common.ts';
import type { ClaimedDuty, Duties, Duty, DutyState, NewDuty } from './duties.ts';
import type { EventLog } from './event-log.ts';
import type { Heartbeat, Heartbeats } from './heartbeats.ts';
import { memoryCertificates } from './memory-certificates.ts';
import type { Store } from './store.ts';

interface CaseState {
  readonly caseId: string;
  events: StoredEvent[];
  open: boolean;
  wakeAt: Instant | null;
  leasedUntil: Instant | null;
  lease: string | null;
}

interface DutyRow extends Omit<Duty, 'state' | 'attempts' | 'outcome' | 'endedAt' | 'dueAt'> {
  dueAt: Instant;
  state: DutyState;
  attempts: number;
  outcome: Json;
  endedAt: Instant | null;
  leasedUntil: Instant | null;
  lease: string | null;
}

export function memoryStore(): Store {
  const duties = memoryDuties();
  const log: { state: LogState; entries: LogEntry[] } = { state: emptyLog, entries: [] };
  return {
    cases: memoryCases(log, duties),
    duties,
    certificates: memoryCertificates(),
    log: memoryLog(log),
    heartbeats: memoryHeartbeats(),
  };
}

function copy(value: Json): Json {
  return JSON.parse(canonicalJson(value)) as Json;
}

function isFree(row: { readonly leasedUntil: Instant | null }, now: Instant): boolean {
  return row.leasedUntil === null || hasCome(row.leasedUntil, now);
}

function order(a: Instant | null, b: Instant | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return Temporal.Instant.compare(a, b);
}

function earliestOf(instants: readonly Instant[]): Instant | null {
  return instants.reduce<Instant | null>((min, i) => (min === null || isBefore(i, min) ? i : min), null);
}

function laterOf(a: Instant, b: Instant | null): Instant {
  return b !== null && isBefore(a, b) ? b : a;
}

function memoryCases(log: { state: LogState; entries: LogEntry[] }, duties: Duties): CaseStore {
  const cases = new Map<string, CaseState>();
  const summaries = new Map<string, CaseSummary>();
  const all: StoredEvent[] = [];

  const take = (state: CaseState, leaseUntil: Instant): Claim => {
    state.lease = randomUUID();
    state.leasedUntil = micro(leaseUntil);
    return { caseId: state.caseId, seq: state.events.length, wakeAt: state.wakeAt, lease: state.lease };
  };

  const store = (caseId: string, event: NewEvent, seq: number): StoredEvent => {
    const body = eventBody({ ...event, caseId, seq });
    const bytes = canonicalJson(body);
    log.state = extend(log.state, Buffer.from(bytes));
    const globalSeq = log.state.frontier.size;
    log.entries.push({ globalSeq, event: JSON.parse(bytes), chain: log.state.chain });
    const stored = eventFrom(JSON.parse(bytes), globalSeq);
    all.push(stored);
    return stored;
  };

  return {
    async append(caseId, expectedSeq, events, options) {
      checkAppend(caseId, events, options);
      const before = cases.get(caseId);
      if ((before?.events.length ?? 0) !== expectedSeq) throw caseChanged(caseId);
      const summary = options.summary ? { ...options.summary, data: copy(options.summary.data) } : null;
      const stored = events.map((event, i) => store(caseId, event, expectedSeq + i + 1));
      cases.set(caseId, {
        caseId,
        events: [...(before?.events ?? []), ...stored],
        open: options.open ?? true,
        wakeAt: micro(options.wakeAt),
        leasedUntil: before?.leasedUntil ?? null,
        lease: before?.lease ?? null,
      });
      if (summary) {
        summaries.set(caseId, {
          caseId,
          open: options.open ?? true,
          dueAt: micro(summary.dueAt),
          data: summary.data,
          globalSeq: stored.at(-1)!.globalSeq,
        });
      } else {
        const known = summaries.get(caseId);
        if (known) summaries.set(caseId, { ...known, open: options.open ?? true });
      }
      if (options.duties) await duties.add(options.duties);
      return stored;
    },
    async load(caseId) {
      return cases.get(caseId)?.events ?? [];
    },
    async loadMany(caseIds) {
      return new Map(caseIds.flatMap((id) => (cases.has(id) ? [[id, cases.get(id)!.events] as const] : [])));
    },
    async claimDue(now, limit, leaseUntil) {
      return [...cases.values()]
        .filter((c) => c.open && c.wakeAt !== null && hasCome(c.wakeAt, now) && isFree(c, now))
        .sort((a, b) => order(a.wakeAt, b.wakeAt) || textOrder(a.caseId, b.caseId))
        .slice(0, limit)
        .map((c) => take(c, leaseUntil));
    },
    async claim(caseIds, now, leaseUntil) {
      return [...new Set(caseIds)]
        .flatMap((id) => cases.get(id) ?? [])
        .filter((c) => c.open && isFree(c, now))
        .sort((a, b) => textOrder(a.caseId, b.caseId))
        .map((c) => take(c, leaseUntil));
    },
    async settle(claim, { seq, wakeAt }) {
      const state = cases.get(claim.caseId);
      if (state?.lease !== claim.lease) return false;
      state.lease = null;
      state.leasedUntil = null;
      if (state.events.length === seq) state.wakeAt = micro(wakeAt);
      return true;
    },
    async postpone(claim, until) {
      const state = cases.get(claim.caseId);
      if (state?.lease !== claim.lease) return false;
      state.leasedUntil = micro(until);
      return true;
    },
    async nextWakeAt() {
      const waiting = [...cases.values()].filter((c) => c.open && c.wakeAt !== null);
      return earliestOf(waiting.map((c) => laterOf(c.wakeAt!, c.leasedUntil)));
    },
    async *openCases(pageSize = 500) {
      const open = [...cases.values()].filter((c) => c.open).sort((a, b) => textOrder(a.caseId, b.caseId));
      for (let i = 0; i < open.length; i += pageSize) {
        yield open.slice(i, i + pageSize).map((c) => ({ caseId: c.caseId, seq: c.events.length, wakeAt: c.wakeAt }));
      }
    },
    async eventsSince(globalSeq, limit) {
      return all.slice(globalSeq, globalSeq + limit);
    },
    async summary(caseId) {
      return summaries.get(caseId) ?? null;
    },
    async summaries({ open, limit, after }) {
      const compare = (a: CaseSummary, b: CaseSummary) => order(a.dueAt, b.dueAt) || textOrder(a.caseId, b.caseId);
      return [...summaries.values()]
        .filter((s) => (open === undefined || s.open === open) && (after === undefined || compare(after, s) < 0))
        .sort(compare)
        .slice(0, limit);
    },
  };
}

function memoryDuties(): Duties {
  const rows = new Map<string, DutyRow>();
  const view = ({ leasedUntil: _until, lease: _lease, ...duty }: DutyRow): Duty => ({ ...duty });
  const end = (claimed: ClaimedDuty, change: Partial<DutyRow>): boolean => {
    const row = rows.get(claimed.idempotencyKey);
    if (row === undefined || row.lease !== claimed.lease || row.state !== 'waiting') return false;
    Object.assign(row, change, { lease: null, leasedUntil: null });
    return true;
  };
  const add = (duty: NewDuty): void => {
    const { idempotencyKey, caseId, kind } = duty;
    rows.set(idempotencyKey, {
      ...{ id: rows.size + 1, idempotencyKey, caseId, kind, dueAt: micro(duty.dueAt), payload: copy(duty.payload) },
      ...{ state: 'waiting', attempts: 0, outcome: null, endedAt: null, leasedUntil: null, lease: null },
    });
  };
  return {
    async add(duties) {
      const before = rows.size;
      for (const duty of duties) if (!rows.has(duty.idempotencyKey)) add(duty);
      return rows.size - before;
    },
    async claimDue(now, limit, leaseUntil, kinds) {
      return [...rows.values()]
        .filter((d) => d.state === 'waiting' && hasCome(d.dueAt, now) && isFree(d, now))
        .filter((d) => kinds === undefined || kinds.includes(d.kind))
        .sort((a, b) => order(a.dueAt, b.dueAt) || a.id - b.id)
        .slice(0, limit)
        .map((row) => {
          row.attempts += 1;
          row.lease = randomUUID();
          row.leasedUntil = micro(leaseUntil);
          return { ...view(row), lease: row.lease };
        });
    },
    async complete(claimed, now, outcome) {
      return end(claimed, { state: 'done', endedAt: micro(now), outcome: copy(outcome) });
    },
    async fail(claimed, now, outcome) {
      return end(claimed, { state: 'failed', endedAt: micro(now), outcome: copy(outcome) });
    },
    async retry(claimed, dueAt, outcome) {
      return end(claimed, { dueAt: micro(dueAt), outcome: copy(outcome) });
    },
    async cancel(caseId, now, kinds) {
      const waiting = [...rows.values()].filter(
        (d) =>
          d.caseId === caseId &&
          d.state === 'waiting' &&
          isFree(d, now) &&
          (kinds === undefined || kinds.includes(d.kind)),
      );
      for (const row of waiting) Object.assign(row, { state: 'cancelled', endedAt: micro(now) });
      return waiting.length;
    },
    async ofCase(caseId) {
      return [...rows.values()].filter((d) => d.caseId === caseId).map(view);
    },
    async nextDueAt() {
      const waiting = [...rows.values()].filter((d) => d.state === 'waiting');
      return earliestOf(waiting.map((d) => laterOf(d.dueAt, d.leasedUntil)));
    },
  };
}

function memoryLog(log: { state: LogState; entries: LogEntry[] }): EventLog {
  const port: EventLog = {
    async head() {
      return headOf(log.state);
    },
    treeHead: (size) => treeHeadOf(port, size),
    async *entries(from = 1, to = log.entries.length) {
      yield* log.entries.slice(from - 1, to);
    },
    verify: async (checkpoints) => verifyLog(port.entries(), headOf(log.state), checkpoints),
    async *exportLines() {
      const head = headOf(log.state);
      yield* logLines(head, port.entries(1, head.size));
    },
  };
  return port;
}

function memoryHeartbeats(): Heartbeats {
  const beats = new Map<string, Heartbeat>();
  return {
    async beat(heartbeat) {
      beats.set(heartbeat.name, { ...heartbeat, at: micro(heartbeat.at) });
    },
    async all() {
      return [...beats.values()].sort((a, b) => textOrder(a.name, b.name));
    },
  };
}

/**
 * Cases as the screens read them. The open ones are kept and followed by the log: a reading replays what has changed
 * since the last one and nothing else, however many cases are open.
 */
import { eventFromJson } from '../../app/event-json.ts';
import { type Case, stageOf } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import { replay } from '../../desk/evolve.ts';
import type { CaseId } from '../../foundation/brand.ts';
import type { CaseSummary, StoredEvent } from '../../platform/store/case-store.ts';
import type { Store } from '../../platform/store/store.ts';
import { houseStream } from './house-log.ts';

export interface ReadCase {
  readonly current: Case;
  readonly last: Event;
}

export interface CaseReader {
  load(caseId: string): Promise<{ current: Case; events: readonly { seq: number; event: Event }[] } | null>;
  openCases(): Promise<readonly ReadCase[]>;
  /** Those that ended lately, from among the newest entries of the log, the last one last. */
  endedCases(): Promise<readonly ReadCase[]>;
}

/** Open cases that one board holds. */
const boardMax = 20_000;
/** Ended cases that a board shows, and how far back in the log they are looked for at the start. */
const endedMax = 20;
const endedAmongEvents = 2_000;
const eventsPerRead = 1_000;
const casesPerRead = 500;

export function caseReader(store: Store): CaseReader {
  const open = new Map<string, ReadCase>();
  const ended = new Map<string, ReadCase>();
  /** Everything up to this entry of the log is in `open` and `ended`; null before the first reading. */
  let followed: number | null = null;
  let reading: Promise<void> | null = null;
  /** Readers who come while one is reading share the one after it. */
  let next: Promise<void> | null = null;

  const take = (caseId: string, stored: readonly StoredEvent[]): void => {
    const events = stored.map(typed);
    const current = replay(caseId as CaseId, events);
    const last = events.at(-1);
    if (current === null || last === undefined) return;
    const stage = stageOf(current);
    const over = stage === 'closed' || stage === 'dismissed';
    open.delete(caseId);
    ended.delete(caseId);
    (over ? ended : open).set(caseId, { current, last });
    for (const oldest of ended.keys()) {
      if (ended.size <= endedMax) break;
      ended.delete(oldest);
    }
  };
  const readAgain = async (caseIds: readonly string[]): Promise<void> => {
    for (let i = 0; i < caseIds.length; i += casesPerRead)
      for (const [caseId, stored] of await store.cases.loadMany(caseIds.slice(i, i + casesPerRead)))
        take(caseId, stored);
  };
  const changedSince = async (from: number): Promise<{ readonly ids: ReadonlySet<string>; readonly to: number }> => {
    const ids = new Set<string>();
    for (let to = from; ; ) {
      const events = await store.cases.eventsSince(to, eventsPerRead);
      // The latest change counts: what ended last is listed last.
      for (const { caseId } of events) {
        ids.delete(caseId);
        if (caseId !== houseStream) ids.add(caseId);
      }
      to = events.at(-1)?.globalSeq ?? to;
      if (events.length < eventsPerRead) return { ids, to };
    }
  };
  const readAll = async (): Promise<void> => {
    const { size } = await store.log.head();
    const all: string[] = [];
    for (let after: CaseSummary | undefined; all.length < boardMax; ) {
      const page = await store.cases.summaries({
        open: true,
        limit: casesPerRead,
        ...(after === undefined ? {} : { after }),
      });
      all.push(...page.map((s) => s.caseId));
      after = page.at(-1);
      if (page.length < casesPerRead) break;
    }
    await readAgain(all);
    const lately = await changedSince(Math.max(0, size - endedAmongEvents));
    await readAgain([...lately.ids]);
    followed = lately.to;
  };
  const follow = async (): Promise<void> => {
    if (followed === null) return readAll();
    const { ids, to } = await changedSince(followed);
    await readAgain([...ids]);
    followed = to;
  };
  const current = async (): Promise<void> => {
    if (reading === null) {
      reading = follow().finally(() => {
        reading = null;
      });
      return reading;
    }
    // The reading under way may have looked before what this reader has just done.
    next ??= reading
      .catch(() => undefined)
      .then(() => {
        next = null;
        return current();
      });
    return next;
  };

  return {
    async load(caseId) {
      if (caseId === houseStream) return null;
      const stored = await store.cases.load(caseId);
      const events = stored.map((e) => ({ seq: e.globalSeq, event: typed(e) }));
      const found = replay(
        caseId as CaseId,
        events.map((e) => e.event),
      );
      return found === null ? null : { current: found, events };
    },
    async openCases() {
      await current();
      return [...open.values()];
    },
    async endedCases() {
      await current();
      return [...ended.values()];
    },
  };
}

export function typed(e: StoredEvent): Event {
  return eventFromJson({ ...(e.data as Record<string, unknown>), type: e.type, at: e.at.toString(), by: e.by });
}

/** Cases as the screens read them: what has not changed since it was last read is not replayed again. */
import { eventFromJson } from '../../app/event-json.ts';
import type { Case } from '../../desk/case.ts';
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
  /** Those that ended lately, from among the newest entries of the log. */
  endedCases(): Promise<readonly ReadCase[]>;
}

/** Open cases that one board holds. */
const boardMax = 10_000;
/** Ended cases that a board shows, and how far back in the log they are looked for. */
const endedMax = 20;
const endedAmongEvents = 2_000;

export function caseReader(store: Store): CaseReader {
  /** By the sequence number of their newest event. */
  const held = new Map<string, ReadCase & { readonly globalSeq: number }>();

  const summaries = async (open: boolean, most: number): Promise<readonly CaseSummary[]> => {
    const all: CaseSummary[] = [];
    for (let after: CaseSummary | undefined; all.length < most; ) {
      const limit = Math.min(500, most - all.length);
      const page = await store.cases.summaries({ open, limit, ...(after === undefined ? {} : { after }) });
      all.push(...page);
      after = page.at(-1);
      if (page.length < limit) break;
    }
    return all;
  };

  const read = async (wanted: readonly CaseSummary[]): Promise<readonly ReadCase[]> => {
    const changed = wanted.filter((s) => held.get(s.caseId)?.globalSeq !== s.globalSeq).map((s) => s.caseId);
    for (let i = 0; i < changed.length; i += 500) {
      for (const [caseId, stored] of await store.cases.loadMany(changed.slice(i, i + 500))) {
        const events = stored.map(typed);
        const current = replay(caseId as CaseId, events);
        const newest = stored.at(-1);
        const last = events.at(-1);
        if (current !== null && newest !== undefined && last !== undefined)
          held.set(caseId, { globalSeq: newest.globalSeq, current, last });
      }
    }
    return wanted.flatMap((s) => held.get(s.caseId) ?? []);
  };

  return {
    async load(caseId) {
      if (caseId === houseStream) return null;
      const stored = await store.cases.load(caseId);
      const events = stored.map((e) => ({ seq: e.globalSeq, event: typed(e) }));
      const current = replay(
        caseId as CaseId,
        events.map((e) => e.event),
      );
      return current === null ? null : { current, events };
    },
    openCases: async () => read(await summaries(true, boardMax)),
    async endedCases() {
      const { size } = await store.log.head();
      const events = await store.cases.eventsSince(Math.max(0, size - endedAmongEvents), endedAmongEvents);
      const ids = [...new Set(events.filter((e) => e.type === 'CaseClosed').map((e) => e.caseId))].slice(-endedMax);
      const found = await Promise.all(ids.map((caseId) => store.cases.summary(caseId)));
      return read(found.filter((s) => s !== null));
    },
  };
}

export function typed(e: StoredEvent): Event {
  return eventFromJson({ ...(e.data as Record<string, unknown>), type: e.type, at: e.at.toString(), by: e.by });
}

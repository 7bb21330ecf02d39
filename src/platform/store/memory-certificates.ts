/** Certificate sets in memory. */
import { createHash } from 'node:crypto';
import type { CaseId, Fingerprint } from '../../foundation/brand.ts';
import { hasCome } from '../../foundation/time/time.ts';
import {
  type CertificateSets,
  type CertificateState,
  type Change,
  certificateStates,
  type Member,
  mayFollow,
  type StateCounts,
} from './certificate-sets.ts';
import { checkChange, micro, textOrder } from './common.ts';

type Row = { -readonly [K in keyof Member]: Member[K] };

export function memoryCertificates(): CertificateSets {
  const sets = new Map<string, Map<Fingerprint, Row>>();
  const rows = (setId: string): Row[] => [...(sets.get(setId)?.values() ?? [])];
  const sorted = (setId: string): Row[] => rows(setId).sort((a, b) => textOrder(a.fingerprint, b.fingerprint));
  return {
    async add({ setId, caseId }, members) {
      const set = sets.get(setId) ?? new Map<Fingerprint, Row>();
      sets.set(setId, set);
      const before = set.size;
      for (const { fingerprint, serial, issuerHash, subscriber, ...rest } of members) {
        if (set.has(fingerprint)) continue;
        set.set(fingerprint, {
          ...{ setId, caseId, fingerprint, serial, issuerHash, subscriber, state: 'identified', outcome: null },
          ...{ priority: rest.priority ?? 0, reason: rest.reason ?? null, notBefore: micro(rest.notBefore ?? null) },
          ...{ holdId: null, attemptedAt: null, acceptedAt: null, publishedAt: null },
        });
      }
      return set.size - before;
    },
    async digest(setId) {
      const hash = createHash('sha256');
      for (const { fingerprint } of sorted(setId)) hash.update(fingerprint, 'hex');
      return { count: rows(setId).length, digest: hash.digest('hex') };
    },
    async counts(setId) {
      const counts = Object.fromEntries(certificateStates.map((state) => [state, 0])) as Record<
        CertificateState,
        number
      >;
      for (const row of rows(setId)) counts[row.state] += 1;
      return counts as StateCounts;
    },
    async nextRevocable(setId, now, limit) {
      return sorted(setId)
        .filter((row) => row.state === 'identified' && (row.notBefore === null || hasCome(row.notBefore, now)))
        .sort((a, b) => a.priority - b.priority)
        .slice(0, limit)
        .map((row) => ({ ...row }));
    },
    async page(setId, { limit, after = '', states }) {
      return sorted(setId)
        .filter((row) => row.fingerprint > after && (states === undefined || states.includes(row.state)))
        .slice(0, limit)
        .map((row) => ({ ...row }));
    },
    async find(setId, fingerprint) {
      const row = sets.get(setId)?.get(fingerprint);
      return row ? { ...row } : null;
    },
    async setsWith(fingerprint) {
      return [...sets.values()]
        .flatMap((set) => set.get(fingerprint) ?? [])
        .sort((a, b) => textOrder(a.setId, b.setId))
        .map((row) => ({ ...row }));
    },
    async places(fingerprints) {
      const wanted = [...new Set(fingerprints)];
      return [...sets].flatMap(([setId, set]) =>
        wanted.flatMap((fingerprint) => {
          const row = set.get(fingerprint);
          return row ? [{ fingerprint, setId, caseId: row.caseId as CaseId }] : [];
        }),
      );
    },
    async bySubscriber(setId) {
      const owned = sorted(setId).filter((row) => row.subscriber !== null);
      const groups = [...Map.groupBy(owned, (row) => row.subscriber ?? '')].sort(([a], [b]) => textOrder(a, b));
      return new Map(groups.map(([subscriber, found]) => [subscriber, found.map((row) => row.fingerprint)]));
    },
    async change(change) {
      checkChange(change);
      const from = change.from ?? mayFollow[change.to];
      const moving = select(change, sets.get(change.setId) ?? new Map()).filter((row) => from.includes(row.state));
      for (const row of moving) move(row, change);
      return moving.length;
    },
    async amend(setId, fingerprints, what) {
      const set = sets.get(setId) ?? new Map<Fingerprint, Row>();
      const found = [...new Set(fingerprints)].flatMap((f) => set.get(f) ?? []);
      for (const row of found) {
        if (what.priority !== undefined) row.priority = what.priority;
        if (what.reason !== undefined) row.reason = what.reason;
        if (what.notBefore !== undefined) row.notBefore = micro(what.notBefore);
      }
      return found.length;
    },
  };
}

function select(change: Change, set: Map<Fingerprint, Row>): Row[] {
  const { which } = change;
  if (which === 'all') return [...set.values()];
  if ('fingerprints' in which) return [...new Set(which.fingerprints)].flatMap((f) => set.get(f) ?? []);
  if ('subscriber' in which) return [...set.values()].filter((row) => row.subscriber === which.subscriber);
  return [...set.values()].filter((row) => row.holdId === which.holdId);
}

function move(row: Row, { to, now, reason, outcome, notBefore, holdId }: Change): void {
  row.state = to;
  row.holdId = to === 'held' ? (holdId ?? null) : null;
  if (to === 'attempted') row.attemptedAt = micro(now);
  if (to === 'accepted') row.acceptedAt = micro(now);
  if (to === 'published') row.publishedAt = micro(now);
  if (reason !== undefined) row.reason = reason;
  if (outcome !== undefined) row.outcome = outcome;
  if (notBefore !== undefined) row.notBefore = micro(notBefore);
}

/** The store of the simulation: same port, same contract suite, nothing durable. */
import type { Fingerprint } from '../../foundation/brand.ts';
import { earliest, type Instant, isBefore, latest } from '../../foundation/time/time.ts';
import type { Advice } from './advice.ts';
import { type RenewalStore, type Replacement, storeBatchMax, type Told } from './store.ts';

export function memoryRenewalStore(): RenewalStore {
  const advices = new Map<string, { advice: Advice; raised: number; withdrawn: number | null }>();
  const lists = new Map<string, Set<Fingerprint>>();
  const replacements = new Map<Fingerprint, Replacement & { version: number }>();
  const told = new Map<string, Told>();
  let version = 0;

  return {
    async raise(advice) {
      if (!advices.has(advice.id)) advices.set(advice.id, { advice, raised: ++version, withdrawn: null });
    },
    async withdraw(adviceId) {
      const entry = advices.get(adviceId);
      if (entry && entry.withdrawn === null) entry.withdrawn = ++version;
    },
    async prepare(listId, fingerprints) {
      const list = lists.get(listId) ?? new Set();
      for (const fingerprint of fingerprints) list.add(fingerprint);
      lists.set(listId, list);
    },
    async listed(listId, after, limit) {
      const all = [...(lists.get(listId) ?? [])].sort();
      return all.filter((fingerprint) => after === null || fingerprint > after).slice(0, limit);
    },
    async replaced(found) {
      let fresh = 0;
      for (const replacement of found) {
        if (replacements.has(replacement.fingerprint)) continue;
        replacements.set(replacement.fingerprint, { ...replacement, version: ++version });
        fresh++;
      }
      return fresh;
    },
    async replacementOf(fingerprint) {
      const found = replacements.get(fingerprint);
      if (found === undefined) return null;
      const { version: _, ...replacement } = found;
      return replacement;
    },
    async changes(since) {
      const newer = [...replacements.values()].filter((entry) => entry.version > since);
      const page = newer.slice(0, storeBatchMax);
      const to = newer.length > page.length ? page.at(-1)!.version : version;
      const within = (at: number | null) => at !== null && at > since && at <= to;
      const entries = [...advices.values()];
      return {
        version: to,
        raised: entries
          .filter((entry) => within(entry.raised) && entry.withdrawn === null)
          .map((entry) => entry.advice),
        withdrawn: entries.filter((entry) => within(entry.withdrawn)).map((entry) => entry.advice.id),
        replaced: page.map((entry) => entry.fingerprint),
        more: to < version,
      };
    },
    async told(entries) {
      for (const entry of entries) {
        const key = `${entry.fingerprint} ${entry.adviceId ?? ''}`;
        const before = told.get(key);
        told.set(
          key,
          before === undefined
            ? entry
            : {
                ...before,
                polls: before.polls + entry.polls,
                firstAt: earliest(before.firstAt, entry.firstAt),
                lastAt: latest(before.lastAt, entry.lastAt),
              },
        );
      }
    },
    async toldOf(fingerprint) {
      const mine = [...told.values()].filter((entry) => entry.fingerprint === fingerprint);
      return mine.sort((a, b) => Temporal.Instant.compare(a.firstAt, b.firstAt));
    },
    async toldUnder(adviceId) {
      const entries = [...told.values()].filter((entry) => entry.adviceId === adviceId);
      const [first, ...others] = entries;
      return {
        certificates: entries.length,
        polls: entries.reduce((sum, entry) => sum + entry.polls, 0),
        firstAt: first === undefined ? null : earliest(first.firstAt, ...others.map((entry) => entry.firstAt)),
        lastAt: first === undefined ? null : latest(first.lastAt, ...others.map((entry) => entry.lastAt)),
      };
    },
    async pollingSince(since: Instant) {
      const asked = [...told.values()].filter((entry) => !isBefore(entry.lastAt, since));
      return new Set(asked.map((entry) => entry.fingerprint)).size;
    },
  };
}

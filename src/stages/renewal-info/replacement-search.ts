/**
 * Looks for replacements in what the inventory knows, in both directions: for certificates that should be replaced, is
 * there a newer one (`replacementsAmong`); and for a certificate just issued, does it replace one that should be
 * (`replacedBy`). Both ask by name, in batches, and leave the judgement to `replacement.ts`.
 */
import type { Fingerprint } from '../../foundation/brand.ts';
import { type Candidate, type ReplacementSeen, replacementOf } from './replacement.ts';

export interface CandidateSource {
  /** Certificates with one of these fingerprints, or with exactly one of these names. At most 10,000 values. */
  findMany(by: 'fingerprint' | 'name', values: readonly string[]): Promise<readonly Candidate[]>;
}

export interface SearchOptions {
  readonly orderedAsReplacement?: ReadonlySet<Fingerprint>;
  /** Whether the key of this certificate must not come back. */
  readonly keyMustChange: (old: Candidate) => boolean;
}

/** Values per question to the inventory. */
const namesMax = 5_000;

/** Which of `old` have been replaced. */
export async function replacementsAmong(
  old: readonly Candidate[],
  source: CandidateSource,
  options: SearchOptions,
): Promise<readonly ReplacementSeen[]> {
  const byName = Map.groupBy(
    await named(
      old.flatMap((one) => one.names.flatMap(alsoWildcard)),
      source,
    ),
    ({ name }) => name,
  );
  return old.flatMap((one) => {
    const newer = new Map<Fingerprint, Candidate>();
    for (const name of one.names.flatMap(alsoWildcard)) {
      for (const { candidate } of byName.get(name) ?? []) newer.set(candidate.fingerprint, candidate);
    }
    return seen(one, [...newer.values()], options);
  });
}

/** Which certificates that `isWanted` (told to be replaced, not yet replaced) these new ones replace. */
export async function replacedBy(
  fresh: readonly Candidate[],
  source: CandidateSource,
  options: SearchOptions & { readonly isWanted: (old: Candidate) => boolean },
): Promise<readonly ReplacementSeen[]> {
  const related = new Map<Fingerprint, Candidate>();
  for (const { candidate } of await named(
    fresh.flatMap((one) => one.names),
    source,
  )) {
    if (options.isWanted(candidate)) related.set(candidate.fingerprint, candidate);
  }
  // The old one may carry further names, which another new certificate covers: judge it against all there is.
  return replacementsAmong([...related.values()], source, options);
}

function seen(old: Candidate, newer: readonly Candidate[], options: SearchOptions): readonly ReplacementSeen[] {
  const found = replacementOf({
    old,
    newer,
    orderedAsReplacement: options.orderedAsReplacement ?? new Set(),
    keyMustChange: options.keyMustChange(old),
  });
  return found === null ? [] : [found];
}

async function named(
  names: readonly string[],
  source: CandidateSource,
): Promise<readonly { readonly name: string; readonly candidate: Candidate }[]> {
  const wanted = [...new Set(names)];
  const found = new Map<Fingerprint, Candidate>();
  for (let from = 0; from < wanted.length; from += namesMax) {
    for (const candidate of await source.findMany('name', wanted.slice(from, from + namesMax))) {
      found.set(candidate.fingerprint, candidate);
    }
  }
  return [...found.values()].flatMap((candidate) => candidate.names.map((name) => ({ name, candidate })));
}

/** The name itself and the wildcard that would serve it. */
function alsoWildcard(name: string): readonly string[] {
  const dot = name.indexOf('.');
  return dot < 0 || name.startsWith('*.') || name.includes('@') ? [name] : [name, `*${name.slice(dot)}`];
}

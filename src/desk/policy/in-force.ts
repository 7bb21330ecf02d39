/**
 * Which version of a document binds at an instant. Before the oldest version we hold, that oldest version is used: the
 * replay of an old incident runs under today's rules rather than under none.
 */
import assert from 'node:assert/strict';
import { hasCome, type Instant } from '../../foundation/time/time.ts';
import type { Duty, Rule, Rulebook, RulebookVersion } from './rule.ts';
import { rulebooks } from './rulebooks/index.ts';

/** `2026-03-31` as the instant 2026-03-31T00:00:00Z. */
export function effectiveAt(date: string): Instant {
  return Temporal.Instant.from(`${date}T00:00:00Z`);
}

export function versionInForce(book: Rulebook, at: Instant): RulebookVersion {
  const oldest = book.versions[0];
  assert(oldest !== undefined, 'a rulebook has at least one version');
  return book.versions.findLast((v) => hasCome(effectiveAt(v.effectiveFrom), at)) ?? oldest;
}

export function rulesInForce(at: Instant, books: readonly Rulebook[] = rulebooks): readonly Rule[] {
  return books.flatMap((book) => versionInForce(book, at).rules);
}

export function dutiesInForce(at: Instant, books: readonly Rulebook[] = rulebooks): readonly Duty[] {
  return books.flatMap((book) => versionInForce(book, at).duties);
}

/** The rule of this id at `at`; undefined when no document in force has it. */
export function ruleById(id: string, at: Instant): Rule | undefined {
  return rulesInForce(at).find((rule) => rule.id === id);
}

/** The duty of this id at `at`. Ids are ours and closed: asking for one that does not exist is a bug. */
export function dutyById(id: string, at: Instant): Duty {
  const duty = dutiesInForce(at).find((d) => d.id === id);
  assert(duty !== undefined, `no duty ${id} in the rulebooks`);
  return duty;
}

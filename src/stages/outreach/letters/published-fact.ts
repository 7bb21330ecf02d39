/**
 * The only thing that lets a letter say "revoked". It is made from a matter whose published count comes from
 * `RevocationPublished` events, and those come from a probe that read and verified CRL and OCSP. Two CAs have told a
 * reporter "revoked" while relying parties still saw "good"; a letter here cannot.
 */

import type { Matter } from '../../../desk/case.ts';
import type { Brand } from '../../../foundation/brand.ts';
import { type Instant, latest } from '../../../foundation/time/time.ts';

export type PublishedFact = Brand<
  { readonly count: number; readonly of: number; readonly publishedAt: Instant },
  'PublishedFact'
>;

/** What was seen of a matter; null when no probe has seen anything revoked. */
export function publishedFact(matter: Pick<Matter, 'published' | 'publishedAt' | 'set'>): PublishedFact | null {
  if (matter.published <= 0 || matter.publishedAt === null) return null;
  return { count: matter.published, of: matter.set.count, publishedAt: matter.publishedAt } as PublishedFact;
}

/** Several matters of one report in one letter: the sum, and the last instant. Null when any of them shows nothing. */
export function publishedFacts(
  matters: readonly Pick<Matter, 'published' | 'publishedAt' | 'set'>[],
): PublishedFact | null {
  const facts = matters.flatMap((matter) => publishedFact(matter) ?? []);
  const first = facts[0];
  if (first === undefined || facts.length < matters.length) return null;
  return {
    count: facts.reduce((sum, fact) => sum + fact.count, 0),
    of: facts.reduce((sum, fact) => sum + fact.of, 0),
    publishedAt: latest(first.publishedAt, ...facts.map((fact) => fact.publishedAt)),
  } as PublishedFact;
}

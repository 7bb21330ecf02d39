import type { Matter } from '../../desk/case.ts';
import type { Fingerprint } from '../../foundation/brand.ts';
import { type Duration, hours, type Instant, isBefore, minutes } from '../../foundation/time/time.ts';
import type { CoreParts, Looker, Seen } from '../ports.ts';
import type { Ground } from './perform.ts';
import { digestOf } from './revoke.ts';

/** Certificates per look. Each CRL is fetched once for all of them. */
const lookMax = 100_000;
/** More certificates than this are not in one set. */
const setMax = 10_000_000;
const lookAgainFirst = minutes(1);
/** How often somebody looks, by how long the revocation has been accepted: what has not come in two days comes by people. */
const lookAgain = [
  { within: hours(6), after: minutes(5) },
  { within: hours(48), after: minutes(15) },
] as const;
const lookAgainAtLast = hours(1);

/**
 * Looks from outside, as a relying party does. Only what the probe read and verified is published (promise 3): an
 * API's 200 means "accepted".
 */
export async function probe(
  parts: CoreParts & { readonly looker: Looker },
  ground: Ground,
  matter: Matter,
): Promise<void> {
  const { now, append } = ground;
  const waiting = await parts.sets.inState(matter.set.setId, 'accepted', lookMax);
  const base = { at: now, by: 'desk', matterId: matter.matterId } as const;
  if (waiting.length < matter.accepted - matter.published) await recallPublished(parts, ground, matter);
  const seen = waiting.length === 0 ? [] : await parts.looker.look(waiting, matter.reason, now);
  const visible = seen.filter((s) => s.published);
  if (visible.length > 0) {
    const fingerprints: Fingerprint[] = visible.map((s) => s.fingerprint);
    await parts.sets.mark(matter.set.setId, fingerprints, 'published', now);
    await append({
      type: 'RevocationPublished',
      ...base,
      count: visible.length,
      digest: digestOf(fingerprints),
      seen: summary(visible),
    });
  }
  const missing = waiting.length - visible.length;
  if (missing > 0) {
    const problem = seen.find((s) => !s.published)?.problem ?? 'Not seen as revoked yet.';
    const lookAgainAt = now.add(
      matter.lookAgainAt === null ? lookAgainFirst : pauseAfter(matter.acceptedAt ?? now, now),
    );
    await append({ type: 'PublicationAwaited', ...base, missing, problem, lookAgainAt });
  }
}

function pauseAfter(acceptedAt: Instant, now: Instant): Duration {
  return lookAgain.find(({ within }) => isBefore(now, acceptedAt.add(within)))?.after ?? lookAgainAtLast;
}

/** Rows that a desk marked as published before it died, and of which no event tells. */
async function recallPublished(parts: CoreParts, ground: Ground, matter: Matter): Promise<void> {
  const published = await parts.sets.inState(matter.set.setId, 'published', setMax);
  const count = published.length - matter.published;
  if (count <= 0) return;
  await ground.append({
    type: 'RevocationPublished',
    at: ground.now,
    by: 'desk',
    matterId: matter.matterId,
    count,
    digest: digestOf(published.map((c) => c.fingerprint)),
    seen: 'read by a probe before the desk was interrupted',
  });
}

function summary(visible: readonly Seen[]): string {
  return [...new Set(visible.map((s) => s.seen))].slice(0, 5).join('; ');
}

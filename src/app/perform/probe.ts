import type { Matter } from '../../desk/case.ts';
import { lookPause } from '../../desk/publication-rounds.ts';
import type { Fingerprint } from '../../foundation/brand.ts';
import { minutes } from '../../foundation/time/time.ts';
import type { CoreParts, Looker, Seen } from '../ports.ts';
import type { LetterParts } from './letters.ts';
import type { Ground } from './perform.ts';
import { digestOf } from './revoke.ts';

/** Certificates per look. Each CRL is fetched once for all of them. */
const lookMax = 100_000;
/** More certificates than this are not in one set. */
const setMax = 10_000_000;
const lookAgainFirst = minutes(1);
/** A CA that stores a wrong reason is one alarm for a matter, however many certificates it concerns. */
const reasonAlarm = 'reason';

type ProbeParts = CoreParts & Pick<LetterParts, 'alarmPeople'> & { readonly looker: Looker };

/**
 * Looks from outside, as a relying party does. Only what the probe read and verified is published (promise 3): an
 * API's 200 means "accepted".
 */
export async function probe(parts: ProbeParts, ground: Ground, matter: Matter): Promise<void> {
  const { now, append } = ground;
  const waiting = await parts.sets.inState(matter.set.setId, 'accepted', lookMax);
  const base = { at: now, by: 'desk', matterId: matter.matterId } as const;
  if (waiting.length < matter.accepted - matter.published) await recallPublished(parts, ground, matter);
  const seen = waiting.length === 0 ? [] : await parts.looker.look(waiting, matter.reason, now);
  const visible = seen.filter((s) => s.published);
  if (visible.length > 0) {
    const fingerprints: Fingerprint[] = visible.map((s) => s.fingerprint);
    await parts.sets.mark(matter.set.setId, fingerprints, 'published', now);
    const wrong = await wrongReasons(parts, ground, matter, visible);
    await append(
      {
        type: 'RevocationPublished',
        ...base,
        count: visible.length,
        digest: digestOf(fingerprints),
        seen: summary(visible),
      },
      ...(wrong === null ? [] : [{ type: 'AlarmRaised' as const, ...base, component: reasonAlarm, because: wrong }]),
    );
  }
  const missing = waiting.length - visible.length;
  if (missing > 0) {
    const problem = seen.find((s) => !s.published)?.problem ?? 'Not seen as revoked yet.';
    const lookAgainAt = now.add(
      matter.lookAgainAt === null ? lookAgainFirst : lookPause(matter.acceptedAt ?? now, now),
    );
    await append({ type: 'PublicationAwaited', ...base, missing, problem, lookAgainAt });
  }
}

/**
 * Revoked stops the clock, whatever the reason; but TLS BR 7.2.2 wants the right one, and only a person at the CA can
 * say why it is not there. The words of the alarm, after people have been told; null when there is nothing to tell.
 */
async function wrongReasons(
  parts: ProbeParts,
  ground: Ground,
  matter: Matter,
  visible: readonly Seen[],
): Promise<string | null> {
  const wrong = visible.flatMap((s) => s.wrongReason ?? []);
  if (wrong.length === 0 || matter.alarmed.has(reasonAlarm)) return null;
  const because = `${wrong.length} certificate(s) are revoked, but ${wrong[0]}. The reason has to be corrected at the CA.`;
  await parts.alarmPeople?.(ground.case.caseId, reasonAlarm, because, ground.now);
  return because;
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

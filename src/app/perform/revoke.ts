import { createHash } from 'node:crypto';
import type { Matter } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import type { Fingerprint } from '../../foundation/brand.ts';
import { hours, isBefore, minutes } from '../../foundation/time/time.ts';
import type { AffectedCertificate, CoreParts, RevokeOutcome, Revoker } from '../ports.ts';
import type { Ground } from './perform.ts';

/** Certificates per order: large enough that a mass revocation is few calls, small enough to see it move. */
const batchMax = 2_000;
const retryFirst = minutes(1);
const retryLongest = minutes(30);
const approvalPatience = hours(1);

/**
 * Orders what may be ordered now, batch by batch. The attempt is durable before each call; after an unknown outcome the
 * certificates stay `attempted`, and ordering them again is harmless because a connector answers `already`.
 * `again` repeats orders that were accepted long ago and still cannot be seen.
 */
export async function revoke(
  parts: CoreParts & { readonly revoker: Revoker },
  ground: Ground,
  matter: Matter,
  again: boolean,
): Promise<void> {
  const { setId } = matter.set;
  if (again) {
    const unseen = await parts.sets.inState(setId, 'accepted', batchMax);
    await order(parts, ground, matter, unseen, true);
    return;
  }
  for (let first = true; ; first = false) {
    const batch = await parts.sets.revocable(setId, ground.now, batchMax);
    if (batch.length === 0) {
      // The plan counts events and found something to order; the rows say otherwise.
      if (first) await recallAccepted(parts, ground, matter);
      return await expire(parts, ground, matter);
    }
    if (!(await order(parts, ground, matter, batch, false))) return;
  }
}

/** More certificates than this are not in one set. */
const setMax = 10_000_000;

/**
 * The rows of a set and the events of its case are two writes. A desk that died between them finds rows that were
 * accepted and no event that says so; without the event nobody would ever look from outside.
 */
async function recallAccepted(parts: CoreParts, ground: Ground, matter: Matter): Promise<void> {
  const { setId } = matter.set;
  if (matter.attemptedAt === null) return;
  const accepted = await parts.sets.inState(setId, 'accepted', setMax);
  const published = await parts.sets.inState(setId, 'published', setMax);
  const count = accepted.length + published.length - matter.accepted;
  if (count <= 0) return;
  const batchId = digestOf(accepted.map((c) => c.fingerprint)).slice(0, 16);
  const base = { at: ground.now, by: 'ca', matterId: matter.matterId, batchId } as const;
  await ground.append({ type: 'RevocationAccepted', ...base, count, already: count });
}

/** False when the CA does not carry out orders now: the rest waits for the retry. */
async function order(
  parts: CoreParts & { readonly revoker: Revoker },
  ground: Ground,
  matter: Matter,
  batch: readonly AffectedCertificate[],
  again: boolean,
): Promise<boolean> {
  const { now, append } = ground;
  const { setId } = matter.set;
  const fingerprints = batch.map((c) => c.fingerprint);
  const digest = digestOf(fingerprints);
  const base = { at: now, by: 'desk', matterId: matter.matterId, batchId: digest.slice(0, 16) } as const;
  if (!again) await parts.sets.mark(setId, fingerprints, 'attempted', now);
  await append({ type: 'RevocationAttempted', ...base, count: batch.length, digest });
  const outcomes = await parts.revoker.revoke(
    batch.map((certificate) => ({ certificate, reason: matter.reason })),
    now,
  );
  const accepted = batch.filter((_, i) => isAccepted(outcomes[i]));
  if (again) return true;
  await parts.sets.mark(
    setId,
    accepted.map((c) => c.fingerprint),
    'accepted',
    now,
  );
  const already = outcomes.filter((o) => o.outcome === 'already').length;
  const events: Event[] = [];
  if (accepted.length > 0)
    events.push({ type: 'RevocationAccepted', ...base, by: 'ca', count: accepted.length, already });
  const failed = outcomes.find((o) => !isAccepted(o));
  if (failed !== undefined && 'problem' in failed) {
    const { outcome, problem } = failed;
    const rest = batch.filter((_, i) => !isAccepted(outcomes[i]));
    await parts.sets.mark(
      setId,
      rest.map((c) => c.fingerprint),
      outcome === 'unknown' ? 'attempted' : 'identified',
      now,
      problem,
    );
    const retryAt = now.add(backoff(matter.failures, outcome));
    events.push({ type: 'RevocationFailed', ...base, by: 'ca', count: rest.length, outcome, problem, retryAt });
  }
  await append(...events);
  return failed === undefined;
}

/** What is left over after all orders are out has run past its own notAfter, or is held: expiry is a fact, not a success. */
async function expire(parts: CoreParts, ground: Ground, matter: Matter): Promise<void> {
  const left = await parts.sets.inState(matter.set.setId, 'identified', batchMax);
  const facts = await parts.book.byFingerprints(left.map((c) => c.fingerprint));
  const expired = facts.filter((c) => isBefore(c.notAfter, ground.now));
  const marked = await parts.sets.inState(matter.set.setId, 'expired', setMax);
  // Marked before and never said: the desk died between the two.
  const unsaid = Math.max(0, marked.length - matter.expired);
  if (expired.length + unsaid === 0) return;
  await parts.sets.mark(
    matter.set.setId,
    expired.map((c) => c.fingerprint),
    'expired',
    ground.now,
  );
  await ground.append({
    type: 'CertificatesExpired',
    at: ground.now,
    by: 'desk',
    matterId: matter.matterId,
    count: expired.length + unsaid,
  });
}

function isAccepted(outcome: RevokeOutcome | undefined): boolean {
  return outcome?.outcome === 'done' || outcome?.outcome === 'already';
}

function backoff(failures: number, outcome: string): Temporal.Duration {
  if (outcome === 'pending-approval') return approvalPatience;
  const seconds = Math.min(retryFirst.total('seconds') * 2 ** failures, retryLongest.total('seconds'));
  return Temporal.Duration.from({ seconds });
}

/** Digest of a set: SHA-256 over the sorted fingerprints, one a line. Anyone with the list can recompute it. */
export function digestOf(fingerprints: readonly Fingerprint[]): string {
  const hash = createHash('sha256');
  for (const fingerprint of [...fingerprints].sort()) hash.update(`${fingerprint}\n`);
  return hash.digest('hex');
}

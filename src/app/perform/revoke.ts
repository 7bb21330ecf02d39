import { createHash } from 'node:crypto';
import type { Matter } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import type { CaseId, Fingerprint } from '../../foundation/brand.ts';
import { type Duration, hours, type Instant, isBefore, minutes } from '../../foundation/time/time.ts';
import type { AffectedCertificate, CoreParts, RevokeOutcome, Revoker } from '../ports.ts';

/** Certificates per order: large enough that a mass revocation is few calls, small enough to see it move. */
const batchMax = 2_000;
/** At a CA that knows only single revocation: what it did is written down while it works on the next ones. */
const batchOfSingles = 200;
const retryFirst = minutes(1);
const retryLongest = minutes(30);
const approvalPatience = hours(1);

/** What orders need of the desk, and no more, so that they can be measured and tried without the rest of it. */
type RevokeParts = Pick<CoreParts, 'sets' | 'book'> & { readonly revoker: Revoker };

type OrderedMatter = Pick<
  Matter,
  'matterId' | 'reason' | 'dueAt' | 'attemptedAt' | 'accepted' | 'expired' | 'failures'
> & { readonly set: { readonly setId: string } };

interface RevokeGround {
  readonly case: { readonly caseId: CaseId };
  readonly append: (...events: readonly Event[]) => Promise<unknown>;
  readonly now: Instant;
}

/**
 * Orders what may be ordered now, batch by batch. The attempt is durable before each call; after an unknown outcome the
 * certificates stay `attempted`, and ordering them again is harmless because a connector answers `already`.
 * `again` repeats orders that were accepted long ago and still cannot be seen.
 *
 * One certificate that the CA refuses, or about which it never says what happened, must not hold up the others: it is
 * passed over for the rest of the round. A CA that does not carry out most of a batch is away, busy or unclear, and the
 * next batch would fare no better: that ends the round.
 */
export async function revoke(
  parts: RevokeParts,
  ground: RevokeGround,
  matter: OrderedMatter,
  again: boolean,
): Promise<void> {
  const { setId } = matter.set;
  if (again) {
    const unseen = await parts.sets.inState(setId, 'accepted', setMax);
    const size = batchOf(parts.revoker);
    for (let i = 0; i < unseen.length; i += size) {
      const batch = unseen.slice(i, i + size);
      await attempt(parts, ground, matter, batch, true);
      await callOf(parts, ground, matter, batch);
    }
    return;
  }
  const { ordered, failure } = await round(parts, ground, matter);
  // The plan counts events and found something to order; the rows say otherwise.
  if (ordered === 0) await recallAccepted(parts, ground, matter);
  if (failure === null) return await expire(parts, ground, matter);
  const { fingerprints, outcome, problem } = failure;
  await ground.append({
    type: 'RevocationFailed',
    at: ground.now,
    by: 'ca',
    matterId: matter.matterId,
    batchId: digestOf(fingerprints).slice(0, 16),
    count: fingerprints.length,
    outcome,
    problem,
    retryAt: ground.now.add(failure.after ?? backoff(matter.failures, outcome)),
  });
}

/**
 * Batch after batch until nothing is left to order. What the CA answered is written down while it works on the next
 * batch: the desk's disk and the CA are the two slow things here, and neither waits for the other.
 */
async function round(
  parts: RevokeParts,
  ground: RevokeGround,
  matter: OrderedMatter,
): Promise<{ readonly ordered: number; readonly failure: Failure | null }> {
  const passedOver = new Set<Fingerprint>();
  let failure: Failure | null = null;
  let ordered = 0;
  let away = false;
  const settle = async (sent: Sent, outcomes: readonly RevokeOutcome[]): Promise<void> => {
    const missed = await record(parts, ground, matter, sent, outcomes);
    if (missed === null) return;
    failure = together(failure, missed);
    for (const fingerprint of missed.fingerprints) passedOver.add(fingerprint);
    away ||= missed.unclear * 2 > sent.batch.length;
  };
  let answered: Answered | null = null;
  for await (const batch of batches(parts, ground, matter.set.setId, passedOver)) {
    ordered += batch.length;
    const sent = await attempt(parts, ground, matter, batch, false);
    const written: Promise<void> = answered === null ? Promise.resolve() : settle(answered.sent, answered.outcomes);
    const [outcomes] = await both(callOf(parts, ground, matter, batch), written);
    answered = { sent, outcomes };
    // A CA that answered nothing clear is not asked again before that is known.
    if (mostlyUnclear(outcomes)) {
      await settle(answered.sent, outcomes);
      answered = null;
    }
    if (away || passedOver.size >= passedOverMax) break;
  }
  if (answered !== null) await settle(answered.sent, answered.outcomes);
  return { ordered, failure };
}

/** Both have ended when this does, also when one of them failed: nothing goes on behind the back of the next step. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

/** What an earlier round left unclear, and then what was never ordered. */
async function* batches(
  parts: RevokeParts,
  ground: RevokeGround,
  setId: string,
  passedOver: ReadonlySet<Fingerprint>,
): AsyncGenerator<readonly AffectedCertificate[]> {
  const size = batchOf(parts.revoker);
  const unclear = await parts.sets.inState(setId, 'attempted', setMax);
  for (let i = 0; i < unclear.length; i += size) yield unclear.slice(i, i + size);
  for (;;) {
    const found = await parts.sets.revocable(setId, ground.now, size + passedOver.size);
    const batch = found.filter((c) => !passedOver.has(c.fingerprint)).slice(0, size);
    if (batch.length === 0) return;
    yield batch;
  }
}

function batchOf(revoker: Revoker): number {
  return revoker.oneByOne ? batchOfSingles : batchMax;
}

function mostlyUnclear(outcomes: readonly RevokeOutcome[]): boolean {
  return outcomes.filter((o) => o.outcome === 'retry' || o.outcome === 'unknown').length * 2 > outcomes.length;
}

/** What of a round was not carried out, with the outcome that comes up again first. */
interface Failure {
  readonly fingerprints: readonly Fingerprint[];
  readonly outcome: Exclude<RevokeOutcome['outcome'], 'done' | 'already'>;
  readonly problem: string;
  /** How long the CA asks to be left alone, within what a deadline allows. */
  readonly after: Duration | null;
  /** How many of them for a reason that lies with the CA and not with the certificate. */
  readonly unclear: number;
}

/** A round that has passed over as many as this asks people instead of the database. */
const passedOverMax = 20_000;

/** What may pass by itself and soon, before what waits for a person: the next round comes by the first of these. */
const soonest = ['retry', 'unknown', 'pending-approval', 'refused'] as const;

function together(before: Failure | null, now: Failure): Failure {
  if (before === null) return now;
  const first = soonest.indexOf(before.outcome) <= soonest.indexOf(now.outcome) ? before : now;
  return {
    ...first,
    fingerprints: [...before.fingerprints, ...now.fingerprints],
    unclear: before.unclear + now.unclear,
  };
}

/** More certificates than this are not in one set. */
const setMax = 10_000_000;

/**
 * The rows of a set and the events of its case are two writes. A desk that died between them finds rows that were
 * accepted and no event that says so; without the event nobody would ever look from outside.
 */
async function recallAccepted(parts: RevokeParts, ground: RevokeGround, matter: OrderedMatter): Promise<void> {
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

/** A batch whose attempt is durable. */
interface Sent {
  readonly batch: readonly AffectedCertificate[];
  readonly batchId: string;
}

interface Answered {
  readonly sent: Sent;
  readonly outcomes: readonly RevokeOutcome[];
}

async function attempt(
  parts: RevokeParts,
  ground: RevokeGround,
  matter: OrderedMatter,
  batch: readonly AffectedCertificate[],
  again: boolean,
): Promise<Sent> {
  const { now, append } = ground;
  const fingerprints = batch.map((c) => c.fingerprint);
  const digest = digestOf(fingerprints);
  const batchId = digest.slice(0, 16);
  if (!again) await parts.sets.mark(matter.set.setId, fingerprints, 'attempted', now);
  const base = { at: now, by: 'desk', matterId: matter.matterId, batchId } as const;
  await append({ type: 'RevocationAttempted', ...base, count: batch.length, digest });
  return { batch, batchId };
}

function callOf(
  parts: RevokeParts,
  ground: RevokeGround,
  matter: OrderedMatter,
  batch: readonly AffectedCertificate[],
): Promise<readonly RevokeOutcome[]> {
  const about = { caseId: ground.case.caseId, dueAt: matter.dueAt };
  return parts.revoker.revoke(
    batch.map((certificate) => ({ certificate, reason: matter.reason, ...about })),
    ground.now,
  );
}

/** Writes down what the CA answered. What it did not carry out of this batch; null when it took all of it. */
async function record(
  parts: RevokeParts,
  ground: RevokeGround,
  matter: OrderedMatter,
  { batch, batchId }: Sent,
  outcomes: readonly RevokeOutcome[],
): Promise<Failure | null> {
  const { now, append } = ground;
  const { setId } = matter.set;
  const base = { at: now, by: 'ca', matterId: matter.matterId, batchId } as const;
  const accepted = batch.filter((_, i) => isAccepted(outcomes[i]));
  await parts.sets.mark(
    setId,
    accepted.map((c) => c.fingerprint),
    'accepted',
    now,
  );
  const already = outcomes.filter((o) => o.outcome === 'already').length;
  let failure: Failure | null = null;
  const missed = Map.groupBy(
    batch.flatMap(({ fingerprint }, i) => {
      const said = outcomes[i] ?? { outcome: 'unknown', problem: 'The connector gave no answer for this certificate.' };
      return 'problem' in said ? [{ fingerprint, said }] : [];
    }),
    ({ said }) => `${said.outcome} ${said.problem}`,
  );
  for (const same of missed.values()) {
    const { said } = same[0]!;
    const { outcome, problem } = said;
    const left = same.map((one) => one.fingerprint);
    await parts.sets.mark(setId, left, outcome === 'unknown' ? 'attempted' : 'identified', now, problem);
    const after = said.outcome === 'retry' && said.after !== null ? bounded(said.after) : null;
    const unclear = outcome === 'retry' || outcome === 'unknown' ? left.length : 0;
    failure = together(failure, { fingerprints: left, outcome, problem, after, unclear });
  }
  if (accepted.length > 0) await append({ type: 'RevocationAccepted', ...base, count: accepted.length, already });
  return failure;
}

/** What is left over after all orders are out has run past its own notAfter, or is held: expiry is a fact, not a success. */
async function expire(parts: RevokeParts, ground: RevokeGround, matter: OrderedMatter): Promise<void> {
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

/** A CA may ask for patience, but not for more of it than we would have by ourselves. */
function bounded(after: Duration): Duration {
  const seconds = Math.min(Math.max(after.total('seconds'), 1), retryLongest.total('seconds'));
  return Temporal.Duration.from({ seconds });
}

function backoff(failures: number, outcome: string): Duration {
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

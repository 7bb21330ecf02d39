/** Adoption figures from what the desk has seen: polls and replacements, never a questionnaire. */
import type * as c from '../../api/contract/index.ts';
import {
  type AdoptionCertificate,
  type AdvisedCertificate,
  adoptionOf,
  type Figures,
} from '../../assurance/adoption/index.ts';
import { hours, type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { Desk } from '../wiring.ts';

/** Advices of the last year count; older ones say little about who would replace today. */
const lookBack = hours(365 * 24);
/** Certificates counted one by one; a larger inventory is sampled by its newest. */
const certificatesMax = 200_000;

export async function deskAdoption(desk: Pick<Desk, 'pool' | 'time'>, query: c.PageQuery): Promise<c.Adoption> {
  const now = desk.time.now();
  const since = now.subtract(lookBack);
  const adoption = adoptionOf({ ...(await collected(desk, since, now)), since, now });
  const from = Number(query.cursor ?? 0) || 0;
  const wanted = adoption.perSubscriber.filter(
    (one) => query.q === undefined || one.subscriber.toLowerCase().includes(query.q.toLowerCase()),
  );
  return {
    now: rfc3339(now),
    next: wanted.length > from + query.limit ? String(from + query.limit) : null,
    since: rfc3339(since),
    limitSeconds: adoption.limit.total('seconds'),
    overall: present(adoption.overall),
    subscribers: adoption.subscribers,
    readiness: { ...adoption.readiness },
    rows: wanted
      .slice(from, from + query.limit)
      .map((one) => ({ subscriber: one.subscriber, readiness: one.readiness, ...present(one) })),
  };
}

/** One row for each live certificate of a subscriber, and one for each that was told to be replaced. */
export async function collected(
  desk: Pick<Desk, 'pool'>,
  since: Instant,
  now: Instant,
): Promise<{ certificates: readonly AdoptionCertificate[]; advised: readonly AdvisedCertificate[] }> {
  const live = await desk.pool.query<{
    subscriber: string;
    account: string | null;
    polled: Instant | null;
    not_after: Instant;
  }>(
    `select c.subscriber, c.account, t.polled, c.not_after
     from inventory.certificate c
     left join (select fingerprint, max(last_at) as polled from renewal_info.told group by fingerprint) t
       on t.fingerprint = c.fingerprint
     where c.not_after > $1 and c.revoked_at is null and c.subscriber is not null
     order by c.id desc limit $2`,
    [now.toString(), certificatesMax],
  );
  const advised = await desk.pool.query<{ subscriber: string; advised: Instant; replaced: Instant | null }>(
    `select a.subscriber, min(v.decided_at) as advised, min(r.seen_at) as replaced
     from store.affected_certificate a
     join renewal_info.advice v on v.case_id = a.case_id or v.list_id = a.set_id
     left join renewal_info.replacement r on r.fingerprint = a.fingerprint
     where a.subscriber is not null and v.decided_at >= $1
     group by a.subscriber, a.fingerprint limit $2`,
    [since.toString(), certificatesMax],
  );
  return {
    certificates: live.rows.map((row) => ({
      subscriber: row.subscriber,
      // An ACME account is the only sign of automation the inventory has; everything else is unknown, not manual.
      ordered: row.account === null ? 'unknown' : 'acme',
      polledAt: row.polled,
      notAfter: row.not_after,
    })),
    advised: advised.rows.map((row) => ({
      subscriber: row.subscriber,
      advisedAt: row.advised,
      replacedAt: row.replaced,
    })),
  };
}

function present({ medianReplacement, ...figures }: Figures) {
  return {
    certificates: figures.certificates,
    acme: figures.acme,
    api: figures.api,
    manual: figures.manual,
    unknown: figures.unknown,
    polling: figures.polling,
    advised: figures.advised,
    replaced: figures.replaced,
    medianReplacementSeconds: medianReplacement === null ? null : medianReplacement.total('seconds'),
  };
}

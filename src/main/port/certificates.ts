/** The certificates of a matter, a page at a time: a set of 100,000 is counted and cut by the database, never carried. */
import type * as c from '../../api/contract/index.ts';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { Desk } from '../wiring.ts';

interface Row {
  readonly fingerprint: string;
  readonly serial: string;
  readonly subscriber: string | null;
  readonly shown: c.CertificateState;
  readonly acceptedAt: Instant | null;
  readonly publishedAt: Instant | null;
  readonly problem: string | null;
  readonly replaced: boolean;
}

/** What a row is called on the screen; `$2` is the present instant. Names are joined only for those who search in them. */
const members = (names: boolean): string => `select a.fingerprint, a.serial, a.subscriber, a.accepted_at,
    a.published_at, a.outcome, a.priority, ${names ? "array_to_string(i.names, ' ')" : "''"} as names,
    case when a.state = 'attempted' then 'ordered' when a.state <> 'identified' then a.state
         when a.not_before > $2 then 'scheduled' when a.outcome is not null then 'failing' else 'valid' end as shown
  from store.affected_certificate a
  ${names ? 'left join inventory.certificate i on i.fingerprint = a.fingerprint' : ''} where a.set_id = $1`;
const wanted = `($3::text is null or shown = $3) and ($4::text is null
    or encode(serial, 'hex') like $4 or lower(coalesce(subscriber, '')) like $4 or names like $4)`;

export async function certificatesPage(
  desk: Pick<Desk, 'pool' | 'bulk' | 'readings'>,
  setId: string,
  matterId: string,
  query: c.CertificatesQuery,
  now: Instant,
): Promise<c.CertificatesPage> {
  const q = query.q === undefined || query.q === '' ? null : `%${query.q.toLowerCase().replaceAll(/[%_\\]/g, '\\$&')}%`;
  const from = members(q !== null);
  const asked = [setId, now.toString(), query.state ?? null, q];
  const { rows: counted } = await desk.pool.query<{ shown: string; all: string; matching: string }>(
    `select shown, count(*) as all, count(*) filter (where ${wanted}) as matching from (${from}) m group by shown`,
    asked,
  );
  const { rows } = await desk.pool.query<Row>(
    `select encode(fingerprint, 'hex') as fingerprint, ltrim(encode(serial, 'hex'), '0') as serial, subscriber, shown,
       accepted_at as "acceptedAt", published_at as "publishedAt", outcome as problem, priority < 0 as replaced
     from (${from}) m where ${wanted} order by m.fingerprint offset $5 limit $6`,
    [...asked, query.from, query.limit],
  );
  const fingerprints = rows.map((row) => row.fingerprint);
  const facts = new Map(
    (await desk.bulk.byFingerprints(fingerprints as never[])).map((f) => [f.fingerprint as string, f]),
  );
  const probes = new Map((await desk.readings.probes(fingerprints)).map((p) => [p.fingerprint, p]));
  return {
    now: rfc3339(now),
    next: null,
    matterId,
    setId,
    total: counted.reduce((sum, row) => sum + Number(row.matching), 0),
    from: query.from,
    counts: Object.fromEntries(counted.map((row) => [row.shown, Number(row.all)])) as c.CertificatesPage['counts'],
    rows: rows.map((row) => {
      const fact = facts.get(row.fingerprint);
      const probe = probes.get(row.fingerprint);
      const seen = (state: string | undefined) =>
        probe === undefined || state === undefined || state === 'not-named'
          ? null
          : {
              state: state as 'good' | 'revoked' | 'unknown',
              at: rfc3339(probe.at),
              reason: probe.reason as c.Reason | null,
            };
      return {
        ...{ fingerprint: row.fingerprint, serial: row.serial === '' ? '0' : row.serial, subscriber: row.subscriber },
        ...{ name: fact?.names[0] ?? '', names: fact?.names.length ?? 0, state: row.shown, problem: row.problem },
        notAfter: fact === undefined ? rfc3339(now) : rfc3339(fact.notAfter),
        crl: seen(probe?.crl),
        ocsp: seen(probe?.ocsp),
        acceptedAt: row.acceptedAt === null ? null : rfc3339(row.acceptedAt),
        publishedAt: row.publishedAt === null ? null : rfc3339(row.publishedAt),
        replaced: row.replaced,
      };
    }),
  };
}

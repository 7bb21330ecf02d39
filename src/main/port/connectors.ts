/** The CA's system as the desk has experienced it: what was ordered, what it answered, what relying parties can see. */
import type * as c from '../../api/contract/index.ts';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { Desk } from '../wiring.ts';

/** Latest looks among which the newest CRL is sought. */
const looksMax = 50;

interface Orders {
  readonly ordered: string;
  readonly accepted: string;
  readonly waiting: string;
  readonly answered: Instant | null;
  readonly attempted: Instant | null;
  readonly problem: string | null;
}

export async function deskConnectors(desk: Pick<Desk, 'pool' | 'time' | 'config'>): Promise<c.Connectors> {
  const { rows } = await desk.pool.query<Orders>(
    `select count(*) filter (where attempted_at is not null) as ordered,
       count(*) filter (where accepted_at is not null) as accepted,
       count(*) filter (where accepted_at is not null and published_at is null) as waiting,
       max(accepted_at) as answered, max(attempted_at) as attempted,
       (array_agg(outcome order by attempted_at desc) filter (where outcome is not null and accepted_at is null))[1] as problem
     from store.affected_certificate`,
  );
  const ari = await desk.pool.query<{ advised: string; polled: string; replaced: string }>(
    `select (select count(*) from store.affected_certificate a join renewal_info.advice v on v.case_id = a.case_id) as advised,
       (select count(distinct fingerprint) from renewal_info.told where advice_id <> '') as polled,
       (select count(*) from renewal_info.replacement) as replaced`,
  );
  const crl = await newestCrl(desk.pool);
  const issuers = await desk.pool.query<{ name: string }>(
    `select i.name from inventory.issuer i
     left join inventory.certificate c on c.issuer = i.id and c.revoked_at is not null
     left join reading.probe p on p.fingerprint = c.fingerprint and p.crl = 'revoked'
     group by i.name order by max(p.at) desc nulls last, i.name limit 20`,
  );
  const orders = rows[0];
  const problem = orders?.problem ?? null;
  const { connector } = desk.config.ca;
  const answered = orders?.answered ?? null;
  const advice = ari.rows[0];
  return {
    now: rfc3339(desk.time.now()),
    rows: [
      {
        ...{ connectorId: connector, kind: connector, problem },
        issuer: issuers.rows.map((row) => commonNameOf(row.name)).join(', '),
        state: problem !== null ? 'failing' : answered !== null ? 'ok' : 'unknown',
        lastAnswerAt: answered === null ? null : rfc3339(answered),
        ordered: Number(orders?.ordered ?? 0),
        accepted: Number(orders?.accepted ?? 0),
        waiting: Number(orders?.waiting ?? 0),
        crlAt: crl?.at ?? null,
        crlNextAt: crl?.nextAt ?? null,
        ari: {
          advised: Number(advice?.advised ?? 0),
          polled: Number(advice?.polled ?? 0),
          replaced: Number(advice?.replaced ?? 0),
        },
      },
    ],
  };
}

/**
 * thisUpdate and nextUpdate (RFC 5280, 5.1.2.4 and 5.1.2.5) of the newest CRL among the latest looks, as relying parties
 * could verify it: an answer with a problem says nothing. Null when no look has verified one.
 */
async function newestCrl(pool: Desk['pool']): Promise<{ at: string; nextAt: string | null } | null> {
  const { rows } = await pool.query<{ at: Instant; next: Instant | null }>(
    `select (e->>'thisUpdate')::timestamptz as at, (e->>'nextUpdate')::timestamptz as next
     from (select record from reading.probe where crl <> 'unknown' order by at desc limit $1) latest,
       json_array_elements(latest.record->'evidence') e
     where e->>'kind' = 'crl' and e->>'problem' is null and e->>'thisUpdate' is not null
     order by 1 desc limit 1`,
    [looksMax],
  );
  const [row] = rows;
  return row === undefined ? null : { at: rfc3339(row.at), nextAt: row.next === null ? null : rfc3339(row.next) };
}

function commonNameOf(name: string): string {
  return /CN=([^,+]+)/.exec(name)?.[1] ?? name;
}

/**
 * Says in the event log, and so to every webhook that asked for it, that what an account owes to automation is not what
 * it was: the configuration was changed, or a step's day has come. Compared with what was said last, so that a restart
 * says nothing twice and a change made while the desk was down is said when it is back.
 */
import type { Pool } from 'pg';
import type { HouseAct } from '../api/port.ts';
import type { AutomationPolicy } from '../assurance/adoption/index.ts';
import { type Instant, minutes, type Time } from '../foundation/time/time.ts';
import { policyDigest } from './automation-policies.ts';

const lookEvery = minutes(1);

export const automationMigrations = [
  {
    id: '001-said',
    sql: `create schema if not exists automation;
create table automation.said (account text primary key, digest text not null, at timestamptz not null);`,
  },
] as const;

/** Type of the event; `about.account` says whose policy. */
export const automationChanged = 'AutomationPolicyChanged';

interface Parts {
  readonly pool: Pick<Pool, 'query'>;
  readonly policies: ReadonlyMap<string, AutomationPolicy>;
  readonly record: (act: HouseAct) => Promise<void>;
}

/** The accounts about which something was said. The event comes first: dying in between says it twice, never not at all. */
export async function sayAutomationChanges({ pool, policies, record }: Parts, now: Instant): Promise<string[]> {
  const { rows } = await pool.query<{ account: string; digest: string }>('select account, digest from automation.said');
  const said = new Map(rows.map((row) => [row.account, row.digest]));
  const changed: string[] = [];
  for (const [account, policy] of policies) {
    const digest = policyDigest(policy, now);
    if (said.get(account) === digest) continue;
    await record({ type: automationChanged, by: 'desk', because: '', about: { account, digest } });
    await pool.query(
      `insert into automation.said (account, digest, at) values ($1, $2, $3)
       on conflict (account) do update set digest = excluded.digest, at = excluded.at`,
      [account, digest, now.toString()],
    );
    changed.push(account);
  }
  for (const account of said.keys()) {
    if (policies.has(account)) continue;
    await record({ type: automationChanged, by: 'desk', because: 'It owes nothing any more.', about: { account } });
    await pool.query('delete from automation.said where account = $1', [account]);
    changed.push(account);
  }
  return changed;
}

export async function watchAutomation(
  parts: Parts & { readonly time: Time; readonly onFault: (error: unknown) => void },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sayAutomationChanges(parts, parts.time.now()).catch(parts.onFault);
    await parts.time.waitUntil(parts.time.now().add(lookEvery), signal);
  }
}

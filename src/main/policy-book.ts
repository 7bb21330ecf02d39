/**
 * The policy in force, and those before it. Version 0 is the configuration file; what people publish comes after it and
 * wins. Every node reads the newest version again soon, and open cases are planned afresh within a minute: what a
 * shorter policy makes due happens without anybody touching the case.
 */
import type { Pool } from 'pg';
import { type CpsOverlay, type Policy, policyOf } from '../desk/policy/cps-overlay.ts';
import { Fault } from '../foundation/fault.ts';
import { hasCome, type Instant, seconds, type Time } from '../foundation/time/time.ts';

export const policyMigrations = [
  {
    id: '001-versions',
    sql: `create schema if not exists policy;
create table policy.version (
  version integer primary key,
  state text not null,
  overlay json not null,
  by text not null,
  at timestamptz not null,
  because text not null,
  agreed_by text,
  changes json not null
);`,
  },
] as const;

export type Overlay = Omit<CpsOverlay, 'document' | 'version'>;

export interface StoredVersion {
  readonly version: number;
  readonly state: 'accepted' | 'waiting' | 'declined';
  readonly overlay: Overlay;
  readonly by: string;
  readonly at: Instant;
  readonly because: string;
  readonly agreedBy: string | null;
  readonly changes: readonly string[];
}

export interface PolicyBook {
  readonly policy: Policy;
  readonly version: number;
  readonly overlay: Overlay;
  /** Newest first; the configuration is not among them. */
  versions(limit: number): Promise<readonly StoredVersion[]>;
  /** Reads again when what is held is older than a few seconds. */
  follow(): Promise<void>;
  /** False when the number is taken: somebody else was faster. */
  add(version: StoredVersion): Promise<boolean>;
  /** False when it waits no more. */
  decide(version: number, state: 'accepted' | 'declined', by: string): Promise<boolean>;
}

const followEvery = seconds(10);
const columns = 'version, state, overlay, by, at, because, agreed_by as "agreedBy", changes';

export async function openPolicyBook(parts: {
  readonly pool: Pool;
  readonly time: Time;
  readonly document: string;
  /** From the configuration file; checked before. */
  readonly configured: Policy;
  readonly overlay: Overlay;
}): Promise<PolicyBook> {
  const { pool, time, document, configured } = parts;
  let held = { policy: configured, version: 0, overlay: parts.overlay };
  let readAt = time.now();

  const read = async (): Promise<void> => {
    readAt = time.now();
    const { rows } = await pool.query<StoredVersion>(
      `select ${columns} from policy.version where state = 'accepted' order by version desc limit 1`,
    );
    const [newest] = rows;
    if (newest === undefined || newest.version === held.version) return;
    const made = policyOf({ ...newest.overlay, document, version: `published ${newest.version}` });
    // Checked when it was published; one that no longer fits the rulebooks is not half obeyed.
    if (!made.ok)
      throw new Fault(
        'policy_refused',
        `Policy version ${newest.version} does not fit the rulebooks of this release: ${made.problems[0]?.path}: ${made.problems[0]?.message}`,
      );
    held = { policy: made.policy, version: newest.version, overlay: newest.overlay };
  };
  await read();

  return {
    get policy() {
      return held.policy;
    },
    get version() {
      return held.version;
    },
    get overlay() {
      return held.overlay;
    },
    async versions(limit) {
      const { rows } = await pool.query<StoredVersion>(
        `select ${columns} from policy.version order by version desc limit $1`,
        [limit],
      );
      return rows;
    },
    async follow() {
      if (hasCome(readAt.add(followEvery), time.now())) await read();
    },
    async add(v) {
      const { rowCount } = await pool.query(
        `insert into policy.version (version, state, overlay, by, at, because, agreed_by, changes)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
        [
          ...[v.version, v.state, JSON.stringify(v.overlay), v.by, v.at.toString(), v.because, v.agreedBy],
          JSON.stringify(v.changes),
        ],
      );
      await read();
      return rowCount === 1;
    },
    async decide(version, state, by) {
      const { rowCount } = await pool.query(
        `update policy.version set state = $2, agreed_by = $3 where version = $1 and state = 'waiting'`,
        [version, state, by],
      );
      await read();
      return rowCount === 1;
    },
  };
}

/** Acts that wait for a second person, and the answers that were given to acts sent with an `Idempotency-Key`. */
import type { Pool } from 'pg';
import type { CaseCommand } from '../api/contract/index.ts';
import type { KeptAnswers } from '../api/idempotency.ts';
import { hours, type Instant, type Time } from '../foundation/time/time.ts';

export const approvalMigrations = [
  {
    id: '001-proposals',
    sql: `create schema if not exists approvals;
create table approvals.proposal (
  proposal_id text primary key,
  case_id text not null,
  command json not null,
  by_name text not null,
  person text not null,
  at timestamptz not null,
  lapses_at timestamptz not null,
  text text not null
);
create table approvals.answer (
  id text primary key,
  body_hash text not null,
  answer json not null,
  at timestamptz not null
);
create index answer_at on approvals.answer (at);`,
  },
] as const;

export interface StoredProposal {
  readonly proposalId: string;
  readonly caseId: string;
  readonly command: CaseCommand;
  readonly byName: string;
  readonly person: string;
  readonly at: Instant;
  readonly lapsesAt: Instant;
  readonly text: string;
}

export interface ProposalStore {
  /** Those that nobody has answered and that have not lapsed. */
  open(now: Instant): Promise<readonly StoredProposal[]>;
  /** False when as many wait as may. */
  add(proposal: StoredProposal): Promise<boolean>;
  /** Gives a proposal away at most once, and never to the person who made it: two people on one button act once. */
  take(proposalId: string, person: string, now: Instant): Promise<StoredProposal | null>;
}

const proposalsMax = 1_000;
const columns = `proposal_id as "proposalId", case_id as "caseId", command, by_name as "byName", person, at,
  lapses_at as "lapsesAt", text`;

export function postgresProposals(pool: Pool): ProposalStore {
  return {
    async open(now) {
      const { rows } = await pool.query<StoredProposal>(
        `select ${columns} from approvals.proposal where lapses_at > $1 order by at limit $2`,
        [now.toString(), proposalsMax],
      );
      return rows;
    },
    async add(p) {
      const { rowCount } = await pool.query(
        `with lapsed as (delete from approvals.proposal where lapses_at <= $6)
         insert into approvals.proposal (proposal_id, case_id, command, by_name, person, at, lapses_at, text)
         select $1, $2, $3, $4, $5, $6, $7, $8
         where (select count(*) from approvals.proposal where lapses_at > $6) < $9`,
        [
          ...[p.proposalId, p.caseId, JSON.stringify(p.command), p.byName, p.person],
          ...[p.at.toString(), p.lapsesAt.toString(), p.text, proposalsMax],
        ],
      );
      return rowCount === 1;
    },
    async take(proposalId, person, now) {
      const { rows } = await pool.query<StoredProposal>(
        `delete from approvals.proposal where proposal_id = $1 and person <> $2 and lapses_at > $3 returning ${columns}`,
        [proposalId, person, now.toString()],
      );
      return rows[0] ?? null;
    },
  };
}

/** Long enough for a night without network; after that a key is a new act. */
const answersKept = hours(48);

export function postgresAnswers(pool: Pool, time: Time): KeptAnswers {
  return {
    async find(id) {
      const { rows } = await pool.query<{ bodyHash: string; answer: unknown }>(
        'select body_hash as "bodyHash", answer from approvals.answer where id = $1 and at > $2',
        [id, time.now().subtract(answersKept).toString()],
      );
      return rows[0] ?? null;
    },
    async keep(id, bodyHash, answer) {
      const now = time.now();
      await pool.query(
        `with old as (delete from approvals.answer where at <= $5)
         insert into approvals.answer (id, body_hash, answer, at) values ($1, $2, $3, $4) on conflict do nothing`,
        [id, bodyHash, JSON.stringify(answer), now.toString(), now.subtract(answersKept).toString()],
      );
    },
  };
}

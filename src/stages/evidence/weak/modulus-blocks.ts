/**
 * Every RSA modulus the desk knows, as products of blocks that are kept, so that what is new is held against all of them
 * without touching what is old (evidence.md b.3, incremental form). Schema `evidence`. What is stored is public: moduli
 * multiplied, and which two share a prime. The prime itself would be a private key and is found again when it is needed.
 */
import type { Pool } from 'pg';
import type { Fingerprint } from '../../../foundation/brand.ts';

/** Forward-only; `platform/store` runs them in order. */
export const modulusMigrations: readonly { readonly id: string; readonly sql: string }[] = [
  {
    id: 'evidence-003-moduli',
    sql: `
      -- A modulus by the SHA-256 of its bytes, and a certificate that has it.
      create table evidence.modulus (
        material_sha256 bytea primary key check (length(material_sha256) = 32),
        fingerprint bytea not null,
        -- Moduli that were held against all others together.
        batch bigint not null
      );
      create index modulus_batch on evidence.modulus (batch);

      create table evidence.modulus_block (
        id bigint generated always as identity primary key,
        batches bigint[] not null,
        -- Unsigned, big-endian.
        product bytea not null
      );
      -- Products look like noise: pressing them costs time and saves nothing.
      alter table evidence.modulus_block alter column product set storage external;

      create table evidence.shared_prime (
        one_sha256 bytea not null,
        other_sha256 bytea not null,
        reported boolean not null default false,
        primary key (one_sha256, other_sha256),
        check (one_sha256 < other_sha256)
      );
      create index shared_prime_other on evidence.shared_prime (other_sha256);

      -- One row: how far the inventory has been followed, and a number that every change moves.
      create table evidence.moduli_followed (version bigint not null, position text);
      insert into evidence.moduli_followed values (0, null);
    `,
  },
];

export interface ModulusBlock {
  readonly id: string;
  readonly batches: readonly string[];
  readonly bytes: number;
}

export interface BlocksState {
  readonly version: string;
  /** Position in the inventory up to which everything has been taken in; null at the beginning. */
  readonly position: string | null;
  /** Oldest first. */
  readonly blocks: readonly ModulusBlock[];
}

/** A modulus as stored: lower-case hex SHA-256 of its bytes without leading zeros, and a certificate with it. */
export interface HeldModulus {
  readonly material: string;
  readonly fingerprint: Fingerprint;
}

export type Pair = readonly [HeldModulus, HeldModulus];

export interface NewBlock {
  readonly seen: BlocksState;
  readonly position: string | null;
  readonly members: readonly HeldModulus[];
  /** Of `members` and of every block in `replaces`; null when there are no members. */
  readonly product: bigint | null;
  readonly replaces: readonly ModulusBlock[];
  readonly pairs: readonly (readonly [material: string, material: string])[];
}

export interface ModulusBlocks {
  state(): Promise<BlocksState>;
  /** Which of these (material SHA-256) are in a block. */
  known(materials: readonly string[]): Promise<ReadonlySet<string>>;
  /** Up to 33 MB; null when the block has been replaced meanwhile. */
  product(id: string): Promise<bigint | null>;
  /** In pieces of at most `limit`. */
  members(block: ModulusBlock, limit: number): AsyncGenerator<readonly HeldModulus[]>;
  /** All or nothing. False when somebody else has changed the blocks since `seen`: nothing was stored, look again. */
  add(block: NewBlock): Promise<boolean>;
  /** Every pair in which one of these takes part. */
  pairsOf(materials: readonly string[]): Promise<readonly Pair[]>;
  /** Pairs that have not become a report yet, oldest key first. */
  unreported(limit: number): Promise<readonly Pair[]>;
  noteReported(pairs: readonly Pair[]): Promise<void>;
}

export function postgresModulusBlocks(pool: Pool): ModulusBlocks {
  return {
    state: () => stateOf(pool),
    async known(materials) {
      const { rows } = await pool.query<{ material: string }>(
        `select encode(material_sha256, 'hex') as material from evidence.modulus where material_sha256 = any($1)`,
        [materials.map(bytea)],
      );
      return new Set(rows.map((row) => row.material));
    },
    async product(id) {
      const { rows } = await pool.query<{ product: string }>(
        `select encode(product, 'hex') as product from evidence.modulus_block where id = $1`,
        [id],
      );
      return rows[0] === undefined ? null : BigInt(`0x${rows[0].product}`);
    },
    async *members(block, limit) {
      for (let after = Buffer.alloc(0); ; ) {
        const { rows } = await pool.query<{ material: Buffer; fingerprint: Buffer }>(
          `select material_sha256 as material, fingerprint from evidence.modulus
           where batch = any($1) and material_sha256 > $2 order by material_sha256 limit $3`,
          [block.batches, after, limit],
        );
        if (rows.length > 0) yield rows.map((row) => held(row.material, row.fingerprint));
        if (rows.length < limit) return;
        after = rows.at(-1)?.material as Buffer<ArrayBuffer>;
      }
    },
    add: (block) => addBlock(pool, block),
    async pairsOf(materials) {
      const { rows } = await pool.query<PairRow>(
        `${pairs} where one_sha256 = any($1) or other_sha256 = any($1) order by one_sha256, other_sha256`,
        [materials.map(bytea)],
      );
      return rows.map(pairOf);
    },
    async unreported(limit) {
      const { rows } = await pool.query<PairRow>(
        `${pairs} where not reported order by one_sha256, other_sha256 limit $1`,
        [limit],
      );
      return rows.map(pairOf);
    },
    async noteReported(told) {
      await pool.query(
        `update evidence.shared_prime s set reported = true
         from unnest($1::bytea[], $2::bytea[]) as t(one, other)
         where s.one_sha256 = t.one and s.other_sha256 = t.other`,
        [told.map(([one]) => bytea(one.material)), told.map(([, other]) => bytea(other.material))],
      );
    },
  };
}

async function stateOf(pool: Pool): Promise<BlocksState> {
  // One statement, so that version and blocks belong together.
  const { rows } = await pool.query<{
    version: string;
    position: string | null;
    id: string | null;
    batches: string[] | null;
    bytes: number;
  }>(
    `select f.version::text as version, f.position, b.id::text as id, b.batches::text[] as batches,
            octet_length(b.product) as bytes
     from evidence.moduli_followed f left join evidence.modulus_block b on true order by b.id`,
  );
  return {
    version: rows[0]?.version as string,
    position: rows[0]?.position ?? null,
    blocks: rows.flatMap(({ id, batches, bytes }) => (id === null ? [] : [{ id, batches: batches ?? [], bytes }])),
  };
}

async function addBlock(pool: Pool, block: NewBlock): Promise<boolean> {
  const { seen, position, members, product, replaces, pairs } = block;
  const ordered = pairs.map(([a, b]) => (a < b ? [a, b] : [b, a]) as [string, string]);
  const { rows } = await pool.query<{ done: number }>(
    `with turn as (
       update evidence.moduli_followed set version = version + 1, position = coalesce($2, position)
       where version = $1 returning version as batch
     ), gone as (
       delete from evidence.modulus_block b using turn where b.id = any($3::bigint[])
     ), made as (
       insert into evidence.modulus_block (batches, product)
       select $4::bigint[] || turn.batch, $5::bytea from turn where $5::bytea is not null
     ), members as (
       insert into evidence.modulus (material_sha256, fingerprint, batch)
       select m.material, m.fingerprint, turn.batch from turn, unnest($6::bytea[], $7::bytea[]) as m(material, fingerprint)
     ), shared as (
       insert into evidence.shared_prime (one_sha256, other_sha256)
       select p.one, p.other from turn, unnest($8::bytea[], $9::bytea[]) as p(one, other)
       on conflict do nothing
     )
     select count(*)::int as done from turn`,
    [
      seen.version,
      position,
      replaces.map(({ id }) => id),
      replaces.flatMap(({ batches }) => batches),
      product === null ? null : bytea(product.toString(16)),
      members.map((m) => bytea(m.material)),
      members.map((m) => bytea(m.fingerprint)),
      ordered.map(([one]) => bytea(one)),
      ordered.map(([, other]) => bytea(other)),
    ],
  );
  return rows[0]?.done === 1;
}

interface PairRow {
  readonly one: Buffer;
  readonly other: Buffer;
  readonly one_fingerprint: Buffer;
  readonly other_fingerprint: Buffer;
}

const pairs = `
  select one_sha256 as one, other_sha256 as other, a.fingerprint as one_fingerprint, b.fingerprint as other_fingerprint
  from evidence.shared_prime
  join evidence.modulus a on a.material_sha256 = one_sha256
  join evidence.modulus b on b.material_sha256 = other_sha256`;

function pairOf(row: PairRow): Pair {
  return [held(row.one, row.one_fingerprint), held(row.other, row.other_fingerprint)];
}

function held(material: Buffer, fingerprint: Buffer): HeldModulus {
  return { material: material.toString('hex'), fingerprint: fingerprint.toString('hex') as Fingerprint };
}

function bytea(hexDigits: string): Buffer {
  return Buffer.from(hexDigits.length % 2 ? `0${hexDigits}` : hexDigits, 'hex');
}

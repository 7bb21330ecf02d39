/** Passkeys, challenges, identities and API tokens in PostgreSQL. */
import type { Pool } from 'pg';
import { statements, text } from './postgres-rows.ts';
import type { AccessStore, PasskeyRecord } from './store.ts';

type Credentials = Pick<
  AccessStore,
  | 'putPasskey'
  | 'passkey'
  | 'passkeys'
  | 'passkeyUsed'
  | 'removePasskey'
  | 'putChallenge'
  | 'takeChallenge'
  | 'identity'
  | 'putIdentity'
  | 'tokens'
  | 'putToken'
  | 'tokenByHash'
  | 'tokenUsed'
  | 'removeToken'
>;

type PasskeyRow = Omit<PasskeyRecord, 'counter' | 'publicKey'> & { counter: string | number; publicKey: Buffer };

const passkeyColumns =
  'credential_id as "credentialId", person_id as "personId", public_key as "publicKey", counter, transports, synced, name, added_at as "addedAt", used_at as "usedAt"';
const tokenColumns =
  'token_id as "tokenId", hash, name, scopes, by, added_at as "addedAt", lapses_at as "lapsesAt", used_at as "usedAt"';

export function postgresCredentials(pool: Pool): Credentials {
  const { many, one, run } = statements(pool);
  return {
    putPasskey: async (p) => {
      await run(
        `INSERT INTO access.passkeys (credential_id, person_id, public_key, counter, transports, synced, name, added_at, used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          ...[p.credentialId, p.personId, Buffer.from(p.publicKey), p.counter, p.transports, p.synced, p.name],
          ...[text(p.addedAt), text(p.usedAt)],
        ],
      );
    },
    passkey: async (credentialId) => {
      const sql = `SELECT ${passkeyColumns} FROM access.passkeys WHERE credential_id = $1`;
      const row = await one<PasskeyRow>(sql, [credentialId]);
      return row === null ? null : passkeyOf(row);
    },
    passkeys: async (personId) => {
      const sql = `SELECT ${passkeyColumns} FROM access.passkeys WHERE $1::text IS NULL OR person_id = $1 ORDER BY added_at`;
      return (await many<PasskeyRow>(sql, [personId])).map(passkeyOf);
    },
    passkeyUsed: async (credentialId, counter, at) => {
      await run('UPDATE access.passkeys SET counter = $2, used_at = $3 WHERE credential_id = $1', [
        ...[credentialId, counter, text(at)],
      ]);
    },
    removePasskey: async (credentialId, personId) =>
      (await run('DELETE FROM access.passkeys WHERE credential_id = $1 AND person_id = $2', [credentialId, personId])) >
      0,
    putChallenge: async (c) => {
      // Those that nobody answered go with the next one; there is no other cleaner.
      await run(
        `WITH old AS (DELETE FROM access.challenges WHERE lapses_at < $6)
         INSERT INTO access.challenges (hash, purpose, person_id, data, lapses_at) VALUES ($1, $2, $3, $4, $5)`,
        [c.hash, c.purpose, c.personId, c.data, text(c.lapsesAt), text(c.lapsesAt.subtract({ hours: 1 }))],
      );
    },
    takeChallenge: (hash, purpose, now) =>
      one(
        `DELETE FROM access.challenges WHERE hash = $1 AND purpose = $2 AND lapses_at > $3
         RETURNING hash, purpose, person_id as "personId", data, lapses_at as "lapsesAt"`,
        [hash, purpose, text(now)],
      ),
    identity: async (issuer, subject) => {
      const sql = 'SELECT person_id as "personId" FROM access.identities WHERE issuer = $1 AND subject = $2';
      return (await one<{ personId: string }>(sql, [issuer, subject]))?.personId ?? null;
    },
    putIdentity: async (issuer, subject, personId) => {
      await run(
        `INSERT INTO access.identities (issuer, subject, person_id) VALUES ($1, $2, $3)
         ON CONFLICT (issuer, subject) DO UPDATE SET person_id = $3`,
        [issuer, subject, personId],
      );
    },
    tokens: () => many(`SELECT ${tokenColumns} FROM access.tokens ORDER BY added_at, token_id`, []),
    putToken: async (t) => {
      await run(
        `INSERT INTO access.tokens (token_id, hash, name, scopes, by, added_at, lapses_at, used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [t.tokenId, t.hash, t.name, t.scopes, t.by, text(t.addedAt), text(t.lapsesAt), text(t.usedAt)],
      );
    },
    tokenByHash: (hash, now) =>
      one(`SELECT ${tokenColumns} FROM access.tokens WHERE hash = $1 AND lapses_at > $2`, [hash, text(now)]),
    tokenUsed: async (tokenId, at) => {
      await run('UPDATE access.tokens SET used_at = $2 WHERE token_id = $1', [tokenId, text(at)]);
    },
    removeToken: async (tokenId) => (await run('DELETE FROM access.tokens WHERE token_id = $1', [tokenId])) > 0,
  };
}

function passkeyOf(row: PasskeyRow): PasskeyRecord {
  return { ...row, counter: Number(row.counter), publicKey: new Uint8Array(row.publicKey) };
}

/** The searches of the port as SQL. $2 of everything that selects `columns` is the instant of the question. */
import type { Index, Match, Query } from './inventory.ts';
import { indexes } from './inventory.ts';
import { belowRange, nameKey, normalizeName, wildcardKeys } from './names.ts';
import { bytea, even } from './postgres-db.ts';
import { certificateOf, columns, type Row } from './postgres-rows.ts';

export const select = `select ${columns} from inventory.certificate c join inventory.issuer i on i.id = c.issuer`;

/** $1 is a list of hashes. A row whose exact hash is the canonical one leaves `h1` null and its index empty. */
export const byAnyKey = 'c.h2 = any($1::bytea[]) or c.h1 = any($1::bytea[]) or c.h3 = any($1::bytea[])';

/** Sort key of a name as somebody wrote it; null for what no certificate can carry. */
export const keyOfName = (name: string): string | null => (name.includes('\0') ? null : nameKey(normalizeName(name)));

const digits = (values: readonly string[]) =>
  values.filter((value) => /^[0-9a-f]+$/.test(value)).map((v) => bytea(even(v)));

/** $1 is a list of what is wanted, $2 the instant of the question. */
export const many = {
  fingerprint: {
    where: 'c.fingerprint = any($1::bytea[]) or c.precertificate_fingerprint = any($1::bytea[])',
    values: digits,
  },
  serial: { where: 'c.serial = any($1::bytea[])', values: digits },
  crtsh: {
    where: `c.id in (select e.id from inventory.crtsh k
              join inventory.certificate e on e.fingerprint = k.fingerprint or e.precertificate_fingerprint = k.fingerprint
             where k.id = any($1::bigint[]))`,
    values: (values: readonly string[]) => values.filter((value) => /^\d{1,15}$/.test(value)),
  },
  name: {
    where: 'c.id in (select certificate from inventory.name where key = any($1::text[]))',
    values: (values: readonly string[]) => values.flatMap((value) => keyOfName(value) ?? []),
  },
} as const;

export interface Statement {
  readonly index: Index;
  readonly sql: string;
  readonly values: readonly unknown[];
}

const equals = (index: Index, condition: string, value: unknown): Statement => ({
  index,
  sql: `select id from inventory.certificate where ${condition} order by id`,
  values: [value],
});

/** The searches that one query stands for. */
export function statements(query: Query): Statement[] {
  // PostgreSQL refuses NUL in text, and nothing is stored with one.
  if (query.by !== 'cert-id' && query.value.includes('\0')) return [];
  switch (query.by) {
    case 'fingerprint':
      return digest(query.value, (value) => equals('fingerprint', 'fingerprint = $1 and not precertificate', value));
    case 'precertificate':
      return digest(query.value, (value) => equals('precertificate', 'precertificate_fingerprint = $1', value));
    case 'sha1':
      return digest(query.value, (value) => equals('sha1', 'sha1 = $1', value));
    case 'serial':
      return digest(even(query.value), (value) => equals('serial', 'serial = $1', value));
    case 'spki':
      return digest(query.value, (value) => equals('spki', 'h2 = $1', value));
    case 'spki-exact':
      return digest(query.value, (value) => equals('spki-exact', '(h1 = $1 or (h2 = $1 and h1 is null))', value));
    case 'key-material':
      return digest(query.value, (value) => equals('key-material', 'h3 = $1', value));
    case 'spki-sha1':
      return digest(query.value, (value) => equals('spki-sha1', 'spki_sha1 = $1', value));
    case 'subject-key-id':
      return digest(query.value, (value) => equals('subject-key-id', 'subject_key_id = $1', value));
    case 'subscriber':
      return [equals('subscriber', 'subscriber = $1', query.value)];
    case 'account':
      return [equals('account', 'account = $1', query.value)];
    case 'tag':
      return [equals('tag', "tags @> array[$1::text] and tags <> '{}'", query.value)];
    case 'crtsh':
      return [
        {
          index: 'crtsh',
          sql: `select c.id from inventory.crtsh k
                  join inventory.certificate c
                    on c.fingerprint = k.fingerprint or c.precertificate_fingerprint = k.fingerprint
                 where k.id = $1 order by c.id`,
          values: [query.value],
        },
      ];
    case 'cert-id':
      return [
        {
          index: 'cert-id',
          sql: `select c.id from inventory.certificate c join inventory.issuer i on i.id = c.issuer
                 where c.serial = $1 and i.authority_key_id = $2 order by c.id`,
          values: [bytea(even(query.serial)), bytea(query.authorityKeyId)],
        },
      ];
    case 'name':
      return [named('name', nameKey(normalizeName(query.value)))];
    case 'domain': {
      const name = normalizeName(query.value);
      const below = belowRange(name);
      return [
        named('name', nameKey(name)),
        ...wildcardKeys(name).map((key) => named('wildcard', key)),
        ...(below === null
          ? []
          : [
              {
                index: 'subdomain' as const,
                sql: 'select distinct certificate as id from inventory.name where key > $1 and key < $2 order by certificate',
                values: [below.from, below.to],
              },
            ]),
      ];
    }
  }
}

function named(index: Index, key: string): Statement {
  return {
    index,
    sql: 'select certificate as id from inventory.name where key = $1 order by certificate',
    values: [key],
  };
}

/** Text that is no hex names nothing: no statement rather than an error of the database. */
function digest(value: string, statement: (value: Buffer) => Statement): Statement[] {
  return /^([0-9a-f]{2})+$/.test(value) ? [statement(bytea(value))] : [];
}

export function match(row: Row, by: readonly Index[]): Match {
  return {
    certificate: certificateOf(row),
    by: [...new Set(by)].sort((a, b) => indexes.indexOf(a) - indexes.indexOf(b)),
  };
}

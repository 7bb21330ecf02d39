import type { Pool } from 'pg';
import type { Contact, Directory } from './directory.ts';

export const directoryMigrations = [
  {
    id: '0001-contacts',
    sql: `create schema if not exists outreach;
create table outreach.contact (
  subscriber text primary key,
  name text not null,
  addresses text[] not null,
  phone text,
  language text not null
);
create index contact_addresses on outreach.contact using gin (addresses);`,
  },
] as const;

export function postgresDirectory(pool: Pool): Directory {
  return {
    async put(contacts) {
      for (let i = 0; i < contacts.length; i += 5_000) {
        const rows = contacts.slice(i, i + 5_000);
        await pool.query(
          `insert into outreach.contact (subscriber, name, addresses, phone, language)
           select r->>'subscriber', r->>'name', array(select jsonb_array_elements_text(r->'addresses')), r->>'phone', r->>'language'
           from jsonb_array_elements($1::jsonb) as r
           on conflict (subscriber) do update set name = excluded.name, addresses = excluded.addresses, phone = excluded.phone, language = excluded.language`,
          [JSON.stringify(rows)],
        );
      }
    },
    async bySubscriber(subscribers) {
      const { rows } = await pool.query<Contact>(
        'select subscriber, name, addresses, phone, language from outreach.contact where subscriber = any($1)',
        [[...subscribers]],
      );
      return rows;
    },
    async byAddress(address) {
      const { rows } = await pool.query<Contact>(
        'select subscriber, name, addresses, phone, language from outreach.contact where addresses @> array[$1]::text[] limit 1',
        [address],
      );
      return rows[0] ?? null;
    },
  };
}

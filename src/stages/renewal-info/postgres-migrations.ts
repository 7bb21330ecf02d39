/** Forward-only; `platform/store` runs them in order. */
export const migrations: readonly { readonly id: string; readonly sql: string }[] = [
  {
    id: 'renewal-info-001-advice',
    sql: `
      create schema if not exists renewal_info;

      -- One row, counted up by every change that readers follow.
      create table renewal_info.version (at bigint not null);
      insert into renewal_info.version values (0);

      create table renewal_info.advice (
        id text primary key,
        case_id text not null,
        keys text[] not null,
        list_id text,
        decided_at timestamptz not null,
        end_by timestamptz not null,
        pace text not null,
        explanation_url text,
        raised_version bigint not null,
        withdrawn_at timestamptz,
        withdrawn_version bigint
      );
      create index advice_raised on renewal_info.advice (raised_version);
      create index advice_withdrawn on renewal_info.advice (withdrawn_version) where withdrawn_version is not null;

      create table renewal_info.listed (
        list_id text not null,
        fingerprint bytea not null,
        primary key (list_id, fingerprint)
      );

      create table renewal_info.replacement (
        fingerprint bytea primary key,
        replacement bytea,
        seen_by text not null,
        seen_at timestamptz not null,
        version bigint not null
      );
      create index replacement_version on renewal_info.replacement (version);

      -- Evidence that a certificate's agent was told, and when. advice_id is empty for everyday polls.
      create table renewal_info.told (
        fingerprint bytea not null,
        advice_id text not null,
        polls bigint not null,
        first_at timestamptz not null,
        last_at timestamptz not null,
        primary key (fingerprint, advice_id)
      );
      create index told_under on renewal_info.told (advice_id) where advice_id <> '';
    `,
  },
];

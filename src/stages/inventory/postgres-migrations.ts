/** Forward-only; `platform/store` runs them in order. */
export const migrations: readonly { readonly id: string; readonly sql: string }[] = [
  {
    id: 'inventory-001-certificates',
    sql: `
      create schema if not exists inventory;

      create table inventory.issuer (
        id int generated always as identity primary key,
        hash bytea not null,
        -- Empty when the certificates carry no authorityKeyIdentifier: null would defeat the unique index.
        authority_key_id bytea not null,
        name text not null,
        unique (hash, authority_key_id)
      );

      -- No foreign keys: one writer places a batch in one transaction, nothing is ever deleted, and a check per row would
      -- take as long as the row.
      create table inventory.certificate (
        id bigint primary key,
        -- Position in the order of learning and change: what followers of the inventory read on from.
        seq bigint not null unique,
        issuer int not null,
        -- Of the certificate; of the precertificate while only that is known.
        fingerprint bytea not null unique,
        precertificate_fingerprint bytea,
        precertificate boolean not null,
        serial bytea not null,
        names text[] not null,
        not_before timestamptz not null,
        not_after timestamptz not null,
        -- SHA-256 of the key as it stands (null when the same as h2), canonical, and of the bare key.
        h1 bytea,
        h2 bytea not null,
        h3 bytea not null,
        sha1 bytea,
        spki_sha1 bytea,
        subject_key_id bytea,
        profile text not null,
        short_lived boolean not null,
        crl_urls text[] not null,
        ocsp_urls text[] not null,
        subscriber text,
        account text,
        tags text[] not null,
        revoked_at timestamptz,
        revoked_reason text
      );
      create index certificate_precertificate on inventory.certificate (precertificate_fingerprint)
        where precertificate_fingerprint is not null;
      create index certificate_only_precertificate on inventory.certificate (id) where precertificate;
      create index certificate_serial on inventory.certificate (serial);
      create index certificate_h1 on inventory.certificate (h1) where h1 is not null;
      create index certificate_h2 on inventory.certificate (h2);
      create index certificate_h3 on inventory.certificate (h3);
      create index certificate_sha1 on inventory.certificate (sha1) where sha1 is not null;
      create index certificate_spki_sha1 on inventory.certificate (spki_sha1) where spki_sha1 is not null;
      create index certificate_subject_key_id on inventory.certificate (subject_key_id) where subject_key_id is not null;
      create index certificate_not_after on inventory.certificate (not_after);
      create index certificate_revoked on inventory.certificate (revoked_at) where revoked_at is not null;
      create index certificate_subscriber on inventory.certificate (subscriber) where subscriber is not null;
      create index certificate_account on inventory.certificate (account) where account is not null;
      create index certificate_tags on inventory.certificate using gin (tags) where tags <> '{}';

      -- Labels reversed, so that "below this domain" is a range (names.ts).
      create table inventory.name (
        key text collate "C" not null,
        certificate bigint not null,
        primary key (key, certificate)
      );

      create table inventory.der (
        certificate bigint not null,
        fingerprint bytea not null,
        der bytea not null,
        primary key (certificate, fingerprint)
      );

      create table inventory.crtsh (
        id bigint primary key,
        fingerprint bytea not null
      );

      create table inventory.source (
        source text primary key,
        kind text not null,
        position text,
        issued_count bigint,
        up_to timestamptz,
        recorded_at timestamptz not null
      );

      -- One row: counting a million entries for every answer would cost more than the answer.
      create table inventory.tally (certificates bigint not null, last_seq bigint not null);
      insert into inventory.tally values (0, 0);
    `,
  },
];

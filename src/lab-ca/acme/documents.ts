/** Accounts, orders and authorizations as plain JSON, for the storage port, and back. */
import { z } from 'zod';
import type { Serial } from '../../foundation/brand.ts';
import { issuerIds } from '../certificate.ts';
import type { StoredDocument } from '../storage.ts';
import { readJwk } from './jws.ts';
import type { Account, Authorization, Order } from './state.ts';

export type AcmeDocument =
  | { readonly kind: 'account'; readonly value: Account }
  | { readonly kind: 'authorization'; readonly value: Authorization }
  | { readonly kind: 'order'; readonly value: Order };

const instant = z.string().transform((text) => Temporal.Instant.from(text));
const problem = z.record(z.string(), z.unknown()).nullable();

const account = z.object({
  id: z.string(),
  jwk: z.record(z.string(), z.unknown()),
  status: z.enum(['valid', 'deactivated', 'revoked']),
  contact: z.array(z.string()),
  externalAccount: z.string().nullable(),
  createdAt: instant,
});
const challenge = z.object({
  id: z.string(),
  type: z.enum(['http-01', 'dns-01', 'tls-alpn-01']),
  token: z.string(),
  // A validation that was under way when the CA stopped is asked for again.
  status: z.enum(['pending', 'processing', 'valid', 'invalid']).transform((s) => (s === 'processing' ? 'pending' : s)),
  validatedAt: instant.nullable(),
  error: problem,
});
const authorization = z.object({
  id: z.string(),
  account: z.string(),
  name: z.string(),
  wildcard: z.boolean(),
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired']),
  expiresAt: instant,
  challenges: z.array(challenge),
});
const order = z.object({
  id: z.string(),
  account: z.string(),
  names: z.array(z.string()),
  authorizations: z.array(z.string()),
  profile: z.string(),
  replaces: z.string().nullable(),
  // The client never saw a certificate from an order that stopped half-way: it may finalise again.
  status: z
    .enum(['pending', 'ready', 'processing', 'valid', 'invalid'])
    .transform((s) => (s === 'processing' ? 'ready' : s)),
  placedAt: instant,
  expiresAt: instant,
  error: problem,
  certificate: z
    .object({ issuer: z.enum(issuerIds), serial: z.string().transform((text) => text as Serial) })
    .nullable(),
});

export function encodeDocument(document: AcmeDocument): StoredDocument {
  const { kind, value } = document;
  const text = (at: { toString(): string } | null) => (at === null ? null : at.toString());
  switch (kind) {
    case 'account': {
      const { id, status, contact, externalAccount } = value;
      const jwk = value.key.key.export({ format: 'jwk' });
      return { kind, id, body: { id, jwk, status, contact, externalAccount, createdAt: text(value.createdAt) } };
    }
    case 'authorization': {
      const challenges = value.challenges.map((one) => ({ ...one, validatedAt: text(one.validatedAt) }));
      return { kind, id: value.id, body: { ...value, expiresAt: text(value.expiresAt), challenges } };
    }
    case 'order':
      return {
        kind,
        id: value.id,
        body: { ...value, placedAt: text(value.placedAt), expiresAt: text(value.expiresAt) },
      };
  }
}

/** Throws when a stored document is not what this release wrote. */
export function decodeDocument(document: StoredDocument): AcmeDocument {
  switch (document.kind) {
    case 'account': {
      const { jwk, ...rest } = account.parse(document.body);
      return { kind: 'account', value: { ...rest, key: readJwk(jwk), orders: [] } };
    }
    case 'authorization':
      return { kind: 'authorization', value: authorization.parse(document.body) };
    case 'order':
      return { kind: 'order', value: order.parse(document.body) };
  }
}

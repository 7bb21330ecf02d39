/** People, roles and API tokens. A secret is shown once, when it is made. */
import { z } from 'zod';
import { Role } from './desk.ts';
import { Id, Instant } from './scalars.ts';

export const scopes = ['read', 'act', 'administer', 'report', 'blocked-keys'] as const;
export const Scope = z.enum(scopes).meta({ id: 'Scope' });
export type Scope = z.infer<typeof Scope>;

export const Person = z
  .object({
    personId: Id,
    name: z.string(),
    email: z.string(),
    roles: z.array(Role),
    addedAt: Instant,
    seenAt: Instant.nullable(),
  })
  .meta({ id: 'Person' });
export type Person = z.infer<typeof Person>;
export const People = z.object({ now: Instant, rows: z.array(Person) }).meta({ id: 'People' });
export type People = z.infer<typeof People>;

export const PersonIn = z
  .object({
    name: z.string().min(1).max(200),
    email: z.email().max(320),
    roles: z.array(Role).min(1).max(7),
  })
  .meta({ id: 'PersonIn' });
export type PersonIn = z.infer<typeof PersonIn>;
export const PersonAdded = z
  .object({
    now: Instant,
    person: Person,
    link: z.string().describe('One-time sign-in link, shown once.'),
    lapsesAt: Instant,
  })
  .meta({ id: 'PersonAdded' });
export type PersonAdded = z.infer<typeof PersonAdded>;

export const Token = z
  .object({
    tokenId: Id,
    name: z.string(),
    scopes: z.array(Scope),
    by: z.string(),
    addedAt: Instant,
    lapsesAt: Instant,
    usedAt: Instant.nullable(),
  })
  .meta({ id: 'Token' });
export type Token = z.infer<typeof Token>;
export const Tokens = z.object({ now: Instant, rows: z.array(Token) }).meta({ id: 'Tokens' });
export type Tokens = z.infer<typeof Tokens>;

export const TokenIn = z
  .object({
    name: z.string().min(1).max(100),
    scopes: z.array(Scope).min(1).max(5),
    days: z.number().int().min(1).max(366),
  })
  .meta({ id: 'TokenIn' });
export type TokenIn = z.infer<typeof TokenIn>;
export const TokenAdded = z
  .object({ now: Instant, token: Token, secret: z.string().describe('Shown once; only its hash is kept.') })
  .meta({ id: 'TokenAdded' });
export type TokenAdded = z.infer<typeof TokenAdded>;
export const Removed = z.object({ now: Instant, removed: z.boolean() }).meta({ id: 'Removed' });
export type Removed = z.infer<typeof Removed>;

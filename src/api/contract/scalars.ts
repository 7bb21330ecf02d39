/** The small words of the contract. Keys are always present; unknown is `null`, none is `[]`. */
import { z } from 'zod';

/** RFC 3339 UTC, whole seconds, `Z`: the only form in which an instant leaves the house. */
export const Instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  .meta({ id: 'Instant', description: 'RFC 3339 UTC, whole seconds, Z.', format: 'date-time' });
export type Instant = z.infer<typeof Instant>;

/** Lower-case hex SHA-256. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ id: 'Sha256', description: 'Lower-case hex SHA-256 without separators.' });

/** Lower-case hex without separators or leading zeros. */
export const SerialHex = z
  .string()
  .regex(/^(0|[1-9a-f][0-9a-f]{0,63})$/)
  .meta({ id: 'SerialHex', description: 'Lower-case hex, no separators, no leading zeros.' });

export const Id = z.string().min(1).max(200).meta({ id: 'Id' });
export const Seq = z
  .number()
  .int()
  .nonnegative()
  .meta({ id: 'Seq', description: 'Global sequence number of an event.' });

export const Label = z
  .enum([
    'key-compromise',
    'weak-key',
    'misissuance',
    'domain-control',
    'misuse',
    'subscriber-request',
    'wrong-information',
    'ca-noncompliance',
    'other-problem',
    'not-a-report',
  ])
  .meta({ id: 'Label' });
export type Label = z.infer<typeof Label>;

export const Team = z.enum(['pki-team', 'pki-support', 'ssl-support', 'compliance']).meta({ id: 'Team' });
export type Team = z.infer<typeof Team>;

export const Verdict = z
  .enum(['proven-key', 'proven-statement', 'computable', 'refuted', 'possession-only', 'claim-only', 'clean'])
  .meta({ id: 'Verdict', description: 'Strongest first.' });
export type Verdict = z.infer<typeof Verdict>;

/** RFC 5280 5.3.1. certificateHold is missing on purpose: the BRs forbid it. */
export const Reason = z
  .enum([
    'unspecified',
    'keyCompromise',
    'affiliationChanged',
    'superseded',
    'cessationOfOperation',
    'privilegeWithdrawn',
  ])
  .meta({ id: 'Reason' });
export type Reason = z.infer<typeof Reason>;

export const Stage = z.enum(['review', 'open', 'published', 'closed', 'dismissed']).meta({ id: 'Stage' });
export type Stage = z.infer<typeof Stage>;

/** What entitles the desk to revoke (promise 6). */
export const Basis = z.enum(['proof', 'subscriber', 'records', 'claim', 'root-program']).meta({ id: 'Basis' });
export type Basis = z.infer<typeof Basis>;

export const Profile = z.enum(['tls', 'smime', 'code-signing', 'sub-ca']).meta({ id: 'Profile' });

/** The sentence that governs: document, version and section, as they were when the matter arose. */
export const RuleRef = z
  .object({
    id: z.string(),
    document: z.string(),
    version: z.string(),
    section: z.string(),
    limitSeconds: z.number().int().nullable().describe('Null: no revocation duty.'),
  })
  .meta({ id: 'RuleRef' });
export type RuleRef = z.infer<typeof RuleRef>;

/** What a list answers besides its rows: the instant of the answer, and where to go on. */
export const pageFields = {
  now: Instant,
  next: z.string().nullable().describe('Cursor of the next page; null at the end.'),
};

/** The certificates of a matter (a frozen set, so a position names the same row tomorrow) and the search over all. */
import { z } from 'zod';
import { Id, Instant, pageFields, Reason, SerialHex, Sha256 } from './scalars.ts';

export const Seen = z
  .object({
    state: z.enum(['good', 'revoked', 'unknown']),
    at: Instant,
    reason: Reason.nullable(),
  })
  .meta({ id: 'Seen', description: 'What a probe read, with the signature verified.' });
export type Seen = z.infer<typeof Seen>;

export const CertificateState = z
  .enum(['valid', 'held', 'scheduled', 'ordered', 'accepted', 'published', 'expired', 'failing'])
  .meta({ id: 'CertificateState' });
export type CertificateState = z.infer<typeof CertificateState>;

export const CertificateRow = z
  .object({
    fingerprint: Sha256,
    serial: SerialHex,
    name: z.string(),
    names: z.number().int(),
    subscriber: z.string().nullable(),
    notAfter: Instant,
    state: CertificateState,
    crl: Seen.nullable(),
    ocsp: Seen.nullable(),
    acceptedAt: Instant.nullable(),
    publishedAt: Instant.nullable(),
    replaced: z.boolean(),
    problem: z.string().nullable(),
  })
  .meta({ id: 'CertificateRow' });
export type CertificateRow = z.infer<typeof CertificateRow>;

export const CertificatesPage = z
  .object({
    ...pageFields,
    matterId: Id,
    setId: Id,
    total: z.number().int().describe('Rows that match the filter.'),
    from: z.number().int(),
    counts: z.record(CertificateState, z.number().int()),
    rows: z.array(CertificateRow),
  })
  .meta({ id: 'CertificatesPage' });
export type CertificatesPage = z.infer<typeof CertificatesPage>;

export const CertificatesQuery = z.object({
  state: CertificateState.optional(),
  q: z.string().max(200).optional(),
  from: z.coerce.number().int().min(0).max(10_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
export type CertificatesQuery = z.output<typeof CertificatesQuery>;

export const FoundCertificate = z
  .object({
    fingerprint: Sha256,
    serial: SerialHex,
    issuer: z.string(),
    names: z.array(z.string()).describe('At most the first 20.'),
    namesTotal: z.number().int(),
    notBefore: Instant,
    notAfter: Instant,
    status: z.enum(['good', 'revoked', 'expired']),
    spkiSha256: Sha256,
    subscriber: z.string().nullable(),
    blocked: z.boolean(),
    cases: z.array(Id),
  })
  .meta({ id: 'FoundCertificate' });
export type FoundCertificate = z.infer<typeof FoundCertificate>;

export const SearchAnswer = z
  .object({
    ...pageFields,
    q: z.string(),
    readAs: z.string().describe('How the query was read: serial, SHA-256, name, case, …'),
    certificates: z.array(FoundCertificate),
    cases: z.array(z.object({ caseId: Id, title: z.string() })),
  })
  .meta({ id: 'SearchAnswer' });
export type SearchAnswer = z.infer<typeof SearchAnswer>;

export const SearchQuery = z.object({
  q: z.string().min(1).max(300),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});
export type SearchQuery = z.output<typeof SearchQuery>;

/**
 * What reports look like as JSON, published for whoever writes a program that sends them: one report at
 * `POST /api/v1/reports`, one or thousands at a channel of kind `api`. JSON Schema 2020-12, each with an example that a
 * test sends through it.
 */
import { z } from 'zod';
import { reportsSchema } from '../stages/intake/channels/api.ts';
import { ReportIn } from './contract/index.ts';

export const schemasPath = '/api/v1/schemas';

const text =
  'The private key of shop.example is published at https://code.example/shop/config. It is in the file server.key.';
const fingerprint = '5f2c1e0a9b8d7c6f4e3d2c1b0a99887766554433221100ffeeddccbbaa998877';

const one = {
  title: 'Certificate problem report',
  description: `One report, for POST /api/v1/reports. It counts from the moment it is answered with 202. The file of a key may be enclosed: it is opened in a confined process, and what stays is a proof that somebody held it.`,
  examples: [
    {
      text,
      subject: 'Private key of shop.example is public',
      name: 'Ann Example',
      email: 'ann@research.example',
      certificates: [fingerprint],
      attachments: [{ name: 'note.txt', mediaType: 'text/plain', base64: 'Rm91bmQgb24gTW9uZGF5Lg==' }],
    },
    { text },
  ],
};

const many = {
  title: 'Certificate problem reports in bulk',
  description: `One report, or up to ten thousand in one call, for POST /api/v1/channels/SOURCE where the operator has opened a channel of kind "api". 202 is answered when all of them are durable; with an Idempotency-Key a call may be repeated.`,
  examples: [
    { text, subject: 'Private key is public', certificates: [fingerprint], noticedAt: '2026-03-01T09:30:00+01:00' },
    {
      reports: [
        { text, reference: 'R-1', certificates: [fingerprint] },
        { text: 'Serial 03a1b2c3d4e5f60718293a4b5c6d7e8f: the key is weak.', reference: 'R-2' },
      ],
    },
  ],
};

const schemaOf = (shape: z.ZodType, file: string, words: object): object => ({
  $id: `${schemasPath}/${file}`,
  ...words,
  ...z.toJSONSchema(shape, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' }),
});

/** By file name below `schemasPath`. */
export const reportSchemas: Readonly<Record<string, object>> = {
  'report.json': schemaOf(ReportIn, 'report.json', one),
  'reports.json': schemaOf(reportsSchema, 'reports.json', many),
};

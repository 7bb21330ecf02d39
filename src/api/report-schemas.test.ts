import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { reportsSchema } from '../stages/intake/channels/api.ts';
import { ReportIn } from './contract/index.ts';
import { reportSchemas } from './report-schemas.ts';

type Published = { readonly $schema: string; readonly $id: string; readonly examples: readonly unknown[] };

describe.each([
  ['report.json', ReportIn],
  ['reports.json', reportsSchema],
] as const)('the published schema %s', (file, shape) => {
  const published = reportSchemas[file] as Published;
  const read = z.fromJSONSchema(published as unknown as Parameters<typeof z.fromJSONSchema>[0]);

  it('says what it is and describes itself by examples that it accepts, as the desk does', () => {
    expect(published).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `/api/v1/schemas/${file}`,
    });
    expect(published.examples.length).toBeGreaterThan(1);
    for (const example of published.examples) {
      expect(read.safeParse(example).error).toBeUndefined();
      expect(shape.safeParse(example).error).toBeUndefined();
    }
  });

  it.each([
    ['nothing', {}],
    ['a text that is no text', { text: 1 }],
    ['too many names', { text: 'x', certificates: Array.from({ length: 100_001 }, () => 'a') }],
  ])('refuses %s, as the desk does', (_what, body) => {
    expect(read.safeParse(body).success).toBe(false);
    expect(shape.safeParse(body).success).toBe(false);
  });
});

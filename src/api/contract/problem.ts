import { z } from 'zod';

/**
 * RFC 9457. `code` is stable and for programs, `detail` says what happened and what to do. A refusal of the desk is
 * 409, a stale `If-Match` 412, and neither changed anything.
 */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })),
  })
  .meta({ id: 'Problem', description: 'application/problem+json (RFC 9457).' });
export type Problem = z.infer<typeof Problem>;

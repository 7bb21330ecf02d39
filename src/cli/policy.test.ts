import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { policyMarkdown } from './policy.ts';

it('the policy page in docs says what the rulebooks say', async () => {
  const page = await readFile(new URL('../../docs/policy.md', import.meta.url), 'utf8');
  expect(page).toBe(policyMarkdown());
});

import { expect, test } from 'vitest';
import { broken, isSmall, replayed, scenarioFiles } from './replay.ts';

const large = scenarioFiles().filter((s) => !isSmall(s));

test.each(large)('$name ends as every stated key expects', { timeout: 900_000 }, async ({ file }) => {
  const outcome = await replayed(file);
  expect(broken(outcome)).toEqual([]);
  expect(outcome.revokedCount).toBeGreaterThan(5_000);
});

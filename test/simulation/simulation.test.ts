import { describe, expect, test } from 'vitest';
import { minutes } from '../../src/foundation/time/time.ts';
import type { RevocationConnector } from '../../src/stages/revocation/connector.ts';
import { brokenPromises } from './checkers.ts';
import { simulate } from './world.ts';

/** `RESCIND_SEEDS=100-200 npx vitest run test/simulation` tries others. A seed that fails is kept here, by its number. */
const [from = 1, to = 3] = (process.env.RESCIND_SEEDS ?? '1-3').split('-').map(Number);
const seeds = Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('a desk that dies again and again, in a world with a bad day', () => {
  test.each(seeds)('keeps every promise (seed %i)', { timeout: 600_000 }, async (seed) => {
    await simulate(seed, async (story) => {
      expect(await brokenPromises(story)).toEqual([]);
      expect(story.deaths).toBeGreaterThan(0);
    });
  });
});

test('a CA that says "done" and does nothing is found out by the checkers', { timeout: 600_000 }, async () => {
  const lying = (connector: RevocationConnector): RevocationConnector => ({
    ...connector,
    revoke: async (orders) => orders.map(() => ({ outcome: 'done', reason: 'keyCompromise', revokedAt: null })),
  });
  await simulate(
    2,
    async (story) => {
      const broken = await brokenPromises(story);
      expect(broken.some((what) => what.startsWith('exactly the certificates'))).toBe(true);
      expect(broken.some((what) => what.startsWith('never late'))).toBe(true);
      // It is late, and says so; what it never says is that anybody could see a revocation.
      expect(broken.filter((what) => what.startsWith('published is said'))).toEqual([]);
    },
    { between: lying, pace: minutes(30) },
  );
});

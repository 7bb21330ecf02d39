/** Messages made to be expensive. That these tests end is what they say: a square of the length would not. */
import { expect, it } from 'vitest';
import { monsters } from '../../bench/monsters.ts';
import { readForTriage } from '../../src/app/read-for-triage.ts';
import { at } from '../../src/foundation/time/time.ts';

it.each(monsters)('%s is read and judged', async (_name, message) => {
  const surroundings = { receivedBy: 'mx.ca.example', ownDomains: () => false, now: at('2026-01-01T00:00:00Z') };
  const { triage } = await readForTriage(Buffer.from(message()), surroundings);
  expect(['open-case', 'human-review', 'file']).toContain(triage.action);
});

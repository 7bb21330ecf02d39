import { describe, expect, test } from 'vitest';
import { renamed, sorted, withoutAnswers } from './honest.ts';
import { broken, isSmall, replayed, scenarioFiles, withoutChecks } from './replay.ts';

/** Replays of public incidents carry the CA's name and the year. */
const published = /^[a-z]+-20\d\d-/;

/** Every small replay that `mine` picks. Several test files share them out, so that more than one core has work. */
export function replaySuite(mine: (name: string) => boolean): void {
  const small = scenarioFiles().filter((s) => isSmall(s) && mine(s.name));
  describe.each(small)('$name', ({ name, file }) => {
    test('ends as every stated key expects, without its answers, and by any other name', async () => {
      const outcome = await replayed(file);
      expect(broken(outcome)).toEqual([]);
      expect(outcome.checks.filter((c) => c.ok === true).length).toBeGreaterThan(3);

      // Byte-equal: what comes out cannot have been read from what should come out. Our own files show it together
      // with the renaming below; the published ones by itself, too.
      if (published.test(name)) {
        const blind = await replayed(withoutAnswers(file));
        expect(JSON.stringify(withoutChecks(blind))).toBe(JSON.stringify(withoutChecks(outcome)));
      }

      // Equal up to the same renaming: nothing hangs on the names, serials and dates of a published file.
      const other = renamed(withoutAnswers(file));
      const elsewhere = await replayed(other.file);
      const expectation = JSON.parse(JSON.stringify(withoutChecks(outcome)));
      expect(sorted(other.result(expectation))).not.toEqual(sorted(expectation));
      expect(sorted(JSON.parse(JSON.stringify(withoutChecks(elsewhere))))).toEqual(sorted(other.result(expectation)));
    });
  });
}

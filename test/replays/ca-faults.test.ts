/**
 * Every way in which the CA's side of a revocation can break, one at a time and both at once, repaired and never
 * repaired. Two properties hold over all of them: nothing is said to be revoked or published before the CA really has
 * it so, and whenever a limit will be missed people were alarmed while it had not come yet.
 */
import { describe, expect, test } from 'vitest';
import type { Serial } from '../../src/foundation/brand.ts';
import { at, hours, isBefore } from '../../src/foundation/time/time.ts';
import { openLog } from '../../src/main/log.ts';
import { type Outcome, runScenario } from '../../src/main/scenario/run.ts';
import { readScenario } from '../../src/main/scenario/schema.ts';
import { type ScenarioFile, scenarioFiles } from './replay.ts';

const components = ['revocation', 'publication'] as const;
const modes = ['silent', 'refuse', 'slow'] as const;
type Fault = { readonly component: (typeof components)[number]; readonly mode: (typeof modes)[number] };

const serials = ['71a0b1c2d3', '71a0b1c2d4', '71a0b1c2d5'];
/** `slow` lets one of the three certificates out at once and the next one a day later: the limit is missed by two. */
const perHour = 1 / 24;
const repairedAfterMinutes = 60;

/** The incident of the first file below, with three certificates and other faults. */
function aScenario(faults: readonly Fault[], repaired: boolean): ScenarioFile {
  const file = structuredClone(scenarioFiles().find((s) => s.name === 'ca-publication-stuck.json')!.file);
  const leaf = file.fixtures.find((f: { build: string }) => f.build === 'leaf');
  const report = file.events[0];
  const broken = file.events[1];
  file.fixtures = [
    ...file.fixtures.filter((f: object) => f !== leaf),
    ...serials.map((serial, i) => ({ ...leaf, ref: `C${i + 1}`, serial, names: [`a${i}.shop.example`] })),
  ];
  file.events = [
    report,
    ...faults.map((fault, i) => ({
      ...broken,
      seq: 2 + i,
      data: {
        fault: {
          ...fault,
          ...(fault.mode === 'slow' ? { perHour } : {}),
          ...(repaired ? { repairAfterAlarmMinutes: repairedAfterMinutes } : {}),
        },
      },
    })),
  ];
  file.expected = {};
  return file;
}

interface Truth {
  readonly recordedAt: string | null;
  readonly publishedAt: string | null;
}

async function run(file: ScenarioFile): Promise<{ outcome: Outcome; truth: readonly Truth[] }> {
  const read = readScenario(file);
  if (!read.ok) throw new Error(read.problem);
  let truth: Truth[] = [];
  const outcome = await runScenario(read.scenario, {
    log: openLog('error'),
    longest: hours(48),
    before: async ({ ca }) => {
      truth = await Promise.all(
        serials.map(async (serial) => {
          const revocation = (await ca.revocations.look(serial as Serial))?.revocation ?? null;
          const text = (instant: Temporal.Instant | null) => instant?.toString() ?? null;
          return {
            recordedAt: text(revocation?.revokedAt ?? null),
            publishedAt: text(revocation?.publishedAt ?? null),
          };
        }),
      );
    },
  });
  return { outcome, truth };
}

function expectHonest({ outcome, truth }: Awaited<ReturnType<typeof run>>): void {
  const recorded = truth.flatMap((t) => t.recordedAt ?? []);
  const published = truth.flatMap((t) => t.publishedAt ?? []);
  // Nothing is claimed of more certificates, or earlier, than the CA has it.
  expect(outcome.revokedCount).toBeLessThanOrEqual(published.length);
  if (recorded.length === 0) expect(outcome.revokedAt).toBeNull();
  if (outcome.revokedAt !== null) expect(recorded.some((one) => !isBefore(at(outcome.revokedAt!), at(one)))).toBe(true);
  for (const [i, { publishedAt }] of truth.entries()) {
    const item = outcome.items.find((one) => one.ref === `C${i + 1}`)!;
    if (publishedAt === null) expect(item).toMatchObject({ revoked: false, publishedAt: null });
    else if (item.publishedAt !== null) expect(isBefore(at(item.publishedAt), at(publishedAt))).toBe(false);
  }
  if (outcome.late) {
    expect(outcome.alarmAt).not.toBeNull();
    expect(isBefore(at(outcome.alarmAt!), at(outcome.due!))).toBe(true);
  }
}

const single = components.flatMap((component) => modes.map((mode): Fault[] => [{ component, mode }]));
const both = modes.flatMap((first) =>
  modes.map((second): Fault[] => [
    { component: 'revocation', mode: first },
    { component: 'publication', mode: second },
  ]),
);
const named = (all: readonly Fault[][]) =>
  all.map((faults) => [faults.map((f) => `${f.component} ${f.mode}`).join(' and '), faults] as const);

describe('a CA that is never repaired: the limit is missed, said so, and people knew before', () => {
  test.each(named([...single, ...both]))('%s', async (_, faults) => {
    const found = await run(aScenario(faults, false));
    expectHonest(found);
    expect(found.outcome.late).toBe(true);
    expect(found.outcome.revokedCount).toBeLessThan(serials.length);
  });
});

describe('a CA that is repaired an hour after the alarm: everything is published within the limit', () => {
  // Both at once in the same way; every pairing is above.
  const pairs = both.filter(([first, second]) => first!.mode === second!.mode);
  test.each(named([...single, ...pairs]))('%s', async (_, faults) => {
    const found = await run(aScenario(faults, true));
    expectHonest(found);
    expect(found.outcome).toMatchObject({ late: false, revokedCount: serials.length, reasonCode: 1 });
  });
});

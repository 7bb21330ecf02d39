import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aReceive, caseId } from '../../test/support/desk-builders.ts';
import { draftReport } from '../assurance/incident/index.ts';
import { incident, now } from '../assurance/incident/sample.testing.ts';
import { replay } from '../desk/evolve.ts';
import { incidentCommand } from './incident.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'incident-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  let code = 0;
  const receive = aReceive() as Extract<ReturnType<typeof aReceive>, { do: 'receive' }>;
  const events = [{ type: 'ReportReceived', at: now, by: 'desk', report: receive.report }] as const;
  const command = incidentCommand({
    time: { now: () => now, waitUntil: async () => {} },
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    exit: (c) => {
      code = c;
    },
    open: async () => ({
      load: async (id) =>
        id === caseId
          ? {
              current: replay(caseId, events)!,
              events,
              caOwner: { name: 'Example Trust', ccadbId: null },
              certificates: [],
              certificateTypes: [],
            }
          : null,
      close: async () => {},
    }),
  });
  await command.parseAsync(args, { from: 'user' });
  return { out, err, code };
}

describe('rescind incident', () => {
  it('lint exits 0 on a report with nothing wrong and 1 on one with errors, as JSON of the contract', async () => {
    const good = join(folder, 'good.md');
    await writeFile(good, draftReport(incident));
    const fine = await run('lint', good, '--json');
    expect(fine.code).toBe(0);
    expect(JSON.parse(fine.out[0]!)).toEqual({ errors: [], warnings: [] });
    const bad = join(folder, 'bad.md');
    await writeFile(bad, draftReport(incident).replace('05:00 UTC:', '05:00 IST:'));
    const wrong = await run('lint', bad, '--json');
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.out[0]!).errors[0]).toMatchObject({ rule: 'IR07', line: expect.any(Number) });
    expect((await run('lint', bad)).out[0]).toMatch(/bad\.md:\d+: error IR07: /);
  });

  it('lint exits 2 with one line for a file that cannot be opened', async () => {
    const answer = await run('lint', join(folder, 'none.md'), '--json');
    expect(answer.code).toBe(2);
    expect(answer.err).toHaveLength(1);
    expect(answer.out).toHaveLength(0);
  });

  it('draft prints the report of a case, and exits 2 for a case that is not there', async () => {
    const draft = await run('draft', caseId, '--json');
    expect(JSON.parse(draft.out[0]!).markdown).toContain('## Full Incident Report');
    expect((await run('draft', 'case-9', '--json')).code).toBe(2);
  });
});

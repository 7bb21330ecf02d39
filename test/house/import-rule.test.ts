import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * A rule that reads no module passes as well. So the checker is run on a copy of part of the tree: as it is, and with
 * one forbidden import planted at a time.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
let copy = '';

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'rescind-import-rule-'));
  await copyFile(join(root, '.dependency-cruiser.cjs'), join(copy, '.dependency-cruiser.cjs'));
  await copyFile(join(root, 'package.json'), join(copy, 'package.json'));
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const room of ['foundation/time', 'foundation/brand.ts', 'desk/clock', 'desk/facts.ts', 'desk/refusal.ts'])
    await cp(join(root, 'src', room), join(copy, 'src', room), { recursive: true });
});

afterAll(() => rm(copy, { recursive: true, force: true }));

const planted = [
  ['foundation-knows-nothing-of-us', 'src/foundation/planted.ts', "export { labels } from '../desk/facts.ts';"],
  ['desk-does-no-io', 'src/desk/planted.ts', "export { readFile } from 'node:fs/promises';"],
  ['desk-uses-no-packages', 'src/desk/planted.ts', "export { z } from 'zod';"],
  ['stages-do-not-meet', 'src/stages/triage/planted.ts', "export { other } from '../intake/other.ts';"],
  ['stages-import-inward', 'src/stages/triage/planted.ts', "export { deed } from '../../app/deed.ts';"],
  ['lab-ca-stands-alone', 'src/lab-ca/planted.ts', "export type { Label } from '../desk/facts.ts';"],
  ['main-is-imported-by-nobody', 'src/cli/planted.ts', "export { wiring } from '../main/wiring.ts';"],
  ['web-uses-the-public-api', 'src/web/planted.tsx', "export { refuse } from '../desk/refusal.ts';"],
] as const;

const others: Record<string, string> = {
  'src/stages/intake/other.ts': 'export const other = 1;\n',
  'src/app/deed.ts': 'export const deed = 1;\n',
  'src/main/wiring.ts': 'export const wiring = 1;\n',
};

describe('the import rule', () => {
  test('passes on rooms that keep it, having read their modules', async () => {
    const { broken, modules } = await cruise();
    expect(broken).toEqual([]);
    expect(modules).toBeGreaterThan(5);
  });

  test.each(planted)('%s fails when %s breaks it', async (rule, file, text) => {
    await write(others);
    await write({ [file]: `${text}\n` });
    try {
      const { broken } = await cruise();
      expect(broken).toContain(rule);
    } finally {
      await rm(join(copy, file));
    }
  });
});

async function write(files: Record<string, string>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(copy, file, '..'), { recursive: true });
    await writeFile(join(copy, file), text);
  }
}

interface Cruised {
  readonly summary: { readonly totalCruised: number; readonly violations: readonly { rule: { name: string } }[] };
}

async function cruise(): Promise<{ readonly broken: readonly string[]; readonly modules: number }> {
  const command = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs');
  const { stdout } = await run(process.execPath, [command, 'src', '--output-type', 'json'], {
    cwd: copy,
    maxBuffer: 50_000_000,
  });
  const { summary } = JSON.parse(stdout) as Cruised;
  return { broken: summary.violations.map((v) => v.rule.name), modules: summary.totalCruised };
}

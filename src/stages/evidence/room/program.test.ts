/** The reading room's program as one script. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import { childFile, linked } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'rescind-linked-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return join(folder, Object.keys(files)[0] as string);
}

const need = (name: string, file: string) => createRequire(file)(name);
const run = (entry: string) => new Script(linked(entry)).runInThisContext()(need);

describe('the linked program', () => {
  it('means what the modules mean', async () => {
    const entry = written({
      'entry.ts': `import * as path from 'node:path';\nimport { value, type Thing, twice as double } from './other.ts';\nexport const sum: number = double(value);\nexport class Box { readonly in: Thing = { a: 'ü\u2603' }; }\nexport async function later(): Promise<string> { const { lazy } = await import('./lazy.ts'); return path.join(lazy, new Box().in.a); }\nexport function* few() { yield sum; }\n`,
      'other.ts': `export interface Thing { readonly a: string }\nexport const value = 21;\nexport function twice(n: number): number { return n * 2; }\n`,
      'lazy.ts': `export const lazy = import.meta.url.slice(-8);\n`,
    });
    const { sum, later, few } = run(entry);
    expect([sum, await later(), ...few()]).toEqual([42, '/lazy.ts/ü\u2603', 42]);
  });

  it('refuses forms that it does not know, and circles', () => {
    for (const form of [
      "export * from './other.ts';",
      "import thing from './other.ts';",
      'export default 1;',
      'export let a = 1;',
    ])
      expect(() => linked(written({ 'strange.ts': `${form}\n`, 'other.ts': '' })), form).toThrow('cannot link');
    const circle = written({
      'a.ts': `import { b } from './b.ts';\nexport const a = 1;\n`,
      'b.ts': `import { a } from './a.ts';\nexport const b = 2;\n`,
    });
    expect(() => run(circle)).toThrow('circle');
  });

  it('compiles as a whole, and what V8 makes of it fits again', () => {
    const text = linked(childFile);
    const first = new Script(text, { filename: childFile });
    expect(first.runInThisContext()(need).start).toBeTypeOf('function');
    const again = new Script(text, { filename: childFile, cachedData: first.createCachedData() });
    expect(again.cachedDataRejected).toBe(false);
  });
});

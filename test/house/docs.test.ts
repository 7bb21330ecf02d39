import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkConfig, defaultConfig } from '../../src/main/config.ts';

/** What the documents say exists, exists. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

interface Manifest {
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

test('every npm command in the documents is a script', () => {
  const named = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/npm run (?:-s )?([a-z][a-z:-]*)/g)].map((m) => ({ name, script: m[1] as string })),
  );
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter(({ script }) => !(script in manifest.scripts))).toEqual([]);
});

test('every link between documents resolves', () => {
  const broken = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((m) => (m[1] as string).split('#')[0] as string)
      .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(root, dirname(name), target)))
      .map((target) => `${name}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('every rescind command in the documents exists', () => {
  const known = commandsOf([]);
  const subcommands = new Map<string, ReadonlySet<string>>();
  const wrong: string[] = [];
  for (const { name, text } of pages) {
    for (const m of text.matchAll(/`(?:npm run -s )?rescind (?:-- )?([a-z][a-z-]*)(?: ([a-z][a-z-]*))?/g)) {
      const [, command = '', sub] = m;
      if (!known.has(command)) wrong.push(`${name}: ${m[0]}`);
      else if (sub !== undefined) {
        if (!subcommands.has(command)) subcommands.set(command, commandsOf([command]));
        const subs = subcommands.get(command) as ReadonlySet<string>;
        if (subs.size > 0 && !subs.has(sub)) wrong.push(`${name}: ${m[0]}`);
      }
    }
  }
  expect(known.has('demo')).toBe(true);
  expect(wrong).toEqual([]);
});

test('every package has its line in the list of dependencies, and no line is left over', () => {
  const page = readFileSync(join(root, 'docs/adr/0009-dependencies.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map((m) => m[1]);
  const used = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
  expect(listed.toSorted()).toEqual(used.toSorted());
});

describe('the page of settings', () => {
  const page = readFileSync(join(root, 'docs/operating/configuration.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `([A-Za-z.]+)` \|/gm)].map((m) => m[1] as string);

  test('names every setting of the schema', () => {
    expect(leaves(defaultConfig()).filter((path) => !documented.includes(path))).toEqual([]);
  });

  test('names no setting that the schema does not know', () => {
    const unknown = documented.filter((path) => {
      const nested = path.split('.').reduceRight<unknown>((value, key) => ({ [key]: value }), 'x');
      const result = checkConfig(JSON.stringify(nested));
      return !result.ok && result.problems.some((p) => /unrecognized/i.test(p.message));
    });
    expect(unknown).toEqual([]);
  });

  test('shows an example that can be used', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    expect(checkConfig(example)).toMatchObject({ ok: true });
  });
});

function commandsOf(path: readonly string[]): ReadonlySet<string> {
  const help = execFileSync(process.execPath, [join(root, 'src/main/rescind.ts'), ...path, '--help'], {
    encoding: 'utf8',
    cwd: relative(process.cwd(), root) || '.',
  });
  const [, list = ''] = help.split('\nCommands:\n');
  return new Set([...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((m) => m[1] as string));
}

function leaves(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
    return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

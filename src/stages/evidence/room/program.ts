/**
 * The reading room's program, with types stripped once by the desk instead of by every child: a child that is ended
 * after each report with a key has to start fast. The text goes to an unlinked file whose descriptor the children get;
 * nothing of it is on a path that anybody could change.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const MODULES_MAX = 1_000;
const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s*'(\.[^']+\.ts)'|import\(\s*'(\.[^']+\.ts)'\s*\)/g;

/** Descriptor of the program as JSON [[url, source], …] for `entry` and everything it imports from this house. */
export function roomProgram(entry: string): { readonly descriptor: number; readonly close: () => void } {
  const sources = new Map<string, string>();
  // Node calls its own type stripping experimental once per process, on standard error, while running this very house
  // by it. Not news to anybody.
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    collect(entry, sources);
  } finally {
    process.emitWarning = emitWarning;
  }
  const program = [...sources].map(([file, source]) => [pathToFileURL(file).href, source]);
  const folder = mkdtempSync(join(tmpdir(), 'rescind-room-'));
  const path = join(folder, 'program.json');
  writeFileSync(path, JSON.stringify(program), { mode: 0o600 });
  const descriptor = openSync(path, 'r');
  rmSync(folder, { recursive: true });
  return { descriptor, close: () => closeSync(descriptor) };
}

function collect(entry: string, sources: Map<string, string>): void {
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (sources.has(file) || sources.size >= MODULES_MAX) continue;
    const text = readFileSync(file, 'utf8');
    sources.set(file, stripTypeScriptTypes(text));
    // Type-only imports are followed as well; they cost a module that is never loaded.
    for (const match of text.matchAll(IMPORT)) queue.push(join(dirname(file), (match[1] ?? match[2]) as string));
  }
}

/** Runs in the child before anything else: serves the modules from descriptor 3. */
export const preload = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
import { fstatSync, readSync } from 'node:fs';
const size = fstatSync(3).size;
const bytes = Buffer.alloc(size);
for (let at = 0; at < size; ) { const n = readSync(3, bytes, at, size - at, at); if (n === 0) break; at += n; }
const program = new Map(JSON.parse(bytes.toString('utf8')));
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('.') && program.has(context.parentURL)) {
      const url = new URL(specifier, context.parentURL).href;
      if (program.has(url)) return { url, format: 'module', shortCircuit: true };
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    const source = program.get(url);
    return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
  },
});
`)}`;

/** Resolved, as Node resolves the program it is started with: the modules are found by these very names. */
export const childFile = realpathSync(fileURLToPath(new URL('./child.ts', import.meta.url)));

/**
 * What a child may read, as values of `--allow-fs-read`. The permission model compares a path as it is asked for, and
 * Node asks for a package by the name of its link first and by what that leads to afterwards: both are named.
 */
export function readable(checkout: string): string[] {
  const root = realpathSync(checkout);
  const folders = ['src', 'node_modules'].flatMap((name) => [join(root, name), realpathSync(join(root, name))]);
  return [...new Set([...folders.map((folder) => `${folder}${sep}*`), join(root, 'package.json')])];
}

/**
 * The reading room's program as one script: a child that is ended after each report with a key has to start fast, and
 * eighty modules that are found, stripped of types, linked and compiled one by one cost it more than its report does.
 * The desk links them once. The script, and what V8 made of it (its code cache, `room.ts`), go to unlinked files whose
 * descriptors the children get; nothing of it is on a path that anybody could change.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULES_MAX = 1_000;

export interface RoomProgram {
  readonly script: number;
  /** What V8 compiled in an earlier child, once that is there. */
  readonly code: () => number | null;
  readonly keepCode: (code: Uint8Array) => void;
  readonly close: () => void;
}

/** `entry` and everything of this house that it imports, as descriptors for children. */
export function roomProgram(entry: string): RoomProgram {
  const script = unlinked('program.js', linked(entry));
  let code: number | null = null;
  return {
    script,
    code: () => code,
    keepCode(bytes) {
      code ??= unlinked('program.code', bytes);
    },
    close() {
      closeSync(script);
      if (code !== null) closeSync(code);
    },
  };
}

/** A file that has no name any more when this returns. */
function unlinked(name: string, content: string | Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'rescind-room-'));
  try {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return openSync(path, 'r');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * One expression: a function that is handed `need` (a `require` for packages, by importing file) and returns what the
 * entry exports. Knows the forms of import and export that this house writes and refuses others, so that a new form
 * fails in the tests and not in the room. No module runs before it is asked for; circles are refused by the import rule
 * and here.
 */
export function linked(entry: string): string {
  const modules = new Map<string, string>();
  // Node calls its own type stripping experimental once per process, on standard error, while running this very house
  // by it. Not news to anybody.
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    const queue = [entry];
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (modules.has(file) || modules.size >= MODULES_MAX) continue;
      modules.set(file, moduleBody(file, stripTypeScriptTypes(readFileSync(file, 'utf8')), queue));
    }
  } finally {
    process.emitWarning = emitWarning;
  }
  const bodies = [...modules].map(
    ([file, body]) => `${JSON.stringify(file)}: (exports, load, need, url) => {'use strict';\n${body}\n}`,
  );
  return `(need) => {
const bodies = {${bodies.join(',\n')}};
const loaded = new Map();
const load = (file) => {
  const known = loaded.get(file);
  if (known === null) throw new Error('modules in a circle: ' + file);
  if (known !== undefined) return known;
  loaded.set(file, null);
  const exports = {};
  bodies[file](exports, load, (name) => need(name, file), 'file://' + encodeURI(file));
  loaded.set(file, exports);
  return exports;
};
return load(${JSON.stringify(entry)});
}`;
}

const NAMED_IMPORT = /^import\s*\{([^}]*)\}\s*from\s*'([^']+)';/gm;
const WHOLE_IMPORT = /^import\s*\*\s*as\s+(\w+)\s+from\s*'([^']+)';/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*'([^']+)'\s*\)/g;
const DECLARED_EXPORT = /^export\s+((?:async\s+)?function\*?|const|class)\s+(\w+)/gm;

function moduleBody(file: string, source: string, queue: string[]): string {
  const from = (specifier: string): string => {
    if (!specifier.startsWith('.')) return `need('${specifier}')`;
    const target = join(dirname(file), specifier);
    queue.push(target);
    return `load(${JSON.stringify(target)})`;
  };
  const exported: string[] = [];
  const body = source
    .replace(NAMED_IMPORT, (_whole, names: string, specifier: string) => {
      const taken = names
        .split(',')
        .map((name) => name.trim().replace(/\s+as\s+/, ': '))
        .filter((name) => name !== '');
      return `const { ${taken.join(', ')} } = ${from(specifier)};`;
    })
    .replace(WHOLE_IMPORT, (_whole, name: string, specifier: string) => `const ${name} = ${from(specifier)};`)
    .replace(DYNAMIC_IMPORT, (_whole, specifier: string) => `Promise.resolve().then(() => ${from(specifier)})`)
    .replace(DECLARED_EXPORT, (_whole, what: string, name: string) => {
      exported.push(name);
      return `${what} ${name}`;
    })
    .replaceAll('import.meta.url', 'url');
  const strange = /^(?:import|export)\b.*|\bimport[.(].*/m.exec(body.replace(/^\s*(?:\*|\/\/|\/\*).*$/gm, ''));
  if (strange !== null) throw new Error(`${file} has a form that the reading room cannot link: ${strange[0]}`);
  return `${body}\nObject.assign(exports, { ${exported.join(', ')} });`;
}

/**
 * Runs in the child before anything else: script from descriptor 3, compiled code from 4 where it is there. V8 compares
 * the code with script and flags and leaves it aside when they do not fit.
 */
export const loader = `
const { Script } = require('node:vm');
const { fstatSync, readSync } = require('node:fs');
const { createRequire } = require('node:module');
const whole = (descriptor) => {
  const bytes = Buffer.allocUnsafeSlow(fstatSync(descriptor).size);
  for (let at = 0; at < bytes.length; ) { const n = readSync(descriptor, bytes, at, bytes.length - at, at); if (n === 0) break; at += n; }
  return bytes;
};
const [entry, cached] = process.argv.slice(1);
const script = new Script(whole(3).toString('utf8'), {
  filename: entry,
  ...(cached === 'cached' ? { cachedData: whole(4) } : {}),
});
const need = (name, file) => name.startsWith('node:') ? process.getBuiltinModule(name) : createRequire(file)(name);
script.runInThisContext()(need).start(() => script.createCachedData());
`;

/** Resolved, as Node resolves the program it is started with: packages are found by these very names. */
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

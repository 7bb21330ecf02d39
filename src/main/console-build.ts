/**
 * The console as built files. A clone has sources only; the first start builds them in a few seconds with the parts that
 * `npm install` brought. An installation without those parts serves what was built before it was packed.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = join(root, 'dist', 'web');
/** Says which sources the built files were made from; file times mean nothing after `git clone`. */
const stampName = 'built-from.txt';
const sources = ['src/web', 'src/api/contract', 'src/api/client.ts', 'vite.config.ts', 'package-lock.json'];

/**
 * The folder of the built console; built first when it is missing or older than its sources. Null when there is none
 * and it cannot be built: the desk then serves the API alone. Never throws: no duty depends on a screen.
 */
export async function ensureConsole(say: (line: string) => void = () => {}): Promise<string | null> {
  const wanted = await digestOfSources();
  if (wanted !== null && (await stampIn(built)) === wanted) return built;
  try {
    if (wanted === null) throw new Error('its sources are not here');
    say('Building the console (once, a few seconds).');
    await build(wanted);
    return built;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown';
    const fallback = await readFile(join(built, 'index.html')).then(
      () => built,
      () => null,
    );
    say(
      fallback === null
        ? `The console cannot be built (${why}); the desk runs without it. Try: npm install && npm run build:web`
        : `The console cannot be built (${why}); the one built before is served.`,
    );
    return fallback;
  }
}

/** Built beside and moved into place, so that two starts at once never serve half a console. */
async function build(digest: string): Promise<void> {
  const { build: viteBuild } = await import('vite');
  const beside = `${built}-${process.pid}`;
  await viteBuild({
    configFile: join(root, 'vite.config.ts'),
    root: join(root, 'src', 'web'),
    logLevel: 'error',
    build: { outDir: beside, emptyOutDir: true },
  });
  await writeFile(join(beside, stampName), digest);
  await rm(built, { recursive: true, force: true });
  try {
    await rename(beside, built);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    // Another start was faster and its console is the same.
    if ((await stampIn(built)) !== digest) throw error;
  }
}

async function stampIn(folder: string): Promise<string | null> {
  return readFile(join(folder, stampName), 'utf8').catch(() => null);
}

async function digestOfSources(): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for (const source of sources)
      for (const file of await filesUnder(join(root, source)))
        hash
          .update(relative(root, file))
          .update('\0')
          .update(await readFile(file))
          .update('\0');
  } catch {
    return null;
  }
  return hash.digest('hex');
}

async function filesUnder(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTDIR') return null;
      throw error;
    },
  );
  if (entries === null) return [path];
  return entries
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name))
    .sort();
}

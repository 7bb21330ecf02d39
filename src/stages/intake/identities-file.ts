/**
 * Sealing identities as files. `secret/DAY.identity` (mode 0600, folder 0700) belongs to the reading room and must be
 * left out of backups; `public/DAY.recipient` is all that intake reads. A day whose identity was destroyed leaves
 * `public/DAY.destroyed`, so that it is never made again.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { identityToRecipient } from 'age-encryption';
import { Fault } from '../../foundation/fault.ts';
import {
  chooseKeyId,
  daysToMake,
  newIdentity,
  type SealingIdentities,
  type SealingKeys,
  sealingDay,
} from './identities.ts';
import type { SealingKey } from './seal.ts';

/** Intake's view: reads `public` only, and remembers the recipient of a day once read (it never changes). */
export function fileSealingKeys(folder: string): SealingKeys {
  const publicFolder = join(folder, 'public');
  let known: SealingKey | null = null;
  return {
    async current(now) {
      // The key of the day itself is the choice for all of that day, as long as nobody destroys it.
      if (known?.keyId === sealingDay(now) && existsSync(join(publicFolder, `${known.keyId}.recipient`))) return known;
      const keyId = chooseKeyId(await namesIn(publicFolder, '.recipient'), now);
      known = { keyId, recipient: (await readFile(join(publicFolder, `${keyId}.recipient`), 'utf8')).trim() };
      return known;
    },
  };
}

/** The reading room's view. */
export function fileSealingIdentities(folder: string): SealingIdentities {
  const secretFolder = join(folder, 'secret');
  const publicFolder = join(folder, 'public');
  const keys = fileSealingKeys(folder);
  const prepare = async (): Promise<void> => {
    await mkdir(publicFolder, { recursive: true, mode: 0o755 });
    await mkdir(secretFolder, { recursive: true, mode: 0o700 });
    const mode = (await stat(secretFolder)).mode & 0o077;
    if (mode !== 0) {
      throw new Fault('sealing_folder_open', `${secretFolder} can be read by others; set its mode to 0700 first.`);
    }
  };
  return {
    current: keys.current,
    async rotate(now) {
      await prepare();
      for (const day of daysToMake(now)) {
        if (await exists(join(publicFolder, `${day}.destroyed`))) continue;
        if (await exists(join(publicFolder, `${day}.recipient`))) continue;
        const secret = join(secretFolder, `${day}.identity`);
        const fresh = await newIdentity();
        // Whoever links the secret first has made the key; the recipient is then written from the file that won.
        await writeOnce(secret, `${fresh.identity}\n`, 0o600);
        const identity = (await readFile(secret, 'utf8')).trim();
        await writeOnce(join(publicFolder, `${day}.recipient`), `${await identityToRecipient(identity)}\n`, 0o644);
      }
    },
    async identity(keyId) {
      if (!isKeyId(keyId)) return null;
      try {
        return (await readFile(join(secretFolder, `${keyId}.identity`), 'utf8')).trim();
      } catch (error) {
        if (isMissing(error)) return null;
        throw new Fault('sealing_identity_unreadable', `The identity ${keyId} exists but cannot be read.`, {
          cause: error,
        });
      }
    },
    async list() {
      return await namesIn(secretFolder, '.identity');
    },
    async destroy(keyId) {
      if (!isKeyId(keyId)) return false;
      const path = join(secretFolder, `${keyId}.identity`);
      if (!(await exists(path))) return false;
      await writeOnce(join(publicFolder, `${keyId}.destroyed`), '', 0o644);
      await unlink(join(publicFolder, `${keyId}.recipient`)).catch(() => undefined);
      await overwrite(path);
      await unlink(path);
      await syncFolder(secretFolder);
      return true;
    },
  };
}

const isKeyId = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text);

async function namesIn(folder: string, ending: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder))
      .filter((name) => name.endsWith(ending) && isKeyId(name.slice(0, -ending.length)))
      .map((name) => name.slice(0, -ending.length))
      .toSorted();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** Durable before it has its name, and never written over: a torn identity would lose a day of mail. */
async function writeOnce(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  const file = await open(draft, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  await syncFolder(join(path, '..'));
}

/** Best effort on journaling and flash storage; the folder is never backed up, so this is the only copy. */
async function overwrite(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    await file.write(randomBytes(size), 0, size, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

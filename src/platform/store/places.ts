/**
 * Where the embedded database lives. Normally `DATA/postgres`; when the desk runs as root and the unprivileged server
 * user cannot reach that (a data folder below `/root`), a folder of its own below `/var/lib`, remembered in the data
 * folder. We do not open up folders that are not ours.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../../foundation/fault.ts';
import { canReach, type ServerUser } from './server-user.ts';

export interface Places {
  /** Who runs the server: the owner of the database when there is one already. */
  readonly user: ServerUser;
  /** Holds everything below. */
  readonly base: string;
  /** PostgreSQL's own data folder. */
  readonly cluster: string;
  /** Folder of the unix socket. */
  readonly socket: string;
  /** What the server says, LOG and worse; no statement and no row of a table. */
  readonly log: string;
  readonly password: string;
  readonly lock: string;
}

/** `sun_path` holds 108 bytes with the final zero on Linux, 104 on macOS. */
const socketPathMax = 100;
const spareRoot = '/var/lib/rescind';

export function findPlaces(dataFolder: string, preferred: ServerUser): Places {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const home = realpathSync(dataFolder);
  const base = findBase(home, preferred);
  if (!existsSync(base)) {
    mkdirSync(base, { recursive: true, mode: 0o700 });
    if (preferred.ids) chownSync(base, preferred.ids.uid, preferred.ids.gid);
  }
  const user = ownerOf(base, preferred);
  const socket = findSocketFolder(base, user);
  return {
    user,
    base,
    cluster: join(base, 'cluster'),
    socket,
    log: join(base, 'server.log'),
    password: join(base, 'password'),
    lock: join(base, 'start.lock'),
  };
}

/** Programs that the server user can reach whatever lies above the checkout. */
export function spareProgramsFolder(): string {
  return join(spareRoot, 'programs');
}

/** A desk run first by an ordinary user and then by root keeps the server with that user. */
function ownerOf(base: string, preferred: ServerUser): ServerUser {
  const { uid, gid } = statSync(base);
  const expected = preferred.ids?.uid ?? process.getuid?.() ?? uid;
  if (uid === expected) return preferred;
  if (preferred.ids && uid > 0) return { name: String(uid), ids: { uid, gid } };
  if (preferred.ids) {
    // Root died between making the folder and handing it over.
    chownSync(base, preferred.ids.uid, preferred.ids.gid);
    return preferred;
  }
  throw new Fault(
    'database_folder_owner',
    `The database folder ${base} belongs to user ${uid}, not to the user this desk runs as (${expected}). Start the desk as its owner or as root.`,
  );
}

function findBase(home: string, user: ServerUser): string {
  const pointer = join(home, 'postgres.location');
  if (existsSync(pointer)) return readFileSync(pointer, 'utf8').trim();
  const usual = join(home, 'postgres');
  if (user.ids === null) return usual;
  const { mode, uid, gid } = statSync(home);
  if (uid === 0 && gid === 0 && (mode & 0o007) === 0 && !canReach(user, home)) {
    // A data folder private to root: let the server's group pass through it, and nothing else.
    chownSync(home, uid, user.ids.gid);
    chmodSync(home, (mode & 0o700) | 0o010);
  }
  if (canReach(user, home)) return usual;
  // The name is found through the data folder only: whoever deletes that begins anew and does not meet old cases.
  const spare = join(spareRoot, `data-${randomBytes(8).toString('hex')}`);
  mkdirSync(spareRoot, { recursive: true, mode: 0o755 });
  writeFileSync(pointer, `${spare}\n`, { mode: 0o600 });
  return spare;
}

function findSocketFolder(base: string, user: ServerUser): string {
  const name = `rescind-${createHash('sha256').update(base).digest('hex').slice(0, 16)}`;
  const folders = [join(base, 'run'), join(tmpdir(), name), join('/tmp', name)];
  const folder = folders.find((f) => Buffer.byteLength(f) + '/.s.PGSQL.5432.lock'.length <= socketPathMax);
  if (folder === undefined) {
    throw new Fault('database_socket_path', `No folder short enough for a unix socket: ${folders.join(', ')}.`);
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user.ids && lstatSync(folder).uid === 0) chownSync(folder, user.ids.uid, user.ids.gid);
  const owner = lstatSync(folder);
  const expected = user.ids?.uid ?? process.getuid?.() ?? owner.uid;
  if (!owner.isDirectory() || owner.uid !== expected) {
    // In a shared /tmp somebody else could have been there first and would be handed our password.
    throw new Fault('database_socket_path', `The socket folder ${folder} belongs to somebody else. Remove it.`);
  }
  chmodSync(folder, 0o700);
  return folder;
}

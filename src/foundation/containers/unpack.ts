/**
 * From one enclosed file to everything in it that can be read: archives inside archives, compressed files, documents.
 * In memory only (a name inside an archive never reaches a file system), bounded, and never throwing for what the
 * sender wrote: what cannot be read comes out as a problem with the path where it stood.
 */
import { withoutControls } from '../text.ts';
import { unbzip2 } from './bzip2.ts';
import { gunzip, unzstd } from './inflate.ts';
import { Budget, type ContainerProblem, PASSPHRASES_MAX, PATH_CHARACTERS_MAX, Unreadable } from './limits.ts';
import { isOfficePath, officePart, officeText } from './office.ts';
import { readPdf } from './pdf.ts';
import { readSevenZip } from './seven-zip.ts';
import { type Format, sniff } from './sniff.ts';
import { type PlainMember, readAr, readTar } from './tar.ts';
import { unxz } from './xz.ts';
import { readZip } from './zip.ts';

export type Unpacked =
  | { readonly kind: 'member'; readonly path: string; readonly bytes: Uint8Array; readonly format: Format }
  | { readonly kind: 'problem'; readonly path: string; readonly code: ContainerProblem };

export interface UnpackOptions {
  /** How the file is called; members are `PATH>member`. */
  readonly path: string;
  readonly passphrases?: readonly string[];
  /** Shared by all files of one message. */
  readonly budget?: Budget;
}

/**
 * Yields every leaf once, a file that is no container as itself. A leaf longer than the member limit is cut, and a
 * `member_cut` problem says so. Stops with a problem when the message's budget is used up.
 */
export function* unpack(bytes: Uint8Array, options: UnpackOptions): Generator<Unpacked> {
  const context: Context = {
    budget: options.budget ?? new Budget(),
    passphrases: [...(options.passphrases ?? []), ''].slice(0, PASSPHRASES_MAX),
  };
  yield* walk(bytes, cleanPath(options.path), 0, context);
}

interface Context {
  readonly budget: Budget;
  readonly passphrases: readonly string[];
}

function* walk(bytes: Uint8Array, path: string, depth: number, context: Context): Generator<Unpacked> {
  const format = sniff(bytes);
  const container = format !== 'leaf' && format !== 'rar' && format !== 'ole';
  if (container && depth >= context.budget.limits.depth) {
    yield { kind: 'problem', path, code: 'too_deep' };
    yield* leaf(bytes, path, format, context);
    return;
  }
  try {
    switch (format) {
      case 'zip':
        yield* walkZip(bytes, path, depth, context);
        return;
      case '7z':
        for (const item of readSevenZip(bytes, context.budget, context.budget.bytesLeft, context.passphrases)) {
          context.budget.countMember();
          const inner = join(path, item.path);
          if ('bytes' in item) yield* walk(item.bytes, inner, depth + 1, context);
          else yield { kind: 'problem', path: inner, code: item.problem };
        }
        return;
      case 'tar':
        yield* walkPlain(readTar(bytes), path, depth, context);
        return;
      case 'ar':
        yield* walkPlain(readAr(bytes), path, depth, context);
        return;
      case 'gzip':
      case 'bzip2':
      case 'xz':
      case 'zstd':
        yield* walkCompressed(bytes, format, path, depth, context);
        return;
      case 'pdf':
        yield* walkPdf(bytes, path, depth, context);
        return;
      case 'rar':
        yield { kind: 'problem', path, code: 'unsupported' };
        yield* leaf(bytes, path, format, context);
        return;
      default:
        yield* leaf(bytes, path, format, context);
    }
  } catch (cause) {
    const code = cause instanceof Unreadable ? cause.problem : 'damaged';
    yield { kind: 'problem', path, code };
    // What only pretends to be a container (a polyglot) may still hold a key in plain sight.
    if (code === 'damaged') yield* leaf(bytes, path, format, context);
  }
}

function* leaf(bytes: Uint8Array, path: string, format: Format, context: Context): Generator<Unpacked> {
  const max = context.budget.limits.memberBytes;
  if (bytes.length > max) yield { kind: 'problem', path, code: 'member_cut' };
  yield { kind: 'member', path, bytes: bytes.subarray(0, max), format };
}

function* walkZip(bytes: Uint8Array, path: string, depth: number, context: Context): Generator<Unpacked> {
  const { budget, passphrases } = context;
  let office = false;
  let entries = 0;
  for (const entry of readZip(bytes)) {
    entries += 1;
    budget.countMember();
    const inner = join(path, entry.path);
    try {
      office ||= isOfficePath(entry.path);
      const part = office ? officePart(entry.path) : 'as-is';
      if (part === 'skip') continue;
      let expanded = entry.read(budget, budget.limits.memberBytes, passphrases);
      // A nested archive is worth reading whole; a long leaf is not.
      if (expanded.cut && isContainer(sniff(expanded.bytes)))
        expanded = entry.read(budget, budget.bytesLeft, passphrases);
      if (expanded.cut) yield { kind: 'problem', path: inner, code: 'member_cut' };
      yield* walk(part === 'text' ? officeText(expanded.bytes) : expanded.bytes, inner, depth + 1, context);
    } catch (cause) {
      const code = cause instanceof Unreadable ? cause.problem : 'damaged';
      yield { kind: 'problem', path: inner, code };
      if (code === 'too_slow' || budget.bytesLeft === 0) return;
    }
  }
  if (entries === 0 && bytes.length > 22) throw new Unreadable('damaged');
}

function isContainer(format: Format): boolean {
  return format !== 'leaf' && format !== 'ole' && format !== 'rar';
}

function* walkPlain(
  members: Iterable<PlainMember>,
  path: string,
  depth: number,
  context: Context,
): Generator<Unpacked> {
  for (const member of members) {
    context.budget.countMember();
    context.budget.checkTime();
    const inner = join(path, member.path);
    if (member.cut) yield { kind: 'problem', path: inner, code: 'damaged' };
    yield* walk(member.bytes, inner, depth + 1, context);
  }
}

/** A compression layer is not a level of its own: `keys.tar.gz` is as deep as `keys.tar`. Bounded all the same. */
function* walkCompressed(
  bytes: Uint8Array,
  format: 'gzip' | 'bzip2' | 'xz' | 'zstd',
  path: string,
  depth: number,
  context: Context,
): Generator<Unpacked> {
  const { budget } = context;
  budget.countMember();
  const max = budget.bytesLeft;
  let expanded: Uint8Array;
  if (format === 'gzip') expanded = gunzip(bytes, budget, max).bytes;
  else if (format === 'zstd') expanded = unzstd(bytes, budget, max).bytes;
  else if (format === 'xz') expanded = unxz(bytes, budget, max);
  else expanded = unbzip2(bytes, budget, max);
  const archive = sniff(expanded) === 'tar';
  yield* walk(expanded, archive ? path : join(path, 'content'), archive ? depth : depth + 1, context);
}

function* walkPdf(bytes: Uint8Array, path: string, depth: number, context: Context): Generator<Unpacked> {
  const content = readPdf(bytes, context.budget);
  if (content.encrypted) yield { kind: 'problem', path, code: 'encrypted' };
  yield* leaf(content.text, join(path, 'text'), 'leaf', context);
  for (const [index, file] of content.files.entries()) {
    context.budget.countMember();
    yield* walk(file, join(path, `file-${index + 1}`), depth + 1, context);
  }
}

function join(path: string, member: string): string {
  return cleanPath(`${path}>${member}`);
}

/** Paths are shown to people and written to records: no control characters, no endless names. */
function cleanPath(path: string): string {
  return withoutControls(path).slice(0, PATH_CHARACTERS_MAX);
}

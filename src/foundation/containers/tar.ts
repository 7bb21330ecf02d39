/** tar (V7, ustar, GNU, pax) and ar: plain concatenations, read where they lie. Only regular files come out. */
import { tarChecksumHolds } from './sniff.ts';

export interface PlainMember {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly cut: boolean;
}

const BLOCK = 512;

/** Stops quietly at the first header that is none: a cut-off archive still gives the files before the cut. */
export function* readTar(input: Uint8Array): Generator<PlainMember> {
  const view = Buffer.from(input.buffer, input.byteOffset, input.length);
  let position = 0;
  let longPath: string | null = null;
  while (position + BLOCK <= view.length) {
    const header = view.subarray(position, position + BLOCK);
    if (header[0] === 0 || !tarChecksumHolds(header)) return;
    const size = readSize(header);
    const from = position + BLOCK;
    const bytes = view.subarray(from, Math.min(view.length, from + size));
    position = from + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'L') longPath = text(bytes);
    else if (type === 'x') longPath = paxPath(bytes) ?? longPath;
    else {
      // Links, devices and folders hold nothing; '\0', '0' and '7' are files.
      if (type === '\0' || type === '0' || type === '7') {
        yield { path: longPath ?? ustarPath(header), bytes, cut: bytes.length < size };
      }
      longPath = null;
    }
  }
}

function readSize(header: Buffer): number {
  // GNU base-256 for sizes above 8 GiB: more than any limit here, so only the low 48 bits matter.
  if ((header[124] ?? 0) & 0x80) return header.readUIntBE(130, 6);
  const size = Number.parseInt(text(header.subarray(124, 136)).trim(), 8);
  return Number.isFinite(size) && size >= 0 ? size : 0;
}

function ustarPath(header: Buffer): string {
  const name = text(header.subarray(0, 100));
  const prefix = header.subarray(257, 262).toString('latin1') === 'ustar' ? text(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function paxPath(bytes: Buffer): string | null {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(bytes.toString('utf8'))?.[1] ?? null;
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.subarray(0, end < 0 ? bytes.length : end).toString('utf8');
}

/** Unix `ar`, the outer layer of a Debian package. */
export function* readAr(input: Uint8Array): Generator<PlainMember> {
  const view = Buffer.from(input.buffer, input.byteOffset, input.length);
  let position = 8;
  while (position + 60 <= view.length) {
    const header = view.subarray(position, position + 60).toString('latin1');
    const size = Number.parseInt(header.slice(48, 58).trim(), 10);
    if (!header.endsWith('`\n') || !Number.isFinite(size) || size < 0) return;
    const from = position + 60;
    const bytes = view.subarray(from, Math.min(view.length, from + size));
    yield { path: header.slice(0, 16).trim().replace(/\/$/, ''), bytes, cut: bytes.length < size };
    position = from + size + (size & 1);
  }
}

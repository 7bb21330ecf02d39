/**
 * What a file is, by its content. Names and media types are the sender's words: a key called `photo.jpg` is a key.
 */
export type Format = 'zip' | 'gzip' | 'bzip2' | 'xz' | 'zstd' | '7z' | 'tar' | 'ar' | 'pdf' | 'rar' | 'ole' | 'leaf';

const magic: readonly (readonly [Format, readonly number[]])[] = [
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['zip', [0x50, 0x4b, 0x05, 0x06]],
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ['rar', [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
  ['ole', [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]],
  ['ar', [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e, 0x0a]],
];

/** Bytes before `%PDF-` that readers in the wild skip. */
const PDF_PREAMBLE_MAX = 1024;

export function sniff(bytes: Uint8Array): Format {
  for (const [format, signature] of magic) if (startsWith(bytes, signature)) return format;
  if (isBzip2(bytes)) return 'bzip2';
  if (Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, PDF_PREAMBLE_MAX)).includes('%PDF-'))
    return 'pdf';
  if (isTar(bytes)) return 'tar';
  return 'leaf';
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return bytes.length >= signature.length && signature.every((byte, index) => bytes[index] === byte);
}

function isBzip2(bytes: Uint8Array): boolean {
  const level = bytes[3] ?? 0;
  // 'BZh', level 1-9, then the block magic 314159265359 or, for an empty file, 177245385090.
  return (
    startsWith(bytes, [0x42, 0x5a, 0x68]) &&
    level >= 0x31 &&
    level <= 0x39 &&
    ((bytes[4] === 0x31 && bytes[5] === 0x41) || (bytes[4] === 0x17 && bytes[5] === 0x72))
  );
}

/** By the header checksum, so that old V7 archives without `ustar` are seen as well. */
export function isTar(bytes: Uint8Array): boolean {
  if (bytes.length < 512 || bytes[0] === 0) return false;
  return tarChecksumHolds(bytes.subarray(0, 512));
}

export function tarChecksumHolds(header: Uint8Array): boolean {
  const stated = Number.parseInt(
    Buffer.from(header.subarray(148, 156))
      .toString('latin1')
      .replace(/[\0 ]+$/, '')
      .trim(),
    8,
  );
  if (!Number.isFinite(stated) || stated === 0) return false;
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0x20 : (header[i] ?? 0);
  return sum === stated;
}

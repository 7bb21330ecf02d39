/** Bech32 (BIP 173), as age writes the 32 bytes of its keys: `age1…`, `AGE-SECRET-KEY-1…`. */

const LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
/** 32 bytes in groups of five bits, and six groups of checksum. */
const DIGITS = 52;
const CHECKSUM_DIGITS = 6;

/** The 32 bytes that follow `prefix` and its `1`. Throws RangeError, without detail, for anything else. */
export function bech32Bytes(written: string, prefix: string): Buffer {
  const text = written.trim().toLowerCase();
  const digits = [...text.slice(prefix.length + 1)].map((letter) => LETTERS.indexOf(letter));
  const whole = text.startsWith(`${prefix}1`) && digits.length === DIGITS + CHECKSUM_DIGITS && !digits.includes(-1);
  if (!whole || checksum(prefix, digits) !== 1) throw new RangeError('bech32');
  const bytes = Buffer.alloc(32);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const digit of digits.slice(0, DIGITS)) {
    held = (held << 5) | digit;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  return bytes;
}

function checksum(prefix: string, digits: readonly number[]): number {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  let sum = 1;
  for (const value of [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...digits]) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of GENERATORS.entries()) if ((top >> bit) & 1) sum ^= generator;
  }
  return sum;
}

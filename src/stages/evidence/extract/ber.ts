/**
 * PKCS#12 and CMS come in BER from Java and Windows: indefinite lengths and strings in pieces. Rewritten as DER, so
 * that one strict reader does the rest. Bounded in bytes, depth and elements.
 */
import { DerError, tlv } from '../../../foundation/pki/der.ts';

const BER_BYTES_MAX = 8 * 1024 * 1024;
const BER_DEPTH_MAX = 32;
const BER_ELEMENTS_MAX = 200_000;

/** The first element of `bytes` as DER. Throws DerError. */
export function berToDer(bytes: Uint8Array): Buffer {
  if (bytes.length > BER_BYTES_MAX) throw new DerError('too many bytes of BER');
  const walk = { bytes, at: 0, elements: 0 };
  const element = read(walk, bytes.length, 0);
  if (element === null) throw new DerError('an end mark where an element should be');
  return Buffer.from(element);
}

interface Walk {
  readonly bytes: Uint8Array;
  at: number;
  elements: number;
}

/** Null at an end-of-contents mark. */
function read(walk: Walk, end: number, depth: number): Uint8Array | null {
  if (depth > BER_DEPTH_MAX || ++walk.elements > BER_ELEMENTS_MAX)
    throw new DerError('BER nested too deep or too long');
  if (walk.at + 2 > end) throw new DerError('an element is cut off');
  const tagByte = walk.bytes[walk.at++] as number;
  if ((tagByte & 0x1f) === 0x1f) throw new DerError('a multi-byte tag');
  const first = walk.bytes[walk.at++] as number;
  if (tagByte === 0 && first === 0) return null;
  if (first === 0x80) return children(walk, tagByte, end, depth, true);
  let length = first;
  if (first > 0x80) {
    const count = first & 0x7f;
    if (count > 6 || walk.at + count > end) throw new DerError('a length is out of range');
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (walk.bytes[walk.at++] as number);
  }
  if (walk.at + length > end) throw new DerError('an element leaves its parent');
  if (tagByte & 0x20) return children(walk, tagByte, walk.at + length, depth, false);
  const content = walk.bytes.subarray(walk.at, walk.at + length);
  walk.at += length;
  return tlv(tagByte, content);
}

function children(walk: Walk, tagByte: number, end: number, depth: number, indefinite: boolean): Uint8Array {
  const parts: Uint8Array[] = [];
  for (;;) {
    if (!indefinite && walk.at >= end) break;
    const part = read(walk, end, depth + 1);
    if (part === null) {
      if (indefinite) break;
      throw new DerError('an end mark inside a definite length');
    }
    parts.push(part);
  }
  // A constructed OCTET STRING is one string in pieces; so is an implicitly tagged one, which only its parent knows.
  if (tagByte === 0x24) return tlv(0x04, ...parts.map(contentOf));
  return tlv(tagByte, ...parts);
}

/** The content of an element we have just written. */
export function contentOf(element: Uint8Array): Uint8Array {
  const first = element[1] as number;
  return element.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f));
}

/**
 * CMS (RFC 5652) as S/MIME uses it: the message inside an opaque signature, and the pieces of an envelope that
 * decryption needs. A small BER reader (indefinite lengths, constructed strings), bounded and without recursion
 * deeper than the format.
 */
import { inflateSync } from 'node:zlib';
import { UNWRAPPED_BYTES_MAX } from './bounds.ts';
import { concat, decodeBase64 } from './transfer.ts';

export interface Recipient {
  readonly algorithm: string;
  /** DER of the algorithm identifier's parameters. */
  readonly parameters: Uint8Array;
  readonly encryptedKey: Uint8Array;
}

export type Cms =
  | { readonly kind: 'signed'; readonly content: Uint8Array | null }
  | { readonly kind: 'compressed'; readonly content: Uint8Array | null }
  | {
      readonly kind: 'enveloped';
      readonly recipients: readonly Recipient[];
      readonly algorithm: string;
      readonly iv: Uint8Array;
      readonly ciphertext: Uint8Array;
      /** Authentication tag of AuthEnvelopedData (RFC 5083), else null. */
      readonly mac: Uint8Array | null;
    };

interface Node {
  readonly tag: number;
  readonly constructed: boolean;
  readonly content: Uint8Array;
  /** Offset behind this node in its parent. */
  readonly end: number;
}

const NODES_MAX = 100_000;

const oid = {
  signed: '1.2.840.113549.1.7.2',
  enveloped: '1.2.840.113549.1.7.3',
  compressed: '1.2.840.113549.1.9.16.1.9',
  authEnveloped: '1.2.840.113549.1.9.16.1.23',
} as const;

/** Null when the bytes are no CMS that S/MIME uses. Never throws. PEM armour and bare base64 are undone first. */
export function readCms(raw: Uint8Array): Cms | null {
  try {
    return parse(raw[0] === 0x30 ? raw : unarmoured(raw));
  } catch (error) {
    if (error instanceof RangeError || (error as { code?: string }).code?.startsWith('Z_')) return null;
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') return null;
    throw error;
  }
}

function unarmoured(raw: Uint8Array): Uint8Array {
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1');
  return decodeBase64(Buffer.from(text.replace(/-----[^-\n]{1,60}-----/g, ''), 'latin1'));
}

function parse(bytes: Uint8Array): Cms | null {
  const budget = { nodes: NODES_MAX };
  const outer = at(bytes, 0, budget);
  if (outer.tag !== 0x30) return null;
  const [type, wrapped] = childrenOf(outer.content, budget);
  const inner = wrapped === undefined ? undefined : childrenOf(wrapped.content, budget)[0];
  if (type === undefined || inner === undefined) return null;
  const parts = childrenOf(inner.content, budget);
  switch (oidText(type.content)) {
    case oid.signed: {
      // version, digestAlgorithms SET, encapContentInfo
      const info = parts.find((part) => part.tag === 0x30);
      return { kind: 'signed', content: info === undefined ? null : encapsulated(info, budget) };
    }
    case oid.compressed: {
      const info = parts.filter((part) => part.tag === 0x30).at(-1);
      const packed = info === undefined ? null : encapsulated(info, budget);
      const content = packed === null ? null : inflateSync(packed, { maxOutputLength: UNWRAPPED_BYTES_MAX });
      return { kind: 'compressed', content };
    }
    case oid.enveloped:
    case oid.authEnveloped:
      return envelope(parts, budget);
    default:
      return null;
  }
}

function encapsulated(info: Node, budget: { nodes: number }): Uint8Array | null {
  const explicit = childrenOf(info.content, budget).find((node) => node.tag === 0xa0);
  const octets = explicit === undefined ? undefined : childrenOf(explicit.content, budget)[0];
  return octets === undefined ? null : stringOf(octets, budget);
}

function envelope(parts: readonly Node[], budget: { nodes: number }): Cms | null {
  const set = parts.find((part) => part.tag === 0x31);
  const info = parts.find((part) => part.tag === 0x30);
  if (set === undefined || info === undefined) return null;
  const recipients = childrenOf(set.content, budget).flatMap((node): Recipient[] => {
    if (node.tag !== 0x30) return [];
    // KeyTransRecipientInfo: version, rid, keyEncryptionAlgorithm, encryptedKey
    const fields = childrenOf(node.content, budget);
    const [algorithm, parameters] = childrenOf(fields[2]?.content ?? new Uint8Array(0), budget);
    if (algorithm === undefined || fields[3] === undefined) return [];
    return [
      {
        algorithm: oidText(algorithm.content),
        parameters: parameters?.content ?? new Uint8Array(0),
        encryptedKey: stringOf(fields[3], budget),
      },
    ];
  });
  const [, algorithm, ciphertext] = childrenOf(info.content, budget);
  if (algorithm === undefined || ciphertext === undefined) return null;
  const [id, parameters] = childrenOf(algorithm.content, budget);
  if (id === undefined || parameters === undefined) return null;
  // GCM parameters are a SEQUENCE that begins with the nonce; CBC parameters are the IV itself.
  const iv = parameters.tag === 0x30 ? childrenOf(parameters.content, budget)[0]?.content : parameters.content;
  const mac = parts.filter((part) => part.tag === 0x04).at(-1)?.content ?? null;
  return {
    kind: 'enveloped',
    recipients,
    algorithm: oidText(id.content),
    iv: iv ?? new Uint8Array(0),
    ciphertext: stringOf(ciphertext, budget),
    mac,
  };
}

/** Bytes of an OCTET STRING (or implicit [0]), primitive or in pieces. */
function stringOf(node: Node, budget: { nodes: number }): Uint8Array {
  if (!node.constructed) return node.content;
  const pieces: Uint8Array[] = [];
  for (const piece of childrenOf(node.content, budget)) {
    if (!piece.constructed) pieces.push(piece.content);
    else for (const inner of childrenOf(piece.content, budget)) pieces.push(inner.content);
  }
  return concat(pieces);
}

function childrenOf(content: Uint8Array, budget: { nodes: number }): Node[] {
  const out: Node[] = [];
  for (let offset = 0; offset < content.length; ) {
    const node = at(content, offset, budget);
    if (node.tag === 0 && node.content.length === 0) break;
    out.push(node);
    offset = node.end;
  }
  return out;
}

function at(bytes: Uint8Array, offset: number, budget: { nodes: number }): Node {
  if (--budget.nodes < 0) throw new RangeError('too many elements');
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new RangeError('not BER');
  const constructed = (tag & 0x20) !== 0;
  if (first === 0x80) {
    const end = endOfIndefinite(bytes, offset + 2, budget);
    return { tag, constructed, content: bytes.subarray(offset + 2, end - 2), end };
  }
  let length = first;
  let from = offset + 2;
  if (first > 0x80) {
    const count = first & 0x7f;
    if (count > 5) throw new RangeError('length');
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[from++] ?? 0);
  }
  if (from + length > bytes.length) throw new RangeError('truncated');
  return { tag, constructed, content: bytes.subarray(from, from + length), end: from + length };
}

/** Offset behind the end-of-contents octets that belong to the element whose content starts at `from`. */
function endOfIndefinite(bytes: Uint8Array, from: number, budget: { nodes: number }): number {
  let open = 1;
  let offset = from;
  while (open > 0) {
    if (--budget.nodes < 0) throw new RangeError('too many elements');
    const first = bytes[offset + 1];
    if (first === undefined) throw new RangeError('truncated');
    if (bytes[offset] === 0 && first === 0) {
      open--;
      offset += 2;
    } else if (first === 0x80) {
      open++;
      offset += 2;
    } else offset = at(bytes, offset, budget).end;
  }
  return offset;
}

export function oidText(content: Uint8Array): string {
  const arcs: number[] = [];
  let value = 0;
  for (const byte of content.subarray(0, 64)) {
    value = value * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    if (arcs.length === 0)
      arcs.push(Math.min(2, Math.floor(value / 40)), value - Math.min(2, Math.floor(value / 40)) * 40);
    else arcs.push(value);
    value = 0;
  }
  return arcs.join('.');
}

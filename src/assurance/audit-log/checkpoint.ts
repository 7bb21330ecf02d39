/**
 * Checkpoints of the event log in the format that transparency logs use (C2SP tlog-checkpoint, a signed note): origin,
 * size, root, and an Ed25519 signature. A checkpoint that was handed to somebody outside (an auditor's mailbox, a public
 * page) pins everything that had happened by then: nothing of it can be changed unnoticed, not even by us.
 */
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { hashBytes, type TreeHead } from '../../foundation/log/merkle.ts';

export interface Checkpoint extends TreeHead {
  /** Names the log, like a URL without a scheme: `desk.ca.example/events`. */
  readonly origin: string;
}

/** Who signs: `name` has neither spaces nor plus signs. */
export interface Signer {
  readonly name: string;
  /** An Ed25519 private key. */
  readonly key: KeyObject;
}

const algorithmEd25519 = 1;
const keyIdBytes = 4;
/** A checkpoint is a few lines; anything longer is not one. */
const noteBytesMax = 64 * 1024;
const signatureLine = /^\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)$/;

/** The text that is signed; without a signature it is still worth keeping outside. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

export function signCheckpoint(checkpoint: Checkpoint, signer: Signer): string {
  const text = checkpointText(checkpoint);
  const signature = sign(null, Buffer.from(text), signer.key);
  const id = keyId(signer.name, rawPublicKey(createPublicKey(signer.key)));
  return `${text}\n\u2014 ${signer.name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/** What others need to check our signatures: `name+keyid+key`, the form of signed-note tools. */
export function verifierKey(signer: Signer): string {
  const raw = rawPublicKey(createPublicKey(signer.key));
  const id = keyId(signer.name, raw).toString('hex');
  return `${signer.name}+${id}+${Buffer.concat([Buffer.of(algorithmEd25519), raw]).toString('base64')}`;
}

/**
 * Reads a checkpoint, signed or not; null when the text is none. With `verifier` a valid signature by that key is
 * required as well.
 */
export function readCheckpoint(note: string, verifier?: string): Checkpoint | null {
  if (Buffer.byteLength(note) > noteBytesMax) return null;
  const end = note.indexOf('\n\n');
  const text = end < 0 ? note : note.slice(0, end + 1);
  const [origin = '', size = '', root = ''] = text.split('\n');
  const bytes = Buffer.from(root, 'base64');
  if (origin === '' || !/^(0|[1-9][0-9]{0,15})$/.test(size) || bytes.length !== hashBytes) return null;
  if (verifier !== undefined && !isSigned(text, end < 0 ? '' : note.slice(end + 2), verifier)) return null;
  return { origin, size: Number(size), root: bytes };
}

function isSigned(text: string, signatures: string, verifier: string): boolean {
  const known = readVerifier(verifier);
  if (known === null) return false;
  return signatures.split('\n').some((line) => {
    const [, name, encoded] = signatureLine.exec(line) ?? [];
    const bytes = Buffer.from(encoded ?? '', 'base64');
    if (name !== known.name || !bytes.subarray(0, keyIdBytes).equals(known.id)) return false;
    return verify(null, Buffer.from(text), known.key, bytes.subarray(keyIdBytes));
  });
}

function readVerifier(verifier: string): { name: string; id: Buffer; key: KeyObject } | null {
  const [, name, id, encoded] = /^([^ +]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(verifier) ?? [];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  if (name === undefined || id === undefined || bytes[0] !== algorithmEd25519 || bytes.length !== 33) return null;
  const raw = bytes.subarray(1);
  // An id that is not that of the key would let a forged verifier look like the known one.
  if (keyId(name, raw).toString('hex') !== id) return null;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
  return { name, id: Buffer.from(id, 'hex'), key };
}

function keyId(name: string, rawKey: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(algorithmEd25519), rawKey]);
  return hash('sha256', named, 'buffer').subarray(0, keyIdBytes);
}

function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

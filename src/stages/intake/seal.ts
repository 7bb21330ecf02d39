/**
 * Sealing: raw bytes are encrypted as they stream in (age format, so that a person with the identity can open them
 * with the `age` command when nothing of ours runs any more) and hashed in the same pass. Intake holds only the
 * recipient; the identity lives in the reading room (`identities.ts`). After `seal` resolves, no readable copy of the
 * message exists outside the caller's hands.
 */
import { createHash } from 'node:crypto';
import { Decrypter, Encrypter } from 'age-encryption';
import { Fault } from '../../foundation/fault.ts';
import { ageSeal } from './age-seal.ts';
import { mayHoldKey } from './key-hint.ts';

export interface Sealed {
  /** age file, binary form. */
  readonly sealed: Uint8Array;
  /** Lower-case hex SHA-256 of the *plain* bytes. */
  readonly sha256: string;
  /** Plain length. */
  readonly size: number;
  /** Which identity opens it. */
  readonly keyId: string;
  /** A hint for whoever reads it (`key-hint.ts`); true when in doubt. */
  readonly mayHoldKey: boolean;
}

/** The public half of a sealing identity. */
export interface SealingKey {
  readonly keyId: string;
  /** `age1…` */
  readonly recipient: string;
}

/** Plain bytes of one message that are sealed. Anything longer is refused while it streams in. */
export const SEALED_BYTES_MAX = 128 * 1024 * 1024;

/**
 * Seals what `plain` yields. Faults: `message_too_large` (the source is told to stop), `sealing_failed` (bad
 * recipient). A source that fails passes its own error on, and nothing is kept.
 */
export async function seal(plain: AsyncIterable<Uint8Array> | Uint8Array, key: SealingKey): Promise<Sealed> {
  if (plain instanceof Uint8Array) return sealWhole(plain, key);
  const source = plain[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let held = 0;
  // Most mail is small: in one piece it costs a fraction of a stream.
  for (let next = await source.next(); ; next = await source.next()) {
    if (next.done === true) return sealWhole(Buffer.concat(first), key);
    first.push(next.value);
    held += next.value.length;
    if (held > WHOLE_BYTES_MAX) return await sealStream(resumed(first, source), key);
  }
}

async function sealStream(plain: AsyncGenerator<Uint8Array>, key: SealingKey): Promise<Sealed> {
  const encrypter = new Encrypter();
  try {
    encrypter.addRecipient(key.recipient);
  } catch (cause) {
    throw unusable(key, cause);
  }
  let size = 0;
  const hash = createHash('sha256');
  const hashed = (async function* () {
    for await (const chunk of plain) {
      size += chunk.length;
      if (size > SEALED_BYTES_MAX) throw tooLarge();
      hash.update(chunk);
      yield chunk;
    }
  })();
  const stream = await encrypter.encrypt(ReadableStream.from(hashed) as ReadableStream<Uint8Array>);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { sealed: Buffer.concat(chunks), sha256: hash.digest('hex'), size, keyId: key.keyId, mayHoldKey: true };
}

/** Plain bytes that are held in memory before sealing begins. */
const WHOLE_BYTES_MAX = 1024 * 1024;

function sealWhole(plain: Uint8Array, key: SealingKey): Sealed {
  if (plain.length > SEALED_BYTES_MAX) throw tooLarge();
  let sealed: Uint8Array;
  try {
    sealed = ageSeal(plain, key.recipient);
  } catch (cause) {
    throw unusable(key, cause);
  }
  const sha256 = createHash('sha256').update(plain).digest('hex');
  return { sealed, sha256, size: plain.length, keyId: key.keyId, mayHoldKey: mayHoldKey(plain) };
}

const unusable = (key: SealingKey, cause: unknown): Fault =>
  new Fault('sealing_failed', `The sealing key ${key.keyId} is not usable; ask the reading room for a new one.`, {
    cause,
  });

async function* resumed(first: Uint8Array[], source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (let chunk = first.shift(); chunk !== undefined; chunk = first.shift()) yield chunk;
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
  } finally {
    // A source that is left early must know (a socket to close, a file to release).
    await source.return?.();
  }
}

const tooLarge = (): Fault =>
  new Fault('message_too_large', `A message of more than ${SEALED_BYTES_MAX} bytes was refused while it arrived.`);

/**
 * Opens sealed bytes and proves that they are the ones received. Faults: `sealing_identity_gone` (destroyed or not
 * this one), `sealed_corrupt` (does not decrypt or has another hash).
 */
export async function unseal(
  sealed: { readonly sealed: Uint8Array; readonly sha256: string; readonly keyId: string },
  identity: string | null,
): Promise<Uint8Array> {
  if (identity === null) {
    throw new Fault(
      'sealing_identity_gone',
      `The identity ${sealed.keyId} has been destroyed; what it sealed stays closed.`,
    );
  }
  let plain: Uint8Array;
  try {
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    plain = await decrypter.decrypt(sealed.sealed);
  } catch (cause) {
    throw new Fault('sealed_corrupt', `Sealed bytes do not open with the identity ${sealed.keyId}.`, { cause });
  }
  if (createHash('sha256').update(plain).digest('hex') !== sealed.sha256) {
    throw new Fault('sealed_corrupt', 'Sealed bytes opened to something else than what was received.');
  }
  return plain;
}

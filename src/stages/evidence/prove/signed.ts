/**
 * Statements that somebody else signed: certificate requests, the desk's own form, JWS, CMS and SSH signatures. A
 * signature shows possession; only an accepted wording, or a challenge of ours, shows compromise. Anything that the
 * key may have signed in the course of business (an enrolment request, a token, an ACME order) is possession only.
 */
import { hash } from 'node:crypto';
import type { Verdict } from '../../../desk/facts.ts';
import { parseCsr } from '../../../foundation/pki/csr.ts';
import { DerError } from '../../../foundation/pki/der.ts';
import { readSignatureAlgorithm, verifySignature } from '../../../foundation/pki/signature.ts';
import type { Jws, SignedStatement } from '../extract/found.ts';
import { base64Url } from '../extract/numbers.ts';
import { sshPublicKey } from '../extract/ssh.ts';
import { isCompromiseStatement } from '../policy.ts';
import { hashesOf, type InventoryKey, type JudgeContext } from './context.ts';
import { maySign } from './detached.ts';
import { joseSignatureHolds, rawSignatureHolds } from './signatures.ts';
import { statementText } from './statement-form.ts';

export interface SignedVerdict {
  readonly verdict: Verdict;
  readonly spki: Uint8Array | null;
  /** When only the hash is known. */
  readonly spkiSha256?: string | null;
  /** Inventory keys that the signature was held against. */
  readonly keys: readonly InventoryKey[];
  readonly because: string;
}

function hashesFor(spki: Uint8Array): string[] {
  const hashes = hashesOf(spki);
  return hashes === null ? [] : [hashes.canonical, hashes.exact];
}

/** Inventory keys that are this very key in some encoding; a mere shared modulus is not enough here. */
function sameKeys(spki: Uint8Array, context: JudgeContext): InventoryKey[] {
  const canonical = hashesOf(spki)?.canonical;
  return context.inventory.find([spki]).filter((key) => hashesOf(key.spki)?.canonical === canonical);
}

/* ---- PKCS#10 ---- */

export function judgeCsr(der: Uint8Array, context: JudgeContext): SignedVerdict {
  let request: ReturnType<typeof parseCsr>;
  try {
    request = parseCsr(der);
  } catch (cause) {
    if (cause instanceof DerError)
      return { verdict: 'claim-only', spki: null, keys: [], because: 'A request that cannot be read.' };
    throw cause;
  }
  const { spki } = request;
  const keys = sameKeys(spki, context);
  const algorithm = safeAlgorithm(request.signatureAlgorithm);
  if (algorithm === null) {
    return { verdict: 'claim-only', spki, keys, because: 'A request signed with an algorithm that is not accepted.' };
  }
  // Under the key as it stands in the inventory; under the request's own only when we have issued nothing for it.
  const holds = (under: Uint8Array) =>
    verifySignature({
      data: request.tbs,
      algorithm: request.signatureAlgorithm,
      signature: request.signature,
      spki: under,
    });
  if (!holds(spki) || !keys.every((key) => holds(key.spki))) {
    return {
      verdict: 'refuted',
      spki,
      keys,
      because: 'The signature of this request does not verify under the key it names.',
    };
  }
  const enrolled = [hash('sha256', der, 'hex'), hash('sha256', request.tbs, 'hex')].some((h) =>
    context.enrolledCsrs.has(h),
  );
  if (enrolled) {
    return {
      verdict: 'possession-only',
      spki,
      keys,
      because: 'This is the very request on which a certificate was issued; anybody may have it.',
    };
  }
  const [name] = request.commonNames;
  const alone = request.commonNames.length === 1 && isSingleName(request.subjectDer);
  if (
    name === undefined ||
    !alone ||
    !isCompromiseStatement(name, hashesFor(spki), context.challenges, context.policy)
  ) {
    return {
      verdict: 'possession-only',
      spki,
      keys,
      because:
        'A validly signed request shows possession of the key, not its compromise: its subject is no accepted statement.',
    };
  }
  if (algorithm.digest === 'sha1') {
    return {
      verdict: 'possession-only',
      spki,
      keys,
      because: 'The statement is signed with SHA-1, which leaves room for a forged one.',
    };
  }
  return {
    verdict: 'proven-statement',
    spki,
    keys,
    because: 'A request signed by the key whose subject states that the key is compromised.',
  };
}

function safeAlgorithm(identifier: Uint8Array): ReturnType<typeof readSignatureAlgorithm> {
  try {
    return readSignatureAlgorithm(identifier);
  } catch (cause) {
    if (cause instanceof DerError) return null;
    throw cause;
  }
}

/** One RDN with one attribute: extra fields are room for somebody who wants a signature to say more than it said. */
function isSingleName(subjectDer: Uint8Array): boolean {
  const view = Buffer.from(subjectDer.buffer, subjectDer.byteOffset, subjectDer.length);
  let attributes = 0;
  for (
    let at = view.indexOf(Buffer.from([0x06, 0x03, 0x55, 0x04]));
    at >= 0;
    at = view.indexOf(Buffer.from([0x06, 0x03, 0x55, 0x04]), at + 1)
  ) {
    attributes += 1;
  }
  return attributes === 1 && view.length < 300;
}

/* ---- the desk's published form ---- */

export function judgeStatement(
  statement: SignedStatement,
  around: readonly Uint8Array[],
  context: JudgeContext,
): SignedVerdict {
  const named = statement.spkiSha256;
  const candidates: { spki: Uint8Array; keys: InventoryKey[] }[] = [];
  if (statement.spki !== null && hashesOf(statement.spki) !== null) {
    candidates.push({ spki: statement.spki, keys: sameKeys(statement.spki, context) });
  } else if (named !== null) {
    for (const key of context.inventory.findByHash(named)) candidates.push({ spki: key.spki, keys: [key] });
    for (const spki of around)
      if (hashesFor(spki).includes(named)) candidates.push({ spki, keys: sameKeys(spki, context) });
  }
  if (candidates.length === 0) {
    return {
      verdict: 'claim-only',
      spki: null,
      spkiSha256: named,
      keys: [],
      because: 'A signed statement for a public key that we do not have; send the public key along.',
    };
  }
  const data = Buffer.from(statement.text, 'utf8');
  const holds = (spki: Uint8Array) =>
    rawSignatureHolds(spki, data, statement.signature) ||
    rawSignatureHolds(spki, Buffer.concat([data, Buffer.from('\n')]), statement.signature);
  const proven = candidates.find(({ spki, keys }) => holds(spki) && keys.every((key) => holds(key.spki)));
  const first = candidates[0] as { spki: Uint8Array; keys: InventoryKey[] };
  if (named !== null && statement.spki !== null && !hashesFor(statement.spki).includes(named)) {
    return {
      verdict: 'refuted',
      spki: first.spki,
      keys: first.keys,
      because: 'The statement names one key and encloses another.',
    };
  }
  if (proven === undefined) {
    return {
      verdict: 'refuted',
      spki: first.spki,
      keys: first.keys,
      because: 'The signature of this statement does not verify under the key it names.',
    };
  }
  if (!isCompromiseStatement(statement.text, hashesFor(proven.spki), context.challenges, context.policy)) {
    return {
      verdict: 'possession-only',
      spki: proven.spki,
      keys: proven.keys,
      because: 'The key signed this text, but the text is no accepted statement of compromise.',
    };
  }
  return {
    verdict: 'proven-statement',
    spki: proven.spki,
    keys: proven.keys,
    because: 'A statement of compromise in the published form, signed by the key.',
  };
}

/* ---- raw signatures (`openssl dgst -sign`, a text and a file beside it) ---- */

/** A 64-digit hash in a text: perhaps the SPKI hash of the key that signed it. */
export const spkiHashIn = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/gi;
const RAW_COMBINATIONS_MAX = 4_000;

/**
 * Null unless one of the texts was signed by one of the keys at hand: bytes that fit nothing are no evidence. A text
 * that states compromise is preferred to any other.
 */
export function judgeRawSignature(
  signature: Uint8Array,
  texts: readonly string[],
  around: readonly Uint8Array[],
  context: JudgeContext,
): SignedVerdict | null {
  const named = texts.flatMap((text) => [...text.matchAll(spkiHashIn)].map(([hash]) => hash.toLowerCase()));
  const candidates = [
    ...around,
    ...named.slice(0, 50).flatMap((hash) => context.inventory.findByHash(hash).map((key) => key.spki)),
  ];
  let left = RAW_COMBINATIONS_MAX;
  let possession: SignedVerdict | null = null;
  for (const text of texts) {
    const plain = statementText(text);
    for (const data of new Set([text, plain, `${plain}\n`, `${plain}\r\n`])) {
      for (const spki of candidates) {
        if (left-- <= 0) return possession;
        if (!rawSignatureHolds(spki, Buffer.from(data, 'utf8'), signature)) continue;
        const keys = sameKeys(spki, context);
        if (isCompromiseStatement(plain, hashesFor(spki), context.challenges, context.policy)) {
          return {
            verdict: 'proven-statement',
            spki,
            keys,
            because: 'A signature file by the key over an accepted statement of compromise.',
          };
        }
        possession ??= {
          verdict: 'possession-only',
          spki,
          keys,
          because: 'A signature file by the key over a text that is no accepted statement.',
        };
      }
    }
  }
  return possession;
}

/* ---- JWS ---- */

export function judgeJws(jws: Jws, around: readonly Uint8Array[], context: JudgeContext): SignedVerdict {
  const header = readHeader(jws.protectedHeader);
  const refuse = (because: string): SignedVerdict => ({ verdict: 'refuted', spki: null, keys: [], because });
  if (header === null) return refuse('A JSON Web Signature whose header cannot be read.');
  if (header.crit !== undefined || header.b64 === false)
    return refuse('A JSON Web Signature with critical extensions, which are not accepted.');
  if (header.alg === 'none') return refuse('A JSON Web Signature with the algorithm "none".');
  const kid = typeof header.kid === 'string' ? header.kid.toLowerCase() : '';
  const named = /^[0-9a-f]{64}$/.test(kid) ? kid : null;
  const data = Buffer.from(`${jws.protectedHeader}.${jws.payload}`, 'ascii');
  const signature = base64Url(jws.signature);
  const holds = (spki: Uint8Array) => joseSignatureHolds(spki, String(header.alg), data, signature);

  // The kid says which key to look up. `jwk`, `jku`, `x5c` and `x5u` are the signer's own words and are not read.
  const keys = named === null ? [] : context.inventory.findByHash(named);
  const enclosed = around.filter((spki) => named === null || hashesFor(spki).includes(named));
  const ours = keys.find((key) => holds(key.spki));
  const spki = ours?.spki ?? enclosed.find(holds) ?? null;
  if (spki === null) {
    if (keys.length > 0 || (named !== null && enclosed.length > 0)) {
      return {
        verdict: 'refuted',
        spki: keys[0]?.spki ?? enclosed[0] ?? null,
        keys,
        because: 'This JSON Web Signature names a key (kid) under which it does not verify.',
      };
    }
    return {
      verdict: 'claim-only',
      spki: null,
      spkiSha256: named,
      keys: [],
      because: 'A JSON Web Signature by a key that we do not have.',
    };
  }
  const payload = base64Url(jws.payload);
  const text = payload.length <= context.policy.jwsPayloadBytesMax ? payload.toString('utf8').toLowerCase() : '';
  const matched = ours === undefined ? sameKeys(spki, context) : keys.filter((key) => holds(key.spki));
  if (!context.policy.jwsPhrases.some((phrase) => text.includes(phrase))) {
    return {
      verdict: 'possession-only',
      spki,
      keys: matched,
      because:
        'A JSON Web Signature by the key about something else: a token or an order shows possession, not compromise.',
    };
  }
  return {
    verdict: 'proven-statement',
    spki,
    keys: matched,
    because: 'A JSON Web Signature by the key whose payload says that it is compromised.',
  };
}

function readHeader(encoded: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(base64Url(encoded).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/* ---- CMS ---- */

/** The content, or one of the texts that came along when the content is detached. */
export async function judgeCms(
  der: Uint8Array,
  texts: readonly string[],
  context: JudgeContext,
): Promise<SignedVerdict> {
  const result = maySign(der, texts) ? await verified(der, texts) : null;
  if (result === null)
    return {
      verdict: 'claim-only',
      spki: null,
      keys: [],
      because: 'A CMS structure without a signature that we can check.',
    };
  const keys = sameKeys(result.spki, context);
  if (!result.holds)
    return { verdict: 'refuted', spki: result.spki, keys, because: 'The CMS signature does not verify.' };
  if (!isCompromiseStatement(statementText(result.text), hashesFor(result.spki), context.challenges, context.policy)) {
    return {
      verdict: 'possession-only',
      spki: result.spki,
      keys,
      because: 'The key signed this message, which is no accepted statement of compromise.',
    };
  }
  return {
    verdict: 'proven-statement',
    spki: result.spki,
    keys,
    because: 'A CMS signature by the key over an accepted statement of compromise.',
  };
}

async function verified(der: Uint8Array, texts: readonly string[]) {
  // Loaded only when there is something to verify: the library is larger than the rest of the reading room.
  const { verifyCms } = await import('./cms.ts');
  return verifyCms(der, texts);
}

/* ---- SSH signatures (PROTOCOL.sshsig) ---- */

export function judgeSshSignature(blob: Buffer, texts: readonly string[], context: JudgeContext): SignedVerdict {
  const parts = readSshSignature(blob);
  const spki = parts === null ? null : sshPublicKey(parts.publicKey);
  if (parts === null || spki === null) {
    return { verdict: 'claim-only', spki: null, keys: [], because: 'An SSH signature that cannot be read.' };
  }
  const keys = sameKeys(spki, context);
  const length = (bytes: Buffer) => {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(bytes.length);
    return Buffer.concat([prefix, bytes]);
  };
  for (const text of texts) {
    for (const data of [
      Buffer.from(text, 'utf8'),
      Buffer.from(statementText(text), 'utf8'),
      Buffer.from(`${statementText(text)}\n`),
    ]) {
      const digest = hash(parts.digest, data, 'buffer');
      const signed = Buffer.concat([
        Buffer.from('SSHSIG'),
        ...[parts.namespace, Buffer.alloc(0), Buffer.from(parts.digest), digest].map(length),
      ]);
      if (!rawSignatureHolds(spki, signed, parts.signature)) continue;
      return isCompromiseStatement(statementText(text), hashesFor(spki), context.challenges, context.policy)
        ? {
            verdict: 'proven-statement',
            spki,
            keys,
            because: 'An SSH signature by the key over an accepted statement of compromise.',
          }
        : {
            verdict: 'possession-only',
            spki,
            keys,
            because: 'The key signed this text, which is no accepted statement of compromise.',
          };
    }
  }
  return { verdict: 'claim-only', spki, keys: [], because: 'An SSH signature without the text that it covers.' };
}

function readSshSignature(
  blob: Buffer,
): { publicKey: Buffer; namespace: Buffer; digest: 'sha256' | 'sha512'; signature: Buffer } | null {
  if (blob.subarray(0, 6).toString('latin1') !== 'SSHSIG' || blob.length < 14) return null;
  let at = 10;
  const string = (): Buffer => {
    if (at + 4 > blob.length) throw new RangeError('cut off');
    const size = blob.readUInt32BE(at);
    if (at + 4 + size > blob.length) throw new RangeError('cut off');
    at += 4 + size;
    return blob.subarray(at - size, at);
  };
  try {
    const publicKey = string();
    const namespace = string();
    string();
    const digest = string().toString('latin1');
    const outer = string();
    if (digest !== 'sha256' && digest !== 'sha512') return null;
    const typeLength = outer.readUInt32BE(0);
    const type = outer.subarray(4, 4 + typeLength).toString('latin1');
    const size = outer.readUInt32BE(4 + typeLength);
    let signature = outer.subarray(8 + typeLength, 8 + typeLength + size);
    if (type.startsWith('ecdsa')) {
      const r = signature.readUInt32BE(0);
      const [first, second] = [signature.subarray(4, 4 + r), signature.subarray(8 + r)];
      signature = ecdsaDer(first, second);
    }
    return { publicKey, namespace, digest, signature };
  } catch (cause) {
    if (cause instanceof RangeError) return null;
    throw cause;
  }
}

function ecdsaDer(r: Buffer, s: Buffer): Buffer {
  const integer = (bytes: Buffer) => Buffer.concat([Buffer.from([2, bytes.length]), bytes]);
  const body = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([
    body.length < 128 ? Buffer.from([0x30, body.length]) : Buffer.from([0x30, 0x81, body.length]),
    body,
  ]);
}

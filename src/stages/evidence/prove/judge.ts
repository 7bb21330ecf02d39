/**
 * From what was found to what it is worth: one item, one verdict, the reason in words. The order of verdicts and their
 * meaning are those of the policy object; nothing but `proven-key`, `proven-statement` and `computable` revokes.
 */
import { hash } from 'node:crypto';
import type { EvidenceItem, Finding, ProofRecord, Verdict } from '../../../desk/facts.ts';
import type { Fingerprint, SpkiHash } from '../../../foundation/brand.ts';
import { canonicalSpki, describeKey, rsaNumbers } from '../../../foundation/pki/spki.ts';
import { spkiOf } from '../../../foundation/pki/x509.ts';
import type { Found, Locked, PrivateMaterial } from '../extract/found.ts';
import { toBigInt } from '../extract/numbers.ts';
import { checkKey, type WeakKeyResult } from '../weak/check-key.ts';
import { rsaFromFactor } from '../weak/rsa.ts';
import { Ahead } from './ahead.ts';
import { hashesOf, type InventoryKey, type JudgeContext } from './context.ts';
import { publicParts, rsaKeyObject } from './possession.ts';
import { makeRecord } from './record.ts';
import {
  judgeCms,
  judgeCsr,
  judgeJws,
  judgeRawSignature,
  judgeSshSignature,
  judgeStatement,
  type SignedVerdict,
} from './signed.ts';

/** A find with the place where it stood. */
export interface Seen {
  readonly source: string;
  readonly found: Found;
  /** For a locked key: why it stayed locked. */
  readonly locked?: Locked;
}

/** Texts that a detached signature may cover, and public keys that came along. */
export interface Surroundings {
  readonly texts: readonly string[];
  readonly spkis: readonly Uint8Array[];
}

/** An item with the public key it is about, for checks across items. */
export interface Judged extends EvidenceItem {
  readonly spki: Uint8Array | null;
}

export async function judge(seen: Seen, around: Surroundings, context: JudgeContext): Promise<Judged> {
  const { found, source } = seen;
  switch (found.kind) {
    case 'private-key':
      return judgePrivateKey(found.key, found.container, source, context);
    case 'encrypted-key':
      return judgeLocked(found.spki, found.container, seen.locked ?? 'wrong-passphrase', source, context);
    case 'unreadable-key':
      return item(
        source,
        'private-key',
        'claim-only',
        null,
        `A ${found.container} block that holds no readable key.`,
        context,
      );
    case 'public-key':
      return judgePublic(found.spki, 'public-key', source, context);
    case 'certificate':
      return judgePublic(spkiOf(found.der), 'certificate', source, context);
    case 'csr':
      return fromSigned(judgeCsr(found.der, context), 'csr', source, context);
    case 'jws':
      return fromSigned(judgeJws(found.jws, around.spkis, context), 'jws', source, context);
    case 'statement':
      return fromSigned(judgeStatement(found.statement, around.spkis, context), 'statement', source, context);
    case 'cms':
      return fromSigned(await judgeCms(found.der, around.texts, context), 'cms', source, context);
    case 'ssh-signature':
      return fromSigned(judgeSshSignature(found.blob, around.texts, context), 'ssh-signature', source, context);
  }
}

/** A small file that nothing else explains, held against the texts and keys of the report; null when it fits none. */
export function judgeRaw(
  signature: Uint8Array,
  source: string,
  around: Surroundings,
  context: JudgeContext,
): Judged | null {
  const signed = judgeRawSignature(signature, around.texts, around.spkis, context);
  return signed === null ? null : fromSigned(signed, 'statement', source, context);
}

/** Public keys that the desk should look up before it judges. */
export function publicKeysOf(found: Found): Uint8Array[] {
  switch (found.kind) {
    case 'private-key': {
      const { claimed, derived } = publicParts(found.key);
      return [claimed, derived].filter((spki) => spki !== null);
    }
    case 'encrypted-key':
      return found.spki === null ? [] : [found.spki];
    case 'public-key':
      return [found.spki];
    case 'certificate':
      return [spkiOf(found.der)];
    case 'statement':
      return found.statement.spki === null ? [] : [found.statement.spki];
    default:
      return [];
  }
}

async function judgePrivateKey(
  key: PrivateMaterial,
  container: string,
  source: string,
  context: JudgeContext,
): Promise<Judged> {
  const { reportId, receivedAt, lists } = context;
  const ahead = context.ahead ?? new Ahead(() => ({ reportId, receivedAt, nonce: context.randomBytes(32) }), lists);
  const { claimed, derived } = publicParts(key);
  const candidates = [claimed, derived].filter((spki) => spki !== null);
  let proof: ProofRecord | null = null;
  let provenSpki: Uint8Array | null = null;
  const matches: Fingerprint[] = [];
  const refutedFor: Fingerprint[] = [];
  for (const known of context.inventory.find(candidates)) {
    const record = await ahead.proof(key, known.spki);
    if (record === null) refutedFor.push(...known.fingerprints);
    else {
      proof ??= record;
      provenSpki ??= known.spki;
      matches.push(...known.fingerprints);
    }
  }
  if (provenSpki === null) {
    // Not ours, or not shown to be: still worth blocking if the key is whole and its own.
    const own = claimed ?? derived;
    if (own !== null) proof = await ahead.proof(key, own);
    if (proof !== null) provenSpki = own;
  }
  const about = provenSpki ?? claimed ?? derived;
  if (proof !== null && about !== null) {
    const because =
      matches.length > 0
        ? `This private key (${container}) signed a fresh statement that verifies under the public key of ${count(matches.length)}.`
        : `This private key (${container}) signed a fresh statement that verifies under its own public key. No certificate in the inventory carries it.`;
    return item(source, 'private-key', 'proven-key', about, because, context, {
      proof,
      matches,
      refutedFor,
      weak: ahead.weak(key, about),
    });
  }
  if (about === null) {
    return item(
      source,
      'private-key',
      'refuted',
      null,
      `A private key (${container}) with impossible numbers.`,
      context,
    );
  }
  const because =
    refutedFor.length > 0
      ? `The file (${container}) states the public key of ${count(refutedFor.length)}, but a fresh statement signed with it does not verify under that key: the private part is another one.`
      : `The private part of this file (${container}) does not belong to the public key it states.`;
  return item(source, 'private-key', 'refuted', about, because, context, { refutedFor });
}

function count(certificates: number): string {
  return certificates === 1 ? 'one certificate' : `${certificates} certificates`;
}

const lockedReasons: Readonly<Record<Locked, string>> = {
  'wrong-passphrase': 'no pass phrase at hand opens it; send the pass phrase, or a statement signed with the key',
  'too-costly':
    'its pass-phrase scheme asks for more work than the desk allows; send the key without it, or a signed statement',
  unsupported: 'its encryption is not supported; send the key in another form, or a signed statement',
  damaged: 'it is damaged',
};

function judgeLocked(
  spki: Uint8Array | null,
  container: string,
  locked: Locked,
  source: string,
  context: JudgeContext,
): Judged {
  return item(
    source,
    'encrypted-key',
    'claim-only',
    spki,
    `A locked key (${container}): ${lockedReasons[locked]}.`,
    context,
  );
}

function judgePublic(spki: Uint8Array, form: string, source: string, context: JudgeContext): Judged {
  const what = form === 'certificate' ? 'A certificate' : 'A public key';
  const because = context.claimed
    ? `${what} shows which key is meant, not that it is compromised; the key itself passes our checks.`
    : `${what} whose key passes our checks.`;
  const judged = item(source, form, context.claimed ? 'claim-only' : 'clean', spki, because, context, {
    thorough: true,
  });
  // TLS BR 4.9.1.1 item 6: five days, and no compromise. The sentence must not say that all is well.
  const faults = judged.findings.filter((finding) => finding.verdict === 'parameter');
  if (faults.length === 0 || judged.verdict === 'computable') return judged;
  const named = faults.map((finding) => `${finding.check} (${finding.detail})`).join(', ');
  return { ...judged, because: `${what} whose key breaks a rule for keys: ${named}. That does not give the key away.` };
}

function fromSigned(signed: SignedVerdict, form: string, source: string, context: JudgeContext): Judged {
  const { verdict, spki, because, keys } = signed;
  const proven = verdict === 'proven-statement' || verdict === 'possession-only';
  const fingerprints = keys.flatMap((key) => key.fingerprints);
  return item(source, form, verdict, spki, because, context, {
    matches: proven ? fingerprints : [],
    refutedFor: verdict === 'refuted' ? fingerprints : [],
    spkiSha256: signed.spkiSha256 ?? null,
  });
}

interface ItemParts {
  readonly proof?: ProofRecord | null;
  readonly matches?: readonly Fingerprint[];
  readonly refutedFor?: readonly Fingerprint[];
  readonly thorough?: boolean;
  /** When the key has been checked already. */
  readonly weak?: WeakKeyResult | null;
  readonly spkiSha256?: string | null;
}

/** Adds what the public key alone gives away; a computable key outweighs anything but proof. */
function item(
  source: string,
  form: string,
  verdict: Verdict,
  spki: Uint8Array | null,
  because: string,
  context: JudgeContext,
  parts: ItemParts = {},
): Judged {
  const hashes = spki === null ? null : hashesOf(spki);
  const base = {
    source,
    form,
    verdict,
    spkiSha256: (hashes?.canonical ?? parts.spkiSha256 ?? null) as SpkiHash | null,
    keyType: null as string | null,
    bits: null as number | null,
    findings: [] as readonly Finding[],
    matches: parts.matches ?? [],
    refutedFor: parts.refutedFor ?? [],
    proof: parts.proof ?? null,
    because,
    spki: hashes === null ? null : spki,
  };
  if (spki === null || hashes === null) return base;
  const { type, bits } = describeKey(spki);
  const weak = parts.weak ?? checkKey(spki, { lists: context.lists, thorough: parts.thorough === true });
  const whole = { ...base, keyType: type, bits, findings: weak.findings };
  return isComputable(weak.findings) ? withComputable(whole, weak.factor, context) : whole;
}

export function isComputable(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.verdict === 'computable');
}

const outweighed: readonly Verdict[] = ['refuted', 'possession-only', 'claim-only', 'clean'];

/** Raises an item to `computable`, with a proof signed by the reconstructed key when a factor is known. */
export function withComputable(judged: Judged, factor: bigint | null, context: JudgeContext): Judged {
  if (!outweighed.includes(judged.verdict) || judged.spki === null) return judged;
  const named = judged.findings.filter((finding) => finding.verdict === 'computable');
  const keys: InventoryKey[] = context.inventory
    .find([judged.spki])
    .filter((key) => sameKey(key.spki, judged.spki as Uint8Array));
  return {
    ...judged,
    verdict: 'computable',
    matches: keys.flatMap((key) => key.fingerprints),
    proof: judged.proof ?? (factor === null ? null : proveFromFactor(judged.spki, factor, context)),
    because: `The private key follows from the public one or is public already: ${named.map((f) => `${f.check} (${f.detail})`).join('; ')}.`,
  };
}

function sameKey(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(canonicalSpki(a), canonicalSpki(b)) === 0;
}

function proveFromFactor(spki: Uint8Array, factor: bigint, context: JudgeContext): ProofRecord | null {
  const numbers = rsaNumbers(spki);
  if (numbers === null) return null;
  const whole = rsaFromFactor(toBigInt(numbers.modulus), toBigInt(numbers.exponent), factor);
  const key = whole === null ? null : rsaKeyObject(whole);
  if (key === null) return null;
  return makeRecord(key, spki, {
    reportId: context.reportId,
    receivedAt: context.receivedAt,
    nonce: context.randomBytes(32),
  });
}

/** SHA-256 of a request, whole and without its signature: what the enrolment index holds. */
export function csrHashes(der: Uint8Array, tbs: Uint8Array): string[] {
  return [hash('sha256', der, 'hex'), hash('sha256', tbs, 'hex')];
}

/**
 * The door of the reading room. Reports are read in child processes that have no network, no database and no disk
 * (Node's permission model, and file size and core limits of the kernel), are started ahead of need, are killed on a
 * limit, and are ended after one report when they have seen a private key. What comes back is redacted.
 */
import type { EvidenceItem } from '../../../desk/facts.ts';
import type { Fingerprint } from '../../../foundation/brand.ts';
import { Fault } from '../../../foundation/fault.ts';
import type { Message } from '../../../foundation/mail/message.ts';
import { DerError } from '../../../foundation/pki/der.ts';
import { describeKey } from '../../../foundation/pki/spki.ts';
import { spkiOf } from '../../../foundation/pki/x509.ts';
import { type Instant, rfc3339 } from '../../../foundation/time/time.ts';
import type { InventoryKey } from '../prove/context.ts';
import type { Judged } from '../prove/judge.ts';
import { checkLists, type KeyList } from '../weak/lists.ts';
import { Pool } from './pool.ts';
import { fileAsMessage, openReport } from './read.ts';
import type { RoomAnswer, RoomInput, RoomQuestion, RoomReading } from './wire.ts';

export interface Reading {
  /** Redacted: no private key in any text, no attachment that held one. */
  readonly message: Message;
  readonly evidence: readonly EvidenceItem[];
  readonly objects: RoomReading['objects'];
  readonly sawPrivateKey: boolean;
  readonly encryptedUnopened: boolean;
  readonly problems: readonly string[];
}

export interface CertificateBytes {
  readonly fingerprint: Fingerprint;
  readonly der: Uint8Array;
}

/** What was found in the report, for which the inventory is asked. */
export type FoundKeys = RoomQuestion;

export interface ReadInput {
  readonly bytes: Uint8Array;
  readonly sealed: boolean;
  /** Which sealing identity opens `bytes`. */
  readonly keyId: string | null;
  readonly reportId: string;
  readonly receivedAt: Instant;
  /** False for what hardly holds a key: it is read where no fresh child is lost when it does after all. */
  readonly mayHoldKey?: boolean;
  /** A mail message (default), or one file: a fetched page, an upload. */
  readonly kind?: 'message' | 'file';
  /** File name or URL, for a file. */
  readonly name?: string;
  readonly passphrases?: readonly string[];
  readonly challenges?: readonly string[];
}

export interface ReadingRoom {
  /**
   * Never throws for what a sender wrote: a report that breaks every limit comes back with what could be read and the
   * problem `reading_limit`. Faults: `sealing_identity_gone`, `sealed_corrupt`, `room_closed`, `room_not_starting`.
   */
  read(
    input: ReadInput,
    lookup: (found: FoundKeys) => Promise<readonly CertificateBytes[]>,
    enrolledCsrs?: (hashes: readonly string[]) => Promise<readonly string[]>,
  ): Promise<Reading>;
  close(): Promise<void>;
}

export interface ReadingRoomOptions {
  /** age identity for a key id; null when it has been destroyed. */
  readonly identity: (keyId: string) => Promise<string | null>;
  /** Children kept ready. */
  readonly size?: number;
  /** Wall time of one report, after which its child is killed. */
  readonly millisecondsMax?: number;
  readonly memoryMegabytes?: number;
  /** Key lists, asked here rather than in the children: they are public, and 60 MB. */
  readonly lists?: () => readonly KeyList[];
  /** For unit tests: read in this process. Nothing is confined then. */
  readonly inProcess?: boolean;
}

export function createReadingRoom(options: ReadingRoomOptions): ReadingRoom {
  const pool = options.inProcess === true ? null : new Pool(options);
  return {
    async read(input, lookup, enrolledCsrs) {
      const roomInput = await prepare(input, options);
      const ask = async (question: RoomQuestion): Promise<RoomAnswer> => ({
        keys: groupByKey(await lookup(question)),
        enrolledCsrs: question.csrHashes.length === 0 ? [] : ((await enrolledCsrs?.(question.csrHashes)) ?? []),
      });
      const reading =
        pool === null
          ? await readHere(roomInput, ask)
          : await readInPool(pool, roomInput, ask, input.mayHoldKey ?? true);
      const lists = options.lists?.() ?? [];
      return { ...reading, evidence: reading.evidence.map((judged) => withLists(judged, lists)) };
    },
    async close() {
      pool?.close();
    },
  };
}

async function prepare(input: ReadInput, options: ReadingRoomOptions): Promise<RoomInput> {
  let identity: string | null = null;
  if (input.sealed) {
    identity = input.keyId === null ? null : await options.identity(input.keyId);
    if (identity === null) {
      throw new Fault('sealing_identity_gone', `The sealing identity ${input.keyId} does not exist (any more).`);
    }
  }
  return {
    bytes: input.bytes,
    identity,
    kind: input.kind ?? 'message',
    name: input.name ?? '',
    reportId: input.reportId,
    receivedAt: rfc3339(input.receivedAt),
    passphrases: input.passphrases ?? [],
    challenges: input.challenges ?? [],
    careful: false,
  };
}

/** Certificates with the same encoding of the key are judged once: one key may stand in thousands of them. */
export function groupByKey(certificates: readonly CertificateBytes[]): InventoryKey[] {
  const groups = new Map<string, { spki: Uint8Array; fingerprints: Fingerprint[] }>();
  for (const { fingerprint, der } of certificates) {
    let spki: Uint8Array;
    try {
      spki = spkiOf(der);
    } catch (cause) {
      if (cause instanceof DerError) continue;
      throw cause;
    }
    const key = Buffer.from(spki.buffer, spki.byteOffset, spki.length).toString('latin1');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { spki: spki.slice(), fingerprints: [fingerprint] });
    else group.fingerprints.push(fingerprint);
  }
  return [...groups.values()];
}

/** Answers `debian`, `leaked` and the listed classes of one item, and drops its public key on the way out. */
function withLists({ spki, ...judged }: Judged, lists: readonly KeyList[]): EvidenceItem {
  if (spki === null || lists.length === 0) return judged;
  const listed = checkLists(spki, describeKey(spki), lists);
  const replaced = new Set(listed.map((finding) => finding.check));
  const findings = [...judged.findings.filter((f) => !replaced.has(f.check) || f.verdict === 'computable'), ...listed];
  const hit = listed.find((finding) => finding.verdict === 'computable');
  const weaker = ['refuted', 'possession-only', 'claim-only', 'clean'].includes(judged.verdict);
  if (hit === undefined || !weaker) return { ...judged, findings };
  return {
    ...judged,
    findings,
    verdict: 'computable',
    because: `The private key of this public key is public already: ${hit.check} (${hit.detail}).`,
  };
}

async function readHere(input: RoomInput, ask: (question: RoomQuestion) => Promise<RoomAnswer>): Promise<RoomReading> {
  let report: Awaited<ReturnType<typeof openReport>>;
  try {
    report = await openReport(input);
  } catch (cause) {
    throw faultFor((cause as { code?: string }).code ?? 'room_failed', cause);
  }
  return report.judge(await ask(report.question));
}

/**
 * Three attempts: as it is; carefully, without unpacking and pass phrases; and then the bare fact that there is a
 * report which cannot be read within the limits. A bad report costs its children and nothing else.
 */
async function readInPool(
  pool: Pool,
  input: RoomInput,
  ask: (question: RoomQuestion) => Promise<RoomAnswer>,
  suspect: boolean,
): Promise<RoomReading> {
  for (const careful of [false, true]) {
    const result = await pool.read({ ...input, careful }, ask, suspect);
    if (result.outcome === 'failed' && result.code === 'sealed_corrupt') throw faultFor(result.code, null);
    if (result.outcome !== 'read') continue;
    if (!careful) return result.reading;
    const problems = [...result.reading.problems, 'reading_limit'];
    return { ...result.reading, problems, message: { ...result.reading.message, problems } };
  }
  const problems = ['reading_limit'];
  const bare = fileAsMessage(new Uint8Array(0), '');
  return {
    message: { ...bare, attachments: [], problems },
    evidence: [],
    objects: {
      hasPrivateKey: false,
      hasCertificate: false,
      hasCsr: false,
      derivedFingerprintsSha256: [],
      derivedSerials: [],
    },
    // Not known, so the sealed original is treated as if it held one.
    sawPrivateKey: true,
    encryptedUnopened: false,
    problems,
  };
}

function faultFor(code: string, cause: unknown): Fault {
  const message =
    code === 'sealed_corrupt'
      ? 'Sealed bytes do not open with their identity.'
      : 'The reading room failed on a report; the report is kept and is read again.';
  return new Fault(code, message, cause === null ? {} : { cause });
}

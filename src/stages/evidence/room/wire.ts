/** What goes between the desk and the reading room, and how instants travel (structured clone does not know Temporal). */
import type { Message } from '../../../foundation/mail/message.ts';
import type { InventoryKey } from '../prove/context.ts';
import type { Judged } from '../prove/judge.ts';

export interface RoomInput {
  readonly bytes: Uint8Array;
  /** age identity that opens `bytes`; null when they are plain. */
  readonly identity: string | null;
  /** A whole mail message, or the body of one file (fetched, uploaded). */
  readonly kind: 'message' | 'file';
  /** For a file: its name or URL. */
  readonly name: string;
  readonly reportId: string;
  /** RFC 3339 */
  readonly receivedAt: string;
  readonly passphrases: readonly string[];
  readonly challenges: readonly string[];
  /** Second attempt after a child was ended: leave out unpacking and pass phrases, so that the text at least is read. */
  readonly careful: boolean;
}

export interface RoomQuestion {
  /** Exact, canonical and material hashes, lower-case hex. */
  readonly keyHashes: readonly string[];
  readonly fingerprints: readonly string[];
  /** SHA-256 of requests, whole and without signature. */
  readonly csrHashes: readonly string[];
}

export interface RoomAnswer {
  readonly keys: readonly InventoryKey[];
  readonly enrolledCsrs: readonly string[];
}

export interface RoomReading {
  readonly message: Message;
  readonly evidence: readonly Judged[];
  readonly objects: {
    readonly hasPrivateKey: boolean;
    readonly hasCertificate: boolean;
    readonly hasCsr: boolean;
    readonly derivedFingerprintsSha256: readonly string[];
    readonly derivedSerials: readonly string[];
  };
  readonly sawPrivateKey: boolean;
  /** Something is locked and no pass phrase at hand opened it. */
  readonly encryptedUnopened: boolean;
  readonly problems: readonly string[];
}

export type ToRoom =
  /** To a child that never gets a stranger's report: hand over what was compiled. */
  | { readonly type: 'compile' }
  /** Several reports in one hop: for small mail the hop costs as much as the reading. */
  | { readonly type: 'read'; readonly inputs: readonly RoomInput[] }
  /** In the places of the questions; null where none was asked. */
  | { readonly type: 'answers'; readonly answers: readonly (RoomAnswer | null)[] };

export type FromRoom =
  | { readonly type: 'ready' }
  | { readonly type: 'compiled'; readonly code: Uint8Array }
  | { readonly type: 'questions'; readonly questions: readonly (RoomQuestion | null)[] }
  | { readonly type: 'readings'; readonly results: readonly PackedResult[] };

/** What became of one report. `left`: an earlier one of the same hop held a private key, and this child reads no more. */
export type RoomResult =
  | { readonly outcome: 'read'; readonly reading: RoomReading }
  | { readonly outcome: 'failed'; readonly code: string }
  | { readonly outcome: 'left' };

/** The same on its way: instants are packed. */
export type PackedResult =
  | { readonly outcome: 'read'; readonly reading: unknown }
  | Exclude<RoomResult, { readonly outcome: 'read' }>;

/** Nothing in the report that the inventory could know: it is read to the end without asking. */
export function asksNothing(question: RoomQuestion): boolean {
  return question.keyHashes.length === 0 && question.fingerprints.length === 0 && question.csrHashes.length === 0;
}

const INSTANT = '$instant';

export function packInstants(value: unknown): unknown {
  if (value instanceof Temporal.Instant) return { [INSTANT]: value.toString() };
  if (Array.isArray(value)) return value.map(packInstants);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, packInstants(one)]));
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, packInstants(one)]));
}

export function unpackInstants(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpackInstants);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, unpackInstants(one)]));
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return value;
  const text = (value as Record<string, unknown>)[INSTANT];
  if (typeof text === 'string') return Temporal.Instant.from(text);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unpackInstants(one)]));
}

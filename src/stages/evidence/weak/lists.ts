/**
 * Lists of keys whose private half is public. A key that no list knows is `clean` only where a list was there to ask:
 * a list that is missing, or that does not cover the key's type and size, reads `unknown`.
 */
import { hash } from 'node:crypto';
import type { Finding } from '../../../desk/facts.ts';
import { type KeyDescription, type KeyHashes, keyHashes } from '../../../foundation/pki/spki.ts';

/** Names of the badkeys lists by number (badkeysdata.json, format 0). */
export const badkeysLists: Readonly<Record<number, string>> = {
  1: 'debianssl',
  2: 'keypair',
  3: 'ransomware',
  4: 'documentation',
  5: 'firmware',
  6: 'localhostcert',
  7: 'localroot',
  8: 'misc',
  9: 'softwaretests',
  10: 'testvectors',
  11: 'rfc',
  12: 'web',
  13: 'git',
  14: 'forti',
  15: 'pkg',
  16: 'firmwares',
  99: 'new',
};

const RECORD = 16;
const HASH = 15;

/** A list that was asked about one key. */
export interface ListHit {
  /** `debian`, `roca`, `leaked`, `compromised`, … */
  readonly listed: string;
  readonly list: string;
}

export interface KeyList {
  readonly name: string;
  /** Which checks this list can answer for such a key: `debian`, `leaked`. */
  covers(description: KeyDescription): readonly string[];
  find(hashes: KeyHashes, bkhash: string): ListHit | null;
}

/** SHA-256 of the bare key as a number, cut to 120 bits: the record key of badkeys' list. */
export function bkHash(spki: Uint8Array, hashes: KeyHashes, description: KeyDescription): string {
  if (description.type === 'rsa' || description.type === 'ec') return hashes.material.slice(0, HASH * 2);
  // EdDSA and X keys are hashed as integers, so leading zero bytes do not count.
  let raw = Buffer.from(spki.subarray(spki.length - (description.type.endsWith('448') ? 57 : 32)));
  if (description.type === 'x448') raw = Buffer.from(spki.subarray(spki.length - 56));
  let from = 0;
  while (from < raw.length && raw[from] === 0) from += 1;
  return hash('sha256', raw.subarray(from), 'hex').slice(0, HASH * 2);
}

/**
 * badkeys' `blocklist.dat`: sorted records of 15 bytes of hash and one byte of list number. Throws RangeError when
 * the bytes are not that. The bytes are kept, not copied: 4 million records are 64 MB.
 */
export function badkeysList(bytes: Buffer, name = 'badkeys'): KeyList {
  if (bytes.length % RECORD !== 0) throw new RangeError('not a list of 16-byte records');
  const count = bytes.length / RECORD;
  for (let i = 1; i < Math.min(count, 2_000); i++) {
    if (bytes.compare(bytes, i * RECORD, i * RECORD + HASH, (i - 1) * RECORD, (i - 1) * RECORD + HASH) > 0) {
      throw new RangeError('the records are not sorted');
    }
  }
  return {
    name,
    covers: (key) => (debianCovers(key) ? ['debian', 'leaked'] : ['leaked']),
    find: (_, bkhash) => {
      const wanted = Buffer.from(bkhash, 'hex');
      let low = 0;
      let high = count - 1;
      while (low <= high) {
        const middle = (low + high) >>> 1;
        const order = bytes.compare(wanted, 0, HASH, middle * RECORD, middle * RECORD + HASH);
        if (order === 0) {
          const id = bytes[middle * RECORD + HASH] as number;
          const list = badkeysLists[id] ?? `list ${id}`;
          return { listed: id === 1 ? 'debian' : 'leaked', list: `${name}/${list}` };
        }
        // The record against the hash that is wanted.
        if (order > 0) high = middle - 1;
        else low = middle + 1;
      }
      return null;
    },
  };
}

/** Types and sizes for which the Debian keys were generated and listed (CVE-2008-0166 key lists). */
function debianCovers(key: KeyDescription): boolean {
  if (key.type === 'rsa') return [512, 1024, 2048, 3072, 4096, 8192].includes(key.bits ?? 0);
  return key.type === 'ec' ? ['P-256', 'P-384', 'P-521'].includes(key.curve ?? '') : true;
}

/**
 * A list in text: one key a line as SHA-256 of the SubjectPublicKeyInfo (64 hex digits) or BKHASH120 (30), optionally
 * followed by a comma and the class (`debian`, `roca`, `fermat`, `shared-prime`, `leaked`, `compromised`). Lines with `#`
 * are notes. Throws RangeError naming the first line that is neither.
 */
export function textList(text: string, name = 'list'): KeyList {
  const classes = new Map<string, string>();
  let line = 0;
  for (const raw of text.split('\n')) {
    line += 1;
    const entry = raw.trim();
    if (entry === '' || entry.startsWith('#') || /^(?:spki|hash)[^,]*(?:,|$)/i.test(entry)) continue;
    const match = /^([0-9a-f]{64}|[0-9a-f]{30})\s*(?:[,;\t ]\s*([a-z][a-z0-9-]{0,40}))?/i.exec(entry);
    if (match === null) throw new RangeError(`line ${line} is not a hash`);
    classes.set((match[1] as string).toLowerCase(), (match[2] ?? 'compromised').toLowerCase());
  }
  return hashList(classes, name);
}

/** A list held in memory: hash (exact, canonical, material or BKHASH120) to class. */
export function hashList(classes: ReadonlyMap<string, string>, name: string): KeyList {
  const kinds = new Set(classes.values());
  return {
    name,
    covers: () => [...kinds].map((kind) => (kind === 'debian' ? 'debian' : 'leaked')),
    find: (hashes, bkhash) => {
      for (const key of [hashes.canonical, hashes.exact, hashes.material, bkhash]) {
        const listed = classes.get(key);
        if (listed !== undefined) return { listed, list: name };
      }
      return null;
    },
  };
}

/** Either format, by content. Throws RangeError. */
export function readList(bytes: Buffer, name: string): KeyList {
  const head = bytes.subarray(0, 4096);
  const isText = head.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 0x20 && byte < 0x7f));
  return isText ? textList(bytes.toString('latin1'), name) : badkeysList(bytes, name);
}

/** Asks every list; `debian` and `leaked` are always answered, if only with `unknown`. */
export function checkLists(spki: Uint8Array, description: KeyDescription, lists: readonly KeyList[]): Finding[] {
  const hashes = keyHashes(spki);
  const bkhash = bkHash(spki, hashes, description);
  const hits = lists.map((list) => list.find(hashes, bkhash)).filter((hit) => hit !== null);
  const covered = new Set(lists.flatMap((list) => list.covers(description)));
  const findings = ['debian', 'leaked'].map((check): Finding => {
    const hit = hits.find(
      (one) => (one.listed === 'debian') === (check === 'debian') && !ownChecks.includes(one.listed),
    );
    if (hit !== undefined) return { check, verdict: 'computable', detail: `on ${hit.list} as ${hit.listed}` };
    // The largest keys were never generated by the broken package (TLS BR 6.1.1.3 excepts RSA above 8192 bits).
    if (check === 'debian' && description.type === 'rsa' && (description.bits ?? 0) > 8192) {
      return { check, verdict: 'clean', detail: 'no such keys of this size exist' };
    }
    if (covered.has(check)) return { check, verdict: 'clean', detail: 'on none of the lists' };
    return { check, verdict: 'unknown', detail: 'no list for this kind of key is loaded' };
  });
  for (const hit of hits) {
    if (ownChecks.includes(hit.listed)) {
      findings.push({ check: hit.listed, verdict: 'computable', detail: `on ${hit.list} as ${hit.listed}` });
    }
  }
  return findings;
}

/** Classes that are checks of their own; a list entry answers them too. */
const ownChecks = ['roca', 'fermat', 'shared-prime'];

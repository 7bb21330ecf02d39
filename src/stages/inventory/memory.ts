/**
 * The inventory of the simulation and of one-shot commands (`triage --inventory DIR`): same port, same contract suite,
 * nothing durable.
 */

import type { Fingerprint } from '../../foundation/brand.ts';
import { isBefore, type Time } from '../../foundation/time/time.ts';
import { assertBatch, assertHashes, assertMany, pageLimit } from './bounds.ts';
import {
  type Added,
  type Answer,
  type Index,
  type Inventory,
  type InventoryCertificate,
  type IssuedCertificate,
  indexes,
  type KeyPage,
  type Match,
  type Progress,
  type Query,
  type Revoked,
  type Stats,
  type StatusMark,
} from './inventory.ts';
import { nameKey, normalizeName, wildcardKeys } from './names.ts';
import { raised } from './status.ts';
import { identityOf, type Slot, unify } from './unify.ts';
import { type Watermark, watermarkOf } from './watermark.ts';

interface Entry {
  readonly id: number;
  /** Position in `walk`. */
  seq: number;
  /** The certificate, or the precertificate while only that is known. */
  shown: IssuedCertificate;
  final: Fingerprint | null;
  precertificate: Fingerprint | null;
  subscriber: string | null;
  account: string | null;
  tags: readonly string[];
  revoked: Revoked | null;
}

export function memoryInventory(time: Time): Inventory {
  const entries: Entry[] = [];
  const byValue = new Map<string, Set<number>>();
  const bytes = new Map<Fingerprint, Uint8Array>();
  const slots = new Map<string, Slot[]>();
  const sources = new Map<string, Progress>();
  let seq = 0;

  const entryOf = (id: number) => entries[id - 1]!;
  const idsOf = (index: Index | 'below', value: string): ReadonlySet<number> =>
    byValue.get(`${index} ${value}`) ?? none;
  const watermark = (): Watermark => watermarkOf(entries.length, [...sources.values()]);

  function put(index: Index | 'below', value: string | null, id: number): void {
    if (value === null) return;
    const key = `${index} ${value}`;
    const ids = byValue.get(key);
    if (ids === undefined) byValue.set(key, new Set([id]));
    else ids.add(id);
  }

  function index(certificate: IssuedCertificate, id: number): void {
    put(certificate.precertificate ? 'precertificate' : 'fingerprint', certificate.fingerprint, id);
    put('sha1', certificate.sha1, id);
    put('serial', certificate.serial, id);
    put('spki', certificate.spkiHash, id);
    put('spki-exact', certificate.spkiExact, id);
    put('key-material', certificate.keyMaterial, id);
    put('spki-sha1', certificate.spkiSha1, id);
    put('subject-key-id', certificate.subjectKeyId, id);
    if (certificate.authorityKeyId !== null) put('cert-id', `${certificate.authorityKeyId}.${certificate.serial}`, id);
    for (const name of certificate.names) {
      put('name', nameKey(name), id);
      for (const above of domainsAbove(name)) put('below', above, id);
    }
  }

  function annotate(entry: Entry, certificate: IssuedCertificate): void {
    entry.subscriber ??= certificate.subscriber;
    entry.account ??= certificate.account;
    entry.tags = [...new Set([...entry.tags, ...certificate.tags])];
    if (certificate.revoked !== null) revoke(entry, certificate.revoked);
    put('subscriber', entry.subscriber, entry.id);
    put('account', entry.account, entry.id);
    for (const tag of entry.tags) put('tag', tag, entry.id);
  }

  function revoke(entry: Entry, said: Revoked): boolean {
    const after = raised(entry.revoked, said);
    if (after === entry.revoked) return false;
    entry.revoked = after;
    entry.seq = ++seq;
    return true;
  }

  async function add(batch: readonly IssuedCertificate[]): Promise<Added> {
    assertBatch(batch.length);
    let nextId = entries.length;
    const placed = unify(slots, batch, () => ++nextId);
    const added = { stored: 0, unified: 0, known: 0 };
    for (const { id, placement } of placed) {
      const { certificate } = placement;
      if (placement.as === 'new') {
        added.stored++;
        entries.push({
          id,
          seq: ++seq,
          shown: certificate,
          final: null,
          precertificate: null,
          subscriber: null,
          account: null,
          tags: [],
          revoked: null,
        });
      } else if (placement.as === 'known') added.known++;
      else added.unified++;
      const entry = entryOf(id);
      if (placement.as === 'new' || placement.as === 'final-of') entry.shown = certificate;
      if (placement.as !== 'new' && placement.as !== 'known') entry.seq = ++seq;
      entry[certificate.precertificate ? 'precertificate' : 'final'] = certificate.fingerprint;
      annotate(entry, certificate);
      if (placement.as === 'known') continue;
      index(certificate, id);
      if (certificate.der !== null) bytes.set(certificate.fingerprint, certificate.der);
      const here = (slots.get(identityOf(certificate)) ?? []).filter((slot) => slot.id !== id);
      const { final, precertificate } = entry;
      slots.set(identityOf(certificate), [...here, { id, final, precertificate, spkiHash: certificate.spkiHash }]);
    }
    return added;
  }

  function hits(query: Query): Map<number, Index[]> {
    const found = new Map<number, Index[]>();
    const note = (index: Index, ids: ReadonlySet<number>) => {
      for (const id of ids) found.set(id, [...(found.get(id) ?? []), index]);
    };
    switch (query.by) {
      case 'cert-id':
        note('cert-id', idsOf('cert-id', `${query.authorityKeyId}.${query.serial}`));
        break;
      case 'name':
        note('name', idsOf('name', nameKey(normalizeName(query.value))));
        break;
      case 'domain': {
        const name = normalizeName(query.value);
        note('name', idsOf('name', nameKey(name)));
        for (const key of wildcardKeys(name)) note('wildcard', idsOf('name', key));
        note('subdomain', idsOf('below', name.startsWith('*.') ? name.slice(2) : name));
        break;
      }
      default:
        note(query.by, idsOf(query.by, query.value));
    }
    return found;
  }

  function match(id: number, by: readonly Index[]): Match {
    return {
      certificate: factsOf(entryOf(id), time),
      by: [...new Set(by)].sort((a, b) => indexes.indexOf(a) - indexes.indexOf(b)),
    };
  }

  async function find(query: Query, options: { readonly limit?: number } = {}): Promise<Answer> {
    const limit = pageLimit(options.limit ?? 1_000);
    const found = [...hits(query)].sort(([a], [b]) => a - b);
    return {
      matches: found.slice(0, limit).map(([id, by]) => match(id, by)),
      more: found.length > limit,
      watermark: watermark(),
    };
  }

  function keyHits(hashes: readonly string[]): Map<number, Index[]> {
    assertHashes(hashes.length);
    const found = new Map<number, Index[]>();
    for (const hash of hashes) {
      for (const index of ['spki', 'spki-exact', 'key-material'] as const) {
        for (const id of idsOf(index, hash)) found.set(id, [...(found.get(id) ?? []), index]);
      }
    }
    return found;
  }

  /** `found` in the order of its positions. */
  function pageOf(found: readonly Placed[], after: string | null, limit: number): KeyPage {
    const from = after === null ? 0 : Number(after);
    const rest = found.filter(({ position }) => position > from).sort((a, b) => a.position - b.position);
    const page = rest.slice(0, limit);
    const last = page.length === 0 ? after : String(page.at(-1)!.position);
    return {
      matches: page.map(({ id, by }) => match(id, by)),
      next: rest.length > limit ? last : null,
      last,
      watermark: watermark(),
    };
  }

  return {
    add,
    find,
    findByKeys: async (hashes, page = {}) =>
      pageOf(
        [...keyHits(hashes)].map(([id, by]) => ({ id, by, position: id })),
        page.after ?? null,
        pageLimit(page.limit ?? 1_000),
      ),
    async findMany(by, values) {
      assertMany(values.length);
      const ids = new Set<number>();
      for (const value of values) {
        const found =
          by === 'name'
            ? [...idsOf('name', nameKey(normalizeName(value)))]
            : by === 'serial' || by === 'crtsh'
              ? [...idsOf(by, value)]
              : [...idsOf('fingerprint', value), ...idsOf('precertificate', value)];
        for (const id of found) ids.add(id);
      }
      return [...ids].map((id) => factsOf(entryOf(id), time));
    },
    async namesAmong(names) {
      assertMany(names.length);
      return new Set(names.filter((name) => idsOf('name', nameKey(normalizeName(name))).size > 0));
    },
    countByKeys: async (hashes) => keyHits(hashes).size,
    bytesOf: async (fingerprints) =>
      new Map(
        fingerprints.flatMap((fingerprint) => {
          const der = bytes.get(fingerprint);
          return der === undefined ? [] : [[fingerprint, der] as const];
        }),
      ),
    walk: async ({ after, limit }) =>
      pageOf(
        entries.map((entry) => ({ id: entry.id, by: [], position: entry.seq })),
        after,
        pageLimit(limit),
      ),
    async markStatus(marks: readonly StatusMark[]) {
      let changed = 0;
      for (const mark of marks) {
        const ids = [...idsOf('fingerprint', mark.fingerprint), ...idsOf('precertificate', mark.fingerprint)];
        for (const id of ids) {
          if (revoke(entryOf(id), mark.revoked)) changed++;
        }
      }
      return changed;
    },
    async learnCrtshIds(pairs) {
      for (const { id, fingerprint } of pairs) {
        for (const entry of idsOf('fingerprint', fingerprint)) put('crtsh', id, entry);
        for (const entry of idsOf('precertificate', fingerprint)) put('crtsh', id, entry);
      }
    },
    watermark: async () => watermark(),
    async stats(): Promise<Stats> {
      const now = time.now();
      return {
        certificates: entries.length,
        precertificates: entries.filter((entry) => entry.final === null).length,
        revoked: entries.filter((entry) => entry.revoked !== null).length,
        expired: entries.filter((entry) => isBefore(entry.shown.notAfter, now)).length,
        watermark: watermark(),
      };
    },
    progress: async (source) => sources.get(source) ?? null,
    async record(progress) {
      sources.set(progress.source, progress);
    },
  };
}

interface Placed {
  readonly id: number;
  readonly by: readonly Index[];
  readonly position: number;
}

const none: ReadonlySet<number> = new Set();

function domainsAbove(name: string): readonly string[] {
  if (name.includes('@')) {
    const domain = name.slice(name.lastIndexOf('@') + 1);
    return [domain, ...domainsAbove(domain)];
  }
  if (nameKey(name).startsWith('ip:')) return [];
  const labels = name.split('.');
  return labels.slice(1).map((_, i) => labels.slice(i + 1).join('.'));
}

function factsOf(entry: Entry, time: Time): InventoryCertificate {
  const { shown } = entry;
  return {
    fingerprint: shown.fingerprint,
    serial: shown.serial,
    issuerHash: shown.issuerHash,
    issuer: shown.issuer,
    names: shown.names,
    notBefore: shown.notBefore,
    notAfter: shown.notAfter,
    spkiHash: shown.spkiHash,
    precertificate: entry.final === null,
    profile: shown.profile,
    shortLived: shown.shortLived,
    subscriber: entry.subscriber,
    // RFC 5280: a certificate is valid through notAfter itself.
    status: entry.revoked !== null ? 'revoked' : isBefore(shown.notAfter, time.now()) ? 'expired' : 'good',
    crlUrls: shown.crlUrls,
    ocspUrls: shown.ocspUrls,
    authorityKeyId: shown.authorityKeyId,
    spkiExact: shown.spkiExact,
    keyMaterial: shown.keyMaterial,
    precertificateFingerprint: entry.precertificate,
    account: entry.account,
    tags: entry.tags,
    revoked: entry.revoked,
  };
}

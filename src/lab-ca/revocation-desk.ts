/**
 * The CA's side of a revocation: recorded first, then published. Both can be made to fail on purpose (`faults.ts`),
 * because "the API said 200" and "relying parties can see it" are two facts, and a desk must know the difference.
 */
import { hash } from 'node:crypto';
import type { Serial } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import { type CertId, isCertIdOf, ocspFailure, parseOcspRequest, signOcspResponse } from '../foundation/pki/ocsp.ts';
import { keyIdentifier } from '../foundation/pki/spki.ts';
import { type Duration, hours, type Instant, type Time } from '../foundation/time/time.ts';
import type { IssuerId, Signer } from './certificate.ts';
import { ActiveFault, type FaultComponent, type Fault as FaultSpec } from './faults.ts';
import { CrlList, type SignedCrl } from './publication.ts';
import { type CertificateEntry, keyOf, type LabCaStorage, type StoredRevocation } from './storage.ts';

export interface RevokeOrder {
  readonly serial: Serial;
  /** Needed only when two issuing CAs use the same serial. */
  readonly issuer?: IssuerId | undefined;
  /** RFC 5280 code; null for none. 0 counts as none. */
  readonly reason: number | null;
  readonly invalidityAt?: Instant | null;
}

export type RevokeOutcome =
  | {
      readonly outcome: 'done';
      readonly reason: number | null;
      readonly revokedAt: Instant;
      readonly upgraded: boolean;
    }
  | { readonly outcome: 'already'; readonly reason: number | null; readonly revokedAt: Instant }
  | { readonly outcome: 'refused'; readonly code: 'unknown-serial' | 'reason-not-allowed' };

/** Codes a subscriber certificate may carry: TLS BR 7.2.2. */
const reasonsAllowed = new Set([1, 3, 4, 5, 9]);
const keyCompromise = 1;

interface Held {
  readonly entry: CertificateEntry;
  /** As recorded. */
  revocation: StoredRevocation | null;
  /** As the world sees it: behind `revocation` while publication is broken. */
  published: StoredRevocation | null;
}

interface Options {
  readonly storage: LabCaStorage;
  readonly time: Time;
  readonly baseUrl: string;
  readonly shards?: number;
  readonly crlValidFor?: Duration;
  readonly crlRefreshAfter?: Duration;
  readonly ocspValidFor?: Duration;
}

export class RevocationDesk {
  readonly #options: Options;
  readonly #baseUrls: readonly string[];
  readonly #numbers: ReadonlyMap<string, bigint>;
  readonly #authorities = new Map<string, Signer>();
  readonly #issuerHashes = new Map<string, IssuerId>();
  readonly #held = new Map<string, Held>();
  /** Recorded, and kept from the world by a fault. */
  readonly #stuck = new Set<Held>();
  readonly #lists = new Map<string, CrlList>();
  #revocationFault: ActiveFault<RevokeOrder> | null = null;
  #publicationFault: ActiveFault<Held> | null = null;
  /** Writes one after the other, so that two orders for one serial cannot pass each other. */
  #writing: Promise<unknown> = Promise.resolve();

  static async open(options: Options, baseUrls: readonly string[]): Promise<RevocationDesk> {
    return new RevocationDesk(options, baseUrls, await options.storage.crlNumbers());
  }

  private constructor(options: Options, baseUrls: readonly string[], numbers: ReadonlyMap<string, bigint>) {
    this.#options = options;
    this.#baseUrls = baseUrls;
    this.#numbers = numbers;
  }

  /* ---- what is there ---- */

  addAuthority(id: 'root' | IssuerId, signer: Signer): void {
    if (this.#authorities.has(id)) return;
    this.#authorities.set(id, signer);
    if (id !== 'root') this.#issuerHashes.set(hash('sha256', signer.subjectDer, 'hex'), id);
    const shards = id === 'root' ? 1 : this.#shards;
    for (let shard = 0; shard < shards; shard++) {
      const path = id === 'root' ? '/crl/root.crl' : `/crl/${id}-${shard}.crl`;
      const list = new CrlList({
        path,
        issuer: id,
        signer,
        // The root's list is full and complete: TLS BR 7.2 does not recommend an IDP in it.
        urls: id === 'root' ? [] : this.#baseUrls.map((base) => `${base}${path}`),
        storage: this.#options.storage,
        numberLast: this.#numbers.get(path) ?? 0n,
        // TLS BR 4.9.7 and MRSP 6: issued at least every 4 days, nextUpdate at most 10 days ahead.
        validFor: this.#options.crlValidFor ?? hours(24 * 7),
        refreshAfter: this.#options.crlRefreshAfter ?? hours(24),
      });
      this.#lists.set(path, list);
    }
  }

  /** Takes a certificate into the index: at issuance, and for each stored one at start. A restart publishes all. */
  load(entry: CertificateEntry): void {
    const held: Held = { entry, revocation: entry.revocation, published: null };
    this.#held.set(keyOf(entry), held);
    if (held.revocation !== null) this.#show(held, held.revocation);
  }

  /** Which issuing CA has this name, by the SHA-256 of its DER. */
  issuerByHash(issuerHash: string): IssuerId | null {
    return this.#issuerHashes.get(issuerHash) ?? null;
  }

  has(issuer: IssuerId, serial: Serial): boolean {
    return this.#held.has(keyOf({ issuer, serial }));
  }

  get size(): number {
    return this.#held.size;
  }

  crlPath(issuer: IssuerId, serial: Serial): string {
    return `/crl/${issuer}-${Number.parseInt(serial.slice(-2), 16) % this.#shards}.crl`;
  }

  /** What the CA itself has on record; recorded is not published. Null for a serial it never issued. */
  async look(serial: Serial, issuer?: IssuerId): Promise<CertificateEntry | null> {
    await this.#settle();
    const held = this.#find({ serial, issuer });
    return held === null ? null : { ...held.entry, revocation: held.revocation };
  }

  /** Every certificate with this canonical key hash. */
  *withKey(spkiHash: string): Generator<CertificateEntry> {
    for (const held of this.#held.values()) {
      if (held.entry.spkiHash === spkiHash) yield { ...held.entry, revocation: held.revocation };
    }
  }

  /* ---- faults ---- */

  /** A second fault of the same component replaces the first. What was taken before is lost, as in life. */
  setFault(fault: FaultSpec): void {
    const now = this.#options.time.now();
    if (fault.component === 'revocation') this.#revocationFault = new ActiveFault(fault, now);
    else this.#publicationFault = new ActiveFault(fault, now);
  }

  async clearFault(component: FaultComponent): Promise<void> {
    await this.#settle();
    if (component === 'revocation') this.#revocationFault = null;
    else this.#publicationFault = null;
  }

  get faults(): readonly FaultSpec[] {
    return [this.#revocationFault?.fault, this.#publicationFault?.fault].filter((fault) => fault !== undefined);
  }

  /* ---- revoking ---- */

  /** Outcomes in the order of the orders. Durable on return. Throws Fault when the CA refuses to work at all. */
  async revoke(orders: readonly RevokeOrder[]): Promise<RevokeOutcome[]> {
    return this.#exclusively(async () => {
      await this.#settleNow();
      const fault = this.#revocationFault;
      if (fault?.mode === 'refuse') {
        throw new Fault('ca_refuses', 'The CA does not take revocations at the moment; try again later.');
      }
      if (fault !== null) {
        fault.enqueue(orders);
        const now = this.#options.time.now();
        const outcomes = orders.map((order) => this.#judge(order, now).outcome);
        await this.#record(fault.due(now));
        return outcomes;
      }
      return this.#record(orders);
    });
  }

  /** Puts everything recorded before the world. Throws Fault when publication refuses. */
  async publish(): Promise<readonly { readonly path: string; readonly number: bigint; readonly entries: number }[]> {
    await this.#exclusively(async () => {
      await this.#settleNow();
      if (this.#publicationFault?.mode === 'refuse') {
        throw new Fault('publication_refused', 'The CA cannot publish at the moment; try again later.');
      }
      if (this.#publicationFault !== null) return;
      const now = this.#options.time.now();
      await this.#publishHeld([...this.#stuck], now);
    });
    const out = [];
    for (const list of this.#lists.values()) {
      const { number, entries } = await this.#currentOf(list);
      out.push({ path: list.path, number, entries });
    }
    return out;
  }

  async #record(orders: readonly RevokeOrder[]): Promise<RevokeOutcome[]> {
    const now = this.#options.time.now().round({ smallestUnit: 'second', roundingMode: 'floor' });
    const outcomes: RevokeOutcome[] = [];
    const changed = new Map<Held, StoredRevocation>();
    const again: Held[] = [];
    for (const order of orders) {
      const judged = this.#judge(order, now, changed);
      outcomes.push(judged.outcome);
      if (judged.revocation !== null) changed.set(judged.held, judged.revocation);
      else if (judged.held?.revocation?.publishedAt === null) again.push(judged.held);
    }
    if (changed.size > 0) {
      // A CA that publishes properly shows a revocation at once; one that does not, keeps it to itself.
      const publishedAt = this.#publicationFault === null ? now : null;
      const records = [...changed].map(([held, revocation]) => ({
        held,
        // A raised reason goes through publication again: until then the world sees the old entry.
        revocation: { ...revocation, publishedAt },
      }));
      await this.#options.storage.saveRevocations(records.map((record) => record.revocation));
      for (const { held, revocation } of records) {
        held.revocation = revocation;
        if (publishedAt !== null) this.#show(held, revocation);
        else this.#stuck.add(held);
      }
      if (this.#publicationFault?.mode === 'slow') this.#publicationFault.enqueue(records.map((record) => record.held));
    }
    // Asking again for one that got stuck in a fault is how a desk gets it out.
    if (again.length > 0 && this.#publicationFault === null) await this.#publishHeld(again, now);
    await this.#settleNow();
    return outcomes;
  }

  #judge(
    order: RevokeOrder,
    now: Instant,
    changed?: ReadonlyMap<Held, StoredRevocation>,
  ):
    | { held: Held; revocation: StoredRevocation; outcome: RevokeOutcome }
    | { held: Held | null; revocation: null; outcome: RevokeOutcome } {
    const reason = order.reason === 0 ? null : order.reason;
    const held = this.#find(order);
    if (held === null) return { held, revocation: null, outcome: { outcome: 'refused', code: 'unknown-serial' } };
    if (reason !== null && !reasonsAllowed.has(reason)) {
      return { held, revocation: null, outcome: { outcome: 'refused', code: 'reason-not-allowed' } };
    }
    const before = changed?.get(held) ?? held.revocation;
    if (before === null) {
      const { issuer, serial } = held.entry;
      const invalidityAt = order.invalidityAt ?? null;
      return {
        held,
        revocation: { issuer, serial, revokedAt: now, reason, invalidityAt, publishedAt: null },
        outcome: { outcome: 'done', reason, revokedAt: now, upgraded: false },
      };
    }
    // TLS BR 7.2.2: evidence of compromise raises an earlier reason; nothing ever lowers one. The date stays.
    if (reason === keyCompromise && before.reason !== keyCompromise) {
      return {
        held,
        revocation: { ...before, reason, invalidityAt: order.invalidityAt ?? before.invalidityAt },
        outcome: { outcome: 'done', reason, revokedAt: before.revokedAt, upgraded: true },
      };
    }
    return {
      held,
      revocation: null,
      outcome: { outcome: 'already', reason: before.reason, revokedAt: before.revokedAt },
    };
  }

  async #publishHeld(helds: readonly Held[], now: Instant): Promise<void> {
    if (helds.length === 0) return;
    const published = helds.map((held) => ({ held, revocation: { ...held.revocation!, publishedAt: now } }));
    await this.#options.storage.saveRevocations(published.map((p) => p.revocation));
    for (const { held, revocation } of published) {
      held.revocation = revocation;
      this.#show(held, revocation);
    }
  }

  /* ---- reading ---- */

  /** Null for a path that is no CRL of this CA. Throws Fault when publication refuses. */
  async crl(path: string): Promise<SignedCrl | null> {
    const list = this.#lists.get(path);
    if (list === undefined) return null;
    if (this.#publicationFault?.mode === 'refuse') {
      throw new Fault('publication_refused', 'The CA cannot publish at the moment; try again later.');
    }
    await this.#settle();
    return this.#currentOf(list);
  }

  #currentOf(list: CrlList): Promise<SignedCrl> {
    const mode = this.#publicationFault?.mode;
    return list.current(this.#options.time.now(), mode === 'silent' || mode === 'refuse');
  }

  /** Answers one OCSP request; never throws for what a stranger sends. */
  async ocsp(request: Uint8Array): Promise<{ readonly body: Uint8Array; readonly until: Instant | null }> {
    const fail = (status: Parameters<typeof ocspFailure>[0]) => ({ body: ocspFailure(status), until: null });
    let parsed: ReturnType<typeof parseOcspRequest>;
    try {
      parsed = parseOcspRequest(request);
    } catch {
      return fail('malformedRequest');
    }
    if (this.#publicationFault?.mode === 'refuse') return fail('tryLater');
    await this.#settle();
    const issuer = this.#issuerOf(parsed.ids[0]!);
    // RFC 5019 section 2.2.3: a responder without a record answers unauthorized. TLS BR 4.9.9: never "good".
    if (issuer === null) return fail('unauthorized');
    const now = this.#options.time.now().round({ smallestUnit: 'second', roundingMode: 'floor' });
    const until = now.add(this.#options.ocspValidFor ?? hours(24 * 4));
    const singles = [];
    for (const id of parsed.ids) {
      const held =
        this.#issuerOf(id)?.id === issuer.id
          ? this.#held.get(keyOf({ issuer: issuer.id, serial: id.serial }))
          : undefined;
      if (held === undefined || held.entry.ocsp === 'unauthorized') return fail('unauthorized');
      const seen = held.published;
      const status =
        seen === null
          ? ({ status: 'good' } as const)
          : ({ status: 'revoked', revokedAt: seen.revokedAt, reason: seen.reason } as const);
      singles.push({ ...status, id, thisUpdate: now, nextUpdate: until });
    }
    const body = signOcspResponse(
      {
        singles,
        producedAt: now,
        nonce: parsed.nonce,
        responderKeyHash: keyIdentifier(issuer.signer.spki),
        certificates: [],
      },
      issuer.signer.key,
    );
    return { body, until };
  }

  #issuerOf(id: CertId): { id: IssuerId; signer: Signer } | null {
    for (const [name, signer] of this.#authorities) {
      if (name !== 'root' && isCertIdOf(id, signer)) return { id: name as IssuerId, signer };
    }
    return null;
  }

  /* ---- inside ---- */

  get #shards(): number {
    return this.#options.shards ?? 1;
  }

  #show(held: Held, revocation: StoredRevocation): void {
    held.published = revocation;
    this.#stuck.delete(held);
    this.#listOf(held.entry).put(revocation, held.entry.notAfter);
  }

  #listOf(entry: CertificateEntry): CrlList {
    const list = this.#lists.get(this.crlPath(entry.issuer, entry.serial));
    if (list === undefined) throw new Error('a certificate of an issuer without a list');
    return list;
  }

  #find(order: { readonly serial: Serial; readonly issuer?: IssuerId | undefined }): Held | null {
    if (order.issuer !== undefined)
      return this.#held.get(keyOf({ issuer: order.issuer, serial: order.serial })) ?? null;
    for (const id of this.#authorities.keys()) {
      if (id === 'root') continue;
      const held = this.#held.get(keyOf({ issuer: id as IssuerId, serial: order.serial }));
      if (held !== undefined) return held;
    }
    return null;
  }

  #settle(): Promise<void> {
    if (this.#revocationFault?.mode !== 'slow' && this.#publicationFault?.mode !== 'slow') return Promise.resolve();
    return this.#exclusively(() => this.#settleNow());
  }

  /** Lets out what slow queues owe by now. */
  async #settleNow(): Promise<void> {
    const now = this.#options.time.now();
    const orders = this.#revocationFault?.due(now) ?? [];
    if (orders.length > 0) await this.#record(orders);
    await this.#publishHeld(this.#publicationFault?.due(now) ?? [], now);
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#writing.then(work, work);
    this.#writing = next.catch(() => undefined);
    return next;
  }
}

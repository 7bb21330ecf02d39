/**
 * What the world can see: the CRLs. A list is signed again when somebody asks for it and something has changed or it
 * has grown old, so a thousand revocations in a row cost one signature, and a revocation is visible to the very next
 * reader. Numbers only ever grow, also over a restart.
 */
import { hash } from 'node:crypto';
import { encodeRevokedEntry, signCrl } from '../foundation/pki/crl.ts';
import { keyIdentifier } from '../foundation/pki/spki.ts';
import { type Duration, hasCome, type Instant } from '../foundation/time/time.ts';
import type { IssuerId, Signer } from './certificate.ts';
import { keyOf, type LabCaStorage, type StoredRevocation } from './storage.ts';

export interface SignedCrl {
  readonly der: Uint8Array;
  readonly sha256: string;
  readonly number: bigint;
  readonly thisUpdate: Instant;
  readonly nextUpdate: Instant;
  readonly entries: number;
}

interface ListEntry {
  readonly bytes: Uint8Array;
  /** Epoch milliseconds after which the entry may leave the list. */
  readonly keepUntil: number;
}

/**
 * TLS BR 7.2: an entry appears on at least one regular CRL beyond expiry. A week covers every refresh interval here.
 * CSBR: ten years for code signing.
 */
const keepAfterExpiry: Readonly<Record<IssuerId | 'root', number>> = {
  root: 7 * 86_400_000,
  tls: 7 * 86_400_000,
  smime: 7 * 86_400_000,
  'code-signing': 3653 * 86_400_000,
};

export class CrlList {
  readonly path: string;
  readonly #issuer: IssuerId | 'root';
  readonly #signer: Signer;
  readonly #urls: readonly string[];
  readonly #storage: LabCaStorage;
  readonly #validFor: Duration;
  readonly #refreshAfter: Duration;
  readonly #entries = new Map<string, ListEntry>();
  #number: bigint;
  #dirty = true;
  #current: SignedCrl | null = null;
  #signing: Promise<SignedCrl> | null = null;

  constructor(options: {
    readonly path: string;
    readonly issuer: IssuerId | 'root';
    readonly signer: Signer;
    readonly urls: readonly string[];
    readonly storage: LabCaStorage;
    readonly numberLast: bigint;
    readonly validFor: Duration;
    readonly refreshAfter: Duration;
  }) {
    this.path = options.path;
    this.#issuer = options.issuer;
    this.#signer = options.signer;
    this.#urls = options.urls;
    this.#storage = options.storage;
    this.#number = options.numberLast;
    this.#validFor = options.validFor;
    this.#refreshAfter = options.refreshAfter;
  }

  /** Puts a revocation on the list, or replaces it (a reason that was raised to keyCompromise). */
  put(revocation: StoredRevocation, notAfter: Instant): void {
    this.#entries.set(keyOf(revocation), {
      bytes: encodeRevokedEntry(revocation),
      keepUntil: notAfter.epochMilliseconds + keepAfterExpiry[this.#issuer],
    });
    this.#dirty = true;
  }

  /** The list as published now. `frozen` (a publication fault) serves what there is, however old. */
  async current(now: Instant, frozen: boolean): Promise<SignedCrl> {
    const current = this.#current;
    if (current !== null && (frozen || (!this.#dirty && !hasCome(current.thisUpdate.add(this.#refreshAfter), now)))) {
      return current;
    }
    this.#signing ??= this.#sign(now).finally(() => {
      this.#signing = null;
    });
    return this.#signing;
  }

  async #sign(now: Instant): Promise<SignedCrl> {
    const number = this.#number + 1n;
    this.#number = number;
    // Durable before use: after a crash a number may be skipped but never used twice.
    await this.#storage.saveCrlNumber(this.path, number);
    this.#dirty = false;
    const entries: Uint8Array[] = [];
    for (const [key, entry] of this.#entries) {
      if (entry.keepUntil < now.epochMilliseconds) this.#entries.delete(key);
      else entries.push(entry.bytes);
    }
    const thisUpdate = now.round({ smallestUnit: 'second', roundingMode: 'floor' });
    const nextUpdate = thisUpdate.add(this.#validFor);
    const der = signCrl(
      {
        issuerDer: this.#signer.subjectDer,
        aki: keyIdentifier(this.#signer.spki),
        number,
        thisUpdate,
        nextUpdate,
        urls: this.#urls,
        only: this.#issuer === 'root' ? 'ca' : 'user',
        entries,
      },
      this.#signer.key,
    );
    this.#current = {
      der,
      sha256: hash('sha256', der, 'hex'),
      number,
      thisUpdate,
      nextUpdate,
      entries: entries.length,
    };
    return this.#current;
  }
}

/**
 * What the lab CA needs to remember, so that a restart continues the same CA. The CA keeps an index in memory; this
 * port is its durable side. A call that has returned is durable.
 */
import type { Serial } from '../foundation/brand.ts';
import type { Instant } from '../foundation/time/time.ts';
import type { IssuerId } from './certificate.ts';

/** The root or one issuing CA. */
export interface StoredAuthority {
  readonly id: 'root' | IssuerId;
  readonly certificate: Uint8Array;
  /** PKCS#8 PEM, encrypted under the pass phrase the CA was opened with: never readable at rest. */
  readonly encryptedKey: string;
}

export interface StoredCertificate {
  readonly issuer: IssuerId;
  readonly serial: Serial;
  readonly der: Uint8Array;
  readonly notAfter: Instant;
  readonly spkiHash: string;
  readonly ocsp: 'answered' | 'unauthorized';
  readonly crlUrl: string | null;
  readonly subscriber: string | null;
}

export interface StoredRevocation {
  readonly issuer: IssuerId;
  readonly serial: Serial;
  readonly revokedAt: Instant;
  /** RFC 5280 code; null for "unspecified", which is never encoded. */
  readonly reason: number | null;
  readonly invalidityAt: Instant | null;
  readonly publishedAt: Instant | null;
}

/** What is kept of each certificate in memory: everything but its bytes. */
export type CertificateEntry = Omit<StoredCertificate, 'der'> & { readonly revocation: StoredRevocation | null };

/** One object of the ACME server, as JSON. */
export interface StoredDocument {
  readonly kind: 'account' | 'authorization' | 'order';
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface LabCaStorage {
  authorities(): Promise<readonly StoredAuthority[]>;
  saveAuthority(authority: StoredAuthority): Promise<void>;
  /** Addresses under which this CA has ever published; a CRL names them all. */
  baseUrls(): Promise<readonly string[]>;
  addBaseUrl(url: string): Promise<void>;
  addCertificates(certificates: readonly StoredCertificate[]): Promise<void>;
  certificate(issuer: IssuerId, serial: Serial): Promise<Uint8Array | null>;
  /** Inserts or replaces. */
  saveRevocations(revocations: readonly StoredRevocation[]): Promise<void>;
  entries(): AsyncIterable<CertificateEntry>;
  /** The last number used by each CRL, by its path. */
  crlNumbers(): Promise<ReadonlyMap<string, bigint>>;
  saveCrlNumber(path: string, number: bigint): Promise<void>;
  /** Inserts or replaces. */
  saveDocuments(documents: readonly StoredDocument[]): Promise<void>;
  /** All of them; accounts before what belongs to them. */
  documents(): AsyncIterable<StoredDocument>;
}

/** For tests, replays and a CA that may forget: everything in this process. */
export class MemoryStorage implements LabCaStorage {
  readonly #authorities = new Map<string, StoredAuthority>();
  readonly #baseUrls = new Set<string>();
  readonly #certificates = new Map<string, StoredCertificate>();
  readonly #revocations = new Map<string, StoredRevocation>();
  readonly #numbers = new Map<string, bigint>();
  readonly #documents = new Map<string, StoredDocument>();

  async authorities(): Promise<readonly StoredAuthority[]> {
    return [...this.#authorities.values()];
  }
  async saveAuthority(authority: StoredAuthority): Promise<void> {
    this.#authorities.set(authority.id, authority);
  }
  async baseUrls(): Promise<readonly string[]> {
    return [...this.#baseUrls];
  }
  async addBaseUrl(url: string): Promise<void> {
    this.#baseUrls.add(url);
  }
  async addCertificates(certificates: readonly StoredCertificate[]): Promise<void> {
    for (const certificate of certificates) this.#certificates.set(keyOf(certificate), certificate);
  }
  async certificate(issuer: IssuerId, serial: Serial): Promise<Uint8Array | null> {
    return this.#certificates.get(keyOf({ issuer, serial }))?.der ?? null;
  }
  async saveRevocations(revocations: readonly StoredRevocation[]): Promise<void> {
    for (const revocation of revocations) this.#revocations.set(keyOf(revocation), revocation);
  }
  async *entries(): AsyncIterable<CertificateEntry> {
    for (const { der: _, ...entry } of this.#certificates.values()) {
      yield { ...entry, revocation: this.#revocations.get(keyOf(entry)) ?? null };
    }
  }
  async crlNumbers(): Promise<ReadonlyMap<string, bigint>> {
    return this.#numbers;
  }
  async saveCrlNumber(path: string, number: bigint): Promise<void> {
    this.#numbers.set(path, number);
  }
  async saveDocuments(documents: readonly StoredDocument[]): Promise<void> {
    for (const document of documents) this.#documents.set(`${document.kind}/${document.id}`, document);
  }
  async *documents(): AsyncIterable<StoredDocument> {
    for (const kind of ['account', 'authorization', 'order']) {
      for (const document of this.#documents.values()) if (document.kind === kind) yield document;
    }
  }
}

export function keyOf(certificate: { readonly issuer: IssuerId; readonly serial: Serial }): string {
  return `${certificate.issuer}/${certificate.serial}`;
}

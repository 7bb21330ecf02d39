/**
 * Fetches each CRL once per pass and parses each version once: the day 83,267 certificates are asked about, they are
 * all on the same list. Between passes an ETag saves the transfer; a version that changed is read anew.
 */
import { hash } from 'node:crypto';
import { type Crl, crlProblem, isCrlSignedBy, parseCrl, type RevokedEntry } from '../../foundation/pki/crl.ts';
import type { Certificate } from '../../foundation/pki/x509.ts';
import type { Instant } from '../../foundation/time/time.ts';
import { type Answer, type Fetch, fetchBounded } from './fetching.ts';
import type { SeenNumbers, StatusEvidence } from './probe.ts';

/** 8 GB is the theoretical worst case of the largest CA, 70 MB its largest real shard. */
export const crlBytesMax = 128 * 1024 * 1024;
const crlWithinMs = 30_000;
/** Lists kept between passes. */
const keptBytesMax = 256 * 1024 * 1024;

interface Kept {
  readonly etag: string | null;
  readonly sha256: string;
  readonly crl: Crl;
  /** SHA-256 of the issuer keys under which the signature was checked, and whether it verified. */
  readonly signatures: Map<string, boolean>;
}

interface Fetched {
  readonly answer: Answer;
  readonly kept: Kept | null;
  readonly problem: string | null;
}

export interface CrlReading {
  readonly entry: RevokedEntry | null;
  readonly evidence: StatusEvidence;
}

export class CrlReader {
  readonly #fetch: Fetch;
  readonly #numbers: SeenNumbers;
  readonly #kept = new Map<string, Kept>();

  constructor(fetch: Fetch, numbers: SeenNumbers) {
    this.#fetch = fetch;
    this.#numbers = numbers;
  }

  /** One pass: within it every URL is fetched at most once. */
  pass(): CrlPass {
    const fetched = new Map<string, Promise<Fetched>>();
    return {
      read: async (url, about, now) => {
        let one = fetched.get(url);
        if (one === undefined) {
          one = this.#get(url);
          fetched.set(url, one);
        }
        return this.#judge(url, await one, about, now);
      },
    };
  }

  async #get(url: string): Promise<Fetched> {
    const before = this.#kept.get(url);
    const answer = await fetchBounded(
      this.#fetch,
      url,
      { bytesMax: crlBytesMax, withinMs: crlWithinMs },
      before?.etag ? { headers: { 'if-none-match': before.etag } } : {},
    );
    if (answer.problem !== null) return { answer, kept: null, problem: answer.problem };
    if (answer.body === null) {
      return before === undefined
        ? { answer, kept: null, problem: 'http-304' }
        : { answer, kept: before, problem: null };
    }
    if (before?.sha256 === answer.sha256) return { answer, kept: before!, problem: null };
    try {
      const kept = { etag: answer.etag, sha256: answer.sha256!, crl: parseCrl(answer.body), signatures: new Map() };
      this.#keep(url, kept);
      return { answer, kept, problem: null };
    } catch {
      return { answer, kept: null, problem: 'crl-malformed' };
    }
  }

  #keep(url: string, kept: Kept): void {
    this.#kept.delete(url);
    this.#kept.set(url, kept);
    let bytes = 0;
    for (const [oldest, { crl }] of [...this.#kept].reverse()) {
      bytes += crl.der.length;
      if (bytes > keptBytesMax && oldest !== url) this.#kept.delete(oldest);
    }
  }

  #judge(
    url: string,
    fetched: Fetched,
    about: {
      readonly serial: RevokedEntry['serial'];
      readonly issuer: Certificate;
      readonly crlUrls: readonly string[];
      readonly isCa: boolean;
    },
    now: Instant,
  ): CrlReading {
    const { answer, kept } = fetched;
    let problem = fetched.problem;
    let entry: RevokedEntry | null = null;
    if (kept !== null) {
      const issuerKey = hash('sha256', about.issuer.spki, 'hex');
      const key = `${issuerKey} ${url}`;
      let signedByIssuer = kept.signatures.get(issuerKey);
      if (signedByIssuer === undefined) {
        signedByIssuer = isCrlSignedBy(kept.crl, about.issuer);
        kept.signatures.set(issuerKey, signedByIssuer);
      }
      problem = signedByIssuer
        ? crlProblem(kept.crl, { ...about, now, numberLast: this.#numbers.get(key), signatureChecked: true })
        : 'crl-bad-signature';
      if (problem === null) {
        this.#numbers.set(key, kept.crl.number!);
        try {
          entry = kept.crl.find(about.serial);
        } catch {
          problem = 'crl-malformed';
        }
      }
    }
    const crl = kept?.crl ?? null;
    return {
      entry,
      evidence: {
        kind: 'crl',
        method: 'GET',
        url,
        httpStatus: answer.httpStatus,
        sha256: kept?.sha256 ?? answer.sha256,
        bytes: crl?.der.length ?? answer.body?.length ?? 0,
        age: answer.age,
        date: answer.date,
        thisUpdate: crl?.thisUpdate ?? null,
        nextUpdate: crl?.nextUpdate ?? null,
        crlNumber: crl?.number?.toString() ?? null,
        // removeFromCRL (8) belongs in delta CRLs only; in a full list it is nonsense, not a revocation.
        status: problem !== null ? 'unknown' : entry === null || entry.reason === 8 ? 'good' : 'revoked',
        problem,
      },
    };
  }
}

export interface CrlPass {
  read(
    url: string,
    about: {
      readonly serial: RevokedEntry['serial'];
      readonly issuer: Certificate;
      readonly crlUrls: readonly string[];
      readonly isCa: boolean;
    },
    now: Instant,
  ): Promise<CrlReading>;
}

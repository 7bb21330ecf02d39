/** Asks OCSP responders, one certificate by GET and POST, or many in one request where the responder takes that. */
import { randomBytes } from 'node:crypto';
import type { Serial } from '../../foundation/brand.ts';
import {
  makeCertId,
  makeOcspRequest,
  makeOcspRequestFor,
  type OcspResponse,
  type OcspSingle,
  ocspBytesMax,
  parseOcspResponse,
  readOcspAnswer,
  verifyOcspSigner,
} from '../../foundation/pki/ocsp.ts';
import type { Certificate } from '../../foundation/pki/x509.ts';
import type { Instant } from '../../foundation/time/time.ts';
import { type Answer, type Fetch, fetchBounded } from './fetching.ts';
import type { StatusEvidence } from './probe.ts';

/** TLS BR 4.10.2 asks responders for 10 s under normal load. */
const ocspWithinMs = 15_000;
/** RFC 9654: 32 octets. */
const nonceBytes = 32;
/** Certificates in one bulk request. A profile-5019 responder refuses and is then asked one by one. */
export const ocspBatchSize = 64;

export interface OcspReading {
  readonly single: OcspSingle | null;
  readonly evidence: StatusEvidence;
}

export interface OcspQuestion {
  readonly serial: Serial;
  readonly issuer: Certificate;
}

export class OcspAsker {
  readonly #fetch: Fetch;
  /** Responders that answered a bulk request with a refusal. */
  readonly #singleOnly = new Set<string>();

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** RFC 6960 appendix A.1. What caches answer. */
  async get(url: string, question: OcspQuestion, now: Instant): Promise<OcspReading> {
    const request = makeOcspRequest(makeCertId(question.issuer, question.serial));
    const path = encodeURIComponent(Buffer.from(request).toString('base64'));
    const answer = await this.#ask(`${url.replace(/\/$/, '')}/${path}`, {});
    return this.#read(url, 'GET', answer, question, null, now);
  }

  /** With a nonce, past every cache. A responder that ignores nonces is believed; one that answers another is not. */
  async post(url: string, question: OcspQuestion, now: Instant): Promise<OcspReading> {
    const nonce = new Uint8Array(randomBytes(nonceBytes));
    const request = makeOcspRequest(makeCertId(question.issuer, question.serial), nonce);
    return this.#read(url, 'POST', await this.#ask(url, postOf(request)), question, nonce, now);
  }

  /**
   * Readings in the order of the questions, which share one issuer. A bulk request that is refused is halved until
   * the certificate that the responder does not answer for stands alone: it must not hide the others.
   */
  async many(url: string, questions: readonly OcspQuestion[], now: Instant): Promise<OcspReading[]> {
    if (questions.length > 1 && !this.#singleOnly.has(url)) {
      const readings = await this.#bulk(url, questions, now);
      if (readings !== null) return readings;
      const half = questions.length >> 1;
      const halves = [
        ...(await this.many(url, questions.slice(0, half), now)),
        ...(await this.many(url, questions.slice(half), now)),
      ];
      // Two that are answered one by one but not together: a responder of the RFC 5019 kind.
      if (questions.length === 2 && halves.every((reading) => reading.single !== null)) this.#singleOnly.add(url);
      return halves;
    }
    const readings: OcspReading[] = [];
    for (const question of questions) readings.push(await this.get(url, question, now));
    return readings;
  }

  /** Null when the responder refuses the request as a whole. */
  async #bulk(url: string, questions: readonly OcspQuestion[], now: Instant): Promise<OcspReading[] | null> {
    const issuer = questions[0]!.issuer;
    const request = makeOcspRequestFor(questions.map((question) => makeCertId(issuer, question.serial)));
    const answer = await this.#ask(url, postOf(request));
    if (answer.httpStatus === null || answer.httpStatus >= 500) {
      return questions.map(() =>
        readingOf(url, 'POST', answer, { ok: false, problem: answer.problem ?? 'unreachable' }),
      );
    }
    const response = parsed(answer);
    if (response?.status !== 'successful') return null;
    // One signature covers all of them; what is left per certificate is its identity and its dates.
    const signer = verifyOcspSigner(response, issuer, now);
    return questions.map((question) => {
      const read =
        signer === null
          ? readOcspAnswer(response, { ...question, now, nonce: null, signatureVerified: true })
          : ({ ok: false, problem: signer } as const);
      return readingOf(url, 'POST', answer, read);
    });
  }

  #ask(url: string, init: RequestInit): Promise<Answer> {
    return fetchBounded(this.#fetch, url, { bytesMax: ocspBytesMax, withinMs: ocspWithinMs }, init);
  }

  #read(
    url: string,
    method: 'GET' | 'POST',
    answer: Answer,
    question: OcspQuestion,
    nonce: Uint8Array | null,
    now: Instant,
  ): OcspReading {
    if (answer.problem !== null || answer.body === null) {
      return readingOf(url, method, answer, { ok: false, problem: answer.problem ?? 'ocsp-malformed' });
    }
    const response = parsed(answer);
    return readingOf(
      url,
      method,
      answer,
      response === null
        ? { ok: false, problem: 'ocsp-malformed' }
        : readOcspAnswer(response, { ...question, now, nonce }),
    );
  }
}

function postOf(request: Uint8Array): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' },
    body: request as Uint8Array<ArrayBuffer>,
  };
}

function parsed(answer: Answer): OcspResponse | null {
  if (answer.problem !== null || answer.body === null) return null;
  try {
    return parseOcspResponse(answer.body);
  } catch {
    return null;
  }
}

function readingOf(
  url: string,
  method: 'GET' | 'POST',
  answer: Answer,
  read: { readonly ok: true; readonly single: OcspSingle } | { readonly ok: false; readonly problem: string },
): OcspReading {
  const single = read.ok ? read.single : null;
  return {
    single,
    evidence: {
      kind: 'ocsp',
      method,
      url,
      httpStatus: answer.httpStatus,
      sha256: answer.sha256,
      bytes: answer.body?.length ?? 0,
      age: answer.age,
      date: answer.date,
      thisUpdate: single?.thisUpdate ?? null,
      nextUpdate: single?.nextUpdate ?? null,
      crlNumber: null,
      status: single?.status ?? 'unknown',
      problem: read.ok ? null : read.problem,
    },
  };
}

/** The probe that reads CRL and OCSP over HTTP. See `probe.ts` for what it promises. */
import { crlReasonName } from '../../foundation/pki/reasons.ts';
import { type Certificate, parseCertificate } from '../../foundation/pki/x509.ts';
import type { Time } from '../../foundation/time/time.ts';
import { type CrlPass, CrlReader, type CrlReading } from './crl-reader.ts';
import type { Fetch } from './fetching.ts';
import { OcspAsker, type OcspReading, ocspBatchSize } from './ocsp-asker.ts';
import type {
  SeenNumbers,
  SeenStatus,
  StatusEvidence,
  StatusObservation,
  StatusProbe,
  StatusSubject,
} from './probe.ts';

/** OCSP requests under way at one time. */
const ocspParallel = 16;
const urlsMax = 8;

export function httpProbe(options: {
  readonly time: Time;
  readonly fetch?: Fetch;
  /** Where the newest CRL numbers are kept; in this process when left out. */
  readonly numbers?: SeenNumbers;
}): StatusProbe {
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  const crls = new CrlReader(fetch, options.numbers ?? numbersInMemory());
  const ocsp = new OcspAsker(fetch);
  const issuers = new IssuerCache();

  return {
    async look(subject) {
      const issuer = issuers.of(subject.issuer);
      if (issuer === null) return unreadableIssuer(subject, options.time);
      const now = options.time.now();
      const readings: OcspReading[] = [];
      for (const url of subject.ocspUrls.slice(0, urlsMax)) {
        readings.push(await ocsp.get(url, { serial: subject.serial, issuer }, now));
        readings.push(await ocsp.post(url, { serial: subject.serial, issuer }, now));
      }
      return observe(subject, now, await readCrls(crls.pass(), subject, issuer, now), readings);
    },

    async lookMany(subjects) {
      const now = options.time.now();
      const pass = crls.pass();
      const answers = await askInBatches(ocsp, subjects, issuers, now);
      const out: StatusObservation[] = [];
      for (const [index, subject] of subjects.entries()) {
        const issuer = issuers.of(subject.issuer);
        out.push(
          issuer === null
            ? unreadableIssuer(subject, options.time)
            : observe(subject, now, await readCrls(pass, subject, issuer, now), answers.get(index) ?? []),
        );
      }
      return out;
    },
  };
}

export function numbersInMemory(): SeenNumbers {
  const numbers = new Map<string, bigint>();
  return { get: (key) => numbers.get(key) ?? null, set: (key, number) => void numbers.set(key, number) };
}

async function readCrls(
  pass: CrlPass,
  subject: StatusSubject,
  issuer: Certificate,
  now: Temporal.Instant,
): Promise<CrlReading[]> {
  const about = { serial: subject.serial, issuer, crlUrls: subject.crlUrls, isCa: subject.isCa ?? false };
  const readings: CrlReading[] = [];
  for (const url of subject.crlUrls.slice(0, urlsMax)) readings.push(await pass.read(url, about, now));
  return readings;
}

/** Groups by responder and issuer, asks in batches, at most `ocspParallel` at a time. */
async function askInBatches(
  ocsp: OcspAsker,
  subjects: readonly StatusSubject[],
  issuers: IssuerCache,
  now: Temporal.Instant,
): Promise<Map<number, OcspReading[]>> {
  const groups = new Map<string, { url: string; issuer: Certificate; indexes: number[] }>();
  for (const [index, subject] of subjects.entries()) {
    const issuer = issuers.of(subject.issuer);
    if (issuer === null) continue;
    for (const url of subject.ocspUrls.slice(0, urlsMax)) {
      const key = `${issuer.fingerprint} ${url}`;
      const group = groups.get(key) ?? { url, issuer, indexes: [] };
      group.indexes.push(index);
      groups.set(key, group);
    }
  }
  const jobs: { url: string; issuer: Certificate; indexes: number[] }[] = [];
  for (const { url, issuer, indexes } of groups.values()) {
    for (let from = 0; from < indexes.length; from += ocspBatchSize) {
      jobs.push({ url, issuer, indexes: indexes.slice(from, from + ocspBatchSize) });
    }
  }
  const answers = new Map<number, OcspReading[]>();
  const work = async () => {
    for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
      const { url, issuer, indexes } = job;
      const questions = indexes.map((index) => ({ serial: subjects[index]!.serial, issuer }));
      const readings = await ocsp.many(url, questions, now);
      for (const [i, index] of indexes.entries()) answers.set(index, [...(answers.get(index) ?? []), readings[i]!]);
    }
  };
  await Promise.all(Array.from({ length: ocspParallel }, work));
  return answers;
}

function observe(
  subject: StatusSubject,
  at: Temporal.Instant,
  crls: readonly CrlReading[],
  answers: readonly OcspReading[],
): StatusObservation {
  const evidence = [...crls.map((reading) => reading.evidence), ...answers.map((reading) => reading.evidence)];
  const crl = agree(crls.map((reading) => reading.evidence));
  const ocsp = agree(answers.map((reading) => reading.evidence));
  const entry = crls.find((reading) => reading.evidence.status === 'revoked')?.entry ?? null;
  const single = answers.map((reading) => reading.single).find((one) => one?.status === 'revoked');
  const crlNamed = subject.crlUrls.length > 0;
  const ocspNamed = subject.ocspUrls.length > 0;
  return {
    serial: subject.serial,
    at,
    crl,
    crlReason: crl === 'revoked' ? crlReasonName(entry?.reason ?? null) : null,
    crlNumber: crls.find((reading) => reading.evidence.problem === null)?.evidence.crlNumber ?? null,
    ocsp,
    ocspReason: ocsp === 'revoked' && single?.status === 'revoked' ? crlReasonName(single.reason) : null,
    crlNamed,
    ocspNamed,
    revokedAt: entry?.revokedAt ?? (single?.status === 'revoked' ? single.revokedAt : null),
    published: (crlNamed || ocspNamed) && (!crlNamed || crl === 'revoked') && (!ocspNamed || ocsp === 'revoked'),
    problem: evidence.find((one) => one.problem !== null)?.problem ?? null,
    evidence,
  };
}

/**
 * Relying parties ask only one of several sources, so one "good" is a gap. A source that gives no answer at all (a dead
 * mirror, a responder that takes only GET) hides nothing when another answers; one that answers wrongly does.
 */
function agree(evidence: readonly StatusEvidence[]): SeenStatus {
  if (evidence.some((one) => one.status === 'good')) return 'good';
  const revoked = evidence.some((one) => one.status === 'revoked');
  const isSilent = (one: StatusEvidence) => /^(unreachable|timeout|not-http|http-\d+)$/.test(one.problem ?? '');
  return revoked && evidence.every((one) => one.status === 'revoked' || isSilent(one)) ? 'revoked' : 'unknown';
}

function unreadableIssuer(subject: StatusSubject, time: Time): StatusObservation {
  const observation = observe(subject, time.now(), [], []);
  return { ...observation, published: false, problem: 'issuer-unreadable' };
}

/** Issuing CA certificates are few and asked for often; bounded in case somebody sends many. */
class IssuerCache {
  readonly #parsed = new Map<string, Certificate | null>();
  readonly #sameBytes = new WeakMap<Uint8Array, Certificate>();

  of(der: Uint8Array): Certificate | null {
    const seen = this.#sameBytes.get(der);
    if (seen !== undefined) return seen;
    const key = Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1');
    let certificate = this.#parsed.get(key);
    if (certificate === undefined) {
      try {
        certificate = parseCertificate(der);
      } catch {
        certificate = null;
      }
      if (this.#parsed.size >= 1000) this.#parsed.clear();
      this.#parsed.set(key, certificate);
    }
    if (certificate !== null) this.#sameBytes.set(der, certificate);
    return certificate;
  }
}

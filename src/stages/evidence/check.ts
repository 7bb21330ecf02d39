/** `evidence check`: what each file shows about keys, without a report. Used by the command line; keeps nothing. */
import type { CertificateStatus, Finding, Verdict } from '../../desk/facts.ts';
import type { Fingerprint } from '../../foundation/brand.ts';
import { DerError } from '../../foundation/pki/der.ts';
import { parseCertificate } from '../../foundation/pki/x509.ts';
import type { Instant } from '../../foundation/time/time.ts';
import { hasCome } from '../../foundation/time/time.ts';
import { extractFromBytes } from './extract/extract.ts';
import { evidencePolicy } from './policy.ts';
import { inventoryOf } from './prove/context.ts';
import type { Judged } from './prove/judge.ts';
import { openReport } from './room/read.ts';
import { type CertificateBytes, groupByKey } from './room/room.ts';
import type { KeyList } from './weak/lists.ts';
import { checkSharedPrimes } from './weak/shared-primes.ts';

export interface CheckMatch {
  readonly sha256: Fingerprint;
  readonly serial: string;
  readonly status: CertificateStatus;
}

/** One line of `evidence check`. */
export interface CheckLine {
  readonly file: string;
  readonly form: string | null;
  readonly verdict: Verdict | null;
  readonly spkiSha256: string | null;
  readonly keyType: string | null;
  readonly bits: number | null;
  readonly findings: readonly Finding[];
  readonly matches: readonly CheckMatch[];
  readonly because: string;
}

export interface CheckInventory {
  readonly certificates: readonly CertificateBytes[];
  readonly facts: ReadonlyMap<Fingerprint, CheckMatch>;
}

/** Certificates in a file of any encoding; a status is `good` or `expired`, since nothing here knows of revocation. */
export function certificatesIn(bytes: Uint8Array, now: Instant): { bytes: CertificateBytes; match: CheckMatch }[] {
  return extractFromBytes(bytes).flatMap((found) => {
    if (found.kind !== 'certificate') return [];
    try {
      const certificate = parseCertificate(found.der);
      const status: CertificateStatus = hasCome(certificate.notAfter, now) ? 'expired' : 'good';
      return [
        {
          bytes: { fingerprint: certificate.fingerprint, der: found.der },
          match: { sha256: certificate.fingerprint, serial: certificate.serial, status },
        },
      ];
    } catch (cause) {
      if (cause instanceof DerError) return [];
      throw cause;
    }
  });
}

export interface CheckOptions {
  readonly inventory: CheckInventory;
  readonly lists: readonly KeyList[];
  readonly passphrases: readonly string[];
  readonly now: Instant;
}

/** Lines for all files of one call, in order; the keys of the call are compared with each other for shared primes. */
export async function checkFiles(
  files: AsyncIterable<{ readonly file: string; readonly bytes: Uint8Array }>,
  options: CheckOptions,
): Promise<CheckLine[]> {
  const keys = groupByKey(options.inventory.certificates);
  const judged: { file: string; item: Judged | null; problem: string }[] = [];
  for await (const { file, bytes } of files) {
    const report = await openReport(
      {
        bytes,
        identity: null,
        kind: looksLikeMail(bytes) ? 'message' : 'file',
        name: file,
        reportId: 'evidence check',
        receivedAt: options.now.toString(),
        passphrases: options.passphrases,
        challenges: [],
        careful: false,
      },
      { lists: options.lists, claimed: false, sharedPrimes: false },
    );
    const reading = await report.judge({ keys, enrolledCsrs: [] });
    const problem = reading.problems.join('; ');
    if (reading.evidence.length === 0) judged.push({ file, item: null, problem });
    for (const item of reading.evidence) judged.push({ file, item, problem });
  }
  const items = judged.flatMap(({ item }) => (item === null ? [] : [item]));
  const compared = checkSharedPrimes(items, {
    reportId: 'evidence check',
    receivedAt: options.now.toString(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    inventory: inventoryOf(keys),
    policy: evidencePolicy,
    lists: options.lists,
    challenges: [],
    enrolledCsrs: new Set(),
    claimed: false,
  });
  let next = 0;
  return judged.map(({ file, item, problem }): CheckLine => {
    if (item === null) {
      return {
        file,
        form: null,
        verdict: null,
        spkiSha256: null,
        keyType: null,
        bits: null,
        findings: [],
        matches: [],
        because: problem === '' ? 'Nothing key-like in this file.' : `Nothing key-like in this file (${problem}).`,
      };
    }
    const { form, verdict, spkiSha256, keyType, bits, findings, matches, because, source } = compared[next++] as Judged;
    return {
      file,
      form,
      verdict,
      spkiSha256,
      keyType,
      bits,
      findings,
      matches: matches.flatMap((fingerprint) => options.inventory.facts.get(fingerprint) ?? []),
      because: source === file ? because : `${because} Found in ${source}.`,
    };
  });
}

/** A mail message begins with header lines, at least two of which only mail has. */
function looksLikeMail(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16_384)).toString('latin1');
  if (!/^(?:From |[A-Za-z][A-Za-z0-9-]{0,60}:[ \t])/.test(head)) return false;
  const names = head.match(
    /^(?:received|from|to|subject|date|message-id|mime-version|content-type|return-path|delivered-to):/gim,
  );
  return new Set(names?.map((name) => name.toLowerCase())).size >= 2;
}

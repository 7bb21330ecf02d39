/** A lab CA on virtual time, reached by `fetch` without a socket: what tests of probes and connectors stand on. */
import { generateKeyPairSync } from 'node:crypto';
import type { Serial } from '../../src/foundation/brand.ts';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import { at } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import { spkiOfKey } from '../../src/lab-ca/certificate.ts';
import { type IssueOrder, labCaApp, MemoryStorage, openLabCa } from '../../src/lab-ca/index.ts';

export const labUrl = 'http://ca.test';
export const labToken = 'lab-token';

export const someSpki = spkiOfKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);

export async function aLab(options: { shards?: number; start?: string; baseUrl?: string } = {}) {
  const time = new VirtualTime(at(options.start ?? '2024-08-31T18:00:00Z'));
  const ca = await openLabCa({
    storage: new MemoryStorage(),
    time,
    baseUrl: options.baseUrl ?? labUrl,
    keyPassphrase: 'test',
    token: labToken,
    ...(options.shards === undefined ? {} : { shards: options.shards }),
  });
  const app = labCaApp(ca);
  const fetch = async (url: string, init?: RequestInit) => app.fetch(new Request(url, init));
  const issue = async (order: Partial<IssueOrder> = {}) => {
    const issued = await ca.issue({ spki: someSpki, names: ['shop.example'], ...order });
    return subjectOf(issued.der);
  };
  const subjectOf = (der: Uint8Array) => {
    const certificate = parseCertificate(der);
    return {
      der,
      certificate,
      serial: certificate.serial,
      issuer: ca.issuerCertificate('tls')!,
      crlUrls: certificate.crlUrls,
      ocspUrls: certificate.ocspUrls,
    };
  };
  const revoke = (serial: Serial, reason: number | null = 1) => ca.revocations.revoke([{ serial, reason }]);
  return { time, ca, fetch, issue, revoke, subjectOf };
}

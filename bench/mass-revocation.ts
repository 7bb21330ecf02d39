/**
 * The size of 2024-07: 83,267 certificates issued by the lab CA, revoked through its connector over HTTP, and seen
 * revoked by the probes in CRL and OCSP. Beside it the bare loop: the same calls without connector.
 */
import { generateKeyPairSync } from 'node:crypto';
import { parseCertificate } from '../src/foundation/pki/x509.ts';
import { SystemTime } from '../src/foundation/time/system-time.ts';
import { spkiOfKey } from '../src/lab-ca/certificate.ts';
import { labCaApp, listen, MemoryStorage, openLabCa } from '../src/lab-ca/index.ts';
import { labConnector } from '../src/stages/revocation/connectors/lab.ts';
import { networkTransport } from '../src/stages/revocation/transport.ts';
import { httpProbe } from '../src/stages/status/http-probe.ts';

const batch = 5000;

export async function massRevocationBench(options: { readonly certificates?: number } = {}) {
  const certificates = options.certificates ?? 83_267;
  const time = new SystemTime();
  let handler: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 503 });
  const server = await listen((request) => handler(request), { port: 0 });
  const url = `http://127.0.0.1:${server.port}`;
  const ca = await openLabCa({
    storage: new MemoryStorage(),
    time,
    baseUrl: url,
    keyPassphrase: 'bench',
    token: 'bench',
  });
  handler = labCaApp(ca).fetch;
  process.env.RESCIND_BENCH_TOKEN = 'bench';
  const connector = await labConnector.open({ url, token: { env: 'RESCIND_BENCH_TOKEN' } }, { time });
  try {
    const spki = spkiOfKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    const names = Array.from({ length: certificates * 2 }, (_, n) => ({ spki, names: [`n${n}.bench.example`] }));
    const issuing = performance.now();
    const issued = await ca.issueMany(names);
    const issuedMs = performance.now() - issuing;
    const subjects = issued.map(({ der }) => {
      const { serial, issuerHash, crlUrls, ocspUrls } = parseCertificate(der);
      return { serial, issuerHash, crlUrls, ocspUrls, der: null, issuer: ca.issuerCertificate('tls')! };
    });
    const [ours, theirs] = [subjects.slice(0, certificates), subjects.slice(certificates)];

    const revoking = performance.now();
    const outcomes = await connector.revoke(
      ours.map((certificate) => ({
        certificate,
        reason: 'keyCompromise' as const,
        invalidityAt: null,
        caseId: 'bench',
        dueAt: null,
        idempotencyKey: certificate.serial,
      })),
    );
    const revokedMs = performance.now() - revoking;
    if (!outcomes.every((one) => one.outcome === 'done')) throw new Error('not every order was done');

    const looping = performance.now();
    await bareLoop(url, theirs);
    const bareMs = performance.now() - looping;

    const looking = performance.now();
    const seen = await httpProbe({ time }).lookMany(ours);
    const seenMs = performance.now() - looking;
    if (!seen.every((one) => one.published)) throw new Error('not every certificate was seen revoked');
    return {
      name: 'mass-revocation',
      figures: {
        certificates,
        issuedPerSecond: rate(certificates * 2, issuedMs),
        revokedPerSecond: rate(certificates, revokedMs),
        seenPerSecond: rate(certificates, seenMs),
        fromOrderToSeenSeconds: Number(((revokedMs + seenMs) / 1000).toFixed(1)),
      },
      unit: 'certificates per second',
      peers: { bareLoop: { revokedPerSecond: rate(certificates, bareMs) } },
      limit: 'connector within 25 % of the bare loop; 15,000 certificates issued per second',
    };
  } finally {
    await connector.close();
    await server.close();
  }
}

/** The same calls without connector, desk or store. */
export async function bareLoop(url: string, certificates: readonly { readonly serial: string }[]): Promise<void> {
  const transport = networkTransport();
  for (let from = 0; from < certificates.length; from += batch) {
    const orders = certificates.slice(from, from + batch).map(({ serial }) => ({ serial, reason: 1 }));
    const headers = { authorization: 'Bearer bench', 'content-type': 'application/json' };
    const call = await transport.call({
      method: 'POST',
      url: `${url}/api/revoke-many`,
      headers,
      body: JSON.stringify({ orders }),
    });
    if (!call.ok || call.answer.status !== 200) throw new Error('the bare loop failed');
  }
  await transport.close();
}

function rate(count: number, ms: number): number {
  return Math.round((count / ms) * 1000);
}

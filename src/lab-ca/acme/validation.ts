/**
 * Proof of control over a name: http-01 and dns-01 (RFC 8555 section 8), tls-alpn-01 (RFC 8737), and CAA (RFC 8659,
 * with the account and method bindings of RFC 8657), which is looked up anew before each issuance and refuses when it
 * cannot be read.
 */
import { hash } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:tls';
import { DerReader, tag } from '../../foundation/pki/der.ts';
import { oid } from '../../foundation/pki/oids.ts';
import { extensionValue, parseCertificate } from '../../foundation/pki/x509.ts';
import { AcmeProblem } from './problem.ts';
import type { ChallengeType } from './state.ts';

export interface CaaRecord {
  readonly critical: number;
  /** `issue`, `issuewild`, `iodef`, … with its value. */
  readonly tag: string;
  readonly value: string;
}

/** The outside world as validation sees it; replaced in tests. */
export interface ValidationWorld {
  /** Body of an http answer with status 200, bounded; throws AcmeProblem `connection`, `dns` or `incorrectResponse`. */
  httpText(url: string): Promise<string>;
  /** TXT records joined; an empty list when there are none. Throws AcmeProblem `dns`. */
  txt(name: string): Promise<readonly string[]>;
  /** CAA records at exactly this name; empty when there are none. Throws AcmeProblem `dns`. */
  caa(name: string): Promise<readonly CaaRecord[]>;
  /** The certificate presented for this name under ALPN `acme-tls/1`; throws AcmeProblem `tls` or `connection`. */
  tlsAlpn(name: string): Promise<Uint8Array>;
}

export async function validate(
  world: ValidationWorld,
  challenge: {
    readonly type: ChallengeType;
    readonly token: string;
    readonly name: string;
    readonly thumbprint: string;
  },
): Promise<void> {
  const authorization = `${challenge.token}.${challenge.thumbprint}`;
  const digest = hash('sha256', authorization, 'buffer');
  switch (challenge.type) {
    case 'http-01': {
      const text = await world.httpText(`http://${challenge.name}/.well-known/acme-challenge/${challenge.token}`);
      if (text.trimEnd() !== authorization)
        throw new AcmeProblem('unauthorized', 'The file does not hold the key authorization.');
      return;
    }
    case 'dns-01': {
      const found = await world.txt(`_acme-challenge.${challenge.name}`);
      if (!found.includes(digest.toString('base64url'))) {
        throw new AcmeProblem('unauthorized', `No TXT record at _acme-challenge.${challenge.name} holds the digest.`);
      }
      return;
    }
    case 'tls-alpn-01': {
      const presented = await world.tlsAlpn(challenge.name);
      const certificate = parseCertificate(presented);
      const value = extensionValue(presented, oid.acmeIdentifier);
      const proof = value === null ? null : value.critical && new DerReader(value.value);
      const sound =
        certificate.names.length === 1 &&
        certificate.names[0] === challenge.name &&
        proof &&
        Buffer.compare(proof.content(proof.expect(tag.octetString, 'acmeIdentifier')), digest) === 0;
      if (!sound)
        throw new AcmeProblem('unauthorized', 'The certificate presented does not hold the key authorization.');
      return;
    }
  }
}

/** RFC 8659 section 3: climbs the tree; the first name with records decides. Throws AcmeProblem `caa` or `dns`. */
export async function checkCaa(
  world: ValidationWorld,
  about: {
    readonly name: string;
    readonly wildcard: boolean;
    readonly identities: readonly string[];
    readonly accountUrl: string;
    readonly method: ChallengeType;
  },
): Promise<void> {
  const labels = about.name.split('.');
  for (let from = 0; from < labels.length; from++) {
    const at = labels.slice(from).join('.');
    const records = await world.caa(at);
    if (records.length === 0) continue;
    const unknown = records.find(
      (r) => r.critical & 0x80 && !['issue', 'issuewild', 'iodef'].includes(r.tag.toLowerCase()),
    );
    if (unknown !== undefined)
      throw new AcmeProblem('caa', `CAA at ${at} has a critical property that is not understood.`);
    const wild = records.filter((r) => r.tag.toLowerCase() === 'issuewild');
    const relevant = about.wildcard && wild.length > 0 ? wild : records.filter((r) => r.tag.toLowerCase() === 'issue');
    if (relevant.length === 0) return;
    if (!relevant.some((r) => permits(r.value, about)))
      throw new AcmeProblem('caa', `CAA at ${at} does not permit this CA.`);
    return;
  }
}

/** `ca.example; accounturi=https://…; validationmethods=dns-01,http-01` (RFC 8657). */
function permits(
  value: string,
  about: { readonly identities: readonly string[]; readonly accountUrl: string; readonly method: ChallengeType },
): boolean {
  const [issuer = '', ...parameters] = value.split(';').map((part) => part.trim());
  if (!about.identities.includes(issuer.toLowerCase())) return false;
  return parameters
    .filter((part) => part !== '')
    .every((part) => {
      const [name, given = ''] = part.split('=').map((side) => side.trim());
      switch (name?.toLowerCase()) {
        case 'accounturi':
          return given === about.accountUrl;
        case 'validationmethods':
          return given.split(',').includes(about.method);
        default:
          return true;
      }
    });
}

/* ---- the real world ---- */

const withinMs = 10_000;
const textBytesMax = 64 * 1024;
const redirectsMax = 10;

export function networkWorld(options: {
  /** DNS servers as `host:port`; the system's when left out. */
  readonly dnsServers?: readonly string[];
  readonly httpPort?: number;
  readonly tlsPort?: number;
}): ValidationWorld {
  const resolver = new Resolver({ timeout: withinMs, tries: 2 });
  if (options.dnsServers !== undefined) resolver.setServers(options.dnsServers);
  const absent = new Set(['ENODATA', 'ENOTFOUND']);
  const lookUp = async <T>(ask: () => Promise<T[]>, name: string): Promise<T[]> => {
    try {
      return await ask();
    } catch (error) {
      if (absent.has((error as { code?: string }).code ?? '')) return [];
      throw new AcmeProblem('dns', `The DNS could not be asked for ${name}.`);
    }
  };
  const address = async (name: string): Promise<string> => {
    const [found] = [
      ...(await lookUp(() => resolver.resolve4(name), name)),
      ...(await lookUp(() => resolver.resolve6(name), name)),
    ];
    if (found === undefined) throw new AcmeProblem('dns', `${name} has no address.`);
    return found;
  };
  return {
    async httpText(first) {
      let url = new URL(first);
      for (let hop = 0; hop <= redirectsMax; hop++) {
        const host = await address(url.hostname);
        const port = hop === 0 ? (options.httpPort ?? 80) : Number(url.port || (url.protocol === 'https:' ? 443 : 80));
        const target = `http://${host.includes(':') ? `[${host}]` : host}:${port}${url.pathname}${url.search}`;
        const { status, location, text } = await getText(target, url.hostname);
        if (status === 200) return text;
        if (![301, 302, 303, 307, 308].includes(status) || location === null) {
          throw new AcmeProblem('unauthorized', `The server answered ${status}.`);
        }
        url = new URL(location, url);
        if (url.protocol !== 'http:')
          throw new AcmeProblem('connection', 'A redirect to https is not followed by this lab CA.');
      }
      throw new AcmeProblem('connection', 'Too many redirects.');
    },
    txt: async (name) => (await lookUp(() => resolver.resolveTxt(name), name)).map((chunks) => chunks.join('')),
    async caa(name) {
      const records = await lookUp(() => resolver.resolveCaa(name), name);
      return records.flatMap(({ critical, type: _, ...properties }: { critical: number; type?: string }) =>
        Object.entries(properties).map(([property, value]) => ({ critical, tag: property, value: String(value) })),
      );
    },
    tlsAlpn: async (name) => presentedCertificate(await address(name), options.tlsPort ?? 443, name),
  };
}

async function getText(url: string, host: string): Promise<{ status: number; location: string | null; text: string }> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers: { host }, signal: AbortSignal.timeout(withinMs) }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > textBytesMax) response.destroy(new Error('too large'));
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? null, text }),
      );
      response.on('error', () => reject(new AcmeProblem('connection', 'The answer broke off or was too large.')));
    });
    outgoing.on('error', () => reject(new AcmeProblem('connection', 'The server could not be reached.')));
    outgoing.end();
  });
}

function presentedCertificate(host: string, port: number, servername: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // The certificate is self-signed by design; what it holds is the proof.
    const socket = connect({
      host,
      port,
      servername,
      ALPNProtocols: ['acme-tls/1'],
      rejectUnauthorized: false,
      timeout: withinMs,
    });
    const fail = (detail: string) => {
      socket.destroy();
      reject(new AcmeProblem('tls', detail));
    };
    socket.on('secureConnect', () => {
      const raw = socket.getPeerCertificate().raw;
      if (socket.alpnProtocol !== 'acme-tls/1') return fail('The server did not choose acme-tls/1.');
      socket.destroy();
      return raw === undefined ? fail('The server showed no certificate.') : resolve(new Uint8Array(raw));
    });
    socket.on('timeout', () => fail('The server did not answer in time.'));
    socket.on('error', () => fail('The TLS connection failed.'));
  });
}

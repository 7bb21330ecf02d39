/**
 * Asks the names of a certificate, by TLS, what they serve now: the sign of replacement that needs neither ACME nor an
 * inventory that knows the new certificate, which may come from another CA. The names are the subscriber's and lead
 * wherever DNS says, so every address is checked by the policy that is handed in, the connection is pinned to a checked
 * address, and nothing is sent but the handshake.
 *
 * Careful in one direction only: a certificate counts as replaced when every name that can be asked shows another one
 * with another key, at every address and to clients of either kind of key (a server may hold an RSA and an ECDSA certificate).
 * One server that was forgotten is an outage on the day of revocation.
 */
import { hash } from 'node:crypto';
import { connect } from 'node:tls';
import type { Fingerprint } from '../../foundation/brand.ts';
import { keyHashes } from '../../foundation/pki/spki.ts';
import { parseCertificate } from '../../foundation/pki/x509.ts';
import { type Instant, isBefore } from '../../foundation/time/time.ts';
import { type Candidate, coversNames, type ReplacementSeen } from './replacement.ts';

export interface ServedParts {
  /** Addresses of a name; throws when there are none. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** The rule for addresses: global unicast and not our own, except in a lab. */
  readonly isAllowed: (address: string) => boolean;
  readonly port: number;
  readonly withinMs: number;
}

/** Names of one certificate that are asked; the rest follows from these. */
export const servedNamesMax = 20;
/** Addresses of one name that are asked. */
export const servedAddressesMax = 8;
/** A chain is never read; a leaf larger than this is nobody's. */
const leafBytesMax = 64 * 1024;

/** Each address is asked twice, as a client that knows only RSA and as one that knows only ECDSA and EdDSA. */
const clients = [
  'rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:RSA+SHA256:RSA+SHA384',
  'ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:ed25519',
] as const;

/** Null while anything still serves the old key, or too little could be seen. Never throws for what the network does. */
export async function servedReplacement(
  old: Candidate,
  keyMustChange: boolean,
  parts: ServedParts,
  now: Instant,
): Promise<ReplacementSeen | null> {
  const names = old.names.filter((name) => !name.startsWith('*.') && !name.includes('@')).slice(0, servedNamesMax);
  let replacement: Fingerprint | null = null;
  for (const name of names) {
    const addresses = await parts.resolve(name).catch(() => null);
    // A name that leads nowhere serves nobody the old certificate.
    if (addresses === null || addresses.length === 0) continue;
    // All of a name's addresses are asked, and none may be out of bounds: what cannot be asked may serve the old one.
    if (addresses.length > servedAddressesMax || !addresses.every(parts.isAllowed)) return null;
    for (const address of addresses) {
      const answers = await Promise.all(clients.map((sigalgs) => servedAt({ address, name, sigalgs }, parts)));
      const served = answers.filter((leaf) => leaf !== null);
      if (served.length === 0) return null;
      if (!served.every((leaf) => replaces(leaf, old, { name, keyMustChange, now }))) return null;
      replacement ??= hash('sha256', served[0]!, 'hex') as Fingerprint;
    }
  }
  return replacement === null ? null : { fingerprint: old.fingerprint, replacement, by: 'served' };
}

/** Another certificate for the same name, good now; where the key is what is wrong, with another key. */
function replaces(
  der: Uint8Array,
  old: Candidate,
  { name, keyMustChange, now }: { readonly name: string; readonly keyMustChange: boolean; readonly now: Instant },
): boolean {
  if (hash('sha256', der, 'hex') === old.fingerprint) return false;
  try {
    const served = parseCertificate(der);
    if (keyMustChange && keyHashes(served.spki).canonical === old.spkiHash) return false;
    if (!coversNames(served.names, [name])) return false;
    return !isBefore(now, served.notBefore) && isBefore(now, served.notAfter);
  } catch {
    return false;
  }
}

/** The leaf that a server shows for a name at one address; null when it shows none in time. */
function servedAt(
  { address, name, sigalgs }: { readonly address: string; readonly name: string; readonly sigalgs: string },
  { port, withinMs }: ServedParts,
): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    const socket = connect({
      host: address,
      port,
      servername: name,
      sigalgs,
      ALPNProtocols: ['http/1.1'],
      // What is served is looked at, not trusted: a certificate that browsers refuse is no less what is served.
      rejectUnauthorized: false,
    });
    const done = (leaf: Uint8Array | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(leaf);
    };
    const timer = setTimeout(() => done(null), withinMs);
    socket.once('secureConnect', () => {
      const { raw } = socket.getPeerCertificate();
      done(raw === undefined || raw.length > leafBytesMax ? null : new Uint8Array(raw));
    });
    socket.once('error', () => done(null));
    socket.once('close', () => done(null));
  });
}

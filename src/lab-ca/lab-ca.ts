/**
 * A small certification authority that is real: its certificates, CRLs and OCSP answers are what relying parties'
 * software accepts. It exists for evaluation, drills and tests, so its keys are software keys and its index lives in
 * memory (about 200 bytes a certificate); it is not a public CA and does not validate what it is told to issue,
 * except through its ACME server.
 */
import { createPrivateKey, generateKeyPairSync, hash, type KeyObject, randomBytes } from 'node:crypto';
import type { Fingerprint, Serial } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import { isSelfSigned, parseCsr } from '../foundation/pki/csr.ts';
import { writeName } from '../foundation/pki/name.ts';
import { oid } from '../foundation/pki/oids.ts';
import { describeKey, keyHashes, keyIdentifier } from '../foundation/pki/spki.ts';
import { parseCertificate, serialText } from '../foundation/pki/x509.ts';
import { type Duration, hours, type Instant, type Time } from '../foundation/time/time.ts';
import { type BlockedKeys, isBlocked } from './blocked-keys.ts';
import {
  type IssuerId,
  issuerFor,
  type LeafProfile,
  type Signer,
  signIssuer,
  signLeaf,
  signRoot,
  spkiOfKey,
} from './certificate.ts';
import { askPolicy, type OrderPolicy } from './order-policy.ts';
import { RevocationDesk } from './revocation-desk.ts';
import { keyOf, type LabCaStorage, type StoredCertificate } from './storage.ts';

export interface LabCaOptions {
  readonly storage: LabCaStorage;
  readonly time: Time;
  /** Where the CA is reached, without trailing slash: stands in every certificate. http, as TLS BR 7.1.2.11.2 asks. */
  readonly baseUrl: string;
  /** Under which the CA's keys are encrypted in storage. */
  readonly keyPassphrase: string;
  /** Bearer token of the revocation API. */
  readonly token: string;
  readonly name?: string;
  /** CRLs per issuing CA: a certificate's serial decides which one it is on. */
  readonly shards?: number;
  readonly crlValidFor?: Duration;
  readonly crlRefreshAfter?: Duration;
  readonly ocspValidFor?: Duration;
  /** The desk's list of blocked keys, asked before an order is accepted; null asks nobody. */
  readonly blockedKeys?: BlockedKeys | null;
  /** Told every request (DER) before a certificate is issued on it, so that sending it back proves nothing. */
  readonly noteEnrolled?: (request: Uint8Array) => Promise<void>;
  /** May shorten what an order asks for, or refuse it. */
  readonly orderPolicy?: OrderPolicy;
}

/** What to issue. Nothing is checked: fixtures need misissued certificates too. */
export interface IssueOrder {
  /** SubjectPublicKeyInfo DER in any spelling; stands in the certificate byte for byte. */
  readonly spki: Uint8Array;
  readonly names: readonly string[];
  readonly serial?: Serial;
  readonly notBefore?: Instant;
  readonly notAfter?: Instant;
  readonly profile?: LeafProfile;
  readonly organization?: string;
  readonly crl?: boolean;
  readonly ocsp?: boolean | 'unauthorized';
  readonly precertificate?: boolean;
  readonly subscriber?: string | null;
}

export interface Issued {
  readonly der: Uint8Array;
  readonly serial: Serial;
  readonly fingerprint: Fingerprint;
  readonly issuer: IssuerId;
}

export type OrderRefusal =
  | 'malformed-csr'
  | 'bad-signature'
  | 'bad-key'
  | 'no-names'
  | 'acme-required'
  | 'blocked-key'
  | 'blocked-keys-unknown';

/** Lifetime of a leaf that asks for none. */
const leafValidFor = hours(24 * 90);
/** The hierarchy reaches back so that replays of old incidents chain; 20 years in all, inside the BR's 8 to 25. */
const hierarchyBack = hours(24 * 3652);
const hierarchyAhead = hours(24 * 3650);
const batchSize = 5000;
/** Signatures under way at one time. */
const signingMax = 256;

interface Authority extends Signer {
  readonly certificate: Uint8Array;
}

/** Opens the CA that `storage` holds, or founds it. */
export async function openLabCa(options: LabCaOptions): Promise<LabCa> {
  const stored = await options.storage.authorities();
  const authorities = new Map<string, Authority>();
  for (const authority of stored) {
    const certificate = parseCertificate(authority.certificate);
    authorities.set(authority.id, {
      certificate: authority.certificate,
      subjectDer: certificate.subjectDer,
      spki: certificate.spki,
      key: unlock(authority.encryptedKey, options.keyPassphrase),
    });
  }
  await options.storage.addBaseUrl(options.baseUrl);
  const desk = await RevocationDesk.open(options, await options.storage.baseUrls());
  const ca = new LabCa(options, authorities, desk);
  await ca.found();
  for await (const entry of options.storage.entries()) desk.load(entry);
  return ca;
}

export class LabCa {
  readonly options: LabCaOptions;
  /** Records revocations and publishes them. */
  readonly revocations: RevocationDesk;
  readonly #authorities: Map<string, Authority>;
  #founding: Promise<Authority> | null = null;

  constructor(options: LabCaOptions, authorities: Map<string, Authority>, revocations: RevocationDesk) {
    this.options = options;
    this.#authorities = authorities;
    this.revocations = revocations;
  }

  get root(): Uint8Array {
    return this.#authorities.get('root')!.certificate;
  }

  /** DER of an issuing CA's certificate; null when it has never issued. */
  issuerCertificate(id: IssuerId): Uint8Array | null {
    return this.#authorities.get(id)?.certificate ?? null;
  }

  /** Which issuing CA has this key identifier (lower-case hex); the way ARI names an issuer. */
  issuerByKeyIdentifier(keyIdentifierHex: string): IssuerId | null {
    for (const [id, authority] of this.#authorities) {
      if (id !== 'root' && Buffer.from(keyIdentifier(authority.spki)).toString('hex') === keyIdentifierHex) {
        return id as IssuerId;
      }
    }
    return null;
  }

  /** Leaf, issuing CA: what a server sends. */
  chainOf(issued: Pick<Issued, 'der' | 'issuer'>): readonly Uint8Array[] {
    return [issued.der, this.#authorities.get(issued.issuer)!.certificate];
  }

  async issue(order: IssueOrder): Promise<Issued> {
    const [issued] = await this.issueMany([order]);
    return issued!;
  }

  /** Issues in the order given and in durable batches, signing on every core. */
  async issueMany(orders: Iterable<IssueOrder>): Promise<Issued[]> {
    const out: Issued[] = [];
    let signing: Promise<StoredCertificate>[] = [];
    let unsaved: StoredCertificate[] = [];
    const serials = new Set<string>();
    const collect = async () => {
      for (const stored of await Promise.all(signing)) {
        const { der, serial, issuer } = stored;
        out.push({ der, serial, fingerprint: hash('sha256', der, 'hex') as Fingerprint, issuer });
        unsaved.push(stored);
      }
      signing = [];
    };
    const save = async () => {
      await this.options.storage.addCertificates(unsaved);
      for (const stored of unsaved) this.revocations.load({ ...stored, revocation: null });
      unsaved = [];
      serials.clear();
    };
    const amongMany = !Array.isArray(orders) || orders.length > 1;
    for (const order of orders) {
      const id = issuerFor(order.profile ?? 'dv');
      const issuer = this.#authorities.get(id) ?? (await this.#issuer(id));
      const serial = order.serial ?? randomSerial();
      const key = keyOf({ issuer: id, serial });
      if (serials.has(key) || this.revocations.has(id, serial)) {
        await Promise.allSettled(signing);
        throw new Fault('serial_in_use', `The lab CA has issued serial ${serial} before; choose another.`);
      }
      serials.add(key);
      signing.push(this.#sign(order, serial, id, issuer, amongMany));
      if (signing.length >= signingMax) await collect();
      if (unsaved.length >= batchSize) await save();
    }
    await collect();
    if (unsaved.length > 0) await save();
    return out;
  }

  /**
   * The front door: a request as a customer sends it. The signature, the key (TLS BR 6.1.1.3, 6.1.5) and the desk's
   * blocked keys are looked at; when the desk cannot be asked, nothing is issued.
   */
  async order(order: {
    readonly csr: Uint8Array;
    /** Overrides the names of the request. */
    readonly names?: readonly string[];
    readonly profile?: LeafProfile;
    readonly subscriber?: string | null;
    readonly notAfter?: Instant;
  }): Promise<
    { ok: true; issued: Issued; tell: readonly string[] } | { ok: false; refusal: OrderRefusal; because?: string }
  > {
    let request: ReturnType<typeof parseCsr>;
    try {
      request = parseCsr(order.csr);
    } catch {
      return { ok: false, refusal: 'malformed-csr' };
    }
    if (!isSelfSigned(request)) return { ok: false, refusal: 'bad-signature' };
    const requested = order.names ?? (request.names.length > 0 ? request.names : request.commonNames);
    if (requested.length === 0) return { ok: false, refusal: 'no-names' };
    const refusal = await this.keyRefusal(request.spki);
    if (refusal !== null) return { ok: false, refusal };
    const now = this.options.time.now();
    const lifetime = order.notAfter === undefined ? leafValidFor : now.until(order.notAfter);
    const subscriber = order.subscriber ?? null;
    const question = { subscriber, names: requested, orderedBy: 'api', lifetime } as const;
    const policy = await askPolicy(this.options.orderPolicy, question);
    if (policy.answer === 'refuse') return { ok: false, refusal: 'acme-required', because: policy.because };
    const isShorter = Temporal.Duration.compare(policy.lifetime, lifetime) < 0;
    const notAfter = isShorter ? now.add(policy.lifetime) : order.notAfter;
    await this.options.noteEnrolled?.(order.csr);
    const issued = await this.issue({
      spki: request.spki,
      names: requested,
      ...(order.profile === undefined ? {} : { profile: order.profile }),
      ...(notAfter === undefined ? {} : { notAfter }),
      subscriber,
    });
    return { ok: true, issued, tell: policy.tell };
  }

  /** Why no certificate may carry this key, or null. */
  async keyRefusal(spki: Uint8Array): Promise<'bad-key' | 'blocked-key' | 'blocked-keys-unknown' | null> {
    const key = describeKey(spki);
    // TLS BR 6.1.5: RSA of at least 2048 bits, divisible by 8; P-256, P-384, P-521.
    const isAllowed =
      key.type === 'rsa'
        ? key.bits !== null && key.bits >= 2048 && key.bits % 8 === 0
        : key.type === 'ec' && ['P-256', 'P-384', 'P-521'].includes(key.curve ?? '');
    if (!isAllowed) return 'bad-key';
    const blocked = this.options.blockedKeys;
    return blocked == null ? null : isBlocked(blocked, keyHashes(spki).canonical);
  }

  /** Makes the root and the TLS issuing CA when there is none yet. */
  async found(): Promise<void> {
    if (!this.#authorities.has('root')) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const signer = {
        key: privateKey,
        spki: spkiOfKey(privateKey),
        subjectDer: writeName([
          { type: oid.country, value: 'IN' },
          { type: oid.organization, value: this.#organization },
          { type: oid.commonName, value: `${this.#organization} Root R1` },
        ]),
      };
      const [notBefore, notAfter] = this.#hierarchySpan();
      await this.#keep('root', { ...signer, certificate: signRoot(signer, randomSerial(), notBefore, notAfter) });
    }
    await this.#issuer('tls');
    for (const id of this.#authorities.keys()) {
      this.revocations.addAuthority(id as 'root' | IssuerId, this.#authorities.get(id)!);
    }
  }

  get #organization(): string {
    return this.options.name ?? 'Rescind Lab';
  }

  #hierarchySpan(): [Instant, Instant] {
    const now = this.options.time.now().round({ smallestUnit: 'second', roundingMode: 'floor' });
    return [now.subtract(hierarchyBack), now.add(hierarchyAhead)];
  }

  async #issuer(id: IssuerId): Promise<Authority> {
    const known = this.#authorities.get(id);
    if (known !== undefined) return known;
    this.#founding = (this.#founding ?? Promise.resolve(null)).then(async () => {
      const meanwhile = this.#authorities.get(id);
      return meanwhile ?? this.#foundIssuer(id);
    });
    return this.#founding;
  }

  async #foundIssuer(id: IssuerId): Promise<Authority> {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = spkiOfKey(privateKey);
    const subjectDer = writeName([
      { type: oid.country, value: 'IN' },
      { type: oid.organization, value: this.#organization },
      { type: oid.commonName, value: `${this.#organization} ${issuerNames[id]} CA 1` },
    ]);
    const [notBefore, notAfter] = this.#hierarchySpan();
    const certificate = signIssuer(
      {
        id,
        subjectDer,
        spki,
        serial: randomSerial(),
        notBefore,
        notAfter,
        crlUrl: `${this.options.baseUrl}/crl/root.crl`,
        rootUrl: `${this.options.baseUrl}/root.cer`,
      },
      this.#authorities.get('root')!,
    );
    return this.#keep(id, { key: privateKey, spki, subjectDer, certificate });
  }

  async #keep(id: 'root' | IssuerId, authority: Authority): Promise<Authority> {
    await this.options.storage.saveAuthority({
      id,
      certificate: authority.certificate,
      encryptedKey: lock(authority.key, this.options.keyPassphrase),
    });
    this.#authorities.set(id, authority);
    this.revocations.addAuthority(id, authority);
    return authority;
  }

  async #sign(
    order: IssueOrder,
    serial: Serial,
    id: IssuerId,
    issuer: Authority,
    amongMany: boolean,
  ): Promise<StoredCertificate> {
    const { baseUrl } = this.options;
    const now = this.options.time.now();
    const notBefore = order.notBefore ?? now.round({ smallestUnit: 'second', roundingMode: 'floor' });
    const notAfter = order.notAfter ?? notBefore.add(leafValidFor).subtract({ seconds: 1 });
    const crlUrl = order.crl === false ? null : `${baseUrl}${this.revocations.crlPath(id, serial)}`;
    const der = await signLeaf(
      {
        spki: order.spki,
        serial,
        names: order.names,
        notBefore,
        notAfter,
        profile: order.profile ?? 'dv',
        organization: order.organization ?? order.subscriber ?? 'Lab Subscriber',
        crlUrl,
        ocspUrl: order.ocsp === false ? null : `${baseUrl}/ocsp`,
        issuerUrl: `${baseUrl}/${id}.cer`,
        precertificate: order.precertificate ?? false,
      },
      issuer,
      amongMany,
    );
    return {
      issuer: id,
      serial,
      der,
      notAfter,
      spkiHash: keyHashes(order.spki).canonical,
      ocsp: order.ocsp === 'unauthorized' ? 'unauthorized' : 'answered',
      crlUrl,
      subscriber: order.subscriber ?? null,
    };
  }
}

const issuerNames: Readonly<Record<IssuerId, string>> = { tls: 'TLS', smime: 'Mail', 'code-signing': 'Code Signing' };

const serialBytesCount = 16;
/** Random bytes for a hundred serials at a time: asking for each costs more than using it. */
let spare = Buffer.alloc(0);

/** 127 bits from the system's generator (TLS BR 7.1: at least 64), never zero or negative. */
function randomSerial(): Serial {
  if (spare.length < serialBytesCount) spare = randomBytes(serialBytesCount * 100);
  const bytes = spare.subarray(0, serialBytesCount);
  spare = spare.subarray(serialBytesCount);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return serialText(bytes);
}

function lock(key: KeyObject, passphrase: string): string {
  return key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string;
}

function unlock(pem: string, passphrase: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch {
    throw new Fault(
      'lab_ca_key_locked',
      'The lab CA key does not open under the configured pass phrase; use the one it was founded with.',
    );
  }
}

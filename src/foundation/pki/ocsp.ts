/** OCSP (RFC 6960, profile RFC 5019 and TLS BR 4.9.9, 7.3): requests and responses, built and verified. */
import { hash, type KeyObject } from 'node:crypto';
import type { Serial } from '../brand.ts';
import { context, DerError, DerReader, der, equalBytes, tag } from './der.ts';
import { oid } from './oids.ts';
import { signatureAlgorithmFor, verifySignature } from './signature.ts';
import { keyIdentifier } from './spki.ts';
import { type Certificate, isIssuedBy, parseCertificate, serialBytes, serialText } from './x509.ts';

export const ocspBytesMax = 256 * 1024;
export const ocspSingleMax = 100;

export type OcspResponseStatus =
  | 'successful'
  | 'malformedRequest'
  | 'internalError'
  | 'tryLater'
  | 'sigRequired'
  | 'unauthorized';

const responseStatuses: Readonly<Record<number, OcspResponseStatus>> = {
  0: 'successful',
  1: 'malformedRequest',
  2: 'internalError',
  3: 'tryLater',
  5: 'sigRequired',
  6: 'unauthorized',
};

/** Names a certificate to a responder. `der` is the CertID as it stood, to be answered byte for byte. */
export interface CertId {
  readonly hashOid: string;
  readonly nameHash: Uint8Array;
  readonly keyHash: Uint8Array;
  readonly serial: Serial;
  readonly der: Uint8Array;
}

type Issuer = Pick<Certificate, 'subjectDer' | 'spki'>;
const hashes: Readonly<Record<string, 'sha1' | 'sha256' | 'sha384' | 'sha512'>> = {
  [oid.sha1]: 'sha1',
  [oid.sha256]: 'sha256',
  [oid.sha384]: 'sha384',
  [oid.sha512]: 'sha512',
};

/** SHA-1 by default: RFC 5019 section 2.1.1, and what every responder answers. It identifies, it proves nothing. */
export function makeCertId(issuer: Issuer, serial: Serial, digest: 'sha1' | 'sha256' = 'sha1'): CertId {
  const hashOid = digest === 'sha1' ? oid.sha1 : oid.sha256;
  const { nameHash, keyHash } = identityOf(issuer, digest);
  const encoded = der.sequence(
    der.sequence(der.oid(hashOid), der.null()),
    der.octets(nameHash),
    der.octets(keyHash),
    der.integer(serialBytes(serial)),
  );
  return { hashOid, nameHash, keyHash, serial, der: encoded };
}

/** Whether the CertID speaks of a certificate of this issuer, under whichever hash it was made with. */
export function isCertIdOf(id: CertId, issuer: Issuer): boolean {
  const digest = hashes[id.hashOid];
  if (digest === undefined) return false;
  const { nameHash, keyHash } = identityOf(issuer, digest);
  return equalBytes(id.nameHash, nameHash) && equalBytes(id.keyHash, keyHash);
}

interface Identity {
  readonly subjectDer: Uint8Array;
  readonly nameHash: Uint8Array;
  readonly keyHash: Uint8Array;
}

/** By the issuer's key: a pass over a hundred thousand certificates has one or two issuers. */
const identities = new WeakMap<Uint8Array, Map<string, Identity>>();

function identityOf(issuer: Issuer, digest: 'sha1' | 'sha256' | 'sha384' | 'sha512'): Identity {
  let byDigest = identities.get(issuer.spki);
  if (byDigest === undefined) {
    byDigest = new Map();
    identities.set(issuer.spki, byDigest);
  }
  let identity = byDigest.get(digest);
  // The same key may stand under two names.
  if (identity === undefined || identity.subjectDer !== issuer.subjectDer) {
    identity = {
      subjectDer: issuer.subjectDer,
      nameHash: hash(digest, issuer.subjectDer, 'buffer'),
      keyHash: hash(digest, publicKeyBits(issuer.spki), 'buffer'),
    };
    byDigest.set(digest, identity);
  }
  return identity;
}

/* ---- requests ---- */

export interface OcspRequest {
  readonly ids: readonly CertId[];
  readonly nonce: Uint8Array | null;
}

export function makeOcspRequest(id: CertId, nonce: Uint8Array | null = null): Uint8Array {
  return makeOcspRequestFor([id], nonce);
}

/** One request for several certificates. RFC 5019 responders refuse it; others answer all under one signature. */
export function makeOcspRequestFor(ids: readonly CertId[], nonce: Uint8Array | null = null): Uint8Array {
  const list = der.sequence(...ids.map((id) => der.sequence(id.der)));
  const extensions = nonce === null ? [] : [der.explicit(2, der.sequence(nonceExtension(nonce)))];
  return der.sequence(der.sequence(list, ...extensions));
}

/** Throws DerError; a responder then answers malformedRequest. */
export function parseOcspRequest(bytes: Uint8Array): OcspRequest {
  if (bytes.length > 64 * 1024) throw new DerError('an OCSP request of more than 64 KiB');
  const outer = new DerReader(bytes);
  const body = outer.enter(tag.sequence, 'OCSPRequest').enter(tag.sequence, 'TBSRequest');
  outer.done('the OCSP request');
  body.optional(context(0));
  body.optional(context(1));
  const list = body.enter(tag.sequence, 'requestList');
  const ids: CertId[] = [];
  while (list.more) {
    if (ids.length >= ocspSingleMax) throw new DerError('too many single requests');
    ids.push(readCertId(list.enter(tag.sequence, 'Request')));
  }
  if (ids.length === 0) throw new DerError('an OCSP request for nothing');
  const nonce = body.peek() === context(2) ? findNonce(body.enter(context(2), 'requestExtensions')) : null;
  // RFC 9654 section 2.1: one to 128 octets, anything else is malformed.
  if (nonce !== null && (nonce.length < 1 || nonce.length > 128)) throw new DerError('a nonce of a forbidden length');
  return { ids, nonce };
}

/* ---- responses ---- */

export type OcspStatus =
  | { readonly status: 'good' }
  | { readonly status: 'unknown' }
  | { readonly status: 'revoked'; readonly revokedAt: Temporal.Instant; readonly reason: number | null };

export type OcspSingle = OcspStatus & {
  readonly id: CertId;
  readonly thisUpdate: Temporal.Instant;
  readonly nextUpdate: Temporal.Instant | null;
};

/** An unsigned answer: anything but `successful`. */
export function ocspFailure(status: Exclude<OcspResponseStatus, 'successful'>): Uint8Array {
  const code = Object.entries(responseStatuses).find(([, name]) => name === status)![0];
  return der.sequence(der.enumerated(Number(code)));
}

export function signOcspResponse(
  answer: {
    readonly singles: readonly (OcspStatus & {
      readonly id: Pick<CertId, 'der'>;
      readonly thisUpdate: Temporal.Instant;
      readonly nextUpdate: Temporal.Instant;
    })[];
    readonly producedAt: Temporal.Instant;
    readonly nonce: Uint8Array | null;
    /** Key identifier of the signer: ResponderID byKey. */
    readonly responderKeyHash: Uint8Array;
    /** Certificate of a delegated responder; none when the issuing CA signs itself. */
    readonly certificates: readonly Uint8Array[];
  },
  key: KeyObject,
): Uint8Array {
  const singles = answer.singles.map((single) =>
    der.sequence(
      single.id.der,
      statusDer(single),
      der.generalizedTime(single.thisUpdate),
      der.explicit(0, der.generalizedTime(single.nextUpdate)),
    ),
  );
  const data = der.sequence(
    der.explicit(2, der.octets(answer.responderKeyHash)),
    der.generalizedTime(answer.producedAt),
    der.sequence(...singles),
    ...(answer.nonce === null ? [] : [der.explicit(1, der.sequence(nonceExtension(answer.nonce)))]),
  );
  const algorithm = signatureAlgorithmFor(key);
  const basic = der.sequence(
    data,
    algorithm.identifier,
    der.bits(algorithm.sign(data)),
    ...(answer.certificates.length === 0 ? [] : [der.explicit(0, der.sequence(...answer.certificates))]),
  );
  return der.sequence(der.enumerated(0), der.explicit(0, der.sequence(der.oid(oid.ocspBasic), der.octets(basic))));
}

export interface OcspResponse {
  readonly status: OcspResponseStatus;
  /** Null unless successful. */
  readonly basic: {
    readonly singles: readonly OcspSingle[];
    readonly producedAt: Temporal.Instant;
    readonly nonce: Uint8Array | null;
    readonly responderName: Uint8Array | null;
    readonly responderKeyHash: Uint8Array | null;
    readonly certificates: readonly Uint8Array[];
    readonly data: Uint8Array;
    readonly signatureAlgorithm: Uint8Array;
    readonly signature: Uint8Array;
  } | null;
}

/** Throws DerError. */
export function parseOcspResponse(bytes: Uint8Array): OcspResponse {
  if (bytes.length > ocspBytesMax) throw new DerError(`an OCSP response of more than ${ocspBytesMax} bytes`);
  const outer = new DerReader(bytes);
  const body = outer.enter(tag.sequence, 'OCSPResponse');
  outer.done('the OCSP response');
  const code = body.content(body.expect(tag.enumerated, 'responseStatus'))[0];
  const status = code === undefined ? undefined : responseStatuses[code];
  if (status === undefined) throw new DerError('an unknown OCSP response status');
  if (status !== 'successful') return { status, basic: null };
  const wrapper = body.enter(context(0), 'responseBytes').enter(tag.sequence, 'ResponseBytes');
  if (wrapper.oid('responseType') !== oid.ocspBasic) throw new DerError('not a basic OCSP response');
  const inner = new DerReader(wrapper.content(wrapper.expect(tag.octetString, 'response')));
  const basic = inner.enter(tag.sequence, 'BasicOCSPResponse');
  inner.done('the basic OCSP response');
  const dataElement = basic.expect(tag.sequence, 'tbsResponseData');
  const signatureAlgorithm = basic.whole(basic.expect(tag.sequence, 'signatureAlgorithm'));
  const signature = basic.bits('signature');
  const certificates: Uint8Array[] = [];
  if (basic.peek() === context(0)) {
    const list = basic.enter(context(0), 'certs').enter(tag.sequence, 'certs');
    while (list.more && certificates.length < 10)
      certificates.push(list.whole(list.expect(tag.sequence, 'Certificate')));
  }
  const data = basic.inside(dataElement);
  data.optional(context(0));
  const responder = data.read();
  const insideResponder = data.inside(responder);
  const responderName = responder.tag === context(1) ? insideResponder.whole(insideResponder.read()) : null;
  const responderKeyHash =
    responder.tag === context(2) ? insideResponder.content(insideResponder.expect(tag.octetString, 'KeyHash')) : null;
  const producedAt = data.time('producedAt');
  const list = data.enter(tag.sequence, 'responses');
  const singles: OcspSingle[] = [];
  while (list.more) {
    if (singles.length >= ocspSingleMax) throw new DerError('too many single responses');
    singles.push(readSingle(list.enter(tag.sequence, 'SingleResponse')));
  }
  const nonce = data.peek() === context(1) ? findNonce(data.enter(context(1), 'responseExtensions')) : null;
  return {
    status,
    basic: {
      singles,
      producedAt,
      nonce,
      responderName,
      responderKeyHash,
      certificates,
      data: basic.whole(dataElement),
      signatureAlgorithm,
      signature,
    },
  };
}

export type OcspProblem =
  | `ocsp-${Exclude<OcspResponseStatus, 'successful'>}`
  | 'ocsp-other-certificate'
  | 'ocsp-unknown-responder'
  | 'ocsp-bad-signature'
  | 'ocsp-not-yet-valid'
  | 'ocsp-expired'
  | 'ocsp-nonce-mismatch';

export const ocspClockSkew = Temporal.Duration.from({ minutes: 5 });

/**
 * What the response says about the certificate, or why it cannot be believed. A missing nonce is no problem: most
 * responders serve pre-signed answers. A *different* nonce is one.
 */
export function readOcspAnswer(
  response: OcspResponse,
  about: {
    readonly issuer: Certificate;
    readonly serial: Serial;
    readonly now: Temporal.Instant;
    readonly nonce: Uint8Array | null;
    /** The caller has checked the signer with `verifyOcspSigner`: one check for many certificates. */
    readonly signatureVerified?: boolean;
  },
): { readonly ok: true; readonly single: OcspSingle } | { readonly ok: false; readonly problem: OcspProblem } {
  const no = (problem: OcspProblem) => ({ ok: false, problem }) as const;
  if (response.status !== 'successful') return no(`ocsp-${response.status}`);
  const basic = response.basic!;
  const single = basic.singles.find((s) => s.id.serial === about.serial && isCertIdOf(s.id, about.issuer));
  if (single === undefined) return no('ocsp-other-certificate');
  if (!about.signatureVerified) {
    const problem = verifyOcspSigner(response, about.issuer, about.now);
    if (problem !== null) return no(problem);
  }
  if (about.nonce !== null && basic.nonce !== null && !equalBytes(about.nonce, basic.nonce)) {
    return no('ocsp-nonce-mismatch');
  }
  if (Temporal.Instant.compare(single.thisUpdate, about.now.add(ocspClockSkew)) > 0) return no('ocsp-not-yet-valid');
  // RFC 5019 section 4: nextUpdate is present; without one nobody can tell whether the answer is still true.
  if (single.nextUpdate === null || Temporal.Instant.compare(single.nextUpdate, about.now) <= 0) {
    return no('ocsp-expired');
  }
  return { ok: true, single };
}

/** Whether the response is signed by somebody who may speak for the issuer; null when it is. */
export function verifyOcspSigner(
  response: OcspResponse,
  issuer: Certificate,
  now: Temporal.Instant,
): OcspProblem | null {
  if (response.status !== 'successful') return `ocsp-${response.status}`;
  const basic = response.basic!;
  const spki = responderSpki(basic, issuer, now);
  if (spki === null) return 'ocsp-unknown-responder';
  const { data, signatureAlgorithm: algorithm, signature } = basic;
  return verifySignature({ data, algorithm, signature, spki }) ? null : 'ocsp-bad-signature';
}

/**
 * RFC 6960 section 4.2.2.2: the issuing CA itself, or a responder whose certificate that same CA issued directly
 * with id-kp-OCSPSigning. Nobody else may speak for it.
 */
function responderSpki(
  basic: NonNullable<OcspResponse['basic']>,
  issuer: Certificate,
  now: Temporal.Instant,
): Uint8Array | null {
  const isResponder = (certificate: Pick<Certificate, 'subjectDer' | 'spki'>) =>
    basic.responderKeyHash !== null
      ? equalBytes(basic.responderKeyHash, keyIdentifier(certificate.spki))
      : basic.responderName !== null && equalBytes(basic.responderName, certificate.subjectDer);
  if (isResponder(issuer)) return issuer.spki;
  for (const bytes of basic.certificates) {
    let candidate: Certificate;
    try {
      candidate = parseCertificate(bytes);
    } catch {
      continue;
    }
    if (
      isResponder(candidate) &&
      candidate.ekus.includes(oid.ocspSigning) &&
      isIssuedBy(candidate, issuer) &&
      Temporal.Instant.compare(candidate.notBefore, now.add(ocspClockSkew)) <= 0 &&
      Temporal.Instant.compare(candidate.notAfter, now) >= 0
    ) {
      return candidate.spki;
    }
  }
  return null;
}

function readSingle(body: DerReader): OcspSingle {
  const id = readCertId(body);
  const element = body.read();
  const inside = body.inside(element);
  let status: OcspStatus;
  if (element.tag === context(0, 'primitive')) status = { status: 'good' };
  else if (element.tag === context(2, 'primitive')) status = { status: 'unknown' };
  else if (element.tag === context(1)) {
    const revokedAt = inside.time('revocationTime');
    let reason: number | null = null;
    if (inside.peek() === context(0)) {
      const part = inside.enter(context(0), 'revocationReason');
      reason = part.content(part.expect(tag.enumerated, 'CRLReason'))[0] ?? null;
    }
    status = { status: 'revoked', revokedAt, reason };
  } else throw new DerError('an unknown certificate status');
  const thisUpdate = body.time('thisUpdate');
  const nextUpdate = body.peek() === context(0) ? body.enter(context(0), 'nextUpdate').time('nextUpdate') : null;
  return { ...status, id, thisUpdate, nextUpdate };
}

function readCertId(parent: DerReader): CertId {
  const element = parent.expect(tag.sequence, 'CertID');
  const body = parent.inside(element);
  const hashOid = body.enter(tag.sequence, 'hashAlgorithm').oid('hashAlgorithm');
  const nameHash = body.content(body.expect(tag.octetString, 'issuerNameHash'));
  const keyHash = body.content(body.expect(tag.octetString, 'issuerKeyHash'));
  const serial = serialText(body.content(body.expect(tag.integer, 'serialNumber')));
  body.done('CertID');
  return { hashOid, nameHash, keyHash, serial, der: parent.whole(element) };
}

function statusDer(single: OcspStatus): Uint8Array {
  if (single.status === 'good') return der.implicit(0, new Uint8Array());
  if (single.status === 'unknown') return der.implicit(2, new Uint8Array());
  const reason = single.reason === null ? [] : [der.explicit(0, der.enumerated(single.reason))];
  return der.explicit(1, der.generalizedTime(single.revokedAt), ...reason);
}

function nonceExtension(nonce: Uint8Array): Uint8Array {
  return der.sequence(der.oid(oid.ocspNonce), der.octets(der.octets(nonce)));
}

function findNonce(wrapper: DerReader): Uint8Array | null {
  const list = wrapper.enter(tag.sequence, 'Extensions');
  for (let count = 0; list.more && count < 20; count++) {
    const extension = list.enter(tag.sequence, 'Extension');
    const name = extension.oid('extnID');
    extension.optional(tag.boolean);
    const value = extension.content(extension.expect(tag.octetString, 'extnValue'));
    if (name !== oid.ocspNonce) continue;
    const inside = new DerReader(value);
    return inside.content(inside.expect(tag.octetString, 'Nonce'));
  }
  return null;
}

function publicKeyBits(spki: Uint8Array): Uint8Array {
  const body = new DerReader(spki).enter(tag.sequence, 'SubjectPublicKeyInfo');
  body.expect(tag.sequence, 'AlgorithmIdentifier');
  return body.bits('subjectPublicKey');
}

/** Certification requests (PKCS#10, RFC 2986): what they ask for and whether they are signed by their own key. */
import type { KeyObject } from 'node:crypto';
import { DerError, DerReader, der, tag } from './der.ts';
import { attributeValues, directoryString, type NameAttribute, nameText, writeName } from './name.ts';
import { oid } from './oids.ts';
import { signed, verifySignature } from './signature.ts';
import { readAlternativeNames, writeAlternativeNames } from './x509.ts';

export interface CertificationRequest {
  readonly der: Uint8Array;
  readonly subjectDer: Uint8Array;
  readonly subject: string;
  /** All common names in order: a statement of compromise stands in one of them. */
  readonly commonNames: readonly string[];
  /** Requested alternative names: dNSName, IP address, rfc822Name. */
  readonly names: readonly string[];
  readonly challengePassword: string | null;
  readonly spki: Uint8Array;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
}

export const csrBytesMax = 1024 * 1024;
const attributesMax = 100;

/** Throws DerError. */
export function parseCsr(bytes: Uint8Array): CertificationRequest {
  if (bytes.length > csrBytesMax) throw new DerError(`a request of more than ${csrBytesMax} bytes`);
  const outer = new DerReader(bytes);
  const request = outer.enter(tag.sequence, 'CertificationRequest');
  outer.done('the request');
  const info = request.expect(tag.sequence, 'CertificationRequestInfo');
  const signatureAlgorithm = request.whole(request.expect(tag.sequence, 'signatureAlgorithm'));
  const signature = request.bits('signature');
  request.done('the request');
  const body = request.inside(info);
  body.expect(tag.integer, 'version');
  const subjectDer = body.whole(body.expect(tag.sequence, 'subject'));
  const spki = body.whole(body.expect(tag.sequence, 'subjectPKInfo'));
  const attributes = body.optional(0xa0);
  return {
    der: bytes,
    subjectDer,
    subject: nameText(subjectDer),
    commonNames: attributeValues(subjectDer, oid.commonName),
    ...readAttributes(attributes === null ? null : body.inside(attributes)),
    spki,
    tbs: request.whole(info),
    signatureAlgorithm,
    signature,
  };
}

/** Whether the request is signed by the key that it names. A replayed old request also is: this proves no intent. */
export function isSelfSigned(request: CertificationRequest): boolean {
  return verifySignature({
    data: request.tbs,
    algorithm: request.signatureAlgorithm,
    signature: request.signature,
    spki: request.spki,
  });
}

/** Writes a request. `signWith` is another key than `spki`'s only where a forgery is wanted, in tests and replays. */
export function writeCsr(request: {
  readonly subject: readonly NameAttribute[];
  readonly names: readonly string[];
  readonly spki: Uint8Array;
  readonly signWith: KeyObject;
}): Uint8Array {
  const extensions = der.sequence(
    der.sequence(der.oid(oid.subjectAltName), der.octets(writeAlternativeNames(request.names))),
  );
  const attributes =
    request.names.length === 0
      ? der.explicit(0)
      : der.explicit(0, der.sequence(der.oid(oid.extensionRequest), der.set(extensions)));
  return signed(der.sequence(der.integer(0), writeName(request.subject), request.spki, attributes), request.signWith);
}

function readAttributes(list: DerReader | null): { names: string[]; challengePassword: string | null } {
  let names: string[] = [];
  let challengePassword: string | null = null;
  for (let count = 0; list?.more; count++) {
    if (count >= attributesMax) throw new DerError('too many attributes');
    const attribute = list.enter(tag.sequence, 'Attribute');
    const type = attribute.oid('attribute type');
    const values = attribute.enter(tag.set, 'attribute values');
    if (type === oid.extensionRequest && values.more) names = requestedNames(values.enter(tag.sequence, 'Extensions'));
    if (type === oid.challengePassword && values.more) {
      const value = values.read();
      challengePassword = directoryString(value.tag, values.content(value));
    }
  }
  return { names, challengePassword };
}

function requestedNames(extensions: DerReader): string[] {
  for (let count = 0; extensions.more; count++) {
    if (count >= attributesMax) throw new DerError('too many extensions');
    const extension = extensions.enter(tag.sequence, 'Extension');
    const name = extension.oid('extnID');
    extension.optional(tag.boolean);
    const value = extension.content(extension.expect(tag.octetString, 'extnValue'));
    if (name === oid.subjectAltName) return readAlternativeNames(value);
  }
  return [];
}

/**
 * Writes a public key in the spellings that certificates in the wild use. Only tests, replays and the lab CA write
 * them; everything else must read them (see `spki.ts`).
 */
import { createPublicKey, ECDH } from 'node:crypto';
import { DerError, DerReader, der, tag } from './der.ts';
import { oid } from './oids.ts';
import { canonicalSpki } from './spki.ts';

export const spkiSpellings = ['plain', 'rsa-no-null', 'rsa-pss', 'ec-compressed', 'ec-explicit'] as const;
export type SpkiSpelling = (typeof spkiSpellings)[number];

/** Throws DerError when the spelling does not fit the type of key. */
export function spellSpki(spki: Uint8Array, spelling: SpkiSpelling): Uint8Array {
  const canonical = canonicalSpki(spki);
  if (spelling === 'plain') return canonical;
  const type = createPublicKey({ key: Buffer.from(canonical), format: 'der', type: 'spki' }).asymmetricKeyType;
  if (type !== spelling.slice(0, spelling.indexOf('-'))) throw new DerError(`${spelling} of a key of type ${type}`);
  const body = new DerReader(canonical).enter(tag.sequence, 'SubjectPublicKeyInfo');
  const algorithm = body.enter(tag.sequence, 'AlgorithmIdentifier');
  const bits = body.bits('subjectPublicKey');
  switch (spelling) {
    case 'rsa-no-null':
      return der.sequence(der.sequence(der.oid(oid.rsaEncryption)), der.bits(bits));
    case 'rsa-pss':
      return der.sequence(der.sequence(der.oid(oid.rsassaPss)), der.bits(bits));
    case 'ec-compressed': {
      algorithm.oid('algorithm');
      const curve = algorithm.oid('namedCurve');
      const node = { [oid.p256]: 'prime256v1', [oid.p384]: 'secp384r1', [oid.p521]: 'secp521r1' }[curve];
      if (node === undefined) throw new DerError('ec-compressed of an unknown curve');
      const point = ECDH.convertKey(bits, node, undefined, undefined, 'compressed') as Buffer;
      return der.sequence(der.sequence(der.oid(oid.ecPublicKey), der.oid(curve)), der.bits(point));
    }
    case 'ec-explicit': {
      algorithm.oid('algorithm');
      if (algorithm.oid('namedCurve') !== oid.p256) throw new DerError('ec-explicit is written for P-256 only');
      return der.sequence(der.sequence(der.oid(oid.ecPublicKey), p256Parameters), der.bits(bits));
    }
  }
}

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

/** X9.62 ECParameters of P-256, SEC 2 section 2.4.2. */
const p256Parameters = der.sequence(
  der.integer(1),
  der.sequence(
    der.oid(oid.primeField),
    der.integer(bytes('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff')),
  ),
  der.sequence(
    der.octets(bytes('ffffffff00000001000000000000000000000000fffffffffffffffffffffffc')),
    der.octets(bytes('5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b')),
    der.bits(bytes('c49d360886e704936a6678e1139d26b7819f7e90')),
  ),
  der.octets(
    bytes(
      '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    ),
  ),
  der.integer(bytes('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')),
  der.integer(1),
);

/**
 * Everything somebody may send to have an innocent certificate revoked. Each forgery comes with its twin: the true key,
 * in the same wrapping, is proven.
 */
import { checkPrimeSync, createHash, createHmac, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { der } from '../../../foundation/pki/der.ts';
import { keyHashes } from '../../../foundation/pki/spki.ts';
import type { EcPrivate, Found } from '../extract/found.ts';
import { toBytes } from '../extract/numbers.ts';
import { rsaSpki } from '../extract/textual.ts';
import { challengeText } from '../policy.ts';
import { judge, type Seen } from './judge.ts';
import { verifyProof } from './record.ts';
import { acceptedWording, statementText } from './statement-form.ts';
import {
  aCertificate,
  aContext,
  aCsr,
  anEcKey,
  anRsaKey,
  fingerprintOf,
  forgedRsa,
  materialOf,
  nodeCertificate,
  nodeKey,
  nodeSpki,
  type Pair,
  pkcs1Of,
  rsaMaterial,
  spkiOfKey,
} from './test-keys.ts';

const range = { from: 0, to: 1 };
const seen = (found: Found): Seen => ({ source: 'key.pem', found });
const privateKey = (key: Extract<Found, { kind: 'private-key' }>['key']) =>
  seen({ kind: 'private-key', container: 'PKCS#1', range, key });
const nothing = { texts: [], spkis: [] };

const victim = anRsaKey();
const attacker = anRsaKey();
const ecVictim = anEcKey();
const ecAttacker = anEcKey();
const victimCertificate = aCertificate(victim);
const attackerCertificate = aCertificate(attacker);
const ecCertificate = aCertificate(ecVictim);
const context = aContext([victimCertificate, attackerCertificate, ecCertificate]);

describe('a private key', () => {
  it('that is true is proven for the certificate that carries it, and the proof holds from the certificate alone', async () => {
    for (const [pair, certificate] of [
      [victim, victimCertificate],
      [ecVictim, ecCertificate],
    ] as const) {
      const item = await judge(privateKey(materialOf(pair)), nothing, context);
      expect(item).toMatchObject({ verdict: 'proven-key', matches: [fingerprintOf(certificate)], refutedFor: [] });
      expect(verifyProof(JSON.parse(JSON.stringify(item.proof)), certificate)).toMatchObject({
        ok: true,
        problem: null,
      });
      expect(item.proof?.statement).toContain('report: report-1');
    }
  });

  it.each(['private-foreign', 'd-foreign', 'pq-foreign', 'd-one'])(
    'forged as %s is refuted for the victim',
    async (variant) => {
      const forged = forgedRsa(variant, rsaMaterial(victim), rsaMaterial(attacker));
      const withoutAttacker = aContext([victimCertificate]);
      const item = await judge(privateKey(forged), nothing, withoutAttacker);
      expect(item).toMatchObject({
        verdict: 'refuted',
        matches: [],
        proof: null,
        refutedFor: [fingerprintOf(victimCertificate)],
      });
      if (variant !== 'd-one') expect(item.spkiSha256).toBe(keyHashes(spkiOfKey(victim)).canonical);
    },
  );

  it('with the victim’s public part and the attacker’s own key revokes the attacker’s certificate at most', async () => {
    const forged = forgedRsa('private-foreign', rsaMaterial(victim), rsaMaterial(attacker));
    const item = await judge(privateKey(forged), nothing, context);
    expect(item.matches).toEqual([fingerprintOf(attackerCertificate)]);
    expect(item.refutedFor).toEqual([fingerprintOf(victimCertificate)]);
  });

  it('of a curve with the victim’s point and another scalar is refuted; so is the scalar 1', async () => {
    const real = materialOf(ecVictim) as EcPrivate;
    const other = materialOf(ecAttacker) as EcPrivate;
    for (const scalar of [other.scalar, toBytes(1n, 32)]) {
      const item = await judge(privateKey({ ...real, scalar }), nothing, context);
      expect(item).toMatchObject({ verdict: 'refuted', matches: [], refutedFor: [fingerprintOf(ecCertificate)] });
    }
  });

  it('is never judged by what OpenSSL says of the pair: that says yes to forgeries', () => {
    const forged = pkcs1Of(forgedRsa('private-foreign', rsaMaterial(victim), rsaMaterial(attacker)));
    const loaded = nodeKey(forged, 'pkcs1');
    expect(nodeSpki(loaded).equals(spkiOfKey(victim))).toBe(true);
    expect(nodeCertificate(victimCertificate).checkPrivateKey(loaded)).toBe(true);
    const signature = sign('sha256', Buffer.from('x'), loaded);
    expect(verify('sha256', Buffer.from('x'), victim.publicKey, signature)).toBe(false);
  });

  it('that is damaged but still holds one true prime, or a true exponent, is proof', async () => {
    const real = rsaMaterial(victim);
    const damaged = [
      { ...real, n: null, d: null, crt: null },
      { ...real, n: (real.n as bigint) + 2n, crt: null },
      { ...real, d: 12345n, crt: null },
      { ...real, primes: [real.primes[0] as bigint, 15n], crt: null },
      { ...real, primes: [], crt: null },
      { ...real, crt: [3n, 5n, 7n] as const },
    ];
    for (const key of damaged) {
      const item = await judge(privateKey(key), nothing, context);
      if (key.n === (real.n as bigint) + 2n || key.n === null) {
        // Both primes give the true modulus, which is looked up beside the stated one.
        expect(item.matches).toEqual([fingerprintOf(victimCertificate)]);
      } else expect(item).toMatchObject({ verdict: 'proven-key', matches: [fingerprintOf(victimCertificate)] });
    }
  });

  it('falls every certificate with its modulus, whatever the exponent, and every encoding of a curve key', async () => {
    const real = rsaMaterial(victim);
    const otherExponent = aCertificate(victim, { spki: rsaSpki(real.n as bigint, 3n * 65537n + 2n) });
    const noNull = aCertificate(victim, {
      spki: der.sequence(
        der.sequence(der.oid('1.2.840.113549.1.1.1')),
        der.bits(der.sequence(der.integer(real.n as bigint), der.integer(65537))),
      ),
    });
    const compressed = aCertificate(ecVictim, { spki: compressedSpki(ecVictim) });
    const wide = aContext([victimCertificate, otherExponent, noNull, ecCertificate, compressed]);
    const rsa = await judge(privateKey(real), nothing, wide);
    expect(new Set(rsa.matches)).toEqual(new Set([victimCertificate, otherExponent, noNull].map(fingerprintOf)));
    const ec = await judge(privateKey(materialOf(ecVictim)), nothing, wide);
    expect(new Set(ec.matches)).toEqual(new Set([ecCertificate, compressed].map(fingerprintOf)));
  });

  it('that no certificate carries is proven all the same, so that it can be blocked', async () => {
    const item = await judge(privateKey(materialOf(anEcKey())), nothing, context);
    expect(item).toMatchObject({ verdict: 'proven-key', matches: [], refutedFor: [] });
    expect(verifyProof(item.proof).ok).toBe(true);
  });

  it('with numbers beyond the limits is refused before any arithmetic', async () => {
    const huge = (1n << 20_000n) + 1n;
    const item = await judge(
      privateKey({ kind: 'rsa', n: huge, e: 3n, d: 3n, primes: [], crt: null }),
      nothing,
      context,
    );
    expect(item.verdict).toBe('refuted');
    expect(item.proof).toBeNull();
  });
});

describe('a proof record', () => {
  it('that was altered, or is shown for another certificate, does not hold', async () => {
    const item = await judge(privateKey(materialOf(victim)), nothing, context);
    const proof = item.proof!;
    expect(verifyProof(proof, ecCertificate).problem).toBe('the certificate carries another key');
    expect(verifyProof({ ...proof, statement: proof.statement.replace('report-1', 'report-2') }).ok).toBe(false);
    expect(verifyProof({ ...proof, spki: spkiOfKey(attacker).toString('base64') }).ok).toBe(false);
    expect(verifyProof({ ...proof, algorithm: 'none' }).ok).toBe(false);
    for (const junk of [null, 7, 'x', {}, { version: 2 }, { ...proof, spki: '!!' }])
      expect(verifyProof(junk).ok).toBe(false);
  });

  it('under an exponent of 1 does not hold although its signature verifies', async () => {
    const n = rsaMaterial(victim).n as bigint;
    const spki = rsaSpki(n, 1n);
    const item = await judge(privateKey(materialOf(victim)), nothing, context);
    expect(verifyProof({ ...item.proof!, spki: spki.toString('base64') }).ok).toBe(false);
  });
});

describe('a certificate request', () => {
  const csr = (bytes: Buffer) => seen({ kind: 'csr', container: 'PEM', range, der: bytes });

  it('with an accepted wording, signed by the key, is a statement', async () => {
    for (const wording of [acceptedWording, 'kca=v1 This Key Is Compromised']) {
      const item = await judge(csr(aCsr(victim, wording)), nothing, context);
      expect(item).toMatchObject({ verdict: 'proven-statement', matches: [fingerprintOf(victimCertificate)] });
    }
  });

  it('with our challenge is a statement; with the challenge of another report it is not', async () => {
    const challenge = challengeText('00112233445566778899aabbccddeeff');
    expect(challenge.length).toBeLessThanOrEqual(64);
    const asked = { ...context, challenges: [challenge] };
    expect((await judge(csr(aCsr(victim, challenge)), nothing, asked)).verdict).toBe('proven-statement');
    expect((await judge(csr(aCsr(victim, challenge)), nothing, context)).verdict).toBe('possession-only');
  });

  it('of the ordinary kind, with more in its subject, or replayed from enrolment shows possession only', async () => {
    const enrolment = aCsr(victim, acceptedWording);
    const enrolled = new Set([createHash('sha256').update(enrolment).digest('hex')]);
    expect((await judge(csr(aCsr(victim, 'shop.customer.example')), nothing, context)).verdict).toBe('possession-only');
    expect((await judge(csr(aCsr(victim, acceptedWording, { more: 'Evil Ltd' })), nothing, context)).verdict).toBe(
      'possession-only',
    );
    expect((await judge(csr(enrolment), nothing, { ...context, enrolledCsrs: enrolled })).verdict).toBe(
      'possession-only',
    );
  });

  it('signed by another key is refuted', async () => {
    const item = await judge(csr(aCsr(victim, acceptedWording, { signer: attacker })), nothing, context);
    expect(item).toMatchObject({ verdict: 'refuted', matches: [], refutedFor: [fingerprintOf(victimCertificate)] });
  });
});

describe('a signed statement in the published form', () => {
  const statement = (
    pair: Pair,
    text: string,
    options: { signer?: Pair; hashOnly?: boolean; p1363?: boolean } = {},
  ) => {
    const signer = (options.signer ?? pair).privateKey;
    const data = Buffer.from(statementText(text));
    const signature = sign('sha256', data, options.p1363 ? { key: signer, dsaEncoding: 'ieee-p1363' } : signer);
    return seen({
      kind: 'statement',
      container: 'signed statement',
      range,
      statement: {
        text: statementText(text),
        spkiSha256: keyHashes(spkiOfKey(pair)).canonical,
        spki: options.hashOnly ? null : spkiOfKey(pair),
        signature,
      },
    });
  };

  it('with the accepted wording is proof, from OpenSSL and from a browser, with the key or its hash alone', async () => {
    for (const item of [
      await judge(statement(victim, acceptedWording), nothing, context),
      await judge(statement(ecVictim, `${acceptedWording}\r\n`, { p1363: true }), nothing, context),
      await judge(statement(ecVictim, acceptedWording, { hashOnly: true }), nothing, context),
    ]) {
      expect(item.verdict).toBe('proven-statement');
      expect(item.matches.length).toBe(1);
    }
  });

  it('that names the key by hash in its own words counts only in the accepted sentence', async () => {
    const hash = keyHashes(spkiOfKey(victim)).canonical;
    const accepted = `The private key of the public key with SPKI SHA-256 ${hash} is compromised.`;
    expect((await judge(statement(victim, accepted), nothing, context)).verdict).toBe('proven-statement');
    const denial = `The private key of the public key with SPKI SHA-256 ${hash} is not compromised.`;
    expect((await judge(statement(victim, denial), nothing, context)).verdict).toBe('possession-only');
    const foreign = accepted.replace(hash, keyHashes(spkiOfKey(attacker)).canonical);
    expect((await judge(statement(victim, foreign), nothing, context)).verdict).toBe('possession-only');
  });

  it('signed by another key is refuted; for a key that nobody has it is a claim', async () => {
    expect(await judge(statement(victim, acceptedWording, { signer: attacker }), nothing, context)).toMatchObject({
      verdict: 'refuted',
      matches: [],
    });
    const unknown = await judge(statement(anEcKey(), acceptedWording, { hashOnly: true }), nothing, context);
    expect(unknown).toMatchObject({ verdict: 'claim-only' });
    expect(unknown.spkiSha256).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a JSON Web Signature', () => {
  const encode = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const jws = (signer: Pair, header: Record<string, unknown>, payload: string) => {
    const input = `${encode(header)}.${encode(payload)}`;
    const ec = signer.privateKey.asymmetricKeyType === 'ec';
    const signature = sign(
      'sha256',
      Buffer.from(input),
      ec ? { key: signer.privateKey, dsaEncoding: 'ieee-p1363' } : signer.privateKey,
    );
    const [protectedHeader, body] = input.split('.') as [string, string];
    return seen({
      kind: 'jws',
      container: 'JWS',
      range,
      jws: { protectedHeader, payload: body, signature: signature.toString('base64url') },
    });
  };
  const kid = (pair: Pair) => keyHashes(spkiOfKey(pair)).canonical;

  it('as pwnedkeys issues it is a statement', async () => {
    const rsa = await judge(jws(victim, { alg: 'RS256', kid: kid(victim) }, 'This key is pwned!'), nothing, context);
    const ec = await judge(jws(ecVictim, { alg: 'ES256', kid: kid(ecVictim) }, 'This key is pwned!'), nothing, context);
    expect([rsa.verdict, ec.verdict]).toEqual(['proven-statement', 'proven-statement']);
  });

  it('about something else shows possession only', async () => {
    const token = await judge(jws(victim, { alg: 'RS256', kid: kid(victim) }, '{"sub":"shop"}'), nothing, context);
    expect(token.verdict).toBe('possession-only');
  });

  it('with the victim’s kid and another signature, or a key of its own in the header, is refuted', async () => {
    const foreign = jws(
      attacker,
      { alg: 'RS256', kid: kid(victim), jwk: attacker.publicKey.export({ format: 'jwk' }) },
      'This key is pwned!',
    );
    expect(await judge(foreign, nothing, context)).toMatchObject({ verdict: 'refuted', matches: [] });
  });

  it('with none, with an HMAC under the public key, with crit or with b64 false is refuted', async () => {
    const payload = encode('This key is pwned!');
    const make = (header: Record<string, unknown>, signature: string): Seen =>
      seen({ kind: 'jws', container: 'JWS', range, jws: { protectedHeader: encode(header), payload, signature } });
    const hs = encode({ alg: 'HS256', kid: kid(victim) });
    const mac = createHmac('sha256', spkiOfKey(victim)).update(`${hs}.${payload}`).digest('base64url');
    for (const one of [
      make({ alg: 'none', kid: kid(victim) }, ''),
      make({ alg: 'HS256', kid: kid(victim) }, mac),
      make({ alg: 'RS256', kid: kid(victim), crit: ['x'] }, 'AAAA'),
      make({ alg: 'RS256', kid: kid(victim), b64: false }, 'AAAA'),
    ]) {
      expect((await judge(one, nothing, context)).verdict).toBe('refuted');
    }
  });
});

describe('a certificate', () => {
  it('shows which key is meant and proves nothing', async () => {
    const found: Found = { kind: 'certificate', container: 'PEM', range, der: victimCertificate };
    expect((await judge(seen(found), nothing, context)).verdict).toBe('claim-only');
    expect((await judge(seen(found), nothing, { ...context, claimed: false })).verdict).toBe('clean');
  });

  it('whose key can be computed is computable, with a proof signed by the computed key', async () => {
    const spki = closePrimes();
    const certificate = aCertificate(victim, { spki });
    const found: Found = { kind: 'certificate', container: 'PEM', range, der: certificate };
    const item = await judge(seen(found), nothing, aContext([certificate]));
    expect(item).toMatchObject({ verdict: 'computable', matches: [fingerprintOf(certificate)] });
    expect(verifyProof(item.proof, certificate).ok).toBe(true);
  });
});

function compressedSpki(pair: Pair): Uint8Array {
  const whole = spkiOfKey(pair);
  const point = whole.subarray(whole.length - 65);
  const compressed = Buffer.concat([Buffer.from([(point[64] as number) & 1 ? 3 : 2]), point.subarray(1, 33)]);
  return der.sequence(der.sequence(der.oid('1.2.840.10045.2.1'), der.oid('1.2.840.10045.3.1.7')), der.bits(compressed));
}

/** The product of a prime and the next one. */
function closePrimes(): Buffer {
  const p = rsaMaterial(attacker).primes[0] as bigint;
  let q = p + 2n;
  while (!checkPrimeSync(q)) q += 2n;
  return rsaSpki(p * q, 65537n);
}

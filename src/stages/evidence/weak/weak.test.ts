import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, generatePrimeSync, hash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyHashes } from '../../../foundation/pki/spki.ts';
import { rsaSpki } from '../extract/textual.ts';
import { bitLength, gcd, inverse, power, primesTo, product, squareRoot } from './arithmetic.ts';
import { checkKey } from './check-key.ts';
import { checkKnownPrimes } from './known-primes.ts';
import { badkeysList, readList, textList } from './lists.ts';
import {
  checkExponent,
  checkFermat,
  checkPrimeModulus,
  checkRoca,
  checkSize,
  checkSmallFactors,
  checkWiener,
  factorFromExponents,
  rsaFromFactor,
} from './rsa.ts';

const prime = (bits: number) => generatePrimeSync(bits, { bigint: true });
function nextPrime(from: bigint): bigint {
  for (let candidate = from | 1n; ; candidate += 2n)
    if (checkPrimeModulus(candidate).verdict === 'computable') return candidate;
}
const anRsaKey = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' });

describe('arithmetic', () => {
  it('roots, bit lengths, gcds and inverses agree with their definitions', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 600n }), fc.bigInt({ min: 1n, max: 1n << 600n }), (a, b) => {
        const root = squareRoot(a);
        expect(root * root <= a && (root + 1n) * (root + 1n) > a).toBe(true);
        expect(bitLength(b)).toBe(b.toString(2).length);
        let [x, y] = [a, b];
        while (y !== 0n) [x, y] = [y, x % y];
        expect(gcd(a, b)).toBe(x);
        const back = inverse(a, b);
        if (back !== null && b > 1n) expect((a * back) % b).toBe(1n);
      }),
      { numRuns: 400 },
    );
  });
});

describe('weak moduli', () => {
  it('close primes fall to Fermat, and the factor is real', () => {
    const p = prime(1024);
    const q = nextPrime(p + 2n);
    const found = checkFermat(p * q);
    expect(found.verdict).toBe('computable');
    expect(found.factor === p || found.factor === q).toBe(true);
  });

  it('a perfect square falls in round 0', () => {
    const p = prime(1024);
    expect(checkFermat(p * p).detail).toContain('round 0');
  });

  it.each([
    [99, 'computable'],
    [100, 'computable'],
    [101, 'computable'],
    [109, 'computable'],
    [110, 'clean'],
  ])('a modulus that needs round %i is %s with 110 rounds', (round, verdict) => {
    // (a - b)(a + b) with a exactly `round` above the root: Fermat's method must walk that far.
    const a = prime(700) * 4n;
    for (let k = 0n; ; k++) {
      const b = squareRoot(2n * a * BigInt(round)) + 1n + k;
      expect(k).toBeLessThan(50n);
      const n = a * a - b * b;
      const root = squareRoot(n);
      const first = root * root === n ? root : root + 1n;
      if (a - first !== BigInt(round)) continue;
      if ((n & 1n) === 0n) continue;
      expect(checkFermat(n).verdict).toBe(verdict);
      return;
    }
  });

  it('a ROCA key is found by its discrete logarithm, one that only passes the first step is not', () => {
    const m = product(primesTo(167).map(BigInt));
    const rocaPrime = () => {
      for (;;) {
        const k = BigInt(`0x${randomBytes(100).toString('hex')}`) | (1n << 799n);
        const candidate = k * m + power(65537n, BigInt(bitLength(k)) * 7919n + (k % 100_000n), m);
        if (checkPrimeModulus(candidate).verdict === 'computable') return candidate;
      }
    };
    const n = rocaPrime() * rocaPrime();
    expect(checkRoca(n).verdict).toBe('computable');
    // 2 has the right order modulo some primes but is no power of 65537 modulo all of them.
    const outside = n % m === 0n ? n : n * 3n;
    expect(checkRoca(outside).verdict).toBe('clean');
    expect(checkRoca(prime(1024) * prime(1024)).verdict).toBe('clean');
    expect(checkRoca(1n).verdict).toBe('clean');
    expect(checkRoca(0n).verdict).toBe('clean');
  });

  it('a small private exponent falls to Wiener', () => {
    const [p, q] = [prime(512), prime(512)];
    const lambda = ((p - 1n) * (q - 1n)) / gcd(p - 1n, q - 1n);
    for (let d = prime(200); ; d = prime(200)) {
      const e = inverse(d, (p - 1n) * (q - 1n));
      if (e === null || lambda === 0n) continue;
      expect(checkWiener(p * q, e).factor).not.toBeNull();
      break;
    }
    expect(checkWiener(p * q, 65537n).verdict).toBe('clean');
  });

  it('a small factor alone is a parameter fault; with a prime cofactor the key is computable', () => {
    const p = prime(1024);
    const q = prime(1013);
    expect(checkSmallFactors(p * 751n)).toMatchObject({ verdict: 'computable', factor: 751n });
    expect(checkSmallFactors(p * q * 751n)).toMatchObject({ verdict: 'parameter', factor: null });
    expect(checkSmallFactors(p * q * 753_001n).verdict).toBe('clean');
  });

  it('size and exponent faults are parameter faults, never a compromise', () => {
    expect(checkSize((1n << 1023n) + 1n).verdict).toBe('parameter');
    expect(checkSize((1n << 2048n) + 1n).verdict).toBe('parameter');
    expect(checkSize((1n << 2047n) + 1n).verdict).toBe('clean');
    for (const e of [1n, 2n, 65536n]) expect(checkExponent(1n << 2047n, e).verdict).toBe('parameter');
    expect(checkExponent(1n << 2047n, 3n).verdict).toBe('clean');
  });

  it('a prime on the list of shared primes is found', () => {
    const [shared, p] = [prime(1024), prime(1024)];
    expect(checkKnownPrimes(shared * p, 2048, shared * prime(1024)).factor).toBe(shared);
    expect(checkKnownPrimes(shared * p, 2048).verdict).toBe('clean');
    expect(checkKnownPrimes(shared * p, 2050).verdict).toBe('unknown');
  });

  it('n = 0 and other nonsense is a fault and no crash', () => {
    for (const n of [0n, 1n, 2n, 3n, 6n]) {
      const result = checkKey(rsaSpki(n, 65537n), { thorough: true });
      expect(result.findings.some((f) => f.verdict === 'parameter')).toBe(true);
    }
  });

  it('d of one exponent gives the primes, and a wrong d gives nothing', () => {
    const [p, q] = [prime(512), prime(512)];
    const whole = rsaFromFactor(p * q, 65537n, p);
    expect([p, q]).toContain(factorFromExponents(p * q, 65537n, whole!.d));
    expect(factorFromExponents(p * q, 65537n, whole!.d + 2n)).toBeNull();
    expect(factorFromExponents(p * q, 1n, 1n)).toBeNull();
  });
});

describe('lists', () => {
  it('without a list the answer is unknown, never clean', () => {
    const { findings } = checkKey(anRsaKey());
    expect(findings.find((f) => f.check === 'debian')?.verdict).toBe('unknown');
    expect(findings.find((f) => f.check === 'leaked')?.verdict).toBe('unknown');
  });

  it("badkeys' binary format: a listed key is found, its neighbour is not", () => {
    const key = anRsaKey();
    const record = (hex: string, id: number) =>
      Buffer.concat([Buffer.from(hex, 'hex').subarray(0, 15), Buffer.from([id])]);
    const others = Array.from({ length: 500 }, (_, i) => record(hash('sha256', `${i}`, 'hex'), 8));
    const bytes = Buffer.concat([...others, record(keyHashes(key).material, 1)].sort(Buffer.compare));
    const lists = [badkeysList(bytes)];
    expect(checkKey(key, { lists }).findings).toContainEqual(
      expect.objectContaining({ check: 'debian', verdict: 'computable' }),
    );
    expect(checkKey(anRsaKey(), { lists }).findings).toContainEqual(
      expect.objectContaining({ check: 'debian', verdict: 'clean' }),
    );
  });

  it('a size that the Debian list does not cover stays unknown', () => {
    const odd = rsaSpki(((1n << 2055n) + 1n) | 1n, 65537n);
    const lists = [badkeysList(Buffer.alloc(32))];
    expect(checkKey(odd, { lists }).findings.find((f) => f.check === 'debian')?.verdict).toBe('unknown');
  });

  it('a text list names the class, and a line that is no hash is refused', () => {
    const key = anRsaKey();
    const list = textList(`# ours\n${keyHashes(key).canonical},roca\n`, 'ours');
    expect(checkKey(key, { lists: [list] }).findings).toContainEqual({
      check: 'roca',
      verdict: 'computable',
      detail: 'on ours as roca',
    });
    expect(() => textList('not a hash', 'x')).toThrow(RangeError);
    expect(
      readList(Buffer.from(`${keyHashes(key).exact}\n`), 'x').covers({ type: 'rsa', bits: 2048, curve: null }),
    ).toEqual(['leaked']);
  });

  it('a curve outside the rules and a point off its curve are parameter faults', () => {
    const k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'der', type: 'spki' });
    expect(checkKey(k1).findings).toContainEqual(expect.objectContaining({ check: 'curve', verdict: 'parameter' }));
    const good = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' });
    const off = Buffer.from(good);
    off[off.length - 1] = (off[off.length - 1] as number) ^ 1;
    expect(checkKey(off).findings).toContainEqual(expect.objectContaining({ check: 'point', verdict: 'parameter' }));
    expect(checkKey(good).findings).toContainEqual(expect.objectContaining({ check: 'point', verdict: 'clean' }));
  });
});

const badkeysPython = process.env.BADKEYS_PYTHON ?? '';

describe.skipIf(!existsSync(badkeysPython))(
  'agreement with badkeys (set BADKEYS_PYTHON to a Python that has it)',
  () => {
    it('says the same of the same moduli', () => {
      const p = prime(1024);
      const keys = [p * nextPrime(p + 2n), p * p, p * prime(1024), p * 751n, p * prime(1000) * 3n];
      const script = `
import sys, json
from badkeys.checks import checkrsa
for line in sys.stdin:
    print(json.dumps(sorted(checkrsa(int(line), checks=['fermat','roca','smallfactors','sharedprimes','smalld']).keys())))`;
      const output = execFileSync(badkeysPython, ['-c', script], { input: keys.map(String).join('\n') }).toString();
      const theirs = output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as string[]);
      for (const [i, n] of keys.entries()) {
        const { findings } = checkKey(
          createPublicKey({ key: rsaSpki(n, 65537n), format: 'der', type: 'spki' }).export({
            format: 'der',
            type: 'spki',
          }),
        );
        const bad = (check: string) => findings.some((f) => f.check === check && f.verdict !== 'clean');
        expect([bad('fermat'), bad('roca'), bad('small-factors')]).toEqual([
          theirs[i]!.includes('fermat'),
          theirs[i]!.includes('roca'),
          theirs[i]!.includes('smallfactors'),
        ]);
      }
    });
  },
);

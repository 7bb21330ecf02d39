/** One key in every encoding and every state of damage must come out as that key. */
import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash, createHmac, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { publicParts } from '../prove/possession.ts';
import { aCertificate, anEcKey, anRsaKey, nodeSpki } from '../prove/test-keys.ts';
import { extractFromBytes, extractFromText } from './extract.ts';
import type { Found, PrivateMaterial, RsaPrivate } from './found.ts';
import { isKeyStore, openKeyStore, readKeyStore } from './jks.ts';
import { openPkcs12 } from './pkcs12.ts';
import { readOpenSsh, readPpk } from './ssh.ts';
import { readJwk } from './textual.ts';

const rsa = anRsaKey();
const ec = anEcKey();
const ed = generateKeyPairSync('ed25519');
const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8') =>
  key.export({ format: 'pem', type } as never) as unknown as string;
const derOf = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8') =>
  key.export({ format: 'der', type } as never) as unknown as Buffer;
const rsaPem = pem(rsa.privateKey);
const rsaSpkiHex = nodeSpki(rsa.privateKey).toString('hex');

function spkiHex(key: PrivateMaterial): string {
  const { claimed, derived } = publicParts(key);
  return (derived ?? claimed)?.toString('hex') ?? '';
}

function keysIn(found: readonly Found[], passphrase = ''): PrivateMaterial[] {
  return found.flatMap((one) => {
    if (one.kind === 'private-key') return [one.key];
    if (one.kind !== 'encrypted-key') return [];
    const opened = one.open(passphrase);
    return typeof opened === 'string' ? [] : [...opened.keys];
  });
}

const lines = rsaPem.trim().split('\n');
const body = lines.slice(1, -1).join('');

/** `xxd` puts two bytes together, `hexdump -C` one. */
function dump(bytes: Buffer, group: 1 | 2): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const pairs = row.toString('hex').replace(new RegExp(`(.{${2 * group}})`, 'g'), '$1 ');
    const letters = row.toString('latin1').replace(/[^ -~]/g, '.');
    rows.push(`${at.toString(16).padStart(8, '0')}${group === 2 ? ':' : ' '} ${pairs.padEnd(41)} ${letters}`);
  }
  return rows.join('\n');
}

const damaged: Readonly<Record<string, string>> = {
  plain: rsaPem,
  'in running text': `Hello,\n\nthis is the key:\n${rsaPem}\nRegards,\nA Reporter`,
  CRLF: rsaPem.replaceAll('\n', '\r\n'),
  indented: rsaPem.replace(/^/gm, '      '),
  'flattened to one line': rsaPem.trim().replaceAll('\n', ' '),
  'flattened without blanks': rsaPem.trim().replaceAll('\n', ''),
  quoted: rsaPem.replace(/^/gm, '> '),
  'quoted twice': rsaPem.replace(/^/gm, '>> '),
  'escaped into JSON': JSON.stringify({ key: rsaPem }),
  'escaped twice': JSON.stringify(JSON.stringify({ key: rsaPem })),
  'escaped with CR and LF': rsaPem.replaceAll('\n', '\\r\\n'),
  'concatenated in Java': lines.map((line) => `    "${line}\\n" +`).join('\n'),
  'concatenated in Go': lines.map((line) => `\t"${line}\\n"`).join(' +\n'),
  'a JavaScript array': `[\n${lines.map((line) => `  '${line}',`).join('\n')}\n].join('\\n')`,
  'a shell here-document with comment marks': rsaPem.replace(/^/gm, '# '),
  'a C comment': rsaPem.replace(/^/gm, '// '),
  'an added file in a diff': rsaPem.trim().replace(/^/gm, '+'),
  'with line numbers': lines.map((line, i) => `${String(i + 1).padStart(4)} | ${line}`).join('\n'),
  'with <br>': lines.join('<br>\n'),
  'with entities': rsaPem.replaceAll('+', '&#43;').replaceAll('/', '&#x2F;').replaceAll('=', '&#61;'),
  'url-encoded': encodeURIComponent(rsaPem).replaceAll('%20', ' ').replaceAll('-----BEGIN%20', '-----BEGIN '),
  'with word-processor dashes': rsaPem.replaceAll('-----', '\u2014\u2013\u2014'),
  'with stray characters': rsaPem.replace(lines[3] as string, `\u200b${lines[3]}\u00a0`),
  'without an end': lines.slice(0, -1).join('\n'),
  'without markers': lines.slice(1, -1).join('\n'),
  'without markers on one line': body,
  'with a blank line between all lines': lines.join('\n\n'),
  'dash-escaped by OpenPGP': rsaPem.replace(/^-/gm, '- -'),
  'PKCS#8 inside RSA markers': rsaPem.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY'),
  'in YAML': `key: |\n${rsaPem.replace(/^/gm, '    ')}`,
  'in UTF-16': rsaPem,
  'in hexadecimal': derOf(rsa.privateKey).toString('hex'),
  'in hexadecimal with colons, wrapped': derOf(rsa.privateKey)
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1:')
    .replace(/(.{45})/g, '$1\n'),
  'an array of bytes in C': `static const unsigned char key[] = {\n  ${[...derOf(rsa.privateKey)]
    .map((byte, i) => `0x${byte.toString(16).padStart(2, '0')},${i % 12 === 11 ? '\n  ' : ' '}`)
    .join('')}\n};`,
  'an escaped string of bytes': `"${derOf(rsa.privateKey).toString('hex').replace(/(..)/g, '\\x$1')}"`,
  'a dump by xxd': dump(derOf(rsa.privateKey), 2),
  'a dump by hexdump': dump(derOf(rsa.privateKey), 1),
  'PEM in hexadecimal': Buffer.from(rsaPem).toString('hex'),
  'a Kubernetes secret': `kind: Secret\ndata:\n  tls.key: ${Buffer.from(rsaPem).toString('base64')}\n`,
  'base64 twice': Buffer.from(Buffer.from(rsaPem).toString('base64')).toString('base64'),
  'a data URL': `<a href="data:application/x-pem-file;base64,${Buffer.from(rsaPem).toString('base64')}">`,
  'a form as it was posted': `user=x&key=${encodeURIComponent(rsaPem).replaceAll('%20', '+')}&more=1`,
  'lines of a log': rsaPem.replace(/^/gm, '2026-03-07T20:00:00Z INFO app: '),
  'rows of a table': lines.map((line, i) => `<tr><td>${i + 1}</td><td><b>${line}</b></td></tr>`).join('\n'),
  'rich text': `{\\rtf1 ${lines.join('\\par\n')}}`,
  'PuTTY in JSON': JSON.stringify({ ppk: ppkOf(rsa.privateKey, 2, '') }),
  'XML with escaped brackets': JSON.stringify(xmlOf(rsa.privateKey))
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e'),
  'a secret in an environment file': `TLS_KEY="${rsaPem.trim().replaceAll('\n', '\\n')}"`,
};

describe('one RSA key', () => {
  it.each(Object.keys(damaged))('%s is found', (state) => {
    const text = damaged[state] as string;
    const bytes =
      state === 'in UTF-16'
        ? Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
        : Buffer.from(text);
    expect(keysIn(extractFromBytes(bytes)).map(spkiHex)).toEqual([rsaSpkiHex]);
  });

  it('leaves nothing of itself in a redacted text, in any state', async () => {
    const { redactText } = await import('../room/redact.ts');
    for (const [state, text] of Object.entries(damaged)) {
      const clean = redactText(`before the key\n${text}\nafter the key`);
      const letters = clean.replace(/[^A-Za-z0-9+/]/g, '');
      for (let at = 0; at + 24 <= body.length; at += 24) {
        expect(letters.includes(body.slice(at, at + 24)), `${state}: ${at}`).toBe(false);
      }
      expect(clean, state).toContain('before the key');
      expect(clean, state).toMatch(/\[private key, SPKI [0-9a-f]{64}\]/);
    }
  });

  it('among twenty others is found in its place', () => {
    const others = Array.from({ length: 20 }, () => anEcKey().privateKey);
    const text = [...others.slice(0, 7), rsa.privateKey, ...others.slice(7)].map((key) => pem(key)).join('\nand\n');
    const found = keysIn(extractFromText(text)).map(spkiHex);
    expect(found).toHaveLength(21);
    expect(found[7]).toBe(rsaSpkiHex);
  });

  it('torn in the middle still gives what its whole numbers give', () => {
    const pkcs1 = pem(rsa.privateKey, 'pkcs1').trim().split('\n');
    const torn = [...pkcs1.slice(0, 15), pkcs1.at(-1)].join('\n');
    const [key] = keysIn(extractFromText(torn));
    expect(key?.kind === 'rsa' && key.primes.length).toBe(1);
  });
});

describe('other encodings', () => {
  const cases: Readonly<Record<string, () => [Buffer, KeyObject]>> = {
    'PKCS#1 PEM': () => [Buffer.from(pem(rsa.privateKey, 'pkcs1')), rsa.privateKey],
    'PKCS#1 DER': () => [derOf(rsa.privateKey, 'pkcs1'), rsa.privateKey],
    'PKCS#8 DER with garbage behind': () => [
      Buffer.concat([derOf(rsa.privateKey), Buffer.from('garbage')]),
      rsa.privateKey,
    ],
    'SEC1 PEM behind EC PARAMETERS': () => [
      Buffer.from(
        `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem(ec.privateKey, 'sec1')}`,
      ),
      ec.privateKey,
    ],
    'SEC1 DER': () => [derOf(ec.privateKey, 'sec1'), ec.privateKey],
    'Ed25519 PKCS#8': () => [Buffer.from(pem(ed.privateKey)), ed.privateKey],
    'RSA JWK': () => [Buffer.from(JSON.stringify(rsa.privateKey.export({ format: 'jwk' }))), rsa.privateKey],
    'EC JWKS': () => [
      Buffer.from(JSON.stringify({ keys: [ec.privateKey.export({ format: 'jwk' })] }, null, 2)),
      ec.privateKey,
    ],
    'Ed25519 JWK': () => [Buffer.from(JSON.stringify(ed.privateKey.export({ format: 'jwk' }))), ed.privateKey],
    'JWK escaped in JSON': () => [
      Buffer.from(JSON.stringify({ k: JSON.stringify(ec.privateKey.export({ format: 'jwk' })) })),
      ec.privateKey,
    ],
    '.NET XML': () => [Buffer.from(xmlOf(rsa.privateKey)), rsa.privateKey],
    'XML in entities': () => [
      Buffer.from(xmlOf(rsa.privateKey).replaceAll('<', '&lt;').replaceAll('>', '&gt;')),
      rsa.privateKey,
    ],
    'BIND RSA': () => [Buffer.from(bindOf(rsa.privateKey)), rsa.privateKey],
    'BIND P-256': () => [
      Buffer.from(
        `Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: ${ec.privateKey.export({ format: 'jwk' }).d?.replaceAll('-', '+').replaceAll('_', '/')}=\n`,
      ),
      ec.privateKey,
    ],
    'PuTTY 2': () => [Buffer.from(ppkOf(rsa.privateKey, 2, '')), rsa.privateKey],
    'PuTTY 2, quoted': () => [Buffer.from(ppkOf(rsa.privateKey, 2, '').replace(/^/gm, '> ')), rsa.privateKey],
    'OpenSSH file': () => [openSshOf(ec.privateKey), ec.privateKey],
    'DER inside a binary file': () => [
      Buffer.concat([randomBytes(3000), derOf(ec.privateKey), randomBytes(999)]),
      ec.privateKey,
    ],
    'base64 of DER in a sentence': () => [
      Buffer.from(`Key: ${derOf(ec.privateKey).toString('base64')} (yours)`),
      ec.privateKey,
    ],
    'a web page with highlighting': () => [
      Buffer.from(
        `<pre>${pem(ec.privateKey).replace('BEGIN', '<b>BEGIN</b>').replaceAll('\n', '</span>\n<span>')}</pre>`,
      ),
      ec.privateKey,
    ],
  };

  it.each(Object.keys(cases))('%s', (name) => {
    const [bytes, key] = (cases[name] as () => [Buffer, KeyObject])();
    expect(keysIn(extractFromBytes(bytes)).map(spkiHex)).toEqual([nodeSpki(key).toString('hex')]);
  });

  it.each([
    [
      'AES-256 PBKDF2',
      () => rsa.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' }),
    ],
    [
      'traditional',
      () => rsa.privateKey.export({ format: 'pem', type: 'pkcs1', cipher: 'aes-128-cbc', passphrase: 'secret' }),
    ],
    [
      'traditional, flattened',
      () =>
        (
          rsa.privateKey.export({ format: 'pem', type: 'pkcs1', cipher: 'aes-128-cbc', passphrase: 'secret' }) as string
        ).replaceAll('\n', ' '),
    ],
    ['PuTTY 2', () => ppkOf(rsa.privateKey, 2, 'secret')],
  ])('under a pass phrase: %s', (_name, make) => {
    const found = extractFromBytes(Buffer.from(make()));
    expect(found.map((one) => one.kind)).toEqual(['encrypted-key']);
    expect(keysIn(found, 'wrong')).toEqual([]);
    expect(keysIn(found, 'secret').map(spkiHex)).toEqual([rsaSpkiHex]);
  });

  it('a pass-phrase scheme that costs too much is refused before it runs', () => {
    const text = rsa.privateKey.export({
      format: 'der',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    }) as Buffer;
    // The iteration count 2048 (02 02 08 00) becomes 20 million (02 04 01 31 2d 00); lengths around it are rewritten.
    const at = text.indexOf(Buffer.from([0x02, 0x02, 0x08, 0x00]));
    expect(at).toBeGreaterThan(0);
    const costly = growAt(text, at, Buffer.from([0x02, 0x04, 0x01, 0x31, 0x2d, 0x00]), 4);
    const [found] = extractFromBytes(costly);
    expect(found?.kind === 'encrypted-key' && found.open('secret')).toBe('too-costly');
  });

  it('a certificate, a request and a public key are told apart from keys', () => {
    const certificate = aCertificate(ec);
    const kinds = (bytes: Buffer) => extractFromBytes(bytes).map((one) => one.kind);
    expect(kinds(certificate)).toEqual(['certificate']);
    expect(
      kinds(Buffer.from(`-----BEGIN PRIVATE KEY-----\n${certificate.toString('base64')}\n-----END PRIVATE KEY-----`)),
    ).toEqual(['certificate']);
    expect(kinds(nodeSpki(ec.privateKey))).toEqual(['public-key']);
    expect(kinds(Buffer.from('-----BEGIN PRIVATE KEY-----\n(removed)\n-----END PRIVATE KEY-----'))).toEqual([
      'unreadable-key',
    ]);
    expect(kinds(Buffer.from('nothing to see'))).toEqual([]);
  });
});

const tools = ['openssl', 'ssh-keygen', 'keytool'].map((tool) => {
  try {
    execFileSync('sh', ['-c', `command -v ${tool}`]);
    return true;
  } catch {
    return false;
  }
});
const folder = mkdtempSync(join(tmpdir(), 'rescind-extract-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!tools.every(Boolean))('files made by openssl, ssh-keygen and keytool', () => {
  const run = (command: string) => execFileSync('sh', ['-c', command], { cwd: folder, stdio: 'pipe' });
  writeFileSync(join(folder, 'k.pem'), rsaPem, { mode: 0o600 });

  it.each([
    [
      'PKCS#12',
      'openssl req -x509 -key k.pem -subj /CN=x -out c.pem && openssl pkcs12 -export -inkey k.pem -in c.pem -passout pass:secret -out out',
      'secret',
    ],
    [
      'PKCS#12 with RC2 and 3DES',
      'openssl req -x509 -key k.pem -subj /CN=x -out c.pem && openssl pkcs12 -export -legacy -inkey k.pem -in c.pem -passout pass:secret -out out',
      'secret',
    ],
    [
      'PKCS#12 without a pass phrase',
      'openssl req -x509 -key k.pem -subj /CN=x -out c.pem && openssl pkcs12 -export -legacy -inkey k.pem -in c.pem -passout pass: -out out',
      '',
    ],
    [
      'PBES1 MD5 DES',
      'openssl pkcs8 -topk8 -in k.pem -v1 PBE-MD5-DES -provider legacy -provider default -passout pass:secret -out out',
      'secret',
    ],
    [
      'RC2-40',
      'openssl pkcs8 -topk8 -in k.pem -v1 PBE-SHA1-RC2-40 -provider legacy -provider default -passout pass:secret -out out',
      'secret',
    ],
    [
      'RC4',
      'openssl pkcs8 -topk8 -in k.pem -v1 PBE-SHA1-RC4-128 -provider legacy -provider default -passout pass:secret -out out',
      'secret',
    ],
    ['scrypt', 'openssl pkcs8 -topk8 -in k.pem -scrypt -passout pass:secret -out out', 'secret'],
    ['OpenSSH with bcrypt', 'cp k.pem out && chmod 600 out && ssh-keygen -q -p -P "" -N secret -f out', 'secret'],
    [
      'JKS',
      'openssl req -x509 -key k.pem -subj /CN=x -out c.pem && openssl pkcs12 -export -inkey k.pem -in c.pem -passout pass:secret -out p && rm -f out && keytool -importkeystore -srckeystore p -srcstorepass secret -destkeystore out -deststoretype JKS -deststorepass secret -noprompt',
      'secret',
    ],
    [
      'JCEKS',
      'openssl req -x509 -key k.pem -subj /CN=x -out c.pem && openssl pkcs12 -export -inkey k.pem -in c.pem -passout pass:secret -out p && rm -f out && keytool -importkeystore -srckeystore p -srcstorepass secret -destkeystore out -deststoretype JCEKS -deststorepass secret -noprompt',
      'secret',
    ],
  ])('%s', (_name, command, passphrase) => {
    run(command);
    const found = extractFromBytes(readFileSync(join(folder, 'out')));
    expect(keysIn(found, 'wrong')).toEqual([]);
    expect(keysIn(found, passphrase).map(spkiHex)).toEqual([rsaSpkiHex]);
  });
});

describe('other kinds of keys', () => {
  it.each([
    ['brainpoolP256r1', () => generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' })],
    ['secp224r1', () => generateKeyPairSync('ec', { namedCurve: 'secp224r1' })],
    ['DSA', () => generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 })],
  ])('%s proves itself, and no other key', async (_name, make) => {
    const { provePossession } = await import('../prove/possession.ts');
    const pair = make();
    const [key] = keysIn(extractFromText(pem(pair.privateKey)));
    expect(spkiHex(key as PrivateMaterial)).toBe(nodeSpki(pair.privateKey).toString('hex'));
    const facts = { reportId: 'r', receivedAt: '2026-01-01T00:00:00Z', nonce: randomBytes(32) };
    expect(provePossession(key as PrivateMaterial, nodeSpki(pair.privateKey), facts)).not.toBeNull();
    expect(provePossession(key as PrivateMaterial, nodeSpki(make().privateKey), facts)).toBeNull();
  });

  it.skipIf(!tools[0])('numbers that OpenSSL prints are keys', () => {
    for (const pair of [rsa, ec, generateKeyPairSync('ed25519'), generateKeyPairSync('ed448')]) {
      const text = execFileSync('openssl', ['pkey', '-text', '-noout'], { input: pem(pair.privateKey) }).toString();
      const [key] = keysIn(extractFromText(text));
      expect(spkiHex(key as PrivateMaterial)).toBe(nodeSpki(pair.privateKey).toString('hex'));
    }
  });

  it('a prime beside its modulus is the key, and exponents of somebody else are not', () => {
    const [key] = keysIn(extractFromText(rsaPem)) as [RsaPrivate];
    const text = `n = ${key.n}\ne = 65537\np = ${key.primes[0]}\n`;
    expect((keysIn(extractFromText(text))[0] as RsaPrivate).primes).toEqual([key.primes[0]]);
    expect(keysIn(extractFromText(`n = ${key.n}\ne = 65537\n`))).toEqual([]);
    expect(keysIn(extractFromText('p = 7 of 10 people, n: 3, q = 12345'))).toEqual([]);
  });
});

describe('whatever the bytes', () => {
  it('a text made to be searched slowly is not', () => {
    const slow = [
      '30 82 '.repeat(50_000),
      `${'ab:'.repeat(100_000)}zz`,
      'A'.repeat(300_000),
      `${'Zm9v\n'.repeat(60_000)}`,
      `-----BEGIN PRIVATE KEY-----\n${'AAAA\n'.repeat(50_000)}`,
      '-----BEGIN PRIVATE KEY-----\n'.repeat(10_000),
      'PuTTY-User-Key-File-3:\\n'.repeat(10_000),
      '\\u003cRSAKeyValue'.repeat(10_000),
      'p = 1\nq = 2\n'.repeat(20_000),
      `priv: ${'aa:'.repeat(100_000)}`,
      '00000000: 3082 '.repeat(16_000),
      `${'%41'.repeat(100_000)}%0a`,
      '{"kty":'.repeat(33_000),
      'eyJ'.repeat(100_000),
    ];
    // No time is asserted: a quadratic search of a megabyte runs into the time limit of the test itself.
    for (const text of slow) extractFromText(text);
  });

  const seeds: Buffer[] = [
    derOf(rsa.privateKey),
    derOf(rsa.privateKey, 'pkcs1'),
    derOf(ec.privateKey, 'sec1'),
    rsa.privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: '' }) as Buffer,
    Buffer.from(rsaPem),
    Buffer.from(ppkOf(rsa.privateKey, 2, '')),
    Buffer.from(JSON.stringify(ec.privateKey.export({ format: 'jwk' }))),
    openSshOf(ec.privateKey),
    aCertificate(ec),
    Buffer.from(xmlOf(rsa.privateKey)),
    Buffer.from('eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
  ];

  it('a search ends without an exception', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        fc.nat({ max: 60 }),
        (seed, edits, cut) => {
          const bytes = Buffer.from(seed.subarray(0, seed.length - cut));
          for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
          for (const found of extractFromBytes(bytes)) {
            if (found.kind === 'private-key') publicParts(found.key);
            if (found.kind === 'encrypted-key') found.open('x');
          }
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('each parser alone bears random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        readOpenSsh(bytes);
        readPpk(Buffer.from(bytes).toString('latin1'));
        openPkcs12(bytes, 'x');
        if (isKeyStore(bytes)) openKeyStore(readKeyStore(bytes), 'x');
        openKeyStore(readKeyStore(Buffer.concat([Buffer.from('feedfeed00000002', 'hex'), Buffer.from(bytes)])), 'x');
        extractFromText(Buffer.from(bytes).toString('latin1'));
      }),
      { numRuns: 800 },
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('kty', 'crv', 'n', 'e', 'd', 'p', 'x', 'y'), fc.string()), (jwk) => {
        readJwk({ kty: 'EC', ...jwk }, { from: 0, to: 1 });
        readJwk({ kty: 'RSA', n: 'AQ', d: 'AQ', ...jwk }, { from: 0, to: 1 });
      }),
      { numRuns: 500 },
    );
  });
});

function numbersOf(key: KeyObject): Record<'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi', Buffer> {
  const jwk = key.export({ format: 'jwk' }) as Record<string, string>;
  return Object.fromEntries(
    Object.entries(jwk)
      .filter(([name]) => name !== 'kty')
      .map(([name, value]) => [name, Buffer.from(value, 'base64url')]),
  ) as never;
}

function xmlOf(key: KeyObject): string {
  const n = numbersOf(key);
  const field = (name: string, value: Buffer) => `<${name}>${value.toString('base64')}</${name}>`;
  return `<RSAKeyValue>${field('Modulus', n.n)}${field('Exponent', n.e)}${field('P', n.p)}${field('Q', n.q)}${field('DP', n.dp)}${field('DQ', n.dq)}${field('InverseQ', n.qi)}${field('D', n.d)}</RSAKeyValue>`;
}

function bindOf(key: KeyObject): string {
  const n = numbersOf(key);
  const field = (name: string, value: Buffer) => `${name}: ${value.toString('base64')}\n`;
  return `Private-key-format: v1.3\nAlgorithm: 8 (RSASHA256)\n${field('Modulus', n.n)}${field('PublicExponent', n.e)}${field('PrivateExponent', n.d)}${field('Prime1', n.p)}${field('Prime2', n.q)}${field('Exponent1', n.dp)}${field('Exponent2', n.dq)}${field('Coefficient', n.qi)}`;
}

function lengthPrefixed(...values: (Buffer | string)[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );
}

function mpint(bytes: Buffer): Buffer {
  return (bytes[0] as number) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}

function ppkOf(key: KeyObject, version: 2, passphrase: string): string {
  const n = numbersOf(key);
  const publicBlob = lengthPrefixed('ssh-rsa', mpint(n.e), mpint(n.n));
  let plain = lengthPrefixed(mpint(n.d), mpint(n.p), mpint(n.q), mpint(n.qi));
  const encryption = passphrase === '' ? 'none' : 'aes256-cbc';
  if (passphrase !== '') plain = Buffer.concat([plain, Buffer.alloc((16 - (plain.length % 16)) % 16)]);
  const macKey = createHash('sha1').update('putty-private-key-file-mac-key').update(passphrase).digest();
  const mac = createHmac('sha1', macKey)
    .update(lengthPrefixed('ssh-rsa', encryption, 'test', publicBlob, plain))
    .digest('hex');
  let sealed = plain;
  if (passphrase !== '') {
    const part = (i: number) =>
      createHash('sha1')
        .update(Buffer.from([0, 0, 0, i]))
        .update(passphrase)
        .digest();
    const cipher = createCipheriv(
      'aes-256-cbc',
      Buffer.concat([part(0), part(1)]).subarray(0, 32),
      Buffer.alloc(16),
    ).setAutoPadding(false);
    sealed = cipher.update(plain);
  }
  const block = (bytes: Buffer) => (bytes.toString('base64').match(/.{1,64}/g) ?? []).join('\n');
  const count = (bytes: Buffer) => Math.ceil(bytes.toString('base64').length / 64);
  return `PuTTY-User-Key-File-${version}: ssh-rsa\nEncryption: ${encryption}\nComment: test\nPublic-Lines: ${count(publicBlob)}\n${block(publicBlob)}\nPrivate-Lines: ${count(sealed)}\n${block(sealed)}\nPrivate-MAC: ${mac}\n`;
}

function openSshOf(key: KeyObject): Buffer {
  const jwk = key.export({ format: 'jwk' }) as { x: string; y: string; d: string };
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')]);
  const publicBlob = lengthPrefixed('ecdsa-sha2-nistp256', 'nistp256', point);
  const check = randomBytes(4);
  const section = Buffer.concat([
    check,
    check,
    lengthPrefixed('ecdsa-sha2-nistp256', 'nistp256', point, mpint(Buffer.from(jwk.d, 'base64url')), 'comment'),
  ]);
  const padded = Buffer.concat([section, Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (section.length % 8)) % 8))]);
  const one = Buffer.from([0, 0, 0, 1]);
  const bytes = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    lengthPrefixed('none', 'none', ''),
    one,
    lengthPrefixed(publicBlob),
    lengthPrefixed(padded),
  ]);
  const text = bytes
    .toString('base64')
    .match(/.{1,70}/g)
    ?.join('\n');
  return Buffer.from(`-----BEGIN OPENSSH PRIVATE KEY-----\n${text}\n-----END OPENSSH PRIVATE KEY-----\n`);
}

/** Replaces `remove` bytes at `at` and corrects the lengths of every element around them. */
function growAt(bytes: Buffer, at: number, insert: Buffer, remove: number): Buffer {
  const rebuild = (from: number, to: number): Buffer => {
    const parts: Buffer[] = [];
    for (let i = from; i < to; ) {
      const header = (bytes[i + 1] as number) < 0x80 ? 2 : 2 + ((bytes[i + 1] as number) & 0x7f);
      let length = bytes[i + 1] as number;
      if (header > 2) length = bytes.readUIntBE(i + 2, header - 2);
      const end = i + header + length;
      if (i === at) parts.push(insert);
      else if (i < at && at < end && (bytes[i] as number) & 0x20) {
        const content = rebuild(i + header, end);
        const size =
          content.length < 128
            ? Buffer.from([content.length])
            : Buffer.from([0x82, content.length >> 8, content.length & 0xff]);
        parts.push(
          Buffer.from([bytes[i] as number]),
          content.length >= 128 && content.length < 256 ? Buffer.from([0x81, content.length]) : size,
          content,
        );
      } else parts.push(bytes.subarray(i, end));
      i = end;
    }
    return Buffer.concat(parts);
  };
  void remove;
  return rebuild(0, bytes.length);
}

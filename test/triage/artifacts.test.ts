/**
 * Identifiers in messages: the corpus, and sentences nobody tuned on one by one. Each notation is put into each
 * sentence, among things that look alike and are none, so that recall and precision are both at stake.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readForTriage } from '../../src/app/read-for-triage.ts';
import { SystemTime } from '../../src/foundation/time/system-time.ts';
import { generator } from '../../src/stages/triage/model/fit.ts';

const corpus = join(import.meta.dirname, '../corpus');
const now = new SystemTime().now();

type Kind = 'fingerprintsSha256' | 'serials' | 'crtshIds' | 'spkiSha256' | 'urls';
type Wanted = Partial<Record<Kind, readonly string[]>>;

class Tally {
  readonly missed: string[] = [];
  readonly invented: string[] = [];
  #found = 0;

  add(name: string, kind: string, wanted: readonly string[], got: readonly string[]): void {
    for (const one of wanted) {
      if (got.includes(one)) this.#found++;
      else this.missed.push(`${name} ${kind} ${one}`);
    }
    for (const one of got) if (!wanted.includes(one)) this.invented.push(`${name} ${kind} ${one}`);
  }

  expectGood(): void {
    const recall = this.#found / (this.#found + this.missed.length);
    const precision = this.#found / (this.#found + this.invented.length);
    expect(recall, this.missed.slice(0, 12).join('\n')).toBeGreaterThanOrEqual(0.99);
    expect(precision, this.invented.slice(0, 12).join('\n')).toBeGreaterThanOrEqual(0.98);
  }
}

/** The contract writes serials without leading zeros; the labels of the corpus as they stand in the mail. */
const withoutZeros = (one: string) => one.replace(/^0+(?=.)/, '');

const read = async (bytes: Uint8Array) =>
  (await readForTriage(bytes, { receivedBy: 'mx.ca.example', ownDomains: () => false, now })).triage.artifacts;

it('the corpus', async () => {
  const tally = new Tally();
  for (const line of readFileSync(join(corpus, 'labels.jsonl'), 'utf8').trim().split('\n')) {
    const { file, artifacts } = JSON.parse(line) as {
      file: string;
      artifacts: Record<string, string[] & boolean>;
    };
    const got = await read(readFileSync(join(corpus, file)));
    for (const kind of ['fingerprintsSha256', 'serials', 'crtshIds', 'domains', 'urls'] as const)
      tally.add(file, kind, kind === 'serials' ? artifacts[kind]!.map(withoutZeros) : artifacts[kind]!, got[kind]);
    for (const kind of ['hasPrivateKey', 'hasCertificate', 'hasCsr'] as const)
      tally.add(file, kind, artifacts[kind] ? ['yes'] : [], got[kind] ? ['yes'] : []);
  }
  tally.expectGood();
});

const random = generator(4_919);
const hex = (count: number) =>
  Array.from({ length: count }, () => '0123456789abcdef'[Math.floor(random() * 16)]).join('');
/** A serial as CAs make them: sixteen octets, the first neither zero nor negative, with a letter somewhere. */
const serial = () => `${'1234567'[Math.floor(random() * 7)]}${hex(14)}e${hex(16)}`;
const pairs = (text: string, sign: string) => text.match(/../g)!.join(sign);

const serialNotations: readonly [string, (one: string) => string][] = [
  ['hex', (one) => one],
  ['capitals', (one) => one.toUpperCase()],
  ['colons', (one) => pairs(one, ':')],
  ['colons and capitals', (one) => pairs(one, ':').toUpperCase()],
  ['0x', (one) => `0x${one}`],
  ['leading 00', (one) => `00${one}`],
  ['leading 00 with colons', (one) => `00:${pairs(one, ':')}`],
  ['blanks', (one) => pairs(one, ' ')],
  ['decimal', (one) => BigInt(`0x${one}`).toString()],
];
const serialSentences: readonly [string, (one: string) => string][] = [
  ['en', (one) => `The certificate with serial number ${one} must be revoked.`],
  ['en colon', (one) => `Serial: ${one}\nIssuer: Example CA`],
  ['en brackets', (one) => `our certificate (serial ${one}) is still valid`],
  ['en hash', (one) => `certificate serial no. ${one}, please check`],
  ['openssl', (one) => `Certificate:\n    Serial Number:\n        ${one}\n`],
  ['de', (one) => `Das Zertifikat mit der Seriennummer ${one} ist betroffen.`],
  ['fr', (one) => `Le certificat dont le numéro de série est ${one} est concerné.`],
  ['es', (one) => `El certificado con número de serie ${one} debe revocarse.`],
  ['it', (one) => `Il certificato con numero di serie ${one} va revocato.`],
  ['nl', (one) => `Het certificaat met serienummer ${one} is gelekt.`],
  ['pt', (one) => `O certificado com número de série ${one} vazou.`],
  ['pl', (one) => `Certyfikat o numerze seryjnym ${one} wyciekł.`],
  ['ru', (one) => `Сертификат, серийный номер ${one}, скомпрометирован.`],
  ['tr', (one) => `Seri numarası ${one} olan sertifika iptal edilsin.`],
  ['ja', (one) => `シリアル番号 ${one} の証明書です。`],
  ['ko', (one) => `일련번호 ${one} 인증서입니다.`],
  ['zh', (one) => `序列号 ${one} 的证书泄露了。`],
  ['ar', (one) => `الرقم التسلسلي ${one} للشهادة`],
  ['vi', (one) => `Chứng thư có số sê-ri ${one} bị lộ.`],
  ['hi', (one) => `प्रमाणपत्र का सीरियल नंबर ${one} है।`],
  ['JSON', (one) => `{"issuer":"Example","serial":"${one}","state":"valid"}`],
];

const printNotations: readonly [string, (one: string) => string][] = [
  ['hex', (one) => one],
  ['capitals', (one) => one.toUpperCase()],
  ['colons', (one) => pairs(one, ':').toUpperCase()],
  ['blanks', (one) => pairs(one, ' ')],
  ['split over two lines', (one) => `${one.slice(0, 40)}\n${one.slice(40)}`],
  ['split with colons', (one) => `${pairs(one.slice(0, 32), ':')}:\n    ${pairs(one.slice(32), ':')}`],
  ['split and indented', (one) => `${one.slice(0, 38)}\n        ${one.slice(38)}`],
  ['soft hyphen of quoted-printable', (one) => `${one.slice(0, 50)}=\n${one.slice(50)}`],
];
const printSentences: readonly [string, (one: string) => string][] = [
  ['en', (one) => `SHA-256 fingerprint of the certificate: ${one}`],
  ['en thumbprint', (one) => `The cert in question has thumbprint (sha256) ${one}`],
  ['de', (one) => `Fingerabdruck des Zertifikats (SHA-256): ${one}`],
  ['fr', (one) => `Empreinte SHA-256 du certificat : ${one}`],
  ['es', (one) => `Huella SHA-256 del certificado: ${one}`],
  ['ja', (one) => `証明書の拇印 (SHA-256): ${one}`],
  ['zh', (one) => `证书指纹 SHA256：${one}`],
  ['openssl', (one) => `sha256 Fingerprint=${one}`],
];

/** What looks alike: none of it names a certificate. */
const decoys: readonly (() => string)[] = [
  () => `File checksum (SHA-256) of installer.exe: ${hex(64)}`,
  () => `git commit ${hex(40)}`,
  () => `md5 of the archive ${hex(32)}`,
  () => `Ticket ${1000 + Math.floor(random() * 9000)}, order ET-${Math.floor(random() * 9e6)}`,
  () => `Message-ID: <${hex(24)}@mail.example>`,
  () => `request id ${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
  () => `Call me at +49 30 ${Math.floor(random() * 9e7)}`,
];
const decoy = () => decoys[Math.floor(random() * decoys.length)]!();

async function tallied(list: Iterable<readonly [string, string, Wanted]>): Promise<Tally> {
  const tally = new Tally();
  for (const [name, text, wanted] of list) {
    const raw = `From: <a@sender.example>\r\nTo: <support@ca.example>\r\nSubject: certificate\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text.replaceAll('\n', '\r\n')}\r\n`;
    const got = await read(Buffer.from(raw));
    for (const kind of ['fingerprintsSha256', 'serials', 'crtshIds', 'spkiSha256', 'urls'] as const)
      tally.add(name, kind, wanted[kind] ?? [], got[kind]);
  }
  return tally;
}

describe('notations in sentences, beside what only looks alike', () => {
  it('serial numbers', async () => {
    const list = serialSentences.flatMap(([where, say]) =>
      serialNotations.map(([how, write]) => {
        const one = serial();
        return [`${where}, ${how}`, `Hello,\n${say(write(one))}\n\n${decoy()}\n`, { serials: [one] }] as const;
      }),
    );
    (await tallied(list)).expectGood();
  });

  it('fingerprints', async () => {
    const list = printSentences.flatMap(([where, say]) =>
      printNotations.map(([how, write]) => {
        const one = hex(64);
        return [
          `${where}, ${how}`,
          `Hello,\n\n${say(write(one))}\n\n${decoy()}\n`,
          { fingerprintsSha256: [one] },
        ] as const;
      }),
    );
    (await tallied(list)).expectGood();
  });

  it('links to logs and searches, plain and defanged', async () => {
    const list: (readonly [string, string, Wanted])[] = [];
    for (let round = 0; round < 8; round++) {
      const id = `99${Math.floor(1e8 + random() * 9e8)}`;
      const one = hex(64);
      const link = `https://crt.sh/?id=${id}`;
      list.push(['crt.sh', `See ${link}, it is yours.\n${decoy()}`, { crtshIds: [id], urls: [link] }]);
      list.push(['crt.sh defanged', `See hxxps://crt[.]sh/?id=${id} please.`, { crtshIds: [id], urls: [link] }]);
      list.push(['crt.sh in words', `the entry at crt.sh, id ${id}, is not ours`, { crtshIds: [id] }]);
      const byHash = `https://crt.sh/?sha256=${one}`;
      list.push(['crt.sh by hash', `certificate: ${byHash}`, { fingerprintsSha256: [one], urls: [byHash] }]);
      const censys = `https://search.censys.io/certificates/${one}`;
      list.push(['Censys', `Look: ${censys}\n${decoy()}`, { fingerprintsSha256: [one], urls: [censys] }]);
      const platform = `https://platform.censys.io/certificates/${one}`;
      list.push(['Censys, new', `<a href="x">here</a> ${platform}`, { fingerprintsSha256: [one], urls: [platform] }]);
      for (const dots of ['[.]', '(.)', '[dot]', '{.}'])
        list.push([
          `defanged ${dots}`,
          `Phishing at hxxps://login${dots}bank-${round}${dots}test/otp since today.`,
          { urls: [`https://login.bank-${round}.test/otp`] },
        ]);
      list.push(['defanged ://', `http[:]//evil-${round}[.]test/a`, { urls: [`http://evil-${round}.test/a`] }]);
    }
    (await tallied(list)).expectGood();
  });

  it('hashes of public keys, in hex and as pins', async () => {
    const list: (readonly [string, string, Wanted])[] = [];
    for (let round = 0; round < 8; round++) {
      const one = hex(64);
      const pin = Buffer.from(one, 'hex').toString('base64');
      for (const text of [
        `SPKI SHA-256: ${one}`,
        `the public key's hash (sha256) is ${one}`,
        `SubjectPublicKeyInfo hash: ${pairs(one, ':')}`,
        `pin-sha256="${pin}"`,
        `sha256/${pin}`,
        `Public-Key-Pins: pin-sha256="${pin}"; max-age=500`,
        `SPKI pin (base64): ${pin}`,
      ])
        list.push([
          text.slice(0, 24),
          `The same key is in many certificates.\n${text}\n${decoy()}`,
          { spkiSha256: [one] },
        ]);
    }
    (await tallied(list)).expectGood();
  });
});

import { describe, expect, it } from 'vitest';
import { aMessage } from '../testing.ts';
import { recognise } from './index.ts';

const found = async (text: string) => recognise(await aMessage({ text }), null).artifacts;
const serial = '4a10c3e15f7711d2b86400a0c91e7d52';
const pairs = serial.match(/../g)!;
const hash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

describe('serial numbers', () => {
  it.each([
    ['hex', `Serial number: ${serial}`],
    ['capitals and colons', `Serial Number: ${pairs.join(':').toUpperCase()}`],
    ['0x', `serial 0x${serial}`],
    ['a sign octet', `serial: 00:${pairs.join(':')}`],
    ['decimal', `serial number ${BigInt(`0x${serial}`)}`],
    ['German', `Seriennummer ${serial}`],
    ['French', `numéro de série ${serial}`],
    ['Spanish', `número de serie: ${serial}`],
    ['Polish', `numer seryjny ${serial}`],
    ['Russian', `серийный номер ${serial}`],
    ['Turkish', `seri numarası ${serial}`],
    ['Hindi', `सीरियल नंबर ${serial}`],
    ['Japanese', `シリアル番号：${serial}`],
    ['Korean', `일련번호 ${serial}`],
    ['Chinese', `序列号：${serial}`],
    ['Arabic', `الرقم التسلسلي ${serial}`],
    ['Vietnamese', `số sê-ri ${serial}`],
    ['JSON', `{"serial":"${serial}","revoked":false}`],
    ['a table', `host,serial\nwww.a.example,${serial}\n`],
    ['a bare list', `Please revoke these certificates:\n${serial}\n`],
    ['invisible characters', `serial ${serial.slice(0, 8)}\u200b${serial.slice(8)}`],
  ])('%s', async (_, text) => {
    expect((await found(text)).serials).toEqual([serial]);
  });

  it('an MD5 sum is none', async () => {
    expect((await found(`certificate modulus md5: ${serial}`)).serials).toEqual([]);
  });

  it('ten thousand rows of a table', async () => {
    const rows = Array.from(
      { length: 10_000 },
      (_, row) => `h${row}.a.example,${(BigInt(`0x${serial}`) + BigInt(row)).toString(16)}`,
    );
    expect((await found(`host,serial\n${rows.join('\n')}\n`)).serials).toHaveLength(10_000);
  });
});

describe('fingerprints', () => {
  it.each([
    ['plain', `fingerprint ${hash}`],
    ['colons and capitals', `SHA-256 fingerprint: ${hash.match(/../g)!.join(':').toUpperCase()}`],
    ['a link to crt.sh', `https://crt.sh/?sha256=${hash}`],
    ['a link to Censys', `https://search.censys.io/certificates/${hash}`],
    ['a break in the line', `certificate fingerprint\n${hash.slice(0, 40)}\n${hash.slice(40)}`],
  ])('%s', async (_, text) => {
    expect((await found(text)).fingerprintsSha256).toEqual([hash]);
  });

  it('the hash of a key or a file is no certificate fingerprint', async () => {
    const key = await found(`SPKI sha256: ${hash}`);
    expect([key.fingerprintsSha256, key.spkiSha256]).toEqual([[], [hash]]);
    expect((await found(`malware sample ${hash}`)).fingerprintsSha256).toEqual([]);
  });
});

it('crt.sh ids in links, words and JSON', async () => {
  const text = 'https://crt.sh/?id=99000000001 and crt.sh id 99000000002, {"crtsh_id": 99000000003}';
  expect([...(await found(text)).crtshIds].sort()).toEqual(['99000000001', '99000000002', '99000000003']);
});

it('defanged links and look-alike letters are restored', async () => {
  expect((await found('hxxps://login[.]bank[.]test/otp')).urls).toEqual(['https://login.bank.test/otp']);
});

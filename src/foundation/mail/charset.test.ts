import { describe, expect, it } from 'vitest';
import { decodeText, decodeUtf7 } from './charset.ts';
import { decodeHeader, decodeWords, readParameters } from './headers.ts';

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const russian = 'Здравствуйте, закрытый ключ вашего сертификата опубликован';
const koi8 = Buffer.from(
  [...russian].map((c) => {
    const table = new TextDecoder('koi8-r');
    for (let byte = 0x20; byte < 256; byte++) if (table.decode(Uint8Array.of(byte)) === c) return byte;
    return 0x3f;
  }),
);

describe('text in bytes', () => {
  it.each([
    ['iso-2022-jp', '1b2442304539661b2842', '暗号'],
    ['gb18030', 'cbbdd4bfd0b9c2b6', '私钥泄露'],
    ['GB2312', 'cbbdd4bfd0b9c2b6', '私钥泄露'],
    ['shift_jis', '94e996a78cae', '秘密鍵'],
    ['euc-kr', 'b0b3c0cec5b0', '개인키'],
    ['big5', 'a870c65f', '私鑰'],
    ['windows-1256', 'c7e1d4e5c7cfc9', 'الشهادة'],
    ['x-windows-1254', 'fef0fd', 'şğı'],
    ['cp1251', 'eafeff', 'кюя'],
    ['utf-16be', '006b00650079', 'key'],
  ])('labelled %s', (label, hex, expected) => {
    const decoded = decodeText(bytes(hex), label);
    expect(decoded.text).toBe(expected);
  });

  it('in ISO-2022-JP is read even when the label says us-ascii', () => {
    expect(decodeText(bytes('1b244228687e1b2842'), 'us-ascii').charset).toBe('iso-2022-jp');
  });

  it('that is UTF-8 is UTF-8, whatever single-byte label it bears', () => {
    const decoded = decodeText(Buffer.from('clé privée compromise'), 'iso-8859-1');
    expect(decoded).toEqual({ text: 'clé privée compromise', charset: 'utf-8', problem: 'charset_mismatch' });
  });

  it.each([null, 'us-ascii', 'x-unknown-8bit', 'utf-8'])('in KOI8-R without a true label (%s) is guessed', (label) => {
    expect(decodeText(koi8, label).text).toBe(russian);
  });

  it('in Western European letters is not taken for Chinese', () => {
    const latin = Buffer.from('Schlüssel veröffentlicht, größter Schaden', 'latin1');
    expect(decodeText(latin, 'us-ascii').text).toBe('Schlüssel veröffentlicht, größter Schaden');
  });

  it('holds no NUL', () => {
    expect(decodeText(bytes('6100620063'), 'utf-8').text).toBe('abc');
  });

  it('in UTF-7', () => {
    expect(decodeUtf7('Hi Mom -+Jjo--!')).toBe('Hi Mom -☺-!');
    expect(decodeText(Buffer.from('+2D3cqQ-'), 'utf-7').text).toBe('💩');
    expect(decodeUtf7('1 +- 1 = 2, +')).toBe('1 + 1 = 2, +');
  });
});

describe('a header', () => {
  it.each([
    ['=?utf-8?B?w6k=?=', 'é'],
    ['=?ISO-8859-1?Q?a_=E9?= =?ISO-8859-1?Q?b?=', 'a éb'],
    ['=?utf-8?B?ww==?= =?utf-8?B?qQ==?=', 'é'],
    ['=?utf-8*en?Q?x?= and =?koi8-r?B?y8zA3g==?=', 'x and ключ'],
    ['=?utf-8?Q?broken', '=?utf-8?Q?broken'],
    ['=?nonsense?Q?=E9?=', 'é'],
    ['plain', 'plain'],
  ])('%s', (raw, expected) => {
    expect(decodeHeader(raw)).toBe(expected);
  });

  it('in raw KOI8-R, and in UTF-8 without any label', () => {
    expect(decodeHeader(koi8.toString('latin1'))).toBe(russian);
    expect(decodeHeader(Buffer.from('ключ').toString('latin1'))).toBe('ключ');
  });

  it('mixing three charsets in one subject', () => {
    expect(decodeWords('=?shift_jis?B?lOmWp4yu?= =?euc-kr?B?sLPAzsWw?= =?gb2312?B?y73Uvw==?=')).toBe(
      '秘密鍵개인키私钥',
    );
  });

  it.each([
    [`attachment; filename*0*=utf-8''schl%C3%BC; filename*1=ssel.pem`, 'schlüssel.pem'],
    [`attachment; filename="=?utf-8?B?c2NobMO8c3NlbC5wZW0=?="`, 'schlüssel.pem'],
    [`attachment; filename*=iso-8859-1'de'schl%FCssel.pem; filename=x`, 'schlüssel.pem'],
    ['attachment; filename="a;b\\"c.pem"', 'a;b"c.pem'],
    ['attachment; filename=key.pem (a comment)', 'key.pem'],
  ])('names a file: %s', (raw, expected) => {
    expect(readParameters(raw).parameters.get('filename')).toBe(expected);
  });
});

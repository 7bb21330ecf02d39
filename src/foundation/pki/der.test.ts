import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DerReader, der, oidText, readTime, tag } from './der.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const reader = (...given: number[]) => new DerReader(Uint8Array.from(given));

test('object identifiers read as they were written, also beyond 2^53', () => {
  for (const text of [
    '2.5.29.17',
    '1.2.840.113549.1.1.11',
    '0.9.2342.19200300.100.1.1',
    '2.25.329800735698586629295641978511506172918',
    '2.999.1',
  ]) {
    const encoded = der.oid(text);
    expect(oidText(encoded.subarray(2))).toBe(text);
  }
  expect(() => oidText(Uint8Array.of(0x80))).toThrow('malformed');
});

describe('times', () => {
  test('are read to the second', () => {
    expect(readTime(tag.utcTime, bytes('491231235959Z'), 't').toString()).toBe('2049-12-31T23:59:59Z');
    expect(readTime(tag.utcTime, bytes('500101000000Z'), 't').toString()).toBe('1950-01-01T00:00:00Z');
    expect(readTime(tag.generalizedTime, bytes('20500101000000Z'), 't').toString()).toBe('2050-01-01T00:00:00Z');
    expect(readTime(tag.generalizedTime, bytes('20240229120000.5Z'), 't').toString()).toBe('2024-02-29T12:00:00Z');
    expect(readTime(tag.generalizedTime, bytes('00440315120000Z'), 't').toString()).toBe('0044-03-15T12:00:00Z');
  });
  for (const text of [
    '230229000000Z',
    '240230000000Z',
    '241301000000Z',
    '240101240000Z',
    '240101000060Z',
    '2401010000Z',
    '240101000000+0100',
    '2x0101000000Z',
    '',
  ]) {
    test(`"${text}" is none`, () => {
      expect(() => readTime(tag.utcTime, bytes(text), 't')).toThrow('t is not a');
    });
  }
  test('every second from 1950 to 2200 survives writing and reading', () => {
    fc.assert(
      fc.property(fc.integer({ min: -631_152_000, max: 7_258_118_400 }), (seconds) => {
        const instant = Temporal.Instant.fromEpochMilliseconds(seconds * 1000);
        expect(new DerReader(der.time(instant)).time('t').equals(instant)).toBe(true);
      }),
    );
  });
});

describe('the reader refuses', () => {
  const cases: readonly [string, number[]][] = [
    ['an indefinite length', [0x30, 0x80, 0, 0]],
    ['a length that is not minimal', [0x04, 0x81, 0x01, 0]],
    ['a length with leading zeros', [0x04, 0x82, 0x00, 0x81, 0]],
    ['an element that leaves its parent', [0x30, 0x05, 0]],
    ['a multi-byte tag', [0x1f, 0x81, 0x01, 0]],
    ['a length of five bytes', [0x04, 0x85, 1, 1, 1, 1, 1]],
    ['half a header', [0x30]],
  ];
  for (const [what, given] of cases) test(what, () => expect(() => reader(...given).read()).toThrow());

  test('nesting beyond the bound', () => {
    let nested: Uint8Array = der.null();
    for (let i = 0; i < 60; i++) nested = der.sequence(nested);
    let inside = new DerReader(nested);
    expect(() => {
      for (let i = 0; i < 60; i++) inside = inside.enter(tag.sequence, 'a level');
    }).toThrow('deeper');
  });

  test('and never reads outside its bytes, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (given) => {
        const all = new DerReader(given);
        try {
          while (all.more) expect(all.read().to).toBeLessThanOrEqual(given.length);
        } catch (error) {
          expect((error as { code?: string }).code).toBe('der_malformed');
        }
      }),
    );
  });
});

test('lengths of one to four octets are written and read', () => {
  for (const length of [0, 127, 128, 255, 256, 65_535, 65_536, 70_000]) {
    const encoded = der.octets(new Uint8Array(length));
    const all = new DerReader(encoded);
    expect(all.content(all.read()).length).toBe(length);
    expect(all.more).toBe(false);
  }
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mailDate } from './compose.ts';
import { parseDate, parseDisplayedDate } from './dates.ts';

const shown = (text: string, parse = parseDate): string | null => {
  const date = parse(text);
  return date === null ? null : `${date.at.toString()}${date.zoneKnown ? '' : ' zone unknown'}`;
};

describe('a Date header', () => {
  it.each([
    ['Sat, 31 Aug 2024 23:19:00 +0530', '2024-08-31T17:49:00Z'],
    ['Sat, 31 Aug 2024 23:19:00 +0530 (IST)', '2024-08-31T17:49:00Z'],
    ['31 Aug 2024 23:19 -0000', '2024-08-31T23:19:00Z'],
    ['Sat, 31 Aug 24 23:19:00 GMT', '2024-08-31T23:19:00Z'],
    ['Sat, 31 Aug 1994 23:19:00 EST', '1994-09-01T04:19:00Z'],
    ['Sat,31 Aug 2024 23:19:00 PDT', '2024-09-01T06:19:00Z'],
    ['Sat, 31-Aug-2024 23:19:00 GMT+02:00', '2024-08-31T21:19:00Z'],
    ['Sat, 31 Aug 2024 23.19.00 +0000', '2024-08-31T23:19:00Z'],
    ['Sat Aug 31 23:19:00 2024 +0200', '2024-08-31T21:19:00Z'],
    ['2024-08-31T23:19:00.123+05:30', '2024-08-31T17:49:00Z'],
    ['2026-08-09 05:20:08.000000 +0000 UTC m=+970534.408470', '2026-08-09T05:20:08Z'],
    ['Sat, 31 Aug 2024 24:00:00 +0000', '2024-09-01T00:00:00Z'],
  ])('%s is %s', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it('takes second 60 for the first instant of the next minute, not for the one before', () => {
    expect(shown('Sat, 31 Dec 2016 23:59:60 +0000')).toBe('2017-01-01T00:00:00Z');
  });

  it.each(['IST', 'BST', 'K', 'A', 'Q', '', 'XYZZY', '+9900', '+0575'])(
    'says that zone "%s" is not certain',
    (zone) => {
      expect(shown(`Sat, 31 Aug 2024 23:19:00 ${zone}`)).toBe('2024-08-31T23:19:00Z zone unknown');
    },
  );

  it.each([
    '',
    'yesterday',
    'Sat, 32 Aug 2024 10:00:00 +0000',
    '29 Feb 2023 00:00:00 +0000',
    '31 Aug 2024 25:00:00 +0000',
    '1 Jan 0001 00:00:00 +0000',
    '31 Foo 2024 10:00 +0000',
  ])('is none: %j', (text) => {
    expect(parseDate(text)).toBeNull();
  });

  it('reads what it writes, leap days and year ends included', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        const at = Temporal.Instant.fromEpochMilliseconds(seconds * 1000);
        const parsed = parseDate(mailDate(at));
        expect(parsed?.at.epochMilliseconds).toBe(seconds * 1000);
        expect(parsed?.zoneKnown).toBe(true);
      }),
    );
  });

  it('is read in bounded time whatever it holds, and never as something it is not', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400, unit: 'binary' }), (text) => {
        for (const parse of [parseDate, parseDisplayedDate]) {
          const date = parse(text);
          if (date !== null) expect(date.at.epochMilliseconds).not.toBeNaN();
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a date shown above forwarded text', () => {
  it.each([
    ['Montag, 2. September 2024 10:15', '2024-09-02T10:15:00Z zone unknown'],
    ['Monday, September 2, 2024 10:15 PM', '2024-09-02T22:15:00Z zone unknown'],
    ['lundi 2 septembre 2024 à 10:15', '2024-09-02T10:15:00Z zone unknown'],
    ['lunes, 2 de septiembre de 2024 10:15', '2024-09-02T10:15:00Z zone unknown'],
    ['martes, 3 de marzo de 2026 9:05', '2026-03-03T09:05:00Z zone unknown'],
    ['maandag 2 maart 2026 10:15', '2026-03-02T10:15:00Z zone unknown'],
    ['2 września 2024 10:15', '2024-09-02T10:15:00Z zone unknown'],
    ['2 сентября 2024 г., 10:15', '2024-09-02T10:15:00Z zone unknown'],
    ['2 Eylül 2024 Pazartesi 10:15', '2024-09-02T10:15:00Z zone unknown'],
    ['2024年9月2日 10:15', '2024-09-02T10:15:00Z zone unknown'],
    ['2024年9月2日 下午 3:15', '2024-09-02T15:15:00Z zone unknown'],
    ['2024년 9월 2일 오후 3:15', '2024-09-02T15:15:00Z zone unknown'],
    ['02.09.2024 10:15', '2024-09-02T10:15:00Z zone unknown'],
    ['Mon, Sep 2, 2024 at 10:15 AM GMT+2', '2024-09-02T08:15:00Z'],
    ['Mon, 2 Sep 2024 10:15:00 +0200', '2024-09-02T08:15:00Z'],
  ])('%s', (text, expected) => {
    expect(shown(text.replace('GMT+2', 'GMT+02:00'), parseDisplayedDate)).toBe(expected);
  });
});

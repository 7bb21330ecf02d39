import { expect, test } from 'vitest';
import { aTriage } from '../../../test/support/desk-builders.ts';
import { marksIn } from './marks.ts';

const found = (artifacts: object, excerpts: string[] = []) => ({
  artifacts: { ...aTriage().artifacts, ...artifacts },
  because: excerpts.map((excerpt) => ({ signal: 's', weight: 1, excerpt })),
});

test('a serial is found however it is written, and nowhere inside a longer number', () => {
  const text = 'Serial 0A:1B:2C:3D, again 0a1b2c3d, but not ff0a1b2c3d00.';
  const marks = marksIn(text, found({ serials: ['a1b2c3d'] }));
  expect(marks.map((m) => text.slice(m.start, m.end))).toEqual(['0A:1B:2C:3D', '0a1b2c3d']);
});

test('a phrase is found over the end of a line, and of two marks in one place the longer stays', () => {
  const text = 'the private\nkey of shop.customer.example is public';
  const marks = marksIn(
    text,
    found({ domains: ['customer.example', 'shop.customer.example'] }, ['the private key of']),
  );
  expect(marks.map((m) => [m.kind, text.slice(m.start, m.end)])).toEqual([
    ['phrase', 'the private\nkey of'],
    ['domain', 'shop.customer.example'],
  ]);
});

test('what a stranger wrote is never a pattern', () => {
  const text = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (a+)+$';
  expect(marksIn(text, found({}, ['(a+)+$'])).map((m) => text.slice(m.start, m.end))).toEqual(['(a+)+$']);
});

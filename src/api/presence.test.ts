import { expect, test } from 'vitest';
import { at } from '../foundation/time/time.ts';
import { PresenceBook } from './presence.ts';

const ann = { id: 'person:ann', name: 'Ann', teams: [] };
const bob = { id: 'person:bob', name: 'Bob', teams: [] };
const noon = at('2026-11-24T12:00:00Z');
const looking = { acting: false, leaving: false };

test('two people on one case see each other, and whether one is about to act', () => {
  const book = new PresenceBook();
  expect(book.look('c1', ann, looking, noon).others).toEqual([]);
  expect(book.look('c1', bob, { ...looking, acting: true }, noon).others.map((o) => o.name)).toEqual(['Ann']);
  expect(book.look('c1', ann, looking, noon).others).toMatchObject([{ name: 'Bob', acting: true }]);
  expect(book.look('c2', ann, looking, noon).others).toEqual([]);
});

test('who leaves or falls silent is forgotten', () => {
  const book = new PresenceBook();
  book.look('c1', ann, looking, noon);
  book.look('c1', bob, looking, noon);
  book.look('c1', ann, { acting: false, leaving: true }, noon);
  expect(book.look('c1', bob, looking, noon).others).toEqual([]);
  book.look('c1', ann, looking, noon);
  expect(book.look('c1', bob, looking, noon.add({ seconds: 31 })).others).toEqual([]);
});

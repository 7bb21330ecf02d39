/**
 * Mail about nothing we know: rows of common English words, most frequent first in `background.en.txt`. Without it the
 * model would take every subject it has never met for a coin toss, and most mail of the world is of that kind.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generator } from '../model/fit.ts';

const little = 'i you we he it they my your this that is was are have had will would can not no so but and or the a to of in on at for with about from what when how who there here just like some more very than then them his her our'.split(' ');

/** Raw messages, the same on every run. */
export function backgroundMail(count: number): Buffer[] {
  const words = readFileSync(join(import.meta.dirname, 'background.en.txt'), 'utf8').split(/\s+/);
  const random = generator(4_911);
  // Frequent words more often, as in any language (Zipf).
  const word = () => (random() < 0.4 ? little[Math.floor(random() * little.length)]! : words[Math.floor(words.length ** random()) % words.length]!);
  const anyWord = () => (random() < 0.5 ? word() : words[Math.floor(random() * words.length)]!);
  const row = (length: number) => Array.from({ length }, anyWord).join(' ');
  return Array.from({ length: count }, (_, number) => {
    const sentences = Array.from({ length: 1 + Math.floor(random() ** 2 * 30) }, () => `${row(3 + Math.floor(random() * 18))}${random() < 0.15 ? '?' : '.'}`);
    const quoted = random() < 0.3 ? `\r\n\r\n> ${row(20)}\r\n> ${row(15)}` : '';
    const link = random() < 0.3 ? `\r\nhttps://www.site${number}.example/${number}` : '';
    const subject = `${random() < 0.3 ? 'Re: ' : ''}${row(1 + Math.floor(random() * 6))}`;
    return Buffer.from(`From: <a${number}@host.example>\r\nTo: <info@ca.example>\r\nSubject: ${subject}\r\nMessage-ID: <b${number}@host.example>\r\n\r\n${sentences.join(' ')}${link}${quoted}\r\n`);
  });
}

/**
 * From a story to messages: alternatives chosen, placeholders filled, and the wrappers in which mail really arrives:
 * forwarded by a colleague, quoted below an answer, typed in a hurry, with a footer, without a subject. Deterministic.
 */
import { generator, shuffle } from '../model/fit.ts';
import { hash } from '../model/features.ts';
import { fillersOf } from './fillers.ts';
import type { Story } from './read-data.ts';
import { wordsFor, wrappersOf } from './wrappers.ts';

export interface MadeMessage {
  readonly story: Story;
  readonly wrapper: string;
  /** Raw RFC 5322 message. */
  readonly raw: Buffer;
}

export function expand(story: Story, count: number): MadeMessage[] {
  const random = generator(hash(story.name));
  const wrappers = ['plain', ...shuffled(wrappersOf(story), random)];
  const made: MadeMessage[] = [];
  const seen = new Set<string>();
  for (let number = 0; made.length < count && number < count * 2; number++) {
    const fill = fillersOf(random);
    const subject = fill(choose(story.subject, random)).replace(/\n/g, ' ');
    const body = fill(choose(story.body, random));
    const wrapper = wrappers[number % wrappers.length]!;
    const text = `${subject}\n${body}\n${wrapper}`;
    if (seen.has(text)) continue;
    seen.add(text);
    made.push({ story, wrapper, raw: wrap(wrapper, subject, body, story, random) });
  }
  return made;
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const copy = [...list];
  shuffle(copy, random);
  return copy;
}

/** `{one|two|}` becomes one of its alternatives; innermost first. */
export function choose(text: string, random: () => number): string {
  let current = text;
  for (let depth = 0; depth < 6 && /\{[^{}]*\|[^{}]*\}/.test(current); depth++) {
    current = current.replace(/\{([^{}]*\|[^{}]*)\}/g, (_, inner: string) => {
      const list = inner.split('|');
      return list[Math.floor(random() * list.length)]!;
    });
  }
  return current;
}

function wrap(wrapper: string, subject: string, body: string, story: Story, random: () => number): Buffer {
  const host = `host${Math.floor(random() * 1e6)}.example`;
  const words = wordsFor(story.language);
  let text = body;
  let title = subject;
  const extra: string[] = [];
  switch (wrapper) {
    case 'forward':
      text = `${pick(words.forwardIntro, random)}\n\n---------- Forwarded message ---------\nFrom: <someone@${host}>\nDate: Mon, 6 Jul 2026 10:11:12 +0000\nSubject: ${subject}\nTo: <info@ca.example>\n\n${body}`;
      title = `${pick(['Fwd', 'FW', 'WG', 'TR', 'RV'], random)}: ${subject}`;
      break;
    case 'quoted': {
      const below = pick(words.quoted, random);
      text = `${body}\n\n> ${below.replace(/\n/g, '\n> ')}`;
      title = `Re: ${title}`;
      break;
    }
    case 'polite':
      text = `${pick(words.greeting, random)}\n\n${body}\n\n${pick(words.closing, random)}`;
      break;
    case 'footer':
      text = `${body}\n\n-- \n${pick(words.footer, random)}`;
      break;
    case 'hurry':
      text = hurried(body, random);
      title = hurried(subject, random);
      break;
    case 'no-subject':
      title = '';
      break;
    case 'vague-subject':
      title = pick(words.vague, random);
      break;
    case 'ticket':
      text = `${pick(words.ticket, random)}\n\n${subject}\n${body}`;
      title = `[#${1000 + Math.floor(random() * 90_000)}] ${subject}`;
      break;
    default:
  }
  if (story.theme === 'automatic') extra.push('Auto-Submitted: auto-generated');
  const encoded = Buffer.from(title, 'utf8').toString('base64');
  const head = [`From: <sender@${host}>`, 'To: <support@ca.example>', `Subject: =?utf-8?B?${encoded}?=`, 'Date: Mon, 6 Jul 2026 10:12:00 +0000', `Message-ID: <${hash(text)}@${host}>`, ...extra, 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text.replace(/\r?\n/g, '\r\n')}\r\n`, 'utf8');
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!;
}

/** Small letters, swapped and dropped letters, missing full stops. */
function hurried(text: string, random: () => number): string {
  return text
    .split('\n')
    .map((line) => (/^[>-]|[A-Za-z0-9+/=:]{24,}/.test(line) ? line : line.toLowerCase().replace(/\p{L}{5,}/gu, (word) => (random() < 0.14 ? spoil(word, random) : word))))
    .join('\n');
}

function spoil(word: string, random: () => number): string {
  const at = 1 + Math.floor(random() * (word.length - 2));
  if (random() < 0.5) return word.slice(0, at) + word.slice(at + 1);
  return word.slice(0, at) + word[at + 1]! + word[at]! + word.slice(at + 2);
}


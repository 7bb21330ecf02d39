/** Everything that is read from a message before anybody scores it: language, concepts, signals, identifiers. */
import type { Message } from '../../foundation/mail/message.ts';
import { committedLexicons, type Lexicons } from './knowledge/lexicons.ts';
import { read } from './knowledge/reading.ts';
import { findSignals } from './knowledge/signals.ts';
import { detectLanguage } from './language.ts';
import type { Read } from './model/features.ts';
import { type ObjectFacts, recognise } from './recognise/index.ts';

export interface Understood extends Read {
  readonly language: string;
}

export function understand(
  message: Message,
  objects: ObjectFacts | null,
  lexicons: Lexicons = committedLexicons,
): Understood {
  const language = detectLanguage(ownText(message));
  const reading = read(message, language, lexicons);
  return { message, language, reading, signals: findSignals(reading), recognised: recognise(message, objects) };
}

/** The writer's own words decide the language; a message of nothing but a forward is read by the forward. */
export function ownText(message: Message): string {
  const own = textOf(message, ['own']);
  if (own.replace(/[^\p{L}]/gu, '').length >= 40) return own;
  return `${own}\n${message.subject}\n${textOf(message, ['forwarded', 'quoted', 'machine', 'attachment'])}`;
}

function textOf(message: Message, roles: readonly string[]): string {
  return message.texts
    .filter((block) => roles.includes(block.role))
    .map((block) => block.text)
    .join('\n');
}

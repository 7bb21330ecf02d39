/**
 * What a message says, as one hash: equal for the same mail in three mailboxes, whatever trace headers, list footers
 * aside, its ways have added. Message-ID alone does not do: it is missing, made up and reused.
 */
import { createHash } from 'node:crypto';
import type { Message } from '../../foundation/mail/message.ts';

/** Lower-case hex SHA-256 over sender, date, subject, id, words and files. */
export function contentHash(message: Message): string {
  const hash = createHash('sha256');
  const add = (label: string, value: string): void => {
    hash.update(`${label}:${value.length}:${value}\n`);
  };
  add('from', message.from.map((address) => address.address).join(','));
  add('date', message.date?.text ?? '');
  add('subject', message.subject.trim());
  add('id', message.messageIdSynthetic ? '' : (message.messageId ?? ''));
  for (const block of message.texts) add('text', block.text.replace(/\s+/g, ' ').trim());
  for (const file of message.attachments) {
    add('file', `${file.fileName} ${createHash('sha256').update(file.bytes).digest('hex')}`);
  }
  return hash.digest('hex');
}

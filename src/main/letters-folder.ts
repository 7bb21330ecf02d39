/** Where letters go on a machine without a mail relay: into files that a person can open. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { composeMessage } from '../foundation/mail/compose.ts';
import { type Messenger, messageIdOf, type SendOutcome } from '../stages/outreach/messenger.ts';

export function folderMessenger(folder: string, domain: string): Messenger {
  return {
    name: 'folder',
    channel: 'email',
    async send(letters) {
      await mkdir(folder, { recursive: true });
      const outcomes: SendOutcome[] = [];
      for (const letter of letters) {
        const file = `${messageIdOf(letter.letterId, domain).replaceAll(/[<>]/g, '')}.eml`;
        const message = composeMessage({
          from: null,
          to: [{ name: '', address: letter.to }],
          subject: letter.subject,
          text: letter.text,
          date: null,
          messageId: messageIdOf(letter.letterId, domain),
          headers: [
            ['Auto-Submitted', letter.automatic],
            ...(letter.replyTo == null ? [] : [['Reply-To', letter.replyTo] as const]),
          ],
          attachments: [],
        });
        await writeFile(join(folder, file), message);
        outcomes.push({ outcome: 'accepted', detail: `written to ${file}; no mail relay is configured` });
      }
      return outcomes;
    },
    async close() {},
  };
}

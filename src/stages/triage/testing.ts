/** Messages for tests, from the words that matter. */
import type { Message } from '../../foundation/mail/message.ts';
import { readMessage } from '../../foundation/mail/read-message.ts';
import type { TriageContext } from './triage.ts';

export function aMessage(parts: {
  readonly subject?: string;
  readonly text: string;
  readonly from?: string;
  readonly head?: string;
}): Promise<Message> {
  const { subject = '', text, from = 'someone@sender.example', head = '' } = parts;
  const raw = `From: <${from}>\r\nTo: <support@ca.example>\r\nSubject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=\r\n${head}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n`;
  return readMessage(Buffer.from(raw));
}

export const noObjects: TriageContext = {
  objects: {
    hasPrivateKey: false,
    hasCertificate: false,
    hasCsr: false,
    derivedFingerprintsSha256: [],
    derivedSerials: [],
  },
};

/** Rule zero for every mail: recorded with its hash, opened again byte for byte, read without failing, shown. */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { Message } from '../../src/foundation/mail/message.ts';
import { type ReadOptions, readMessage } from '../../src/foundation/mail/read-message.ts';
import { minutes } from '../../src/foundation/time/time.ts';
import { contentHash } from '../../src/stages/intake/content-hash.ts';
import type { Receipt, Related } from '../../src/stages/intake/receipt.ts';
import { unseal } from '../../src/stages/intake/seal.ts';
import { threadKeys } from '../../src/stages/intake/threads.ts';
import type { Desk } from './channel-harness.ts';

export const lines = (...all: readonly string[]): Uint8Array => Buffer.from(all.join('\r\n'), 'utf8');
export const latin = (...all: readonly string[]): Uint8Array => Buffer.from(all.join('\r\n'), 'latin1');

export interface Arrived {
  readonly receipt: Receipt;
  readonly message: Message;
  readonly related: Related;
}

export async function arrives(
  desk: Desk,
  raw: Uint8Array,
  change: { mailbox?: string; options?: ReadOptions } = {},
): Promise<Arrived> {
  const mailbox = change.mailbox ?? 'support@ca.example';
  const received = await desk.context.receive(raw, {
    channel: 'smtp',
    source: 'mx',
    sourceKey: null,
    sightedAs: null,
    folder: null,
    mailbox,
    envelopeFrom: 'a@reporter.example',
    envelopeTo: [mailbox],
    markSource: 'own-acceptance',
    detail: 'SMTP',
  });
  expect(received.sha256).toBe(createHash('sha256').update(raw).digest('hex'));
  const now = desk.context.time.now().add(minutes(1));
  const claims = await desk.ledger.claim({ reader: 'test', now, lease: minutes(5), limit: 1 });
  const claim = claims.find((one) => one.receipt.id === received.receiptId);
  if (claim === undefined) throw new Error('the receipt that was just recorded is not there to be read');
  const plain = await unseal(
    { sealed: claim.sealed, sha256: received.sha256, keyId: claim.receipt.keyId },
    await desk.identities.identity(claim.receipt.keyId),
  );
  expect(Buffer.compare(plain, raw)).toBe(0);
  const message = await readMessage(plain, change.options);
  // Somebody can see it: words, files or a reason why not.
  expect(
    message.texts.length + message.attachments.length + message.problems.length + message.subject.length,
  ).toBeGreaterThan(0);
  expect(JSON.stringify(message.texts)).not.toContain('\\u0000');
  const facts = {
    messageId: message.messageId ?? '',
    messageIdSynthetic: message.messageIdSynthetic,
    contentHash: contentHash(message),
    threadKeys: threadKeys(message),
    automatic: message.automatic,
  };
  const problem = message.problems[0] ?? null;
  await desk.ledger.markRead(received.receiptId, 'test', { facts, marks: [], problem, at: now });
  const related = await desk.ledger.related(facts, received.receiptId);
  const receipt = await desk.ledger.get(received.receiptId);
  return { receipt: receipt as Receipt, message, related };
}

export const words = (message: Message): string => message.texts.map((block) => block.text).join('\n');

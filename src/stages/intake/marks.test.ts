import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clockStart } from '../../desk/clock/receipt-mark.ts';
import { readMessage } from '../../foundation/mail/read-message.ts';
import { at, rfc3339 } from '../../foundation/time/time.ts';
import { receiptMarks, receivedAtOf, type Trust, trustOfHost } from './marks.ts';

const corpus = new URL('../../../test/corpus/', import.meta.url);
interface Label {
  file: string;
  receivedAt: string;
  originalReceivedAt?: string;
}
const labels = readFileSync(new URL('labels.jsonl', corpus), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Label);

const trust: Trust = { ...trustOfHost('mx.ca.example'), staffZones: ['Asia/Kolkata'] };
const mail = (...lines: string[]): Uint8Array => Buffer.from(lines.join('\r\n'));
const startOf = async (raw: Uint8Array, by: Trust = trust): Promise<string | null> => {
  const start = clockStart(receiptMarks({ message: await readMessage(raw), acceptance: null, trust: by }));
  return start === null ? null : rfc3339(start.at);
};

describe('the corpus', () => {
  it('has a label for every message', () => {
    expect(labels).toHaveLength(readdirSync(new URL('mail/', corpus)).length);
  });

  it.each(labels)('$file: accepted when the topmost line of mx.ca.example says', async (label) => {
    const message = await readMessage(readFileSync(new URL(label.file, corpus)));
    const received = receivedAtOf(message, 'mx.ca.example');
    expect(received === null ? null : rfc3339(received)).toBe(label.receivedAt);
  });

  it.each(labels)('$file: the clock starts with the first arrival, never later', async (label) => {
    const message = await readMessage(readFileSync(new URL(label.file, corpus)));
    const start = clockStart(receiptMarks({ message, acceptance: null, trust }));
    const expected = at(label.originalReceivedAt ?? label.receivedAt);
    expect(start).not.toBeNull();
    // A content filter makes our host write two lines seconds apart; the lower one is the earlier receipt.
    const earlier = expected.since(start!.at).total('seconds');
    expect(earlier).toBeGreaterThanOrEqual(0);
    expect(earlier).toBeLessThan(60);
    if (label.originalReceivedAt !== undefined) expect(rfc3339(start!.at)).toBe(label.originalReceivedAt);
  });
});

describe('a telephone note of our own staff', () => {
  const note = (written: string, from = 'hub.ca.example (hub.ca.example [10.20.0.7])'): Uint8Array =>
    mail(
      `Received: from ${from} by mx.ca.example with ESMTP id 1; Sun, 16 Aug 2026 ${written} +0000`,
      'From: Telephony Bridge <tel-notes@ca.example>',
      `Date: Sun, 16 Aug 2026 ${written} +0000`,
      'Subject: Call note 7731 / 08:47-08:52 / general',
      '',
      'a key is on the web',
    );

  it('starts the clock when the caller was heard, in the zone of the staff', async () => {
    expect(await startOf(note('05:00:00'))).toBe('2026-08-16T03:17:00Z');
  });

  it('written as the call ended says its zone itself', async () => {
    expect(await startOf(note('03:24:32'), trustOfHost('mx.ca.example'))).toBe('2026-08-16T03:17:00Z');
  });

  it('written later in an unknown zone moves nothing until a person confirms it', async () => {
    expect(await startOf(note('03:44:00'), trustOfHost('mx.ca.example'))).toBe('2026-08-16T03:44:00Z');
  });

  it('sent from outside is nobody of ours', async () => {
    expect(await startOf(note('05:00:00', 'x.example (x.example [198.51.100.7])'))).toBe('2026-08-16T05:00:00Z');
  });
});

describe('the chain of Received lines', () => {
  const outside =
    'Received: from mail.reporter.example (mail.reporter.example [203.0.113.9]) by mx.ca.example with ESMTPS id 1; Sat, 31 Aug 2024 23:19:00 +0530';

  it('starts the clock where the message came in from outside, below our own filter and mailbox servers', async () => {
    const raw = mail(
      'Received: from mx.ca.example (mx.ca.example [10.20.0.5]) by imap2.ca.example with LMTP id 3; Sun, 1 Sep 2024 10:30:00 +0530',
      'Received: from localhost (localhost [127.0.0.1]) by mx.ca.example with ESMTP id 2; Sat, 31 Aug 2024 23:19:04 +0530',
      outside,
      'From: a@reporter.example',
      '',
      'x',
    );
    expect(await startOf(raw)).toBe('2024-08-31T17:49:00Z');
  });

  it('does not believe a line in our name below one that came from outside', async () => {
    const raw = mail(
      outside,
      'Received: from mx.ca.example (mx.ca.example [10.20.0.5]) by mx.ca.example with ESMTPS id 9; Wed, 28 Aug 2024 06:30:51 +0530',
      'From: a@reporter.example',
      '',
      'x',
    );
    expect(await startOf(raw)).toBe('2024-08-31T17:49:00Z');
    const marks = receiptMarks({ message: await readMessage(raw), acceptance: null, trust });
    expect(marks.filter((mark) => mark.source === 'trusted-received').map((mark) => mark.trusted)).toEqual([
      true,
      false,
    ]);
  });

  it('does not believe a peer that merely calls itself by our name', async () => {
    const raw = mail(
      'Received: from mx.ca.example (unknown [198.51.100.7]) by mx.ca.example with ESMTP id 1; Sat, 31 Aug 2024 23:19:00 +0530',
      'Received: from x by mx.ca.example with ESMTP id 9; Wed, 28 Aug 2024 06:30:51 +0530',
      'From: a@reporter.example',
      '',
      'x',
    );
    expect(await startOf(raw)).toBe('2024-08-31T17:49:00Z');
  });

  it('shows a line without a known zone, and moves nothing by it', async () => {
    const raw = mail(
      'Received: from a.example (a.example [203.0.113.9]) by mx.ca.example with ESMTP id 1; Sat, 31 Aug 2024 23:19:00 IST',
      'From: a@reporter.example',
      '',
      'x',
    );
    const message = await readMessage(raw);
    const marks = receiptMarks({
      message,
      acceptance: { source: 'own-acceptance', at: at('2024-08-31T17:49:03Z'), detail: 'SMTP' },
      trust,
    });
    expect(rfc3339(clockStart(marks)!.at)).toBe('2024-08-31T17:49:03Z');
    expect(marks.map((mark) => mark.detail).join()).toContain('zone is not known');
  });

  it("never takes the sender's Date behind a line of our own, early or late", async () => {
    for (const date of ['Mon, 1 Jan 2024 00:00:00 +0000', 'Mon, 1 Jan 2035 00:00:00 +0000']) {
      expect(await startOf(mail(outside, `Date: ${date}`, 'From: a@reporter.example', '', 'x'))).toBe(
        '2024-08-31T17:49:00Z',
      );
    }
  });

  it('takes the Date of an archived message when every relay on its way bears it out', async () => {
    const hop = (by: string, time: string): string =>
      `Received: from a.example by ${by} with ESMTP id 1; Sat, 31 Aug 2024 ${time} +0000`;
    const borneOut = mail(
      hop('b.other.example', '17:49:09'),
      hop('a.other.example', '17:49:05'),
      'Date: Sat, 31 Aug 2024 17:49:00 +0000',
      'From: a@reporter.example',
      '',
      'x',
    );
    const acceptance = { source: 'own-acceptance', at: at('2024-09-05T00:00:00Z'), detail: 'import' } as const;
    const start = clockStart(receiptMarks({ message: await readMessage(borneOut), acceptance, trust }));
    expect(rfc3339(start!.at)).toBe('2024-08-31T17:49:00Z');

    const broken = Buffer.from(borneOut.toString().replace('Date: Sat, 31', 'Date: Fri, 30'));
    const unmoved = clockStart(receiptMarks({ message: await readMessage(broken), acceptance, trust }));
    expect(rfc3339(unmoved!.at)).toBe('2024-09-05T00:00:00Z');
  });
});

describe('a forwarded report', () => {
  const enclosed = (outer: readonly string[]): Uint8Array =>
    mail(
      ...outer,
      'MIME-Version: 1.0',
      'Content-Type: message/rfc822',
      '',
      'Received: from mail.reporter.example (mail.reporter.example [203.0.113.9]) by mx.ca.example with ESMTPS id 1; Sat, 31 Aug 2024 23:19:00 +0530',
      'From: a@reporter.example',
      'Subject: leaked key',
      '',
      'x',
    );

  it('counts from its own first arrival when a colleague forwards it days later', async () => {
    const raw = enclosed([
      'Received: from hub.ca.example (hub.ca.example [10.20.0.7]) by mx.ca.example with ESMTP id 2; Thu, 5 Sep 2024 10:00:00 +0530',
      'From: Prisca <prisca@ca.example>',
    ]);
    expect(await startOf(raw)).toBe('2024-08-31T17:49:00Z');
  });

  it('is shown but not believed when a stranger with a staff address encloses it', async () => {
    const raw = enclosed([
      'Received: from evil.example (evil.example [198.51.100.7]) by mx.ca.example with ESMTP id 2; Thu, 5 Sep 2024 10:00:00 +0530',
      'From: Prisca <prisca@ca.example>',
    ]);
    expect(await startOf(raw)).toBe('2024-09-05T04:30:00Z');
    const marks = receiptMarks({ message: await readMessage(raw), acceptance: null, trust });
    expect(marks.some((mark) => mark.source === 'forwarded-original' && !mark.trusted)).toBe(true);
  });

  it('is believed when our own server checked the signature of the colleague who writes from outside', async () => {
    const raw = enclosed([
      'Received: from out.mailhost.example (out.mailhost.example [198.51.100.7]) by mx.ca.example with ESMTP id 2; Thu, 5 Sep 2024 10:00:00 +0530',
      'Authentication-Results: mx.ca.example; dkim=pass header.d=ca.example; spf=pass',
      'From: Prisca <prisca@ca.example>',
    ]);
    expect(await startOf(raw)).toBe('2024-08-31T17:49:00Z');
  });
});

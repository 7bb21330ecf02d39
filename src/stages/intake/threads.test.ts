import { describe, expect, it } from 'vitest';
import type { CaseId } from '../../foundation/brand.ts';
import { readMessage } from '../../foundation/mail/read-message.ts';
import { autoReplyHeaders, mayAutoReply, REPLIES_PER_ADDRESS_DAY_MAX, type ReplyContext } from './reply-policy.ts';
import {
  belongsTo,
  bounceOf,
  caseOfReplyAddress,
  conversationOf,
  isAnswer,
  letterMessageId,
  letterOfMessageId,
  replyAddress,
  threadKeys,
} from './threads.ts';

const keys = { secrets: ['this year', 'last year'] };
const mail = (...lines: string[]) => readMessage(Buffer.from(lines.join('\r\n')));

describe('a reply address', () => {
  it('names its case, also after the secret was changed', () => {
    const address = replyAddress('CASE-17' as CaseId, 'reports@ca.example', { secrets: ['last year'] });
    expect(address).toMatch(/^reports\+case-17\.[0-9a-f]{20}@ca\.example$/);
    expect(caseOfReplyAddress(address.toUpperCase(), keys)).toBe('case-17');
  });

  it.each(['reports+case-17.00000000000000000000@ca.example', 'reports+case-17@ca.example', 'reports@ca.example', ''])(
    'that we did not make names none: %s',
    (address) => {
      expect(caseOfReplyAddress(address, keys)).toBeNull();
    },
  );

  it('cannot be turned into that of another case', () => {
    const address = replyAddress('case-17' as CaseId, 'reports@ca.example', keys);
    expect(caseOfReplyAddress(address.replace('case-17', 'case-18'), keys)).toBeNull();
  });
});

describe('a letter of ours', () => {
  const id = letterMessageId('case-17/subscriber/1', 'ca.example', keys);

  it('is known by its Message-ID and by nothing that looks like it', () => {
    expect(letterOfMessageId(id, keys)).toBe('case-17-subscriber-1');
    expect(letterOfMessageId(id.replace('subscriber', 'reporter'), keys)).toBeNull();
    expect(letterOfMessageId('<x@y>', keys)).toBeNull();
  });

  it('is found in the references of an answer whose subject was changed', async () => {
    const answer = await mail(
      'From: b@reporter.example',
      'Subject: something else',
      `References: <a@b> ${id}`,
      '',
      'ok',
    );
    expect(conversationOf(answer, [], keys)).toEqual({ caseId: null, letters: ['case-17-subscriber-1'] });
    expect(threadKeys(answer)).toContain(id);
  });

  it.each([
    [
      'with the original enclosed',
      [
        'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
        '',
        '--b',
        '',
        'sorry',
        '--b',
        'Content-Type: message/delivery-status',
        '',
        'Reporting-MTA: dns; x',
        '',
        'Final-Recipient: rfc822; admin@subscriber.example',
        'Action: failed',
        'Status: 5.1.1',
        '',
        '--b',
        'Content-Type: message/rfc822',
        '',
        `Message-ID: ${id}`,
        'Subject: letter',
        '',
        'x',
        '--b--',
      ],
    ],
    [
      'with headers only',
      [
        'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
        '',
        '--b',
        '',
        'sorry',
        '--b',
        'Content-Type: message/delivery-status',
        '',
        'Reporting-MTA: dns; x',
        '',
        'Final-Recipient: rfc822; admin@subscriber.example',
        'Action: failed',
        'Status: 5.1.1',
        '',
        '--b',
        'Content-Type: text/rfc822-headers',
        '',
        `Message-ID: ${id}`,
        '',
        '--b--',
      ],
    ],
    [
      'of qmail, in words',
      [
        '',
        'Hi. This is the qmail-send program.',
        '',
        '<admin@subscriber.example>:',
        '550 5.1.1 no such user',
        '',
        '--- Below this line is a copy of the message.',
        '',
        `Message-ID: ${id}`,
        'Subject: letter',
        '',
        'x',
      ],
    ],
  ])('that bounces %s is the one that failed', async (_form, body) => {
    const bounce = await mail('Return-Path: <>', 'From: MAILER-DAEMON@mx.example', 'Subject: failure notice', ...body);
    expect(bounceOf(bounce, [], keys)).toMatchObject({
      letterId: 'case-17-subscriber-1',
      permanent: true,
      failures: [{ recipient: 'admin@subscriber.example', status: '5.1.1' }],
    });
    expect(isAnswer(bounce)).toBe(false);
  });

  it('that is only delayed has not failed', async () => {
    const delay = await mail(
      'Return-Path: <>',
      'From: MAILER-DAEMON@mx.example',
      'Subject: Warning: message delayed 4 hours',
      'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
      '',
      '--b',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; x',
      '',
      'Final-Recipient: rfc822; admin@subscriber.example',
      'Action: delayed',
      'Status: 4.4.1',
      '',
      '--b--',
    );
    expect(bounceOf(delay, [], keys)).toMatchObject({ permanent: false, failures: [{ action: 'delayed' }] });
  });

  it('is not what backscatter is about', async () => {
    const bounce = await mail(
      'Return-Path: <>',
      'From: MAILER-DAEMON@mx.example',
      'Subject: failure notice',
      '',
      '<x@y.example>: no',
      '--- Below this line is a copy of the message.',
      '',
      'Message-ID: <forged@ca.example>',
      'Subject: pills',
      '',
      'x',
    );
    expect(bounceOf(bounce, [], keys)).toMatchObject({ letterId: null, caseId: null });
  });
});

describe('a conversation', () => {
  it('holds colleagues of a participant, and nobody who only shares a public mail service', async () => {
    const from = (address: string) => mail(`From: ${address}`, '', 'x');
    const freemail = new Set(['freemail.example']);
    expect(belongsTo(await from('b@reporter.example'), ['a@reporter.example'], freemail)).toBe(true);
    expect(belongsTo(await from('b@freemail.example'), ['a@freemail.example'], freemail)).toBe(false);
    expect(belongsTo(await from('a@freemail.example'), ['A@freemail.example'], freemail)).toBe(true);
  });
});

describe('an automatic reply', () => {
  const context: ReplyContext = {
    envelopeFrom: 'a@reporter.example',
    ownAddresses: ['reports@ca.example'],
    sent: { toAddressToday: 0, inThread: 0, thisHour: 0 },
  };
  const headers = (...lines: string[]) => mail('From: Ann <a@reporter.example>', ...lines, '', 'the key is out');

  it('goes to the envelope sender of a person, and says that nobody shall answer it', async () => {
    const message = await headers('Message-ID: <1@reporter.example>', 'Reply-To: elsewhere@attacker.example');
    expect(mayAutoReply(message, context)).toEqual({ ok: true, to: 'a@reporter.example' });
    expect(autoReplyHeaders(message)).toEqual(
      expect.arrayContaining([
        ['Auto-Submitted', 'auto-replied'],
        ['In-Reply-To', '<1@reporter.example>'],
      ]),
    );
  });

  it.each([
    ['automatic', 'Auto-Submitted: auto-generated'],
    ['automatic', 'Auto-Submitted: auto-replied'],
    ['automatic', 'Subject: Out of office: away'],
    ['list', 'List-Id: <reports.lists.example>'],
    ['list', 'Precedence: bulk'],
    ['suppressed_by_sender', 'X-Auto-Response-Suppress: OOF, AutoReply'],
    ['own_message', 'X-Loop: reports@ca.example'],
  ] as const)('is not sent (%s) to a message with %s', async (because, line) => {
    const decision = mayAutoReply(await headers(line), context);
    expect(decision.ok === false && (decision.because === because || decision.because === 'automatic')).toBe(true);
  });

  it.each([
    ['null_sender', { envelopeFrom: '' }],
    ['own_message', { envelopeFrom: 'reports+case-1.ab@ca.example' }],
    ['machine_address', { envelopeFrom: 'list-bounces@lists.example' }],
    ['machine_address', { envelopeFrom: 'noreply@x.example' }],
    ['cap_address', { sent: { toAddressToday: REPLIES_PER_ADDRESS_DAY_MAX, inThread: 0, thisHour: 0 } }],
    ['cap_thread', { sent: { toAddressToday: 0, inThread: 2, thisHour: 0 } }],
    ['cap_desk', { sent: { toAddressToday: 0, inThread: 0, thisHour: 1_000_000 } }],
  ] as const)('is not sent: %s', async (because, change) => {
    expect(mayAutoReply(await headers(), { ...context, ...change })).toMatchObject({ ok: false, because });
  });

  it('goes to the person whose mailing service put a tag of its own into the envelope', async () => {
    const tagged = { ...context, envelopeFrom: 'bounces+4711-ab@mailer.example' };
    expect(mayAutoReply(await headers(), tagged)).toEqual({ ok: true, to: 'a@reporter.example' });
  });

  it('has nowhere to go without any address, and the message is a message all the same', async () => {
    const message = await mail('Subject: x', '', 'key');
    expect(mayAutoReply(message, { ...context, envelopeFrom: null })).toMatchObject({ because: 'no_address' });
    expect(message.texts).toHaveLength(1);
  });

  it('would end a ping-pong of two ticket systems after a few rounds', async () => {
    let sent = 0;
    for (let round = 0; round < 100; round++) {
      const message = await headers(`Subject: Re: [T-${round}] Re: x`);
      const decision = mayAutoReply(message, {
        ...context,
        sent: { toAddressToday: sent, inThread: 0, thisHour: sent },
      });
      if (decision.ok) sent++;
    }
    expect(sent).toBe(REPLIES_PER_ADDRESS_DAY_MAX);
  });
});

import { describe, expect, it } from 'vitest';
import { readMessage } from '../../foundation/mail/read-message.ts';
import { autoReplyHeaders, mayAutoReply, REPLIES_PER_ADDRESS_DAY_MAX, type ReplyContext } from './reply-policy.ts';

const mail = (...lines: string[]) => readMessage(Buffer.from(lines.join('\r\n')));

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

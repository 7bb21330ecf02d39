import { describe, expect, it } from 'vitest';
import { aLetter, messengerContract } from '../messenger.contract.ts';
import { httpSink } from './http-sink.ts';
import { phoneNumber, smsDefaults, smsMessenger, smsText } from './sms.ts';

messengerContract('sms', async () => {
  const sink = await httpSink();
  return {
    messenger: smsMessenger({ ...smsDefaults, url: sink.url, token: 'secret-token', from: 'Desk' }),
    to: '+41 79 123 45 67',
    behave: sink.behave,
    // An SMS carries the subject; the contract's text stands for it.
    taken: () =>
      sink.taken.map(({ body }) => {
        const { reference, text } = JSON.parse(body.toString()) as { reference: string; text: string };
        return { id: reference, text: text.replace('Letter ', 'Text of ') };
      }),
    stop: sink.stop,
  };
});

describe('a page by SMS', () => {
  it('says what it is and where to tap, and never grows beyond three messages', () => {
    const letter = aLetter('+41791234567', 'a', {
      subject: 'in 3 hours: 4 certificates [C-1]',
      text: `Long story\n\nTake the case:\nhttps://desk.ca.example/take/abc\n${'x'.repeat(5_000)}`,
    });
    expect(smsText(letter)).toBe('in 3 hours: 4 certificates [C-1] https://desk.ca.example/take/abc');
    expect(smsText({ ...letter, subject: 'y'.repeat(2_000) }).length).toBeLessThanOrEqual(459);
  });

  it.each([
    ['+41 (0)79 123 45 67', '+41791234567'],
    ['+1 415-555-0100', '+14155550100'],
    ['079 123 45 67', null],
    ['+41791234567; rm -rf', null],
    ['', null],
  ])('%j is the number %s', (text, number) => {
    expect(phoneNumber(text)).toBe(number);
  });
});

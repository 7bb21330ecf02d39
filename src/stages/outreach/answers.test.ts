import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../foundation/mail/message.ts';
import { readAnswer } from './answers.ts';

type Parts = Parameters<typeof readAnswer>[0];
const mail = (own: string, more: Partial<Parts> = {}): Parts => ({
  automatic: 'no',
  subject: 'Re: Replace now [C-1]',
  texts: [
    { role: 'own', text: own, path: '1' },
    { role: 'quoted', text: 'Please revoke. We agree. I object. More time?', path: '1' },
  ],
  inner: [],
  inReplyTo: ['<notice@ca.example>'],
  references: ['<root@ca.example>', '<notice@ca.example>'],
  ...more,
});

describe('an answer by mail', () => {
  it.each([
    ['Please revoke them.', 'agrees'],
    ['Go ahead.', 'agrees'],
    ['Wir sind einverstanden, bitte die Zertifikate sperren.', 'agrees'],
    ['Vous pouvez révoquer.', 'agrees'],
    ['Estamos de acuerdo.', 'agrees'],
    ['All four have been replaced this morning.', 'replaced'],
    ['Die Zertifikate wurden heute ersetzt.', 'replaced'],
    ['Nous avons tout remplacé.', 'replaced'],
    ['Ya hemos reemplazado los certificados.', 'replaced'],
    ['Do not revoke! This is a false alarm.', 'disputes'],
    ['Please don’t revoke, the key is not compromised.', 'disputes'],
    ['Wir widersprechen der Sperrung.', 'disputes'],
    ['We agree in general but do not revoke before we say so.', 'disputes'],
    ['We need two more days, there is a change freeze.', 'asks-more-time'],
    ['Wir benötigen noch drei Tage.', 'asks-more-time'],
    ['Nous avons besoin de quelques jours.', 'asks-more-time'],
    ['Necesitamos más tiempo, por favor.', 'asks-more-time'],
    ['Thank you for letting us know, we will replace them today.', 'acknowledged'],
    ['Bien reçu.', 'acknowledged'],
    ['Siamo d’accordo, potete revocare.', 'agrees'],
    ['U mag de certificaten intrekken.', 'agrees'],
    ['Podem revogar os certificados.', 'agrees'],
    ['Abbiamo già sostituito i certificati.', 'replaced'],
    ['De certificaten zijn vanochtend vervangen.', 'replaced'],
    ['Os certificados já foram substituídos.', 'replaced'],
    ['Vi preghiamo di non revocare, è un falso allarme.', 'disputes'],
    ['Wij zijn niet akkoord, trek het certificaat niet in.', 'disputes'],
    ['Não revoguem, a chave não está comprometida.', 'disputes'],
    ['Abbiamo bisogno di due giorni.', 'asks-more-time'],
    ['Wij hebben meer tijd nodig.', 'asks-more-time'],
    ['Precisamos de mais tempo.', 'asks-more-time'],
    ['Abbiamo ricevuto, grazie.', 'acknowledged'],
    ['Ontvangen, wij gaan ze vandaag vervangen.', 'acknowledged'],
    ['Recebemos o aviso.', 'acknowledged'],
    ['Siamo d’accordo, ma solo se il nuovo è attivo.', 'unclear'],
    ['U mag intrekken, mits het nieuwe actief is.', 'unclear'],
    ['Podem revogar, mas só depois.', 'unclear'],
    ['Which key is it? Where was it found?', 'question'],
    ['You may revoke, but only if the new one is live.', 'unclear'],
    ['Please revoke. Is it possible to do it on Friday?', 'question'],
    ['???', 'question'],
    ['ok', 'unclear'],
    ['', 'unclear'],
  ] as const)('%j is read as %s', (text, answer) => {
    expect(readAnswer(mail(text)).answer).toBe(answer);
  });

  it('is never read from what is quoted', () => {
    expect(readAnswer(mail('')).answer).toBe('unclear');
  });

  it('of a machine is no answer of a person', () => {
    expect(readAnswer(mail('Please revoke.', { automatic: 'auto-reply' })).answer).toBe('auto-reply');
    expect(readAnswer(mail('Please revoke.', { automatic: 'auto-generated' })).answer).toBe('auto-reply');
  });

  it('that bounced says which letter and whether the address is gone', () => {
    const inner = [{ kind: 'bounce-original', messageId: '<lost@ca.example>' }] as unknown as Message['inner'];
    const back = (status: string) =>
      readAnswer(
        mail('', { automatic: 'bounce', inner, texts: [{ role: 'machine', text: `Status: ${status}`, path: '1' }] }),
      );
    expect(back('5.1.1')).toMatchObject({ answer: 'bounce', permanent: true });
    expect(back('4.2.2')).toMatchObject({ answer: 'bounce', permanent: false });
    expect(back('5.1.1').answers[0]).toBe('<lost@ca.example>');
  });

  it('names the letter it answers, the direct one first', () => {
    expect(readAnswer(mail('ok')).answers).toEqual(['<notice@ca.example>', '<root@ca.example>']);
  });

  it('never turns an objection into consent, whatever stands around it', () => {
    const objection = fc.constantFrom(
      'Do not revoke.',
      'We object.',
      'Bitte nicht sperren.',
      'Nous contestons.',
      'No revoquen.',
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }), objection, fc.lorem(), (before, no, after) => {
        expect(readAnswer(mail(`${before} ${no} ${after} please revoke`)).answer).not.toBe('agrees');
      }),
    );
  });

  it('is read in bounded time from hostile text', () => {
    const long = `${'please '.repeat(100_000)}revoke`;
    expect(readAnswer(mail(long)).answer).toBe('unclear');
  });
});

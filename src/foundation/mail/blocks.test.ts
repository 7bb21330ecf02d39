import { describe, expect, it } from 'vitest';
import { splitText } from './blocks.ts';

const roles = (text: string, subject = ''): string[] =>
  splitText(text, 'own', subject, '1').blocks.map((block) => `${block.role}: ${block.text.replace(/\n+/g, ' | ')}`);

describe('running text', () => {
  it('is the own words above, the quoted below, and no signature counts', () => {
    expect(
      roles('Still open!\n\nOn Mon, 2 Sep 2024, A wrote:\n> please wait\n> for us\n\n-- \nB\nExample Ltd'),
    ).toEqual([
      'own: Still open!',
      'quoted: On Mon, 2 Sep 2024, A wrote: | please wait | for us',
      'signature: --  | B | Example Ltd',
    ]);
  });

  it.each([
    'Am 2. September 2024 schrieb Anna:',
    'Le lun. 2 sept. 2024 à 10:15, Anna a écrit :',
    'El lun, 2 sept 2024, Anna escribió:',
    'Il giorno 2 set 2024 Anna ha scritto:',
    'Op 2 september 2024 schreef Anna:',
    'Em 2 de setembro de 2024, Anna escreveu:',
    'W dniu 2.09.2024 Anna napisał(a):',
    '2 сентября 2024 г. Анна написала:',
    '2 Eyl 2024 tarihinde Anna şunları yazdı:',
    '2024年9月2日 Annaさんは書きました:',
    '在 2024年9月2日,Anna 写道:',
    '2024년 9월 2일, Anna님이 작성:',
  ])('knows who is quoted: %s', (line) => {
    expect(roles(`mine\n\n${line}\n> theirs`)).toEqual(['own: mine', `quoted: ${line} | theirs`]);
  });

  it.each([
    [
      'Gmail',
      '---------- Forwarded message ---------\nFrom: Ann <ann@reporter.example>\nDate: Mon, Sep 2, 2024 at 10:15 AM\nSubject: leaked key\nTo: <sales@ca.example>',
    ],
    [
      'Apple',
      'Begin forwarded message:\n\nFrom: Ann <ann@reporter.example>\nSubject: leaked key\nDate: 2 September 2024 at 10:15:00 CEST\nTo: sales@ca.example',
    ],
    [
      'Outlook, German',
      '________________________________\nVon: Ann <ann@reporter.example>\nGesendet: Montag, 2. September 2024 10:15\nAn: sales@ca.example\nBetreff: leaked key',
    ],
    [
      'Thunderbird, German',
      '-------- Weitergeleitete Nachricht --------\nBetreff: leaked key\nDatum: Mon, 2 Sep 2024 10:15:00 +0200\nVon: Ann <ann@reporter.example>\nAn: sales@ca.example',
    ],
    [
      'French',
      '---------- Message transféré ---------\nDe : Ann <ann@reporter.example>\nDate : lundi 2 septembre 2024 à 10:15\nObjet : leaked key\nÀ : sales@ca.example',
    ],
    [
      'Japanese',
      '---- 転送メッセージ ----\n差出人: Ann <ann@reporter.example>\n日時: 2024年9月2日 10:15\n件名: leaked key\n宛先: sales@ca.example',
    ],
    [
      'Chinese',
      '---------- 转发的邮件 ----------\n发件人：Ann <ann@reporter.example>\n发送时间：2024年9月2日 10:15\n收件人：sales@ca.example\n主题：leaked key',
    ],
    [
      'quoted',
      '> -----Forwarded Message-----\n> From: Ann <ann@reporter.example>\n> Date: Mon, 2 Sep 2024 10:15:00 +0200\n> Subject: leaked key',
    ],
  ])('finds the original sender of an inline forward: %s', (_client, header) => {
    const split = splitText(`please look\n\n${header}\n\nthe key is at x.example`, 'own', 'Fwd: leaked key', '1');
    expect(split.forwards).toMatchObject([
      { kind: 'inline-forward', confidence: 'words', from: { address: 'ann@reporter.example' }, subject: 'leaked key' },
    ]);
    expect(split.forwards[0]!.date?.at.toString()).toMatch(/^2024-09-02T(?:08|10):15:00Z$/);
    expect(split.blocks[0]!.role).toBe('own');
    expect(split.blocks[0]!.text.replace(/\s*_+$/, '')).toBe('please look');
    expect(split.blocks.at(-1)!.text).toContain('the key is at x.example');
    expect(['forwarded', 'quoted']).toContain(split.blocks.at(-1)!.role);
  });

  it('takes header lines below a reply for what is answered, not for a forward', () => {
    const text =
      'no\n\nFrom: Desk <reports@ca.example>\nSent: Monday, September 2, 2024 10:15 AM\nTo: b@x.example\nSubject: your report\n\nDear B';
    expect(splitText(text, 'own', 'RE: your report', '1').forwards).toEqual([]);
    expect(roles(text, 'RE: your report').at(-1)).toMatch(/^quoted/);
  });

  it('leaves armoured keys whole', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-- \nFrom: x\n-----END PRIVATE KEY-----';
    expect(roles(`here\n${key}`)).toEqual([`own: here | ${key.replaceAll('\n', ' | ')}`]);
  });

  it('knows a device signature, and a list of fields that is no mail header', () => {
    expect(roles('key leaked\n\nSent from my iPhone')).toEqual(['own: key leaked', 'signature: Sent from my iPhone']);
    expect(roles('From: 10:00\nTo: 12:00\nmaintenance')).toEqual(['own: From: 10:00 | To: 12:00 | maintenance']);
  });

  it.each([
    ['> '.repeat(100_000)],
    ['From: '.repeat(100_000)],
    ['-'.repeat(500_000)],
    ['On x\n'.repeat(100_000)],
    ['From: a\nSent: b\nTo: c\n\n'.repeat(30_000)],
  ])('of hostile shape is read all the same (%#)', (text) => {
    expect(splitText(text, 'own', '', '1').blocks.length).toBeGreaterThanOrEqual(0);
  });
});

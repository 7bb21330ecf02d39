import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CaseId } from '../../foundation/brand.ts';
import { readMessage } from '../../foundation/mail/read-message.ts';
import { at } from '../../foundation/time/time.ts';
import { caseOfReplyAddress, caseSentTo, replyAddress, threadKeys } from './threads.ts';

const keys = ['this year', 'last year'];
const now = at('2026-03-07T20:00:00Z');
const base = 'problem-reporting@ca.example';
const theCase = 'case-0b9ad3f0-5d0e-4c11-9a55-8e2f6f1f00ff' as CaseId;
const mail = (...lines: string[]) => readMessage(Buffer.from(lines.join('\r\n')));

describe('a reply address', () => {
  it('names its case, within what mail allows, whatever became of its capitals, also after the secret was changed', () => {
    const address = replyAddress(theCase, base, ['last year'], now)!;
    expect(address).toMatch(/^problem-reporting\+[a-z2-7]{26}[0-9a-z]{3}[a-z2-7]{16}@ca\.example$/);
    expect(address.lastIndexOf('@')).toBeLessThanOrEqual(64);
    expect(caseOfReplyAddress(address.toUpperCase(), keys, now)).toBe(theCase);
  });

  it('is for any case of the desk', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.boolean(), (id, desks) => {
        const caseId = (desks ? `case-${id}` : id.slice(0, 8)) as CaseId;
        expect(caseOfReplyAddress(replyAddress(caseId, 'r@ca.example', keys, now)!, keys, now)).toBe(caseId);
      }),
    );
  });

  it('is none where it would be too long for mail', () => {
    expect(replyAddress(theCase, `${'long'.repeat(8)}@ca.example`, keys, now)).toBeNull();
    expect(replyAddress('CASE 17\r\nBcc: a@b' as CaseId, base, keys, now)).toBeNull();
    expect(replyAddress(theCase, 'nobody', keys, now)).toBeNull();
  });

  it('lapses after half a year', () => {
    const address = replyAddress(theCase, base, keys, now)!;
    expect(caseOfReplyAddress(address, keys, now.add({ hours: 24 * 183 }))).toBe(theCase);
    expect(caseOfReplyAddress(address, keys, now.add({ hours: 24 * 184 }))).toBeNull();
  });

  it('cannot be turned into another, not in one character', () => {
    const address = replyAddress(theCase, base, keys, now)!;
    for (let i = address.indexOf('+') + 1; i < address.indexOf('@'); i++) {
      const other = address[i] === 'b' ? 'c' : 'b';
      const changed = address.slice(0, i) + other + address.slice(i + 1);
      expect(caseOfReplyAddress(changed, keys, now), `at ${i}`).toBeNull();
    }
    expect(caseOfReplyAddress(address, ['another desk'], now)).toBeNull();
  });

  it('is found among the addresses of a message, and nothing that somebody wrote there is taken for one', () => {
    const address = replyAddress(theCase, base, keys, now)!;
    expect(caseSentTo(['', base, 'a+b@x', address], keys, now)).toBe(theCase);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        expect(caseOfReplyAddress(`${text}@ca.example`, keys, now)).toBeNull();
      }),
    );
  });
});

describe('thread keys', () => {
  it('are what a message answers, nearest first, also for an answer whose subject was changed', async () => {
    const id = `<${createHash('sha256').update('x').digest('hex')}@ca.example>`;
    const answer = await mail(
      'From: b@reporter.example',
      'Message-ID: <Own@Reporter.Example>',
      'Subject: something else',
      `References: <a@b> ${id}`,
      '',
      'ok',
    );
    expect(threadKeys(answer)).toEqual(['<own@reporter.example>', id, '<a@b>']);
  });
});

import { describe, expect, it } from 'vitest';
import { readPlace, sectionOf } from '../assurance/contacts/read-places.ts';
import { at, type Instant } from '../foundation/time/time.ts';
import type { NotedAttempt } from '../stages/outreach/on-call/contact-log.ts';
import type { AttemptResult } from '../stages/outreach/on-call/readiness.ts';
import { onCallAt, type Rota } from '../stages/outreach/on-call/rota.ts';
import type { Duty } from './duty.ts';
import { peaceTime } from './peace-time.ts';
import { csvRows } from './published-contacts.ts';

const rota: Rota = {
  levels: [
    { people: ['asha'], from: '2026-01-05T09:00[Europe/Zurich]', turnDays: 7 },
    { people: ['ben'], from: '2026-01-05T09:00[Europe/Zurich]', turnDays: 7 },
  ],
  overrides: [],
};
const contacts = {
  asha: [{ channel: 'email', to: 'asha@ca.example' }],
  ben: [{ channel: 'sms', to: '+41791234567' }],
} as const;
const duty: Duty = {
  onCallAt: (now) => onCallAt(rota, now),
  levels: 2,
  contactsOf: (person) => contacts[person as keyof typeof contacts] ?? [],
  people: Object.entries(contacts).map(([who, own]) => ({ who, contacts: own })),
  rota,
  policy: { answerSeconds: 300, roundSeconds: 600, repage: [] },
  messengers: {},
};
const attempt = (who: 'asha' | 'ben', result: AttemptResult, when: Instant): NotedAttempt => ({
  ...{
    who,
    kind: 'staff',
    ...contacts[who][0],
    at: when,
    result,
    by: 'desk',
    caseId: null,
    messageId: null,
    remark: '',
  },
});

/** A Tuesday in Zurich. */
const morning = at('2026-03-03T09:30:00Z');
const night = at('2026-03-03T01:30:00Z');
const look = async (attempts: readonly NotedAttempt[], now: Instant) => {
  const tested: string[] = [];
  const causes = await peaceTime(
    {
      duty,
      contacts: {
        since: async () => attempts,
        ofCase: async () => [],
        byMessageId: async () => null,
        note: async () => {},
      },
      paging: {
        test: async (whom) => {
          tested.push(...whom.map((w) => w.who));
          return whom.length;
        },
      },
    },
    now,
  );
  return { tested, causes: causes.map((cause) => cause.id) };
};

describe('in peace time', () => {
  it('a contact that was never confirmed is tested in working hours, and never at night', async () => {
    expect((await look([], morning)).tested).toEqual(['asha', 'ben']);
    expect((await look([], night)).tested).toEqual([]);
    expect((await look([], at('2026-03-07T09:30:00Z'))).tested).toEqual([]);
  });

  it('a contact that worked within the year is left alone, and one that was tested lately is not tested again', async () => {
    const worked = attempt('asha', 'answered', morning.subtract({ hours: 300 * 24 }));
    const asked = attempt('ben', 'sent', morning.subtract({ hours: 6 * 24 }));
    expect((await look([worked, asked], morning)).tested).toEqual([]);
    const longAgo = attempt('ben', 'sent', morning.subtract({ hours: 8 * 24 }));
    expect((await look([worked, longAgo], morning)).tested).toEqual(['ben']);
  });

  it('somebody on call whom nothing reaches wakes the others, at any hour', async () => {
    const bounced = attempt('asha', 'bounced', night.subtract({ hours: 1 }));
    expect((await look([bounced], night)).causes).toEqual(['on-call/asha/unreachable']);
    const again = attempt('asha', 'answered', night.subtract({ minutes: 5 }));
    expect((await look([bounced, again], night)).causes).toEqual([]);
  });
});

describe('a published place', () => {
  const cps = [
    '1.5.2 Contact Person .......... 12',
    '1.5.3 Person determining ...... 13',
    '',
    '## 1.5.2 Contact Person',
    'Write to revoke [at] ca.example, day and night.',
    '1.5.3 Person Determining Suitability',
    'other@ca.example',
  ].join('\n');

  it('is read in its own section of the practice statement, not in the table of contents', () => {
    expect(sectionOf(cps, '1.5.2')).toContain('day and night');
    expect(sectionOf(cps, '1.5.2')).not.toContain('other@ca.example');
    expect(sectionOf(cps, '4.9.12')).toBeNull();
    const reading = readPlace({ place: 'cps-1.5.2', url: 'cps', text: cps }, 'Example Trust', morning, csvRows);
    expect(reading).toMatchObject({ ok: true, contacts: [{ kind: 'email', value: 'revoke@ca.example' }] });
  });

  it('is read in our own row of the database, whatever is quoted there', () => {
    const csv =
      'CA Owner,Problem Reporting Mechanism\r\n"Other, ""Inc""",a@b.example\r\nExample Trust,"mail\nhelp@ca.example"\r\n';
    expect(csvRows(csv)).toEqual([
      ['CA Owner', 'Problem Reporting Mechanism'],
      ['Other, "Inc"', 'a@b.example'],
      ['Example Trust', 'mail\nhelp@ca.example'],
    ]);
    const read = (owner: string) => readPlace({ place: 'ccadb', url: 'csv', text: csv }, owner, morning, csvRows);
    expect(read('Example Trust')).toMatchObject({ ok: true, contacts: [{ value: 'help@ca.example' }] });
    expect(read('Nobody')).toMatchObject({ ok: false });
  });
});

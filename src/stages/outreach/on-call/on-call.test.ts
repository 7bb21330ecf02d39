import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, type Instant, isBefore } from '../../../foundation/time/time.ts';
import { defaultPaging, nextPage, type PagingState, pagingProblems, silenceSeconds, simulate } from './paging.ts';
import { type ContactAttempt, contactHealth, nextCallAt, unready } from './readiness.ts';
import { gaps, onCallAt, type Rota, rotaProblems, shifts } from './rota.ts';
import { readPageReply, readTakeToken, takeToken } from './take.ts';

const zurich = (people: readonly string[], turnDays = 7) => ({
  people,
  from: '2026-01-05T09:00[Europe/Zurich]',
  turnDays,
});
const rota: Rota = { levels: [zurich(['asha', 'ben', 'chloe']), zurich(['dev', 'eve'])], overrides: [] };
const first = (r: Rota, when: string) => onCallAt(r, at(when))[0]?.person;

describe('the rota', () => {
  it('hands over at nine local time, before and after clocks change', () => {
    expect(first(rota, '2026-01-12T07:59:59Z')).toBe('asha');
    expect(first(rota, '2026-01-12T08:00:00Z')).toBe('ben');
    // 2026-03-30 is the Monday after summer time began: nine local is 07:00 UTC, no longer 08:00.
    expect(first(rota, '2026-03-30T06:59:59Z')).toBe('chloe');
    expect(first(rota, '2026-03-30T07:00:00Z')).toBe('asha');
  });

  it('lets an override win, says that it is one, and the last made override wins over the first', () => {
    const swap = (person: string) => ({
      level: 0,
      person,
      from: at('2026-01-06T00:00:00Z'),
      until: at('2026-01-07T00:00:00Z'),
      by: 'asha',
      because: 'dentist',
    });
    const swapped = { ...rota, overrides: [swap('ben'), swap('chloe')] };
    expect(onCallAt(swapped, at('2026-01-06T12:00:00Z'))[0]).toEqual({
      level: 0,
      person: 'chloe',
      because: 'override',
    });
    expect(first(swapped, '2026-01-07T00:00:00Z')).toBe('asha');
  });

  it('has no gap and no double shift over a year, and agrees with itself at every instant', () => {
    const from = at('2026-01-05T08:00:00Z');
    const until = at('2027-01-05T08:00:00Z');
    expect(gaps(rota, from, until)).toEqual([]);
    const all = shifts(rota, from, until).filter((s) => s.level === 0);
    expect(all.length).toBeGreaterThanOrEqual(52);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 364 * 86_400 }), (s) => {
        const when = from.add({ seconds: s });
        const holding = all.filter((shift) => !isBefore(when, shift.from) && isBefore(when, shift.until));
        expect(holding.map((h) => h.person)).toEqual([onCallAt(rota, when)[0]?.person]);
      }),
    );
  });

  it('names the time before its first hand-over as a gap', () => {
    const [gap] = gaps(rota, at('2026-01-04T00:00:00Z'), at('2026-01-06T00:00:00Z'));
    expect(gap).toMatchObject({ level: 0, until: at('2026-01-05T08:00:00Z') });
  });

  it('of one person or one level is no rota', () => {
    expect(rotaProblems(rota)).toEqual([]);
    expect(rotaProblems({ levels: [zurich(['asha'])], overrides: [] }).map((p) => p.path)).toEqual([
      'levels',
      'levels',
    ]);
    const bad = { levels: [{ ...zurich([]), from: 'Monday', turnDays: 0 }, zurich(['a', 'b'])], overrides: [] };
    expect(rotaProblems(bad)).toHaveLength(3);
  });
});

const since = at('2024-08-31T17:54:00Z');
const dueAt = at('2024-09-01T17:49:00Z');
const state = (more: Partial<PagingState> = {}): PagingState => ({
  since,
  dueAt,
  levels: 2,
  sent: [],
  takenAt: null,
  movedAt: null,
  done: false,
  ...more,
});

describe('paging', () => {
  it('begins at once, climbs after five minutes and starts over after the last level', () => {
    const pages = simulate({ since, dueAt, levels: 2 });
    expect(pages.slice(0, 4).map((p) => [p.level, since.until(p.at).total('minutes')])).toEqual([
      [0, 0],
      [1, 5],
      [0, 15],
      [1, 20],
    ]);
  });

  it('never gives up before the deadline while nobody answers, and waits less as it comes near', () => {
    const pages = simulate({ since, dueAt, levels: 1 });
    expect(pages.at(-1)!.at.until(dueAt).total('minutes')).toBeLessThanOrEqual(10);
    const lastHour = pages.filter((p) => p.at.until(dueAt).total('minutes') <= 60);
    expect(lastHour.length).toBeGreaterThanOrEqual(10);
  });

  it('is quiet after somebody took the case, and pages again when nothing moves: 60, 30, 15, 5 minutes', () => {
    const left = (hours: number) => silenceSeconds(dueAt, dueAt.subtract({ minutes: hours * 60 })) / 60;
    expect([left(20), left(12), left(8), left(2), left(0.5), left(-1)]).toEqual([60, 60, 30, 15, 5, 5]);
    const taken = state({ takenAt: since, sent: [{ at: since, level: 0 }] });
    expect(nextPage(taken)).toEqual({ at: since.add({ minutes: 60 }), level: 0 + 1, because: 'nothing-moves' });
    const moved = nextPage({ ...taken, movedAt: since.add({ minutes: 50 }) })!;
    expect(moved).toEqual({ at: since.add({ minutes: 110 }), level: 0, because: 'nothing-moves' });
  });

  it('does not sleep across the threshold of a shorter interval', () => {
    const takenAt = dueAt.subtract({ minutes: 65 });
    const next = nextPage(state({ takenAt, movedAt: takenAt }))!;
    expect(takenAt.until(next.at).total('minutes')).toBeLessThanOrEqual(15);
  });

  it('always has a next page until it is done, never later than the longest silence', () => {
    const minutes = fc.integer({ min: 0, max: 23 * 60 });
    fc.assert(
      fc.property(minutes, fc.option(minutes), fc.option(minutes), (sentAfter, takenAfter, movedAfter) => {
        const plus = (m: number | null): Instant | null => (m === null ? null : since.add({ minutes: m }));
        const sent = [{ at: since.add({ minutes: sentAfter }), level: 0 }];
        const now = state({ sent, takenAt: plus(takenAfter), movedAt: plus(movedAfter) });
        const next = nextPage(now);
        expect(next).not.toBeNull();
        const latestAct = Math.max(sentAfter, takenAfter ?? 0, takenAfter === null ? 0 : (movedAfter ?? 0));
        expect(since.until(next!.at).total('minutes')).toBeLessThanOrEqual(latestAct + 60);
        expect(nextPage({ ...now, done: true })).toBeNull();
      }),
    );
  });

  it('may be made less patient, never more', () => {
    expect(pagingProblems(defaultPaging)).toEqual([]);
    expect(pagingProblems({ ...defaultPaging, answerSeconds: 120 })).toEqual([]);
    expect(pagingProblems({ ...defaultPaging, answerSeconds: 3600 })).toHaveLength(1);
    expect(pagingProblems({ ...defaultPaging, repage: defaultPaging.repage.toReversed() }).length).toBeGreaterThan(0);
  });
});

describe('taking a page', () => {
  const secret = new Uint8Array(32).fill(7);
  const token = takeToken({ caseId: 'C-1', person: 'asha', contact: 'sms +41791234567', expiresAt: dueAt }, secret);

  it('by link works for the one case and the one person until it expires', () => {
    expect(readTakeToken(token, secret, since)).toEqual({
      ...{ ok: true, caseId: 'C-1', person: 'asha', contact: 'sms +41791234567' },
    });
    expect(readTakeToken(token, secret, dueAt)).toEqual({ ok: false, code: 'link_expired' });
  });

  it('by a forged or changed link does nothing', () => {
    expect(readTakeToken(token, new Uint8Array(32), since).ok).toBe(false);
    const other = takeToken(
      { caseId: 'C-2', person: 'asha', contact: 'sms +41791234567', expiresAt: dueAt },
      secret,
    ).split('.');
    const mixed = [other[0], ...token.split('.').slice(1)].join('.');
    expect(readTakeToken(mixed, secret, since)).toEqual({ ok: false, code: 'link_invalid' });
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readTakeToken(text, secret, since).ok).toBe(false);
      }),
    );
  });

  it.each([
    ['ACK', 'take'],
    ['Take it, on my way', 'take'],
    ['pass', 'hand-on'],
    ['what is this?', 'unclear'],
    ['', 'unclear'],
  ] as const)('by the reply %j is read as %s', (text, read) => {
    expect(readPageReply(text)).toBe(read);
  });
});

describe('who could not be reached tonight', () => {
  const now = at('2026-08-01T00:00:00Z');
  const attempt = (
    result: ContactAttempt['result'],
    when: string,
    more: Partial<ContactAttempt> = {},
  ): ContactAttempt => ({
    channel: 'email',
    to: 'a@customer.example',
    at: at(when),
    result,
    by: 'desk',
    ...more,
  });

  it('a contact is good for a year, until it bounces', () => {
    expect(contactHealth([attempt('delivered', '2025-08-02T00:00:00Z')], now).state).toBe('good');
    expect(contactHealth([attempt('delivered', '2025-08-01T00:00:00Z')], now).state).toBe('stale');
    const bounced = [attempt('delivered', '2026-07-01T00:00:00Z'), attempt('bounced', '2026-07-02T00:00:00Z')];
    expect(contactHealth(bounced, now)).toMatchObject({ state: 'failed', result: 'bounced' });
    expect(contactHealth([...bounced, attempt('answered', '2026-07-03T00:00:00Z')], now).state).toBe('good');
    expect(contactHealth([attempt('voicemail', '2026-07-03T00:00:00Z')], now).state).toBe('unproven');
  });

  it('is a list, worst first', () => {
    const contact = (to: string, channel: ContactAttempt['channel'] = 'email') => ({ to, channel });
    const lately = '2026-07-01T00:00:00Z';
    const people = [
      { who: 'fine', contacts: [contact('1'), contact('+1', 'phone')] },
      { who: 'one way', contacts: [contact('2')] },
      { who: 'gone', contacts: [contact('3'), contact('+3', 'phone')] },
      { who: 'old', contacts: [contact('4'), contact('+4', 'phone')] },
    ];
    const attempts = [
      attempt('delivered', lately, { to: '1' }),
      attempt('answered', lately, { to: '+1', channel: 'phone' }),
      attempt('delivered', lately, { to: '2' }),
      attempt('bounced', lately, { to: '3' }),
      attempt('wrong-number', lately, { to: '+3', channel: 'phone' }),
      attempt('delivered', '2024-01-01T00:00:00Z', { to: '4' }),
      attempt('answered', lately, { to: '+4', channel: 'phone' }),
    ];
    expect(unready(people, attempts, now).map((u) => [u.who, u.problem])).toEqual([
      ['gone', 'nobody-home'],
      ['one way', 'one-way'],
      ['old', 'reverify'],
    ]);
  });

  it('a call is tried again, sooner when busy, never on a wrong number', () => {
    const call = (result: ContactAttempt['result']) => attempt(result, '2026-08-01T00:00:00Z', { channel: 'phone' });
    expect(nextCallAt([call('busy')])?.toString()).toBe('2026-08-01T00:05:00Z');
    expect(nextCallAt([call('no-answer')])?.toString()).toBe('2026-08-01T00:15:00Z');
    expect(nextCallAt([call('wrong-number')])).toBeNull();
    expect(nextCallAt([call('answered')])).toBeNull();
  });
});

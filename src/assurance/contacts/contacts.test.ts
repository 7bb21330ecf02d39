import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, type Instant } from '../../foundation/time/time.ts';
import { type AuditInput, auditContacts } from './audit.ts';
import {
  type CanaryRun,
  canariesDue,
  canaryDefaults,
  canaryToken,
  pathAlarms,
  pathHealth,
  readCanary,
} from './canary.ts';
import { contactsInText, type Place, places, type Reading, readCcadbRows, readSecurityTxt } from './published.ts';

const now = at('2024-08-30T12:00:00Z');
const mail = (value: string) => ({ kind: 'email', value }) as const;

describe('reading a published contact', () => {
  it('finds addresses, links and telephone numbers in prose, disguised or not', () => {
    const text =
      'Report problems to Problem-Reporting@CA.example or revoke [at] ca [dot] example, call +41 (0)44 123 45 67, or use https://ca.example/report.';
    expect(contactsInText(text)).toEqual([
      mail('problem-reporting@ca.example'),
      mail('revoke@ca.example'),
      { kind: 'url', value: 'https://ca.example/report' },
      { kind: 'phone', value: '+41441234567' },
    ]);
  });

  it('reads security.txt, signed or plain, and says what is wrong with it', () => {
    const plain =
      'Contact: mailto:problem-reporting@ca.example\nContact: tel:+41-44-123-45-67\nExpires: 2025-03-01T00:00:00Z\n';
    const read = readSecurityTxt(plain, now);
    expect(read.contacts.map((c) => c.value)).toEqual(['problem-reporting@ca.example', '+41441234567']);
    expect(read.problems).toEqual([]);
    const signed = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${plain}-----BEGIN PGP SIGNATURE-----\nContact: mailto:no@x.example\n`;
    expect(readSecurityTxt(signed, now).contacts).toEqual(read.contacts);
    expect(readSecurityTxt('Expires: 2024-08-29T00:00:00Z', now).problems).toEqual([
      'It has no Contact.',
      'It has expired.',
    ]);
    expect(readSecurityTxt('Contact: ca@x.example\n', now).problems).toHaveLength(2);
    expect(readSecurityTxt(plain.replace('2025-03-01', '2024-09-10'), now).problems).toEqual([
      'It expires in 10 days.',
    ]);
  });

  it('reads our own row of the database by column name', () => {
    const rows = [
      ['CA Owner', 'Certificate Problem Reporting Mechanism'],
      ['Other CA', 'mail other@x.example'],
      ['Example Trust', 'support@ca.example'],
    ];
    expect(readCcadbRows(rows, 'Example Trust')).toEqual([mail('support@ca.example')]);
    expect(readCcadbRows(rows, 'Nobody')).toBeNull();
    expect(readCcadbRows([['a', 'b']], 'Example Trust')).toBeNull();
  });

  it('takes any text without complaint, and a megabyte of blanks without stalling', () => {
    expect(contactsInText(' '.repeat(1_000_000))).toEqual([]);
    expect(contactsInText('('.repeat(1_000_000))).toEqual([]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        contactsInText(text);
        readSecurityTxt(text, now);
      }),
    );
  });
});

const reading = (place: Place, ...addresses: string[]): Reading => ({
  place,
  url: 'https://ca.example/',
  readAt: now,
  ok: true,
  contacts: addresses.map(mail),
  problems: [],
});
const input = (readings: readonly Reading[], more: Partial<AuditInput> = {}): AuditInput => ({
  readings,
  monitored: ['problem-reporting@ca.example', 'support@ca.example'],
  deadAddresses: [],
  firstSeen: new Map(),
  now,
  ...more,
});
const agreed = places.map((place) => reading(place, 'problem-reporting@ca.example'));

describe('the audit of published contacts', () => {
  it('is quiet when every place says the same and the desk reads it', () => {
    expect(auditContacts(input(agreed))).toEqual([]);
  });

  it('would have found, the day before, that the database sent reporters to the help desk', () => {
    const drifted = agreed.map((r) => (r.place === 'ccadb' ? reading('ccadb', 'support@ca.example') : r));
    const found = auditContacts(input(drifted));
    expect(found.map((f) => f.message)).toContain('support@ca.example stands in the CCADB but not in CPS 1.5.2.');
    expect(found.find((f) => f.place === 'ccadb')?.contact).toBe('problem-reporting@ca.example');
    expect(found.every((f) => f.owner === 'compliance')).toBe(true);
    expect(found[0]?.dueAt.toString()).toBe('2024-09-13T12:00:00Z');
  });

  it('gives no new 14 days because it looked again', () => {
    const drifted = agreed.map((r) => (r.place === 'ccadb' ? reading('ccadb', 'support@ca.example') : r));
    const [first] = auditContacts(input(drifted));
    const later = auditContacts(
      input(drifted, { now: at('2024-09-05T12:00:00Z'), firstSeen: new Map([[first!.id, now]]) }),
    );
    expect(later.find((f) => f.id === first!.id)?.dueAt).toEqual(first!.dueAt);
  });

  it('finds a published address that nobody reads, or that is dead, and gives it an hour', () => {
    const found = auditContacts(input(agreed, { monitored: [], deadAddresses: ['problem-reporting@ca.example'] }));
    expect(found.map((f) => f.kind)).toEqual(['not-monitored', 'dead-address']);
    expect(found[0]?.dueAt.toString()).toBe('2024-08-30T13:00:00Z');
  });

  it('does not take silence for agreement: unread, stale, empty and faulty places are findings', () => {
    const kinds = (readings: readonly Reading[], more = {}) => auditContacts(input(readings, more)).map((f) => f.kind);
    expect(kinds([])).toEqual(places.map(() => 'place-unread'));
    expect(kinds(agreed, { now: at('2024-09-01T00:00:00Z') })).toEqual(places.map(() => 'place-stale'));
    expect(kinds(agreed.with(2, reading('ccadb')))).toEqual(['place-empty']);
    const faulty: Reading = { ...(agreed[4] as Reading & { ok: true }), problems: ['It has expired.'] };
    expect(kinds(agreed.with(4, faulty))).toEqual(['place-faulty']);
  });
});

const secret = new Uint8Array(32).fill(9);
const path = { path: 'mail/problem-reporting@ca.example', ...canaryDefaults };
const run = (sentAt: Instant, more: Partial<CanaryRun> = {}): CanaryRun => ({
  path: path.path,
  number: 1,
  sentAt,
  seenAt: sentAt.add({ minutes: 2 }),
  folder: 'inbox',
  attachmentWhole: true,
  ...more,
});
const state = (...runs: CanaryRun[]) => pathHealth([path], runs, now)[0]?.state;
const minutesAgo = (n: number) => now.subtract({ minutes: n });

describe('a test report from outside', () => {
  it('is told from a real one by a token that only this desk can make', () => {
    const token = canaryToken(path.path, 7, secret);
    expect(readCanary(`X: ${token}\n`, secret)).toEqual({ path: path.path, number: 7 });
    expect(readCanary(token, new Uint8Array(32))).toBeNull();
    expect(readCanary(token.replace('.7.', '.8.'), secret)).toBeNull();
    expect(readCanary('a key was leaked', secret)).toBeNull();
  });

  it('is owed each hour and at once where none was ever sent', () => {
    expect(canariesDue([path], [], now)).toHaveLength(1);
    expect(canariesDue([path], [run(minutesAgo(59))], now)).toHaveLength(0);
    expect(canariesDue([path], [run(minutesAgo(60))], now)).toHaveLength(1);
  });

  it('that is no case within fifteen minutes is lost, and one on its way hides no earlier loss', () => {
    expect(state(run(minutesAgo(10)))).toBe('well');
    expect(state(run(minutesAgo(10), { seenAt: null }))).toBe('waiting');
    expect(state(run(minutesAgo(15), { seenAt: null }))).toBe('lost');
    expect(state(run(minutesAgo(60), { seenAt: null }), run(minutesAgo(5), { seenAt: null }))).toBe('lost');
    expect(state(run(minutesAgo(30), { seenAt: minutesAgo(10) }))).toBe('lost');
  });

  it('that ends in junk or loses its key file is an alarm as well', () => {
    expect(state(run(minutesAgo(10), { folder: 'junk' }))).toBe('hidden');
    expect(state(run(minutesAgo(10), { attachmentWhole: false }))).toBe('mangled');
  });

  it('that nobody sends any more proves nothing, and says so', () => {
    expect(state(run(minutesAgo(121)))).toBe('silent');
    const health = pathHealth([path], [run(minutesAgo(121))], now);
    expect(pathAlarms(health)).toHaveLength(1);
    expect(pathAlarms(pathHealth([path], [run(minutesAgo(5))], now))).toEqual([]);
  });

  it('measures how long a report takes to become a case', () => {
    const runs = Array.from({ length: 100 }, (_, n) =>
      run(now.subtract({ hours: 100 - n }), { seenAt: now.subtract({ hours: 100 - n }).add({ seconds: n + 1 }) }),
    );
    expect(pathHealth([path], runs, now)[0]).toMatchObject({ lagP50: 50, lagP99: 99 });
  });
});

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fingerprint, Serial, SpkiHash } from '../../foundation/brand.ts';
import { at, hasCome, isBefore } from '../../foundation/time/time.ts';
import type { Advice } from './advice.ts';
import { Book } from './book.ts';
import { decodeCertId, encodeCertId } from './cert-id.ts';
import { DigestSet } from './digest-set.ts';
import { defaultWindowPolicy as policy } from './policy.ts';
import { type Candidate, isExemptFromRateLimits, judgeReplaces, replacedFirst, replacementOf } from './replacement.ts';
import { advisedWindow, governing, normalWindow, retryAfterSeconds, revokedWindow } from './windows.ts';

const digest = () => randomBytes(32).toString('hex') as Fingerprint & SpkiHash;
const certificate = {
  fingerprint: digest(),
  notBefore: at('2026-06-01T00:00:00Z'),
  notAfter: at('2026-08-30T00:00:00Z'),
};
const advice: Advice = {
  id: 'M',
  caseId: 'C',
  keys: [],
  listId: null,
  decidedAt: at('2026-07-01T12:00:00Z'),
  endBy: at('2026-07-01T18:00:00Z'),
  pace: 'at-once',
  explanationUrl: null,
};

describe('the name of a certificate in ARI', () => {
  it('is that of RFC 9773 section 4.1', () => {
    const authorityKeyId = '69885b6b87464041e1b37b847ba0ae2cde01c8d4';
    const name = 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE';
    expect(encodeCertId({ authorityKeyId, serial: '87654321' as Serial })).toBe(name);
    expect(decodeCertId(name)).toEqual({ authorityKeyId, serial: '87654321' });
  });

  it('is read back from whatever was written, and nothing else names the same certificate', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 32 }),
        fc.bigInt({ min: 1n, max: 2n ** 159n }),
        (aki, number) => {
          const certId = { authorityKeyId: Buffer.from(aki).toString('hex'), serial: number.toString(16) as Serial };
          const name = encodeCertId(certId);
          expect(decodeCertId(name)).toEqual(certId);
          for (const other of [`${name}=`, `${name}A`, ` ${name}`, name.replace('.', ''), `.${name}`, `${name}.AA`]) {
            const read = decodeCertId(other);
            if (read !== null) expect(encodeCertId(read)).toBe(other);
          }
        },
      ),
    );
  });

  it('is refused when malformed', () => {
    for (const text of [
      '',
      '.',
      'a.b.c',
      'aYhb.',
      '.AIdl',
      'aYhb.AIdlQyE=',
      'aY+b.AIdlQyE',
      'aYhb.h2VDIQ',
      'aYhb.AAE',
      'x'.repeat(500),
    ]) {
      expect({ text, read: decodeCertId(text) }).toEqual({ text, read: null });
    }
  });
});

describe('windows', () => {
  it('are in the last third of an ordinary certificate and at the half of a short one', () => {
    expect(normalWindow(certificate, policy)).toEqual({
      start: at('2026-07-30T02:24:00Z'),
      end: at('2026-07-31T21:36:00Z'),
    });
    const short = { ...certificate, notAfter: at('2026-06-07T00:00:00Z') };
    expect(normalWindow(short, policy).start).toEqual(at('2026-06-03T22:33:36Z'));
  });

  it('of a proven compromise contain now, end at the internal deadline, and put nearly every client into the past', () => {
    const window = advisedWindow(certificate, advice, policy);
    expect(window).toEqual({ start: at('2026-06-01T12:00:00Z'), end: advice.endBy });
    const whole = window.start.until(window.end).total('seconds');
    expect(window.start.until(advice.decidedAt).total('seconds') / whole).toBeGreaterThan(0.99);
  });

  it('of a case with days to spare are spread over the time there is, each certificate in its own hour', () => {
    const spread = { ...advice, pace: 'spread' as const, endBy: at('2026-07-05T12:00:00Z') };
    const starts = Array.from({ length: 2000 }, () =>
      advisedWindow({ ...certificate, fingerprint: digest() }, spread, policy),
    );
    const perDay = [0, 0, 0, 0];
    for (const { start, end } of starts) {
      expect(isBefore(start, spread.decidedAt)).toBe(false);
      expect(hasCome(end, spread.endBy)).toBe(true);
      perDay[Math.floor(spread.decidedAt.until(start).total('hours') / 24)]!++;
    }
    for (const count of perDay) expect(count).toBeGreaterThan(400);
    expect(advisedWindow(certificate, spread, policy)).toEqual(advisedWindow(certificate, spread, policy));
  });

  it('are valid whatever the dates: whole seconds, end after start, end never after the deadline unless it has gone by', () => {
    const instants = fc
      .integer({ min: -2_000_000_000, max: 4_000_000_000 })
      .map((n) => Temporal.Instant.fromEpochMilliseconds(n * 1000 + 7));
    fc.assert(
      fc.property(
        instants,
        instants,
        instants,
        instants,
        fc.boolean(),
        (notBefore, notAfter, decidedAt, endBy, spread) => {
          const one = { fingerprint: digest(), notBefore, notAfter };
          const told: Advice = { ...advice, decidedAt, endBy, pace: spread ? 'spread' : 'at-once' };
          const advised = advisedWindow(one, told, policy);
          for (const window of [normalWindow(one, policy), advised, revokedWindow(decidedAt, policy)]) {
            expect(window.start.until(window.end).total('seconds')).toBeGreaterThanOrEqual(2);
            expect(window.end.epochMilliseconds % 1000 === 0).toBe(true);
          }
          if (isBefore(decidedAt, endBy)) expect(isBefore(endBy, advised.end)).toBe(false);
          else expect(hasCome(advised.end, decidedAt)).toBe(true);
        },
      ),
    );
  });

  it('of several advices are those of the one that ends first', () => {
    const later = { ...advice, id: 'L', endBy: at('2026-07-09T00:00:00Z') };
    expect(governing([later, advice])).toBe(advice);
    expect(governing([advice, later])).toBe(advice);
    expect(governing([])).toBeNull();
  });

  it('come with a Retry-After of at most six hours, always the same for the same certificate', () => {
    for (let n = 0; n < 500; n++) {
      const fingerprint = digest();
      const seconds = retryAfterSeconds(fingerprint, false, policy);
      expect(seconds).toBeLessThanOrEqual(21_600);
      expect(seconds).toBeGreaterThanOrEqual(17_280);
      expect(retryAfterSeconds(fingerprint, false, policy)).toBe(seconds);
      expect(retryAfterSeconds(fingerprint, true, policy)).toBeLessThanOrEqual(3_600);
    }
  });
});

describe('the book', () => {
  it('finds what it learnt, by name and by fingerprint, and nothing else', () => {
    const book = new Book();
    const entries = Array.from({ length: 5000 }, (_, n) => ({
      fingerprint: digest(),
      authorityKeyId: n % 3 === 0 ? 'aa'.repeat(20) : 'bb'.repeat(20),
      serial: (n < 10
        ? n.toString(16)
        : randomBytes(1 + (n % 19))
            .toString('hex')
            .replace(/^0+(?=.)/, '')) as Serial,
      spkiHash: digest(),
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      revoked: n % 7 === 0 ? { at: advice.decidedAt } : null,
    }));
    const byName = new Map(entries.map((entry) => [`${entry.authorityKeyId} ${entry.serial}`, entry]));
    for (const entry of entries) book.learn(entry);
    expect(book.count).toBe(byName.size);
    for (const entry of byName.values()) {
      const found = book.find(entry)!;
      expect(found).toMatchObject({ fingerprint: entry.fingerprint, revokedAt: entry.revoked?.at ?? null });
      expect(book.keyOf(found.ordinal)).toBe(entry.spkiHash);
    }
    expect(book.find({ authorityKeyId: 'cc'.repeat(20), serial: '1' as Serial })).toBeNull();
    expect(book.find({ authorityKeyId: 'aa'.repeat(20), serial: 'ffffffffffffffffffffffff' as Serial })).toBeNull();
    const [one] = byName.values();
    expect(book.isReplaced(book.find(one!)!.ordinal)).toBe(false);
    expect(book.markReplaced(one!.fingerprint)).toBe(true);
    expect(book.isReplaced(book.find(one!)!.ordinal)).toBe(true);
    expect(book.markReplaced(digest())).toBe(false);
  });

  it('takes the certificate of a precertificate over under the same name', () => {
    const book = new Book();
    const entry = {
      fingerprint: digest(),
      authorityKeyId: 'aa',
      serial: '5' as Serial,
      spkiHash: digest(),
      revoked: null,
    };
    const dates = { notBefore: certificate.notBefore, notAfter: certificate.notAfter };
    book.learn({ ...entry, ...dates });
    const final = digest();
    book.learn({ ...entry, ...dates, fingerprint: final });
    expect([book.count, book.find(entry)!.fingerprint, book.markReplaced(final)]).toEqual([1, final, true]);
  });

  it('keeps sets of fingerprints exactly', () => {
    const set = new DigestSet();
    const inside = Array.from({ length: 5000 }, digest);
    for (const fingerprint of [...inside, ...inside.slice(0, 100)]) set.add(fingerprint);
    expect(set.size).toBe(5000);
    expect(inside.every((fingerprint) => set.has(fingerprint))).toBe(true);
    expect(Array.from({ length: 1000 }, digest).some((fingerprint) => set.has(fingerprint))).toBe(false);
  });
});

describe('replacements', () => {
  const old: Candidate = {
    ...certificate,
    spkiHash: digest(),
    names: ['www.shop.example', 'shop.example'],
    subscriber: 'SUB-1',
    account: 'acct-1',
  };
  const newer = (over: Partial<Candidate>): Candidate => ({
    ...old,
    fingerprint: digest(),
    spkiHash: digest(),
    notBefore: at('2026-07-01T13:00:00Z'),
    ...over,
  });
  const ask = (candidates: Candidate[], over: Partial<Parameters<typeof replacementOf>[0]> = {}) =>
    replacementOf({ old, newer: [old, ...candidates], orderedAsReplacement: new Set(), keyMustChange: true, ...over });

  it('are seen by account and names, or by subscriber and names, when issued later', () => {
    expect(ask([newer({})])).toMatchObject({ by: 'account-and-names' });
    expect(ask([newer({ account: 'acct-2' })])).toMatchObject({ by: 'subscriber-and-names' });
    expect(ask([newer({ names: ['*.shop.example', 'shop.example', 'x.example'] })])).toMatchObject({
      by: 'account-and-names',
    });
    expect(ask([newer({ account: 'acct-2', subscriber: 'SUB-2' })])).toBeNull();
    expect(ask([newer({ names: ['shop.example'] })])).toBeNull();
    expect(ask([newer({ notBefore: at('2026-05-01T00:00:00Z') })])).toBeNull();
    expect(ask([])).toBeNull();
  });

  it('with the compromised key are none, and are one when the key need not change', () => {
    const same = newer({ spkiHash: old.spkiHash });
    expect(ask([same])).toBeNull();
    expect(ask([same], { orderedAsReplacement: new Set([same.fingerprint]) })).toBeNull();
    expect(ask([same], { keyMustChange: false })).toMatchObject({ replacement: same.fingerprint });
  });

  it('believe `replaces` before everything else, then the earliest', () => {
    const named = newer({ names: ['other.example'], account: null, notBefore: at('2026-07-02T00:00:00Z') });
    const [later, sooner] = [newer({ notBefore: at('2026-07-01T15:00:00Z') }), newer({})];
    expect(ask([later, sooner, named], { orderedAsReplacement: new Set([named.fingerprint]) })).toEqual({
      fingerprint: old.fingerprint,
      replacement: named.fingerprint,
      by: 'replaces',
    });
    expect(ask([later, sooner])!.replacement).toBe(sooner.fingerprint);
  });

  it('let those be revoked first who have replaced', () => {
    const list = [{ fingerprint: digest() }, { fingerprint: digest() }, { fingerprint: digest() }];
    expect(replacedFirst(list, new Set([list[2]!.fingerprint]))).toEqual([list[2], list[0], list[1]]);
  });

  it('are accepted on an order only as RFC 9773 section 5 says, and a failed first order blocks no second', () => {
    const asked = { predecessor: old, account: 'acct-1', names: ['shop.example'], earlierOrder: null };
    expect(judgeReplaces(asked)).toEqual({ accepted: true });
    expect(judgeReplaces({ ...asked, earlierOrder: 'invalid' })).toEqual({ accepted: true });
    expect(judgeReplaces({ ...asked, earlierOrder: 'valid' })).toMatchObject({
      status: 409,
      type: 'urn:ietf:params:acme:error:alreadyReplaced',
    });
    expect(judgeReplaces({ ...asked, account: 'acct-2' })).toMatchObject({ status: 403 });
    expect(judgeReplaces({ ...asked, names: ['other.example'] })).toMatchObject({ status: 400 });
    expect(judgeReplaces({ ...asked, predecessor: null })).toMatchObject({ status: 404 });
  });

  it('exempt from rate limits whom we told to come', () => {
    const window = { start: at('2026-07-01T00:00:00Z'), end: at('2026-07-02T00:00:00Z') };
    const asked = { replaces: { accepted: true } as const, advice: null, window, now: at('2026-07-01T12:00:00Z') };
    expect(isExemptFromRateLimits(asked)).toBe(true);
    expect(isExemptFromRateLimits({ ...asked, now: at('2026-07-03T00:00:00Z') })).toBe(false);
    expect(isExemptFromRateLimits({ ...asked, now: at('2026-07-03T00:00:00Z'), advice })).toBe(true);
    expect(isExemptFromRateLimits({ ...asked, replaces: null })).toBe(false);
  });
});

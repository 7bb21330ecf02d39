import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Matter } from '../../../desk/case.ts';
import { triggerKinds } from '../../../desk/policy/rule.ts';
import type { Fingerprint, Serial } from '../../../foundation/brand.ts';
import { at } from '../../../foundation/time/time.ts';
import type { LetterBody, LetterCertificates, LetterRequest } from './letter.ts';
import { publishedFact, publishedFacts } from './published-fact.ts';
import { absolute, when } from './when.ts';
import { acknowledgements } from './words/acknowledgements.ts';
import { languages, wordsFor } from './words/index.ts';
import { noteProblem, writeLetter } from './write.ts';

const receivedAt = at('2024-08-31T17:49:00Z');
const dueAt = at('2024-09-01T17:49:00Z');
const plannedAt = at('2024-08-31T23:49:00Z');
const now = at('2024-08-31T18:00:30Z');
const rule = { document: 'TLS BR', version: '2.2.6', section: '4.9.1.1 (3)', kind: 'key-compromise' } as const;

const certificatesOf = (count: number): LetterCertificates => ({
  count,
  listed: Array.from({ length: Math.min(count, 50) }, (_, n) => ({
    serial: (0x4a10c3e1 + n).toString(16) as Serial,
    fingerprint: n.toString(16).padStart(64, '0') as Fingerprint,
    name: `n${n}.customer.example`,
    notAfter: at('2025-01-28T00:00:00Z'),
  })),
});

const seen = (published: number, of: number) =>
  publishedFact({
    published,
    publishedAt: at('2024-09-01T00:12:00Z'),
    set: { count: of } as Matter['set'],
  })!;

const searched = { indexed: 104_211, issued: 104_211, untilAt: now };
const toReporter = {
  audience: 'reporter',
  receivedAt,
  theirSubject: 'private keys for four of your TLS certificates are public',
  statusUrl: 'https://ca.example/status/abc',
} as const;
const toSubscriber = {
  audience: 'subscriber',
  certificates: certificatesOf(4),
  rule,
  reason: 'keyCompromise',
  actionUrl: 'https://ca.example/act/abc',
} as const;
const findings = [
  { what: 'keys.zip, K1.pem', verdict: 'proven-key', because: 'A fresh signature verified.' },
  { what: 'keys.zip, K2.pem', verdict: 'refuted', because: 'The private part belongs to another key.' },
] as const;

const bodies: Record<string, LetterBody> = {
  acknowledgement: {
    kind: 'acknowledgement',
    ...toReporter,
    reportDueAt: dueAt,
    revokeDueAt: dueAt,
    proofUrl: 'https://ca.example/proof',
  },
  'preliminary, planned': {
    kind: 'preliminary-report',
    ...toReporter,
    searched,
    findings,
    certificates: certificatesOf(4),
    rule,
    revokeDueAt: dueAt,
    plannedAt,
    published: null,
  },
  'preliminary, undecided': {
    kind: 'preliminary-report',
    ...toReporter,
    searched,
    findings: [],
    certificates: certificatesOf(1),
    rule,
    revokeDueAt: dueAt,
    plannedAt: null,
    published: null,
  },
  'preliminary, nothing found': {
    kind: 'preliminary-report',
    ...toReporter,
    searched,
    findings: [],
    certificates: certificatesOf(0),
    rule: null,
    revokeDueAt: null,
    plannedAt: null,
    published: null,
  },
  'request for proof': {
    kind: 'request-for-proof',
    ...toReporter,
    findings,
    challenge: 'rescind-proof-v1\ncase C-1',
    proofUrl: 'https://ca.example/proof',
  },
  refutation: { kind: 'refutation', ...toReporter, findings },
  'refusal of more time': {
    kind: 'refusal-of-more-time',
    audience: 'subscriber',
    asked: 'more-time',
    theirSubject: 'Re: Replace now',
    rule,
    dueAt,
  },
  notice: {
    kind: 'notice',
    ...toSubscriber,
    receivedAt,
    findings,
    dueAt,
    plannedAt,
    renewalAdvised: true,
  },
  'notice, undecided': {
    kind: 'notice',
    ...toSubscriber,
    reason: null,
    receivedAt,
    findings: [],
    dueAt,
    plannedAt: null,
    renewalAdvised: false,
  },
  reminder: { kind: 'reminder', ...toSubscriber, noticeAt: now, dueAt, plannedAt, last: true },
  'final, not revoked': {
    kind: 'final-report',
    ...toReporter,
    rule: null,
    outcome: { state: 'not-revoked', because: 'the key belongs to none of our certificates.' },
  },
  'final to reporter': {
    kind: 'final-report',
    ...toReporter,
    rule,
    outcome: { state: 'revoked', published: seen(4, 4), reason: 'keyCompromise' },
  },
  'final to subscriber': {
    kind: 'final-report',
    ...toSubscriber,
    published: seen(4, 4),
    guideUrl: 'https://ca.example/guides/acme',
  },
  page: {
    kind: 'page',
    audience: 'staff',
    step: 'page',
    because: '4 certificates with a key proven compromised.',
    count: 4,
    dueAt,
    nextAction: 'Take the case.',
    takeUrl: 'https://desk.ca.example/take/abc',
  },
};
const statesRevocation = ['final to reporter', 'final to subscriber'];

const request = (body: LetterBody, more: Partial<LetterRequest> = {}): LetterRequest => ({
  sender: { caOwner: 'Example CA', replyAddress: 'problem-reporting@ca.example', phone: '+41 44 000 00 00' },
  caseId: 'C-2024-0001',
  language: 'en',
  now,
  body,
  ...more,
});

describe.each(Object.entries(bodies))('the letter %s', (name, body) => {
  it.each(languages.map((w) => w.language))('in %s has no hole and no untranslated variable', (language) => {
    const letter = writeLetter(request(body, { language }));
    for (const part of [letter.subject, letter.text, letter.html]) {
      expect(part).not.toMatch(/undefined|\bnull\b|NaN|\[object|\{\{|\$\{/);
      expect(part.trim()).not.toBe('');
    }
    expect(letter.subject).toContain('[C-2024-0001]');
    expect(letter.subject).not.toMatch(/[\r\n]/);
  });

  it.each(languages.map((w) => w.language))('in %s the final letter leads a subscriber to the guide', (language) => {
    const final = bodies['final to subscriber']!;
    const letter = writeLetter(request(final, { language }));
    for (const part of [letter.text, letter.html]) {
      expect(part).toContain(wordsFor(language).finalSubscriber.guide);
      expect(part).toContain('https://ca.example/guides/acme');
    }
    const without = writeLetter(request({ ...final, guideUrl: null } as LetterBody, { language }));
    expect(without.text).not.toContain(wordsFor(language).finalSubscriber.guide);
  });

  it.each(languages.map((w) => w.language))('in %s states a revocation only when a probe has seen it', (language) => {
    const letter = writeLetter(request(body, { language }));
    const words = wordsFor(language);
    const statement = words.seenRevoked(4, 4, 'X').slice(0, 18);
    if (statesRevocation.includes(name)) expect(letter.text.replace(/\s+/g, ' ')).toContain(statement);
    else expect(letter.text.replace(/\s+/g, ' ')).not.toContain(statement);
  });

  it('says the same in text and in HTML, and the HTML loads nothing', () => {
    const letter = writeLetter(request(body));
    expect(letter.html).not.toMatch(/<(?:img|script|link|iframe|style|object)\b|url\(/i);
    const words = (text: string) =>
      text
        .replace(/^- |<[^>]+>/gm, ' ')
        .replace(/&#39;/g, "'")
        .replace(/\s+/g, ' ')
        .trim();
    expect(words(letter.html)).toBe(words(letter.text));
  });

  it('keeps hostile text inside its sentence', () => {
    const evil = '<img src=x onerror=alert(1)>\r\nBcc: x@y.example';
    const hostile = JSON.parse(JSON.stringify(body), (key, value: unknown) => {
      if (['what', 'because', 'name', 'theirSubject', 'step', 'nextAction'].includes(key)) return evil;
      if (typeof value === 'string' && /(?:At|notAfter)$/.test(key)) return Temporal.Instant.from(value);
      return value;
    }) as LetterBody;
    const letter = writeLetter(request(hostile));
    expect(letter.html).not.toContain('<img');
    expect(letter.subject).not.toMatch(/[\r\n]/);
    expect(letter.text).not.toMatch(/^Bcc:/m);
  });
});

describe('a letter', () => {
  it('to the subscriber says what it is, how long is left, and what happens by itself', () => {
    const { text, subject } = writeLetter(request(bodies.notice!));
    expect(subject).toBe('Replace now: 4 certificates, limit 2024-09-01 17:49 UTC [C-2024-0001]');
    const flat = text.replace(/\s+/g, ' ');
    expect(flat).toContain('we revoke at the latest 2024-08-31 23:49 UTC (in 5 hours, 48 minutes)');
    expect(flat).toContain('The limit of the rule is 2024-09-01 17:49 UTC (in 23 hours, 48 minutes)');
    expect(flat).toContain('Neither silence nor an objection moves the limit');
    expect(flat).toContain('Rule: TLS BR 2.2.6, section 4.9.1.1 (3).');
    expect(flat).toContain('serial 4a10c3e1, n0.customer.example');
  });

  it('calls an allegation an allegation until somebody has decided', () => {
    expect(writeLetter(request(bodies['notice, undecided']!)).text).toContain('What is alleged: The private key');
    expect(writeLetter(request(bodies.notice!)).text).not.toContain('alleged');
  });

  it('is not written with a hole in it', () => {
    const holed = { ...bodies.notice, rule: { ...rule, version: '' } } as LetterBody;
    expect(() => writeLetter(request(holed))).toThrow(/body\.rule\.version is missing/);
    const missing = { ...bodies.notice, receivedAt: undefined } as unknown as LetterBody;
    expect(() => writeLetter(request(missing))).toThrow(/body\.receivedAt is missing/);
  });

  it.each([
    ['en', 'Your certificates have been revoked.', 'They will be revoked tonight.'],
    ['de', 'Ihre Zertifikate wurden gesperrt.', 'Ihre Zertifikate werden heute gesperrt.'],
    ['fr', 'Vos certificats ont été révoqués.', 'Vos certificats seront révoqués ce soir.'],
    ['es', 'Sus certificados ya fueron revocados.', 'Sus certificados serán revocados hoy.'],
    ['it', 'I certificati sono stati revocati.', 'I certificati saranno revocati oggi.'],
    ['nl', 'Uw certificaten zijn ingetrokken.', 'Uw certificaten worden vandaag ingetrokken.'],
    ['pt', 'Os certificados já foram revogados.', 'Os certificados serão revogados hoje.'],
  ])('in %s takes no note that states a revocation nobody saw', (language, untrue, allowed) => {
    expect(noteProblem(untrue, false)).toContain('no probe has seen');
    expect(noteProblem(untrue, true)).toBeNull();
    expect(noteProblem(allowed, false)).toBeNull();
    expect(() => writeLetter(request(bodies.notice!, { language, note: untrue }))).toThrow(/no probe/);
    expect(writeLetter(request(bodies.notice!, { language, note: allowed })).text).toContain(allowed.split(' ')[0]);
  });

  it('in a language we have no words in is English, and says so', () => {
    expect(writeLetter(request(bodies.notice!, { language: 'sw' })).language).toBe('en');
    expect(writeLetter(request(bodies.notice!, { language: 'de-CH' })).language).toBe('de');
  });

  it('about many certificates lists twenty and encloses the rest without a formula in it', () => {
    const many = { ...bodies.notice, certificates: certificatesOf(50) } as LetterBody;
    const evil = { ...certificatesOf(50).listed[0]!, name: '=HYPERLINK("x")' };
    const withFormula = {
      ...many,
      certificates: { count: 50, listed: [evil, ...certificatesOf(49).listed] },
    } as LetterBody;
    const letter = writeLetter(request(withFormula));
    expect(letter.text).toContain('and 30 more');
    expect(letter.enclosed[0]?.content.split('\r\n')).toHaveLength(52);
    expect(letter.enclosed[0]?.content).toContain('"\'=HYPERLINK(""x"")"');
    expect(writeLetter(request(bodies.notice!)).enclosed).toEqual([]);
  });
});

describe('the report that nothing of ours is concerned', () => {
  it('says what was searched, in every language, because "none" alone would be a statement about a table', () => {
    const none = bodies['preliminary, nothing found'] as LetterBody;
    for (const { language } of languages) {
      const known = writeLetter(request(none, { language })).text;
      expect(known, language).toContain('104211');
      expect(known, language).toContain('2024-08-31');
      const body = { ...none, searched: { ...searched, untilAt: null } } as LetterBody;
      const unknown = writeLetter(request(body, { language })).text;
      expect(unknown, language).toContain('104211');
      expect(unknown, language).not.toBe(known);
    }
  });
});

describe('the acknowledgement', () => {
  it.each(Object.keys(acknowledgements))('is written in %s with case, arrival and both limits', (language) => {
    const letter = writeLetter(request(bodies.acknowledgement!, { language }));
    expect(letter.language).toBe(language);
    expect(letter.text).toContain('C-2024-0001');
    expect(letter.text).toContain('2024-08-31 17:49 UTC');
    expect(letter.text.match(/2024-09-01 17:49 UTC/g)?.length).toBe(2);
    expect(letter.text).toContain('https://ca.example/proof');
    expect(letter.subject).toBe('Re: private keys for four of your TLS certificates are public [C-2024-0001]');
    expect(letter.html).toContain(`dir="${language === 'ar' ? 'rtl' : 'ltr'}"`);
  });

  it('knows the sixteen languages of the desk', () => {
    const wanted = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'pl', 'ru', 'tr', 'hi', 'ja', 'ko', 'zh', 'ar', 'vi'];
    expect(Object.keys(acknowledgements).sort()).toEqual(wanted.sort());
    const greetings = Object.values(acknowledgements).map((w) => w.findingsBy('X'));
    expect(new Set(greetings).size).toBe(16);
  });

  it('answers the thread once, however often Re: was there, and survives an empty subject', () => {
    const of = (theirSubject: string) =>
      writeLetter(request({ ...bodies.acknowledgement, theirSubject } as LetterBody)).subject;
    expect(of('Re: AW: RE: key')).toBe('Re: key [C-2024-0001]');
    expect(of('')).toBe('Re: (no subject) [C-2024-0001]');
  });
});

describe('a published fact', () => {
  it('exists only where a probe has seen something', () => {
    const set = { count: 4 } as Matter['set'];
    expect(publishedFact({ published: 0, publishedAt: null, set })).toBeNull();
    const one = { published: 4, publishedAt: dueAt, set };
    expect(publishedFacts([one, { published: 0, publishedAt: null, set }])).toBeNull();
    expect(publishedFacts([one, { ...one, publishedAt: receivedAt }])).toMatchObject({
      count: 8,
      of: 8,
      publishedAt: dueAt,
    });
    expect(publishedFacts([])).toBeNull();
  });
});

describe('an instant in a letter', () => {
  it('is absolute in UTC and relative, and never later than the truth', () => {
    const words = wordsFor('en');
    expect(when(at('2024-09-01T17:49:59Z'), at('2024-09-01T17:49:00Z'), words, 'en')).toBe(
      '2024-09-01 17:49 UTC (now)',
    );
    expect(when(at('2024-09-05T17:49:00Z'), at('2024-09-01T16:48:00Z'), words, 'en')).toBe(
      '2024-09-05 17:49 UTC (in 4 days, 1 hour)',
    );
    expect(when(at('2024-09-01T15:49:00Z'), at('2024-09-01T17:49:00Z'), words, 'en')).toContain('(2 hours ago)');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (s) => {
        const instant = Temporal.Instant.fromEpochMilliseconds(s * 1000);
        const read = Temporal.Instant.from(`${absolute(instant).replace(' UTC', 'Z').replace(' ', 'T')}`);
        expect(Temporal.Instant.compare(read, instant)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

it('every language has a sentence for every trigger', () => {
  for (const words of languages) {
    const sentences = triggerKinds.map((kind) => words.happened[kind]);
    expect(new Set(sentences).size).toBe(triggerKinds.length);
  }
});

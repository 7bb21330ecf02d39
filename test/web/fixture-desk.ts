/**
 * A desk that exists only on paper: the screens are built and tested against it. A night with four leaked keys shortly
 * before the cut-off, a mass revocation half done, messages nobody could place, one case that is late, and the rest of
 * a normal week. Names and keys are invented; serials and hashes are digests of their position.
 */
import { createHash } from 'node:crypto';
import type * as c from '../../src/api/contract/index.ts';
import type { CommandContext, DeskPort, IncomingReport } from '../../src/api/port.ts';
import { presentLadders } from '../../src/api/present/ladders.ts';
import { defaultPolicy } from '../../src/desk/policy/cps-overlay.ts';
import { type Refusal, refuse } from '../../src/desk/refusal.ts';
import { at, rfc3339 } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import { FixtureHouse } from './fixture-house.ts';

export const nightAt = '2026-11-24T03:07:12Z';

type Kind = 'night' | 'empty' | 'many';

export function fixtureDesk(kind: Kind = 'night'): { desk: FixtureDesk; time: VirtualTime } {
  const time = new VirtualTime(at(nightAt));
  return { desk: new FixtureDesk(kind, time), time };
}

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const serial = (n: number): string => sha(`serial ${n}`).slice(0, 32).replace(/^0+/, '');
const t = (text: string): string => rfc3339(at(text));

export function plus(from: string, seconds: number): string {
  return rfc3339(at(from).add({ seconds }));
}

const hour = 3600;
const keyCompromise: c.RuleRef = {
  id: 'TLS-03',
  document: 'TLS BR',
  version: '2.1.8',
  section: '4.9.1.1 (3)',
  limitSeconds: 24 * hour,
};
const unreliable: c.RuleRef = {
  id: 'TLS-05',
  document: 'TLS BR',
  version: '2.1.8',
  section: '4.9.1.1 (5)',
  limitSeconds: 24 * hour,
};
const misissued: c.RuleRef = {
  id: 'TLS-12',
  document: 'TLS BR',
  version: '2.1.8',
  section: '4.9.1.1 (12)',
  limitSeconds: 120 * hour,
};
const smimeWrong: c.RuleRef = {
  id: 'SMIME-13',
  document: 'S/MIME BR',
  version: '1.0.11',
  section: '4.9.1.1 (13)',
  limitSeconds: 120 * hour,
};
const suspectCode: c.RuleRef = {
  id: 'CS-03',
  document: 'Code Signing BR',
  version: '3.9',
  section: '4.9.1.1 (3)',
  limitSeconds: 24 * hour,
};
const preliminary: c.RuleRef = {
  id: 'PRELIMINARY',
  document: 'TLS BR',
  version: '2.1.8',
  section: '4.9.5',
  limitSeconds: 24 * hour,
};

const counts = (total: number, more: Partial<c.CertificateCounts> = {}): c.CertificateCounts => ({
  total,
  published: 0,
  accepted: 0,
  held: 0,
  scheduled: 0,
  expired: 0,
  failing: 0,
  replaced: 0,
  ...more,
});

function clock(kind: c.ClockKind, startAt: string, rule: c.RuleRef | null): c.BoardClock {
  const limit = rule?.limitSeconds ?? null;
  return { kind, startAt, dueAt: limit === null ? null : plus(startAt, limit), rule };
}

const leakedStart = t('2026-11-23T21:19:00Z');
const massStart = t('2026-11-23T07:32:00Z');
const lateStart = t('2026-11-23T02:31:40Z');

const base = {
  stage: 'open' as c.Stage,
  takenAt: null as string | null,
  cutOffAt: null as string | null,
  missed: false,
  questions: 0,
  next: null as c.NextStep | null,
  subscriber: 'none' as c.SubscriberState,
  verdict: null as c.Verdict | null,
};

const desk = (what: string, when: string | null): c.NextStep => ({
  what,
  at: when,
  by: 'desk',
  team: null,
  matterId: null,
});
const person = (what: string, team: c.Team): c.NextStep => ({ what, at: null, by: 'person', team, matterId: null });

/** The board of the night, in no order: the desk sorts. */
const nightRows: c.BoardRow[] = [
  {
    ...base,
    caseId: 'C-2026-0398',
    seq: 41_877,
    title: 'vpn.harbour-freight.example',
    label: 'key-compromise',
    team: 'pki-team',
    takenAt: t('2026-11-23T02:44:00Z'),
    verdict: 'proven-key',
    clocks: [clock('revocation', lateStart, keyCompromise)],
    certificates: counts(1, { accepted: 1 }),
    subscriber: 'told',
    next: desk('Order the revocation again and look at the CRL', t('2026-11-24T03:12:00Z')),
    missed: true,
    lastAt: t('2026-11-24T03:06:31Z'),
    last: 'The CA accepted the order; the CRL of 02:00 UTC does not show it.',
  },
  {
    ...base,
    caseId: 'C-2026-0404',
    seq: 41_902,
    title: '83,267 certificates, 6,512 subscribers',
    label: 'domain-control',
    team: 'compliance',
    takenAt: t('2026-11-23T07:41:00Z'),
    clocks: [clock('revocation', massStart, unreliable)],
    cutOffAt: t('2026-11-23T22:00:00Z'),
    certificates: counts(83_267, {
      published: 61_940,
      accepted: 64_200,
      held: 70,
      failing: 12,
      replaced: 57_311,
      expired: 104,
    }),
    subscriber: 'unreachable',
    next: desk('Revoke wave 17 of 21 (4,000 certificates)', t('2026-11-24T03:10:00Z')),
    lastAt: t('2026-11-24T03:05:58Z'),
    last: '4,000 revocations of wave 16 are seen in CRL shard 9.',
  },
  {
    ...base,
    caseId: 'C-2026-0412',
    seq: 41_911,
    title: 'shop.customer.example and 3 more',
    label: 'key-compromise',
    team: 'pki-team',
    takenAt: t('2026-11-23T21:27:00Z'),
    verdict: 'proven-key',
    clocks: [clock('revocation', leakedStart, keyCompromise), clock('preliminary-report', leakedStart, preliminary)],
    cutOffAt: plus(leakedStart, 6 * hour),
    certificates: counts(4, { replaced: 1 }),
    subscriber: 'told',
    next: desk('Revoke 4 certificates without waiting for an answer', plus(leakedStart, 6 * hour)),
    lastAt: t('2026-11-24T02:49:10Z'),
    last: 'Second letter to the subscriber was accepted by mx.customer.example.',
  },
  {
    ...base,
    caseId: 'C-2026-0409',
    seq: 41_870,
    title: 'Acme Devices Ltd, driver signing',
    label: 'misuse',
    team: 'pki-team',
    clocks: [
      clock('revocation', t('2026-11-23T18:02:00Z'), suspectCode),
      clock('preliminary-report', t('2026-11-23T18:02:00Z'), preliminary),
    ],
    certificates: counts(1),
    questions: 1,
    next: person('Second approval to revoke 1 certificate', 'pki-team'),
    subscriber: 'answered',
    lastAt: t('2026-11-24T01:15:00Z'),
    last: 'M. Oduya approved; a second person is needed.',
  },
  {
    ...base,
    caseId: 'C-2026-0413',
    seq: 41_908,
    title: '“urgent!!! your ssl” from info@kkw-handel.example',
    label: null,
    stage: 'review',
    team: 'ssl-support',
    clocks: [
      clock('review', t('2026-11-24T02:31:05Z'), {
        ...preliminary,
        id: 'REVIEW',
        document: 'Desk',
        section: 'review',
        limitSeconds: hour,
      }),
    ],
    certificates: counts(0),
    questions: 1,
    next: person('Say whether this is a report', 'ssl-support'),
    lastAt: t('2026-11-24T02:31:06Z'),
    last: 'The desk does not know: score 0.46, a domain of ours is named.',
  },
  {
    ...base,
    caseId: 'C-2026-0406',
    seq: 41_640,
    title: 'mail.norddeich.example and 17 more',
    label: 'weak-key',
    team: 'pki-support',
    takenAt: t('2026-11-23T14:10:00Z'),
    verdict: 'computable',
    clocks: [
      clock('revocation', t('2026-11-23T13:58:00Z'), { ...keyCompromise, id: 'TLS-04', section: '4.9.1.1 (4)' }),
    ],
    cutOffAt: t('2026-11-23T19:58:00Z'),
    certificates: counts(18, { accepted: 18, published: 11, replaced: 15 }),
    subscriber: 'answered',
    next: desk('Look at the CRL again', t('2026-11-24T03:08:00Z')),
    lastAt: t('2026-11-24T03:04:00Z'),
    last: '11 of 18 revocations are seen in CRL and OCSP.',
  },
  {
    ...base,
    caseId: 'C-2026-0411',
    seq: 41_800,
    title: 'www.brenner-optik.example',
    label: 'key-compromise',
    team: 'pki-team',
    takenAt: t('2026-11-23T20:16:00Z'),
    verdict: 'refuted',
    clocks: [clock('preliminary-report', t('2026-11-23T20:02:00Z'), preliminary)],
    certificates: counts(0),
    next: desk('Report the findings to the reporter', t('2026-11-24T16:02:00Z')),
    lastAt: t('2026-11-23T20:20:00Z'),
    last: 'The key does not sign under the certificate’s own key: refuted.',
  },
  {
    ...base,
    caseId: 'C-2026-0407',
    seq: 41_702,
    title: 'api.tallinn-bus.example and 211 more',
    label: 'misissuance',
    team: 'compliance',
    takenAt: t('2026-11-22T10:00:00Z'),
    clocks: [clock('revocation', t('2026-11-21T16:40:00Z'), misissued)],
    cutOffAt: t('2026-11-26T10:40:00Z'),
    certificates: counts(212, { scheduled: 212, replaced: 96 }),
    subscriber: 'told',
    next: desk('Second reminder to 61 subscribers', t('2026-11-24T09:00:00Z')),
    lastAt: t('2026-11-23T17:00:00Z'),
    last: '96 of 212 certificates have a replacement.',
  },
  {
    ...base,
    caseId: 'C-2026-0410',
    seq: 41_790,
    title: 'a.okafor@lagos-clinic.example',
    label: 'wrong-information',
    team: 'pki-support',
    clocks: [
      clock('preliminary-report', t('2026-11-23T19:30:00Z'), preliminary),
      clock('revocation', t('2026-11-23T19:30:00Z'), smimeWrong),
    ],
    certificates: counts(1),
    questions: 1,
    subscriber: 'not-told',
    next: person('Approve the revocation of 1 certificate', 'pki-support'),
    lastAt: t('2026-11-23T19:31:00Z'),
    last: 'Records show another organisation name.',
  },
  {
    ...base,
    caseId: 'C-2026-0401',
    seq: 41_310,
    title: 'parcel.osterby.example',
    label: 'subscriber-request',
    team: 'ssl-support',
    takenAt: t('2026-11-24T02:20:00Z'),
    clocks: [
      clock('revocation', t('2026-11-24T02:15:00Z'), { ...keyCompromise, id: 'TLS-01', section: '4.9.1.1 (1)' }),
    ],
    certificates: counts(1, { accepted: 1 }),
    subscriber: 'answered',
    next: desk('Look at CRL and OCSP', t('2026-11-24T03:09:00Z')),
    lastAt: t('2026-11-24T03:01:00Z'),
    last: 'The CA accepted the order.',
  },
  {
    ...base,
    caseId: 'C-2026-0414',
    seq: 41_905,
    title: 'Unreadable message, encrypted to a key we do not have',
    label: 'other-problem',
    stage: 'review',
    team: 'pki-team',
    clocks: [
      clock('review', t('2026-11-24T02:58:40Z'), {
        ...preliminary,
        id: 'REVIEW',
        document: 'Desk',
        section: 'review',
        limitSeconds: hour,
      }),
    ],
    certificates: counts(0),
    questions: 1,
    next: person('Say whether this is a report', 'pki-team'),
    lastAt: t('2026-11-24T02:58:41Z'),
    last: 'Sealed and kept; the reporter was asked for clear text.',
  },
];

const recentCases: c.RecentCase[] = [
  {
    caseId: 'C-2026-0408',
    title: 'git.fjordbank.example and 2 more',
    label: 'key-compromise',
    stage: 'closed',
    endedAt: t('2026-11-23T22:58:10Z'),
    published: 3,
    total: 3,
    marginSeconds: 61_204,
    missed: false,
    because: 'Closed: Every certificate is seen as revoked.',
  },
  {
    caseId: 'C-2026-0405',
    title: '“SSL certificate renewal invoice” from billing@ssl-renewals.example',
    label: 'not-a-report',
    stage: 'dismissed',
    endedAt: t('2026-11-23T19:12:44Z'),
    published: 0,
    total: 0,
    marginSeconds: null,
    missed: false,
    because: 'Read by I. Sato: an invoice of another company.',
  },
];

function quiet(kind: Kind): c.Quiet {
  return {
    sweptAt: t('2026-11-24T03:06:58Z'),
    lastReportAt: kind === 'empty' ? t('2026-11-23T22:41:09Z') : t('2026-11-24T02:58:40Z'),
    canaries: [
      { address: 'problem-reporting@ca.example', seenAt: t('2026-11-24T03:00:11Z'), ok: true },
      { address: 'support@ca.example', seenAt: t('2026-11-24T03:00:14Z'), ok: true },
      { address: 'abuse@ca.example', seenAt: t('2026-11-24T03:00:09Z'), ok: true },
      { address: 'https://ca.example/report', seenAt: t('2026-11-24T02:55:02Z'), ok: true },
    ],
    eventLog: { size: 41_911, verifiedAt: t('2026-11-24T03:00:00Z') },
  };
}

/** Ten thousand open cases, for measuring. */
function manyRows(): c.BoardRow[] {
  return Array.from({ length: 10_000 }, (_, n) => {
    const model = nightRows[n % nightRows.length]!;
    const startAt = plus(nightAt, -(n % 83) * 1000 - n * 7);
    return {
      ...model,
      caseId: `C-2026-${String(n).padStart(5, '0')}`,
      title: `host-${n}.example and ${n % 40} more`,
      clocks: model.clocks.map((k) => clock(k.kind, startAt, k.rule)),
    };
  });
}

const leakedNames = ['shop.customer.example', 'api.customer.example', 'mail.customer.example', '*.customer.example'];

export function certificateRow(n: number, kind: 'leaked' | 'mass'): c.CertificateRow {
  const name = kind === 'leaked' ? leakedNames[n]! : `host-${n}.tenant-${n % 6512}.example`;
  const row: c.CertificateRow = {
    fingerprint: sha(`certificate ${kind} ${n}`),
    serial: kind === 'leaked' ? `4a10c3e${n + 1}` : serial(n),
    name,
    names: kind === 'leaked' && n === 3 ? 2 : 1,
    subscriber: kind === 'leaked' ? 'SUB-1' : `SUB-${n % 6512}`,
    notAfter: plus(nightAt, 86_400 * (20 + (n % 90))),
    state: 'valid',
    crl: null,
    ocsp: null,
    acceptedAt: null,
    publishedAt: null,
    replaced: kind === 'leaked' ? n === 0 : n % 10 < 7,
    problem: null,
  };
  const good: c.Seen = { state: 'good', at: plus(nightAt, -300 - (n % 200)), reason: null };
  if (kind === 'leaked') return { ...row, crl: good, ocsp: good };
  if (n < 70) return { ...row, state: 'held', crl: good, ocsp: good };
  if (n < 82) return { ...row, state: 'failing', crl: good, ocsp: good, problem: 'The CA answered: pending approval.' };
  if (n < 186) return { ...row, state: 'expired' };
  if (n < 62_126) {
    const seenAt = plus(nightAt, -((n % 30_000) + 200));
    const seen: c.Seen = { state: 'revoked', at: seenAt, reason: 'superseded' };
    return { ...row, state: 'published', crl: seen, ocsp: seen, acceptedAt: plus(seenAt, -840), publishedAt: seenAt };
  }
  if (n < 64_386) return { ...row, state: 'accepted', crl: good, ocsp: good, acceptedAt: plus(nightAt, -600) };
  return { ...row, state: 'scheduled', crl: good, ocsp: good };
}

const massTotal = 83_267;
let massRowsMade: c.CertificateRow[] | null = null;
/** Made once, when somebody asks. */
function massRows(): c.CertificateRow[] {
  massRowsMade ??= Array.from({ length: massTotal }, (_, n) => certificateRow(n, 'mass'));
  return massRowsMade;
}

const mark = (
  source: c.MarkView['source'],
  when: string,
  trusted: boolean,
  chosen: boolean,
  detail: string,
): c.MarkView => ({ source, at: t(when), trusted, chosen, detail });

function aReport(more: Partial<c.ReportView> & { reportId: string }): c.ReportView {
  return {
    channel: 'smtp',
    source: 'support@ca.example, inbox',
    subject: '',
    from: { name: '', address: null, kind: 'third-party', language: 'en' },
    receivedAt: leakedStart,
    marks: [],
    label: null,
    score: null,
    confirmed: true,
    dismissed: null,
    because: [],
    contentSha256: sha(more.reportId),
    acknowledgedAt: null,
    preliminaryAt: null,
    finalAt: null,
    awaiting: null,
    ...more,
  };
}

function anEntry(
  seq: number,
  when: string,
  kind: c.TimelineEntry['kind'],
  type: string,
  text: string,
  by = 'desk',
): c.TimelineEntry {
  return { seq, at: t(when), by, type, text, kind, matterId: null, reportId: null };
}

const leakedReport = aReport({
  reportId: 'R-9017',
  subject: 'private keys for four of your TLS certificates are public',
  from: {
    name: 'an independent researcher',
    address: 'researcher@keywatch.example',
    kind: 'third-party',
    language: 'en',
  },
  label: 'key-compromise',
  score: 0.997,
  acknowledgedAt: t('2026-11-23T21:19:09Z'),
  marks: [
    mark('own-acceptance', '2026-11-23T21:22:31Z', true, false, 'mx2.ca.example answered 250 for support@ca.example'),
    mark('trusted-received', '2026-11-23T21:19:00Z', true, true, 'Received by mx.edge.example, listed as ours'),
    mark('internal-date', '2026-11-23T21:22:40Z', true, false, 'Support mailbox, INBOX, UID 20411'),
    mark(
      'date-header',
      '2026-11-23T20:41:00Z',
      false,
      false,
      'Date: Tue, 24 Nov 2026 02:11:00 ITC (no such zone; moves nothing)',
    ),
  ],
  because: [
    { signal: 'private-key-enclosed', weight: 6.1, excerpt: 'keys.zip: 4 private keys' },
    { signal: 'serial-of-ours', weight: 3.4, excerpt: 'Serials: 4a10c3e1, 4a10c3e2, 4a10c3e3, 4a10c3e4' },
    { signal: 'phrase', weight: 1.8, excerpt: 'The Baseline Requirements give you 24 hours from now' },
    { signal: 'address-of-help-desk', weight: -0.4, excerpt: 'Delivered-To: support@ca.example' },
  ],
});

const leakedEvidence: c.EvidenceView[] = leakedNames.map((name, n) => ({
  reportId: 'R-9017',
  source: `keys.zip › k${n + 1}.pem`,
  form: 'private-key',
  verdict: 'proven-key',
  spkiSha256: sha(`spki leaked ${n}`),
  keyType: n === 2 ? 'ec-p256' : 'rsa',
  bits: n === 2 ? 256 : 2048,
  findings: [
    {
      check: 'debian-weak-keys',
      verdict: n === 2 ? 'unknown' : 'clean',
      detail: n === 2 ? 'No list for this key type.' : 'Not in the list.',
    },
    { check: 'roca', verdict: 'clean', detail: 'No fingerprint.' },
  ],
  matches: [{ fingerprint: sha(`certificate leaked ${n}`), serial: `4a10c3e${n + 1}`, name }],
  refutedFor: [],
  proof: true,
  because: `A fresh statement was signed with this key and verifies under the certificate’s own public key.`,
  at: t('2026-11-23T21:19:06Z'),
}));

function leakedCase(now: string): c.CaseView {
  const dueAt = plus(leakedStart, 24 * hour);
  const cutOffAt = plus(leakedStart, 6 * hour);
  return {
    now,
    seq: 41_911,
    caseId: 'C-2026-0412',
    title: 'shop.customer.example and 3 more',
    stage: 'open',
    team: 'pki-team',
    routedAt: t('2026-11-23T21:19:07Z'),
    takenAt: t('2026-11-23T21:27:00Z'),
    takenBy: 'person:m.oduya',
    receivedAt: leakedStart,
    clocks: [
      {
        clockId: 'M-1/revocation',
        kind: 'revocation',
        reportId: 'R-9017',
        matterId: 'M-1',
        rule: keyCompromise,
        startAt: leakedStart,
        dueAt,
        cutOffAt,
        state: 'running',
        metAt: null,
        why: 'Proof of key compromise binds to 24 hours; counted from the first host of ours that took the message.',
      },
      {
        clockId: 'R-9017/preliminary-report',
        kind: 'preliminary-report',
        reportId: 'R-9017',
        matterId: null,
        rule: preliminary,
        startAt: leakedStart,
        dueAt,
        cutOffAt: null,
        state: 'met',
        metAt: t('2026-11-23T21:19:41Z'),
        why: 'Findings are owed to reporter and subscriber within 24 hours of receipt.',
      },
    ],
    reports: [leakedReport],
    evidence: leakedEvidence,
    matters: [
      {
        matterId: 'M-1',
        reportId: 'R-9017',
        label: 'key-compromise',
        basis: 'proof',
        verdict: 'proven-key',
        rule: keyCompromise,
        profile: 'tls',
        reason: 'keyCompromise',
        startAt: leakedStart,
        dueAt,
        cutOffAt,
        setId: 'S-1',
        digest: sha('set leaked'),
        certificates: counts(4, { replaced: 1 }),
        names: leakedNames,
        subscribers: 1,
        subscriber: 'told',
        keysBlockedAt: t('2026-11-23T21:19:08Z'),
        renewalAdvisedAt: t('2026-11-23T21:19:08Z'),
        approvals: [],
        approvalsNeeded: 0,
        authorizedAt: null,
        publishedAt: null,
        holds: [],
        schedules: [],
        ladder: [
          {
            step: 'notice',
            at: t('2026-11-23T21:19:10Z'),
            what: 'letter',
            team: 'ssl-support',
            state: 'done',
            doneAt: t('2026-11-23T21:19:10Z'),
            detail: 'Accepted by mx.customer.example.',
          },
          {
            step: 'page-1',
            at: t('2026-11-23T22:19:00Z'),
            what: 'page',
            team: 'ssl-support',
            state: 'done',
            doneAt: t('2026-11-23T22:19:00Z'),
            detail: 'Acknowledged by I. Sato after 3 min.',
          },
          {
            step: 'reminder',
            at: t('2026-11-24T00:19:00Z'),
            what: 'letter',
            team: 'ssl-support',
            state: 'failed',
            doneAt: t('2026-11-24T00:19:02Z'),
            detail: 'hostmaster@customer.example: mailbox full.',
          },
          {
            step: 'reminder-2',
            at: t('2026-11-24T02:49:00Z'),
            what: 'letter',
            team: 'ssl-support',
            state: 'done',
            doneAt: t('2026-11-24T02:49:10Z'),
            detail: 'Accepted by mx.customer.example.',
          },
          {
            step: 'revoke',
            at: cutOffAt,
            what: 'authorize',
            team: 'pki-team',
            state: 'next',
            doneAt: null,
            detail: 'No answer is needed.',
          },
          {
            step: 'page-late',
            at: plus(leakedStart, 20 * hour),
            what: 'page',
            team: 'compliance',
            state: 'later',
            doneAt: null,
            detail: null,
          },
          {
            step: 'limit',
            at: dueAt,
            what: 'due',
            team: null,
            state: 'later',
            doneAt: null,
            detail: 'TLS BR 4.9.1.1 (3)',
          },
        ],
        failures: 0,
        closed: null,
      },
    ],
    questions: [],
    next: [
      {
        what: 'Revoke 4 certificates with reason keyCompromise. An answer is not awaited.',
        at: cutOffAt,
        by: 'desk',
        team: null,
        matterId: 'M-1',
      },
      {
        what: 'Look at CRL and OCSP until all 4 are seen as revoked.',
        at: plus(cutOffAt, 60),
        by: 'desk',
        team: null,
        matterId: 'M-1',
      },
      {
        what: 'Page compliance if any is still valid.',
        at: plus(leakedStart, 20 * hour),
        by: 'desk',
        team: 'compliance',
        matterId: 'M-1',
      },
      {
        what: 'Open an incident if any is still valid.',
        at: plus(leakedStart, 22 * hour),
        by: 'desk',
        team: 'compliance',
        matterId: 'M-1',
      },
    ],
    letters: [
      letter(
        'L-1',
        'acknowledgement',
        'reporter',
        'researcher@keywatch.example',
        'We have your report (R-9017)',
        'sent',
        '2026-11-23T21:19:09Z',
      ),
      letter(
        'L-2',
        'preliminary-report',
        'reporter',
        'researcher@keywatch.example',
        'Findings on your report: 4 of 4 keys proven',
        'sent',
        '2026-11-23T21:19:41Z',
      ),
      letter(
        'L-3',
        'notice',
        'subscriber',
        'security@customer.example',
        'Your 4 certificates will be revoked by 24 November 03:19 UTC',
        'sent',
        '2026-11-23T21:19:10Z',
      ),
      letter(
        'L-4',
        'reminder',
        'subscriber',
        'hostmaster@customer.example',
        'Reminder: 4 certificates will be revoked at 03:19 UTC',
        'bounced',
        '2026-11-24T00:19:02Z',
        'Mailbox full (552 5.2.2).',
      ),
      letter(
        'L-5',
        'reminder',
        'subscriber',
        'security@customer.example',
        'In 30 minutes: 4 certificates will be revoked',
        'sent',
        '2026-11-24T02:49:10Z',
      ),
    ],
    lettersTotal: 5,
    timeline: [
      anEntry(
        41_801,
        '2026-11-23T21:19:04Z',
        'received',
        'ReportReceived',
        'Report R-9017 arrived at support@ca.example from researcher@keywatch.example.',
      ),
      anEntry(
        41_802,
        '2026-11-23T21:19:05Z',
        'decided',
        'TriageConfirmed',
        'Recognised as key-compromise (0.997): four private keys are enclosed.',
      ),
      anEntry(
        41_803,
        '2026-11-23T21:19:06Z',
        'seen',
        'EvidenceVerified',
        '4 private keys proven under the certificates’ own keys.',
      ),
      anEntry(
        41_804,
        '2026-11-23T21:19:06Z',
        'decided',
        'CertificatesIdentified',
        '4 certificates of one subscriber; TLS BR 4.9.1.1 (3), 24 hours from 21:19:00 UTC.',
      ),
      anEntry(41_805, '2026-11-23T21:19:08Z', 'ca', 'KeyBlocked', '4 keys are blocked for issuance.'),
      anEntry(41_806, '2026-11-23T21:19:08Z', 'ca', 'RenewalAdvised', 'ARI asks for replacement now.'),
      anEntry(41_807, '2026-11-23T21:19:09Z', 'sent', 'ReporterAcknowledged', 'Acknowledgement sent to the reporter.'),
      anEntry(41_808, '2026-11-23T21:19:10Z', 'sent', 'SubscriberContacted', 'Notice sent to 1 subscriber.'),
      anEntry(41_812, '2026-11-23T21:27:00Z', 'person', 'HandOffTaken', 'PKI team took the case.', 'person:m.oduya'),
      anEntry(
        41_840,
        '2026-11-23T22:19:00Z',
        'sent',
        'StaffPaged',
        'SSL support was paged: no answer from the subscriber.',
      ),
      anEntry(
        41_851,
        '2026-11-24T00:19:02Z',
        'alarm',
        'ContactFailed',
        'hostmaster@customer.example: mailbox full (552).',
      ),
      anEntry(
        41_877,
        '2026-11-24T01:02:13Z',
        'seen',
        'ReplacementSeen',
        'shop.customer.example has a replacement with a new key.',
      ),
      anEntry(
        41_911,
        '2026-11-24T02:49:10Z',
        'sent',
        'SubscriberContacted',
        'Second letter accepted by mx.customer.example.',
      ),
    ],
    timelineTotal: 13,
    incident: null,
    closedAt: null,
  };
}

function letter(
  letterId: string,
  kind: string,
  audience: c.LetterSummary['audience'],
  to: string,
  subject: string,
  state: c.LetterSummary['state'],
  when: string,
  problem: string | null = null,
): c.LetterSummary {
  return { letterId, kind, audience, to, subject, language: 'en', state, at: t(when), problem };
}

function massCase(now: string): c.CaseView {
  const dueAt = plus(massStart, 24 * hour);
  const row = nightRows.find((r) => r.caseId === 'C-2026-0404')!;
  const leaked = leakedCase(now);
  return {
    ...leaked,
    seq: row.seq,
    caseId: row.caseId,
    title: row.title,
    team: 'compliance',
    takenBy: 'person:h.lindqvist',
    takenAt: row.takenAt,
    routedAt: t('2026-11-23T07:33:00Z'),
    receivedAt: massStart,
    clocks: [
      {
        ...leaked.clocks[0]!,
        rule: unreliable,
        startAt: massStart,
        dueAt,
        cutOffAt: row.cutOffAt,
        reportId: 'R-8990',
        why: 'Validation that cannot be relied on binds to 24 hours; counted from the minute a person of ours first knew.',
      },
    ],
    reports: [
      aReport({
        reportId: 'R-8990',
        channel: 'manual',
        source: 'written down by H. Lindqvist',
        subject: 'CNAME validation without underscore prefix',
        from: { name: 'Engineering', address: 'validation@ca.example', kind: 'staff', language: 'en' },
        receivedAt: massStart,
        label: 'domain-control',
        score: 0.91,
        marks: [
          mark(
            'staff-first-heard',
            '2026-11-23T07:32:00Z',
            true,
            true,
            'Engineer read the code path (confirmed by H. Lindqvist, I. Sato)',
          ),
          mark('own-acceptance', '2026-11-23T09:15:20Z', true, false, 'Entered at the desk'),
        ],
      }),
    ],
    evidence: [],
    matters: [
      {
        ...leaked.matters[0]!,
        matterId: 'M-7',
        reportId: 'R-8990',
        label: 'domain-control',
        basis: 'records',
        verdict: null,
        rule: unreliable,
        reason: 'superseded',
        startAt: massStart,
        dueAt,
        cutOffAt: row.cutOffAt,
        setId: 'S-7',
        digest: sha('set mass'),
        certificates: row.certificates,
        names: [],
        subscribers: 6512,
        subscriber: 'unreachable',
        keysBlockedAt: null,
        approvals: ['person:h.lindqvist', 'person:i.sato'],
        approvalsNeeded: 2,
        authorizedAt: t('2026-11-23T12:00:00Z'),
        holds: [
          {
            holdId: 'H-1',
            count: 70,
            untilAt: t('2026-11-24T05:30:00Z'),
            basis: 'Temporary restraining order 2:24-cv-00531, served 2026-11-23 15:10 UTC',
            people: ['person:h.lindqvist', 'person:general-counsel'],
            releasedAt: null,
          },
        ],
        schedules: [{ at: t('2026-11-24T03:10:00Z'), count: 18_881 }],
        ladder: [
          {
            step: 'notice',
            at: t('2026-11-23T12:00:30Z'),
            what: 'letter',
            team: 'ssl-support',
            state: 'done',
            doneAt: t('2026-11-23T12:04:00Z'),
            detail: '6,441 sent, 71 failed.',
          },
          {
            step: 'reminder',
            at: t('2026-11-23T18:00:00Z'),
            what: 'letter',
            team: 'ssl-support',
            state: 'done',
            doneAt: t('2026-11-23T18:03:00Z'),
            detail: '4,020 sent.',
          },
          {
            step: 'revoke',
            at: row.cutOffAt!,
            what: 'authorize',
            team: 'pki-team',
            state: 'done',
            doneAt: row.cutOffAt,
            detail: null,
          },
          {
            step: 'page-late',
            at: t('2026-11-24T03:32:00Z'),
            what: 'page',
            team: 'compliance',
            state: 'next',
            doneAt: null,
            detail: null,
          },
          {
            step: 'limit',
            at: dueAt,
            what: 'due',
            team: null,
            state: 'later',
            doneAt: null,
            detail: 'TLS BR 4.9.1.1 (5)',
          },
        ],
      },
    ],
    next: [
      {
        what: 'Revoke wave 17 of 21 (4,000 certificates).',
        at: t('2026-11-24T03:10:00Z'),
        by: 'desk',
        team: null,
        matterId: 'M-7',
      },
      {
        what: 'Page compliance: certificates under hold are still valid.',
        at: t('2026-11-24T03:32:00Z'),
        by: 'desk',
        team: 'compliance',
        matterId: 'M-7',
      },
      {
        what: 'Release hold H-1 and revoke its 70 certificates.',
        at: t('2026-11-24T05:30:00Z'),
        by: 'desk',
        team: null,
        matterId: 'M-7',
      },
    ],
    letters: Array.from({ length: 40 }, (_, n) =>
      letter(
        `LM-${n}`,
        'notice',
        'subscriber',
        `hostmaster@tenant-${n}.example`,
        `Your ${1 + (n % 30)} certificates will be revoked by 23 November 22:00 UTC`,
        n % 9 === 8 ? 'bounced' : 'sent',
        '2026-11-23T12:01:00Z',
        n % 9 === 8 ? 'No such mailbox (550).' : null,
      ),
    ),
    lettersTotal: 10_461,
    timeline: [
      anEntry(
        40_120,
        '2026-11-23T09:15:20Z',
        'received',
        'ReportReceived',
        'H. Lindqvist wrote down: CNAME validation without underscore prefix.',
        'person:h.lindqvist',
      ),
      anEntry(
        40_121,
        '2026-11-23T09:16:00Z',
        'decided',
        'CertificatesIdentified',
        '83,267 certificates of 6,512 subscribers; TLS BR 4.9.1.1 (5), 24 hours from 07:32:00 UTC.',
      ),
      anEntry(
        40_140,
        '2026-11-23T11:40:00Z',
        'person',
        'ApprovalGiven',
        'H. Lindqvist approved the revocation.',
        'person:h.lindqvist',
      ),
      anEntry(
        40_144,
        '2026-11-23T12:00:00Z',
        'person',
        'ApprovalGiven',
        'I. Sato approved the revocation.',
        'person:i.sato',
      ),
      anEntry(
        40_210,
        '2026-11-23T12:04:00Z',
        'sent',
        'SubscriberContacted',
        '6,441 subscribers were told; 71 could not be reached.',
      ),
      anEntry(
        40_377,
        '2026-11-23T15:22:00Z',
        'person',
        'HoldPlaced',
        '70 certificates held under a court order until 05:30 UTC. The limit stands.',
        'person:h.lindqvist',
      ),
      anEntry(
        41_890,
        '2026-11-24T02:51:00Z',
        'ca',
        'RevocationFailed',
        '12 orders wait for approval at the CA; tried again each 5 minutes.',
      ),
      anEntry(
        41_902,
        '2026-11-24T03:05:58Z',
        'seen',
        'RevocationPublished',
        '4,000 revocations of wave 16 are seen in CRL shard 9.',
      ),
    ],
    timelineTotal: 8,
    incident: {
      openedAt: t('2026-11-23T15:30:00Z'),
      because: '70 certificates are under a court order past the limit.',
    },
  };
}

function reviewCase(now: string): c.CaseView {
  const row = nightRows.find((r) => r.caseId === 'C-2026-0413')!;
  const leaked = leakedCase(now);
  const startAt = row.clocks[0]!.startAt;
  return {
    ...leaked,
    seq: row.seq,
    caseId: row.caseId,
    title: row.title,
    stage: 'review',
    team: 'ssl-support',
    routedAt: startAt,
    takenAt: null,
    takenBy: null,
    receivedAt: startAt,
    clocks: [
      {
        clockId: 'R-9031/review',
        kind: 'review',
        reportId: 'R-9031',
        matterId: null,
        rule: row.clocks[0]!.rule,
        startAt,
        dueAt: row.clocks[0]!.dueAt,
        cutOffAt: null,
        state: 'running',
        metAt: null,
        why: 'No machine dismisses what may be a report; a person looks within the hour.',
      },
    ],
    reports: [
      aReport({
        reportId: 'R-9031',
        subject: 'urgent!!! your ssl',
        confirmed: false,
        from: { name: '', address: 'info@kkw-handel.example', kind: 'third-party', language: 'de' },
        receivedAt: startAt,
        label: 'other-problem',
        score: 0.46,
        marks: [mark('own-acceptance', startAt, true, true, 'mx2.ca.example answered 250 for support@ca.example')],
        because: [
          { signal: 'domain-of-ours', weight: 1.6, excerpt: 'portal.kkw-handel.example' },
          { signal: 'phrase', weight: 0.7, excerpt: 'jemand anders hat unser Zertifikat' },
          { signal: 'marketing', weight: -1.3, excerpt: 'urgent!!!' },
        ],
      }),
    ],
    evidence: [],
    matters: [],
    questions: [
      {
        questionId: 'R-9031/report',
        ask: 'is-it-a-report',
        askedAt: startAt,
        team: 'ssl-support',
        text: 'Is this a report? The desk does not know.',
        reportId: 'R-9031',
        matterId: null,
        proposal: null,
        peopleNeeded: null,
        peopleGiven: [],
      },
    ],
    next: [
      {
        what: 'Page SSL support again.',
        at: t('2026-11-24T03:31:05Z'),
        by: 'desk',
        team: 'ssl-support',
        matterId: null,
      },
    ],
    letters: [],
    lettersTotal: 0,
    timeline: [
      anEntry(
        41_906,
        startAt,
        'received',
        'ReportReceived',
        'Message R-9031 arrived at support@ca.example from info@kkw-handel.example.',
      ),
      anEntry(41_907, startAt, 'decided', 'TriageProposed', 'Score 0.46: the desk does not know.'),
      anEntry(41_908, plus(startAt, 1), 'sent', 'StaffPaged', 'SSL support was paged.'),
    ],
    timelineTotal: 3,
  };
}

function otherCase(now: string, row: c.BoardRow): c.CaseView {
  const leaked = leakedCase(now);
  const first = row.clocks[0]!;
  const approves = row.questions > 0 && row.certificates.total > 0;
  const matter: c.MatterView = {
    ...leaked.matters[0]!,
    matterId: `M-${row.seq}`,
    label: row.label ?? 'other-problem',
    basis: row.verdict === null ? 'records' : 'proof',
    verdict: row.verdict,
    rule: row.clocks.find((k) => k.kind === 'revocation')?.rule ?? first.rule ?? keyCompromise,
    startAt: first.startAt,
    dueAt: first.dueAt,
    cutOffAt: row.cutOffAt,
    certificates: row.certificates,
    names: [row.title],
    approvals: approves ? ['person:m.oduya'] : [],
    approvalsNeeded: approves ? 2 : 0,
    ladder: [],
    subscriber: row.subscriber,
  };
  return {
    ...leaked,
    seq: row.seq,
    caseId: row.caseId,
    title: row.title,
    stage: row.stage,
    team: row.team,
    takenAt: row.takenAt,
    receivedAt: first.startAt,
    clocks: row.clocks.map((k) => ({
      clockId: `${row.caseId}/${k.kind}`,
      kind: k.kind,
      reportId: 'R-9017',
      matterId: matter.matterId,
      rule: k.rule,
      startAt: k.startAt,
      dueAt: k.dueAt,
      cutOffAt: row.cutOffAt,
      state: row.missed ? 'missed' : 'running',
      metAt: null,
      why: 'Counted from the first host of ours that took the message.',
    })),
    matters: row.certificates.total > 0 ? [matter] : [],
    questions: approves
      ? [
          {
            questionId: `${matter.matterId}/approve/1`,
            ask: 'approve-revocation',
            askedAt: first.startAt,
            team: row.team ?? 'pki-team',
            text: `${matter.rule.document} ${matter.rule.section}: revoke ${row.certificates.total} certificate with reason ${matter.reason}?`,
            reportId: null,
            matterId: matter.matterId,
            proposal: 'approve',
            peopleNeeded: 2,
            peopleGiven: ['person:m.oduya'],
          },
        ]
      : [],
    next: row.next === null ? [] : [row.next],
    timeline: [
      anEntry(
        row.seq,
        row.lastAt,
        row.missed ? 'alarm' : 'decided',
        row.missed ? 'DeadlineMissed' : 'NoteWritten',
        row.last,
      ),
    ],
    timelineTotal: 1,
    incident: row.missed
      ? { openedAt: plus(first.startAt, 22 * hour), because: '1 certificate may not be seen as revoked by the limit.' }
      : null,
  };
}

const hostileHtml = `<h1>Re: your SSL</h1><script>parent.document.title='owned'</script>
<img src="http://tracker.example/pixel.gif?u=1" onerror="parent.document.title='owned'">
<svg onload="parent.document.title='owned'"><a href="javascript:parent.document.title='owned'">click</a></svg>
<style>body{position:fixed;inset:0;background:url(http://tracker.example/bg)}</style>
<form action="http://tracker.example"><button>Send</button></form><meta http-equiv="refresh" content="0;url=http://tracker.example">
<p>jemand anders hat unser Zertifikat für portal.kkw-handel.example</p>`;

export class FixtureDesk extends FixtureHouse implements DeskPort {
  readonly #time: VirtualTime;
  readonly #kind: Kind;
  readonly #rows: c.BoardRow[];
  readonly calls: { at: string; to: string; result: string; by: string; remark: string }[] = [];
  readonly commands: { caseId: string; command: c.CaseCommand; context: CommandContext }[] = [];
  readonly reports: IncomingReport[] = [];
  readonly subscriberAnswers: { token: string; answer: c.SubscriberAnswer; text: string }[] = [];
  #seq = 41_911;
  #changes: c.Change[] = [];
  readonly #followers = new Set<() => void>();
  #proposals: c.Proposal[];
  readonly #decided = new Set<string>();

  constructor(kind: Kind, time: VirtualTime) {
    super(time);
    this.#kind = kind;
    this.#time = time;
    this.#rows = kind === 'empty' ? [] : kind === 'many' ? manyRows() : [...nightRows];
    this.#proposals =
      kind === 'night'
        ? [
            {
              proposalId: 'P-3',
              caseId: 'C-2026-0404',
              command: { do: 'release', matterId: 'M-7', holdId: 'H-1', because: 'The order was lifted at 02:40 UTC.' },
              by: 'person:h.lindqvist',
              at: t('2026-11-24T02:52:00Z'),
              lapsesAt: t('2026-11-24T04:52:00Z'),
              text: 'Release hold H-1: revoke its 70 certificates now.',
            },
          ]
        : [];
  }

  #now(): string {
    return rfc3339(this.#time.now());
  }

  /** Something happened: readers of the feed hear of it. */
  happen(type: string, caseId: string | null): void {
    this.#seq += 1;
    this.#changes.push({ seq: this.#seq, at: this.#now(), caseId, type });
    for (const wake of this.#followers) wake();
  }

  /** A new open case, as if it had just been received. */
  addCase(caseId: string, title: string): void {
    this.#rows.push({
      ...nightRows[0]!,
      caseId,
      title,
      clocks: [clock('revocation', plus(this.#now(), -3600), keyCompromise)],
      missed: false,
    });
    this.happen('ReportReceived', caseId);
  }

  /** Somebody else did something with this case. */
  touch(caseId: string): void {
    const row = this.#rows.findIndex((r) => r.caseId === caseId);
    const found = this.#rows[row];
    if (found !== undefined) this.#rows[row] = { ...found, seq: found.seq + 1 };
  }

  async seq(): Promise<number> {
    return this.#seq;
  }

  async *changes(after: number, signal: AbortSignal): AsyncIterable<c.Change> {
    let last = after;
    while (!signal.aborted) {
      for (const change of this.#changes.filter((x) => x.seq > last)) {
        last = change.seq;
        yield change;
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#followers.delete(wake);
          resolve();
        };
        this.#followers.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }

  async notReady(): Promise<readonly string[] | null> {
    return null;
  }

  async board(query: c.BoardQuery): Promise<c.Board> {
    const words = (query.q ?? '').toLowerCase();
    const due = (r: c.BoardRow): string => r.clocks[0]?.dueAt ?? '9';
    const all = this.#rows
      .filter((r) => !this.#decided.has(r.caseId))
      .filter(
        (r) =>
          (query.team === undefined || r.team === query.team) &&
          `${r.caseId} ${r.title} ${r.label}`.toLowerCase().includes(words),
      )
      .sort((a, b) => (due(a) < due(b) ? -1 : 1));
    const from = Number(query.cursor ?? 0);
    const rows = all.slice(from, from + query.limit);
    return {
      now: this.#now(),
      seq: this.#seq,
      next: from + rows.length < all.length ? String(from + rows.length) : null,
      total: all.length,
      waiting: all.filter((r) => r.questions > 0).length,
      rows,
      recent: from > 0 ? [] : recentCases,
      quiet: quiet(this.#kind),
    };
  }

  async readCase(caseId: string): Promise<c.CaseView | null> {
    const row = this.#rows.find((r) => r.caseId === caseId);
    if (row === undefined) return null;
    if (caseId === 'C-2026-0412') return leakedCase(this.#now());
    if (caseId === 'C-2026-0404') return massCase(this.#now());
    if (caseId === 'C-2026-0413') return reviewCase(this.#now());
    return otherCase(this.#now(), row);
  }

  async certificates(caseId: string, matterId: string, query: c.CertificatesQuery): Promise<c.CertificatesPage | null> {
    const found = await this.readCase(caseId);
    const matter = found?.matters.find((m) => m.matterId === matterId);
    if (matter === undefined) return null;
    const all =
      matterId === 'M-7'
        ? massRows()
        : [0, 1, 2, 3].slice(0, matter.certificates.total).map((n) => certificateRow(n, 'leaked'));
    const totals = {} as Record<c.CertificateState, number>;
    for (const state of [
      'valid',
      'held',
      'scheduled',
      'ordered',
      'accepted',
      'published',
      'expired',
      'failing',
    ] as const)
      totals[state] = 0;
    for (const row of all) totals[row.state] += 1;
    const words = (query.q ?? '').toLowerCase();
    const matching = all.filter(
      (r) =>
        (query.state === undefined || r.state === query.state) &&
        (words === '' || r.name.includes(words) || r.serial.startsWith(words)),
    );
    const rows = matching.slice(query.from, query.from + query.limit);
    const end = query.from + rows.length;
    return {
      now: this.#now(),
      next: end < matching.length ? String(end) : null,
      matterId,
      setId: matter.setId,
      total: matching.length,
      from: query.from,
      counts: totals,
      rows,
    };
  }

  async inbox(_query: c.PageQuery): Promise<c.Inbox> {
    const waiting = this.#rows.filter((r) => r.stage === 'review' && !this.#decided.has(r.caseId));
    const rows: c.InboxItem[] = waiting.map((r) => ({
      caseId: r.caseId,
      reportId: `R-of-${r.caseId}`,
      seq: r.seq,
      channel: 'smtp',
      source: 'support@ca.example, inbox',
      from: r.caseId === 'C-2026-0413' ? 'info@kkw-handel.example' : 'somebody@relay.example',
      subject: r.caseId === 'C-2026-0413' ? 'urgent!!! your ssl' : '(encrypted)',
      language: 'de',
      receivedAt: r.clocks[0]!.startAt,
      dueAt: plus(r.clocks[0]!.startAt, 24 * hour),
      label: r.caseId === 'C-2026-0413' ? 'domain-control' : 'other-problem',
      score: r.caseId === 'C-2026-0413' ? 0.46 : 0.31,
      proposal: 'unknown',
      verdict: null,
      because: [
        { signal: 'domain-of-ours', weight: 1.6, excerpt: 'portal.kkw-handel.example' },
        { signal: 'phrase', weight: 0.7, excerpt: 'jemand anders hat unser Zertifikat' },
        { signal: 'marketing', weight: -1.3, excerpt: 'urgent!!!' },
      ],
      artifacts: [
        { kind: 'domain', value: 'portal.kkw-handel.example', ours: true },
        { kind: 'serial', value: '4a10c3e9', ours: true },
      ],
    }));
    return { now: this.#now(), next: null, seq: this.#seq, total: rows.length, rows };
  }

  async message(_caseId: string, reportId: string): Promise<c.Message | null> {
    const text =
      'Guten Tag,\n\njemand anders hat unser Zertifikat für portal.kkw-handel.example bestellt.\nSeriennummer 4a10c3e9. Wir haben das nie beantragt!!! Bitte sofort sperren.\n\nKKW Handel';
    const found = (value: string, kind: string) => {
      const start = text.indexOf(value);
      return { start, end: start + value.length, kind, value };
    };
    return {
      now: this.#now(),
      reportId,
      blocks: [
        {
          role: 'own',
          path: '1.1',
          text,
          marks: [
            found('jemand anders hat unser Zertifikat', 'phrase'),
            found('portal.kkw-handel.example', 'domain'),
            found('4a10c3e9', 'serial'),
          ],
        },
        { role: 'signature', path: '1.1', text: '--\nKKW Handel GmbH, Lager 4', marks: [] },
      ],
      html: hostileHtml,
      problems: [],
    };
  }

  async upcomingLetters(caseId: string): Promise<c.UpcomingLetters | null> {
    const shown = await this.readCase(caseId);
    if (shown === null) return null;
    const reminder = (n: number) => ({
      ...{ to: `pki${n}@customer.example`, subject: `Reminder: replace 4 certificates [${caseId}]`, language: 'en' },
      text: `Dear subscriber,\n\n4 certificates are revoked at 23:49 UTC.\n\n[personal link, made when the letter leaves]\n`,
      html: null,
    });
    return {
      now: shown.now,
      steps: [
        {
          ...{ step: 'last-call', audience: 'subscriber', at: shown.matters[0]?.cutOffAt ?? null, count: 3 },
          letters: [reminder(1), reminder(2), reminder(3)],
        },
      ],
    };
  }
  async letter(caseId: string, letterId: string): Promise<c.Letter | null> {
    const found = (await this.readCase(caseId))?.letters.find((l) => l.letterId === letterId);
    if (found === undefined) return null;
    return {
      ...found,
      now: this.#now(),
      html: null,
      text: `To whom it may concern,\n\nwe were shown the private keys of 4 certificates that we issued to you. TLS Baseline Requirements 4.9.1.1 (3) oblige us\nto revoke them within 24 hours of 23 November 2026, 21:19 UTC.\n\nWe revoke them on 24 November 2026 at 03:19 UTC, whether or not you answer.\n\n  4a10c3e1  shop.customer.example\n  4a10c3e2  api.customer.example\n  4a10c3e3  mail.customer.example\n  4a10c3e4  *.customer.example\n\nPlease replace them now, with new keys.\n`,
    };
  }

  async caseContacts(caseId: string): Promise<c.CaseContacts | null> {
    const found = await this.readCase(caseId);
    if (found === null) return null;
    const rows =
      caseId !== 'C-2026-0412'
        ? []
        : [
            {
              ...{ subscriber: 'SUB-1', name: 'Customer Ltd', language: 'en', phone: '+44 20 7946 0321' },
              addresses: [
                { to: 'hostmaster@customer.example', state: 'failed' as const, at: t('2026-11-24T00:19:02Z') },
                { to: 'security@customer.example', state: 'accepted' as const, at: t('2026-11-24T02:49:10Z') },
              ],
              calls: [
                {
                  ...{
                    at: t('2026-11-24T00:31:00Z'),
                    to: '+44 20 7946 0321',
                    result: 'voicemail',
                    by: 'person:i.sato',
                  },
                  remark: 'Left our number and the time of revocation.',
                },
                ...this.calls,
              ],
              callAgainAt: this.calls.length > 0 ? null : t('2026-11-24T00:46:00Z'),
            },
          ];
    return { now: this.#now(), total: rows.length, rows };
  }

  async incident(caseId: string): Promise<c.IncidentDraft | null> {
    const found = await this.readCase(caseId);
    if (found === null) return null;
    return {
      now: this.#now(),
      caseId,
      openedAt: found.incident?.openedAt ?? null,
      markdown: `## Preliminary Incident Report\n\n### Summary\n\n- Incident description: ${found.title}\n- Relevant policies: TLS BR 4.9.1.1\n\n### Timeline (UTC)\n\n${found.timeline.map((e) => `- ${e.at} ${e.text}`).join('\n')}\n`,
    };
  }

  async search(query: c.SearchQuery): Promise<c.SearchAnswer> {
    const words = query.q.toLowerCase();
    const rows =
      this.#kind === 'empty'
        ? []
        : [0, 1, 2, 3].filter((n) =>
            `${leakedNames[n]} 4a10c3e${n + 1} ${sha(`certificate leaked ${n}`)}`.includes(words),
          );
    return {
      now: this.#now(),
      next: null,
      q: query.q,
      readAs: /^[0-9a-f]{64}$/.test(words) ? 'SHA-256' : /^[0-9a-f]{6,}$/.test(words) ? 'serial' : 'name',
      certificates: rows.map((n) => ({
        fingerprint: sha(`certificate leaked ${n}`),
        serial: `4a10c3e${n + 1}`,
        issuer: 'Lab CA TLS ECC 1',
        names: [leakedNames[n]!],
        namesTotal: 1,
        notBefore: t('2026-10-01T00:00:00Z'),
        notAfter: t('2027-01-28T00:00:00Z'),
        status: 'good',
        spkiSha256: sha(`spki leaked ${n}`),
        subscriber: 'SUB-1',
        blocked: true,
        cases: ['C-2026-0412'],
      })),
      cases: this.#rows
        .filter((r) => `${r.caseId} ${r.title}`.toLowerCase().includes(words))
        .slice(0, 10)
        .map((r) => ({ caseId: r.caseId, title: r.title })),
    };
  }

  async channels(): Promise<c.Channels> {
    const channel = (channelId: string, kind: string, address: string, more: Partial<c.Channel>): c.Channel => ({
      channelId,
      kind,
      address,
      state: 'ok',
      problem: null,
      lastMessageAt: t('2026-11-24T02:58:40Z'),
      canary: { sentAt: t('2026-11-24T03:00:00Z'), seenAt: t('2026-11-24T03:00:11Z'), ok: true },
      lagSecondsP50: 0.4,
      lagSecondsP99: 2.1,
      receivedToday: 31,
      unreadable: 0,
      quarantine: 0,
      published: 'CPS 1.5.2, CCADB',
      ...more,
    });
    return {
      now: this.#now(),
      rows: [
        channel('smtp-problem', 'smtp', 'problem-reporting@ca.example', {}),
        channel('imap-support', 'imap', 'support@ca.example', {
          published: null,
          quarantine: 2,
          receivedToday: 214,
          lagSecondsP50: 11,
          lagSecondsP99: 58,
        }),
        channel('imap-abuse', 'imap', 'abuse@ca.example', {
          state: 'failing',
          problem: 'The mailbox refuses our password since 02:12 UTC. The canary of 03:00 UTC has not come back.',
          canary: { sentAt: t('2026-11-24T03:00:00Z'), seenAt: null, ok: false },
          published: 'RFC 2142',
        }),
        channel('form', 'web-form', 'https://ca.example/report', {
          receivedToday: 2,
          unreadable: 1,
          published: 'web site',
        }),
      ],
    };
  }

  async blockedKeys(_query: c.PageQuery): Promise<c.BlockedKeys> {
    const rows =
      this.#kind === 'empty'
        ? []
        : [0, 1, 2, 3].map((n) => ({
            spkiSha256: sha(`spki leaked ${n}`),
            blockedAt: t('2026-11-23T21:19:08Z'),
            caseId: 'C-2026-0412',
            because: 'Private key proven to be public.',
            proof: true,
            certificates: 1,
          }));
    return { now: this.#now(), next: null, total: rows.length, rows };
  }

  async blockedKey(spkiSha256: string): Promise<c.KeyAnswer> {
    const blocked = [0, 1, 2, 3].some((n) => sha(`spki leaked ${n}`) === spkiSha256);
    return {
      spkiSha256,
      blocked,
      blockedAt: blocked ? t('2026-11-23T21:19:08Z') : null,
      reason: blocked ? 'keyCompromise' : null,
    };
  }

  async connectors(): Promise<c.Connectors> {
    return {
      now: this.#now(),
      rows: [
        {
          connectorId: 'lab',
          kind: 'lab',
          issuer: 'Lab CA TLS ECC 1',
          state: 'ok',
          lastAnswerAt: t('2026-11-24T03:06:55Z'),
          problem: null,
          ordered: 64_212,
          accepted: 64_200,
          waiting: 12,
          crlAt: t('2026-11-24T03:00:00Z'),
          crlNextAt: t('2026-11-24T04:00:00Z'),
          ari: { advised: 83_289, polled: 71_020, replaced: 57_422 },
        },
        {
          connectorId: 'ejbca-emea',
          kind: 'ejbca',
          issuer: 'Harbour TLS RSA 2',
          state: 'failing',
          lastAnswerAt: t('2026-11-24T01:12:31Z'),
          problem: 'No answer within 30 s. The probe looks at the CRL each 5 minutes.',
          ordered: 1,
          accepted: 1,
          waiting: 0,
          crlAt: t('2026-11-24T02:00:00Z'),
          crlNextAt: t('2026-11-24T08:00:00Z'),
          ari: { advised: 1, polled: 0, replaced: 0 },
        },
      ],
    };
  }

  async ladders(query: c.LaddersQuery): Promise<c.Ladders> {
    const now = this.#time.now();
    return presentLadders(defaultPolicy, query.startAt === undefined ? now : at(query.startAt), now);
  }

  async log(query: c.EventsQuery): Promise<c.EventsPage> {
    const now = this.#now();
    const cases = this.#kind === 'empty' ? [] : [leakedCase(now), massCase(now), reviewCase(now)];
    const rows = cases
      .flatMap((found) =>
        found.timeline.map((e) => ({
          seq: e.seq,
          at: e.at,
          caseId: found.caseId,
          type: e.type,
          by: e.by,
          text: e.text,
          leaf: sha(`leaf ${e.seq}`),
        })),
      )
      .filter(
        (e) =>
          (query.caseId === undefined || e.caseId === query.caseId) &&
          (query.before === undefined || e.seq < query.before),
      )
      .sort((a, b) => b.seq - a.seq)
      .slice(0, query.limit);
    return {
      now,
      next: null,
      rows,
      log: { size: this.#seq, root: sha('root'), verifiedAt: t('2026-11-24T03:00:00Z'), ok: true, problem: null },
    };
  }

  async proposals(): Promise<c.ProposalsPage> {
    return { now: this.#now(), rows: this.#proposals };
  }

  async command(
    caseId: string,
    command: c.CaseCommand,
    context: CommandContext,
  ): Promise<c.CommandAnswer | Refusal | null> {
    const row = this.#rows.find((r) => r.caseId === caseId);
    if (row === undefined) return null;
    if (context.expectedSeq !== null && context.expectedSeq !== row.seq)
      return refuse('case_changed', 'The case has changed since you looked at it. Reload and decide again.');
    this.commands.push({ caseId, command, context });
    if (command.do === 'confirm' || command.do === 'dismiss') this.#decided.add(caseId);
    if (command.do === 'called')
      this.calls.push({ ...command, at: this.#now(), by: context.by.id } satisfies (typeof this.calls)[number]);
    this.happen(command.do, caseId);
    const twoPeople = command.do === 'hold' || command.do === 'release' || command.do === 'schedule';
    return {
      now: this.#now(),
      seq: row.seq,
      state: twoPeople ? 'waits-for-second-person' : 'done',
      proposalId: twoPeople ? 'P-9' : null,
      text: twoPeople ? 'A second person has to agree.' : 'Recorded.',
    };
  }

  async decideProposal(
    proposalId: string,
    decision: c.ProposalDecision,
    context: CommandContext,
  ): Promise<c.CommandAnswer | Refusal | null> {
    const found = this.#proposals.find((p) => p.proposalId === proposalId);
    if (found === undefined) return null;
    if (found.by === context.by.id) return refuse('same_person', 'The second person must be another person.');
    this.#proposals = this.#proposals.filter((p) => p !== found);
    this.happen(decision.decision, found.caseId);
    return { now: this.#now(), seq: this.#seq, state: 'done', proposalId: null, text: 'Recorded.' };
  }

  async receiveReport(report: IncomingReport): Promise<c.ReportAccepted> {
    this.reports.push(report);
    const contentSha256 = createHash('sha256').update(report.raw).digest('hex');
    return {
      receiptId: `R-${9100 + this.reports.length}`,
      receivedAt: this.#now(),
      contentSha256,
      caseId: null,
      statusUrl: '/status/good-token',
    };
  }

  async reporterStatus(token: string): Promise<c.ReporterStatus | null> {
    if (token !== 'good-token') return null;
    return {
      now: this.#now(),
      receiptId: 'R-9017',
      receivedAt: leakedStart,
      state: 'accepted',
      findingsDueAt: plus(leakedStart, 24 * hour),
      preliminaryAt: t('2026-11-23T21:19:41Z'),
      items: leakedEvidence.map((e) => ({ source: e.source, verdict: e.verdict, because: e.because })),
      certificates: { total: 4, published: 0 },
      dueAt: plus(leakedStart, 24 * hour),
      publishedAt: null,
      contact: 'problem-reporting@ca.example',
    };
  }

  async subscriberStatus(token: string): Promise<c.SubscriberStatus | null> {
    if (token !== 'good-token') return null;
    return {
      now: this.#now(),
      subscriber: 'Customer Ltd',
      matterId: 'M-1',
      because:
        'Somebody sent us the private keys of these certificates, and we have proven that they are the right ones.',
      rule: keyCompromise,
      reason: 'keyCompromise',
      startAt: leakedStart,
      revokeAt: plus(leakedStart, 6 * hour),
      dueAt: plus(leakedStart, 24 * hour),
      total: 4,
      published: 0,
      replaced: 1,
      certificates: leakedNames.map((name, n) => ({
        serial: `4a10c3e${n + 1}`,
        name,
        notAfter: t('2027-01-28T00:00:00Z'),
        revoked: false,
      })),
      answers: this.subscriberAnswers.map((a) => ({ at: this.#now(), answer: a.answer })),
      contact: 'problem-reporting@ca.example',
    };
  }

  async answerAsSubscriber(
    token: string,
    answer: c.SubscriberAnswer,
    text: string,
  ): Promise<c.SubscriberStatus | Refusal | null> {
    if (token !== 'good-token') return null;
    this.subscriberAnswers.push({ token, answer, text });
    return this.subscriberStatus(token);
  }

  async renewalExplanation(certificateId: string): Promise<c.RenewalExplanation | null> {
    if (!/^[\w-]+\.[\w-]+$/.test(certificateId)) return null;
    return {
      now: this.#now(),
      certificateId,
      serial: '4a10c3e1',
      because: 'The private key of this certificate is known to somebody else.',
      windowEndAt: this.#now(),
      revokeAt: plus(leakedStart, 6 * hour),
      revoked: false,
    };
  }
}

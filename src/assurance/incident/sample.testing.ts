/** An incident as facts, complete enough that its report has nothing left to complain about. */
import { at } from '../../foundation/time/time.ts';
import type { AppendixCertificate, IncidentFacts } from './facts.ts';

export const now = at('2026-09-20T12:00:00Z');

export const certificate = (n: number, more: Partial<AppendixCertificate> = {}): AppendixCertificate => ({
  precertificateSha256: 'a'.repeat(63) + n,
  certificateSha256: 'b'.repeat(63) + n,
  subject: `CN=n${n}.customer.example`,
  issuer: 'CN=Example Trust TLS CA',
  notBefore: at('2026-07-22T00:00:00Z'),
  notAfter: at('2027-01-28T00:00:00Z'),
  serial: `4a10c3e${n}`,
  names: [`n${n}.customer.example`, `www.n${n}.customer.example`],
  revoked: 'Yes',
  revokedAt: at('2026-09-02T04:54:00Z'),
  reason: 'keyCompromise',
  ...more,
});

export const incident: IncidentFacts = {
  caOwner: { name: 'Example Trust', ccadbId: 'A000123' },
  title: 'Delayed revocation of four certificates with compromised keys',
  description:
    'Four certificates whose private keys were reported as compromised were revoked 35 h 05 min after the certificate problem report was received; the limit was 24 hours.',
  startAt: at('2026-09-01T17:49:00Z'),
  identifiedAt: at('2026-09-02T04:10:00Z'),
  endAt: at('2026-09-02T04:54:00Z'),
  endExpectedAt: null,
  policies: [
    { document: 'TLS BR', version: '2.2.6', section: '4.9.1.1 (3)' },
    { document: 'TLS BR', version: '2.2.6', section: '4.9.5' },
  ],
  source: 'Third Party Reported',
  certificatesTotal: 4,
  certificatesRemainingValid: 0,
  certificateTypes: ['DV'],
  heuristic: null,
  issuanceStopped: {
    answer: 'No',
    because: 'The four keys were blocked, and nothing else about issuance was at fault.',
  },
  revocationDelay: true,
  analysis:
    'The delay was avoidable: no third parties would have been harmed by revocation in time, and we do not claim that it was exceptional.',
  considerations: null,
  timeline: [
    {
      at: at('2026-03-02T09:00:00Z'),
      kind: 'change',
      text: 'The CPS names a new address for problem reports; the CCADB keeps the old one.',
    },
    {
      at: at('2026-08-31T17:49:00Z'),
      kind: 'received',
      text: 'The certificate problem report was received at the general help desk.',
    },
    { at: at('2026-09-01T05:00:00Z'), kind: 'aware', text: 'PKI operations became aware of the report.' },
    { at: at('2026-09-01T05:45:00Z'), kind: 'scope', text: 'All four keys were proven.' },
    {
      at: at('2026-09-01T06:00:00Z'),
      kind: 'preliminary-to-reporter',
      text: 'The preliminary report was given to the reporter.',
    },
    {
      at: at('2026-09-01T07:15:00Z'),
      kind: 'preliminary-to-subscriber',
      text: 'The preliminary report was given to the subscriber.',
    },
    {
      at: at('2026-09-01T17:49:00Z'),
      kind: 'began',
      text: 'The limit passed; relying parties still saw four certificates as good.',
    },
    {
      at: at('2026-09-02T04:10:00Z'),
      kind: 'revocation-expected',
      text: 'Completion of the revocation was expected by 05:00 UTC.',
    },
    {
      at: at('2026-09-02T04:54:00Z'),
      kind: 'revocation-completed',
      text: 'All 4 certificates were revoked, seen in CRL and OCSP from outside.',
    },
  ],
  related: [
    {
      bug: 1942879,
      openedOn: '2025-01-20',
      description: 'GlobalSign: reports with key files were blocked by a filter.',
    },
    { bug: 2052541, openedOn: '2026-06-28', description: 'NETLOCK: a report was filed as spam.' },
  ],
  factors: [
    {
      title: 'The published addresses disagreed',
      description: 'The CCADB named the help desk, the CPS another address.',
      timeline: 'Since 2026-03-02 09:00 UTC.',
      detection: 'By this incident only.',
      interaction: 'Made Contributing Factor 2 possible.',
      methodology: '5-Whys',
    },
    {
      title: 'Revocation waited for the subscriber',
      description: 'The procedure put the answer of the subscriber before revocation.',
      timeline: 'Since the procedure was written.',
      detection: 'Review of this case.',
      interaction: null,
      methodology: '5-Whys',
    },
  ],
  lessons: {
    well: [{ text: 'The proof took 45 minutes.', actions: [] }],
    notWell: [
      { text: 'Nobody recognised the report for 11 h 11 min.', actions: [1] },
      { text: 'We waited for an answer.', actions: [2] },
    ],
    lucky: [{ text: 'The reporter wrote to an address that somebody read at all.', actions: [1] }],
    additional: [],
  },
  actions: [
    {
      item: 'Compare every published address each day and send a test report through each public path each hour.',
      kind: 'Detect',
      factors: [1],
      evaluation:
        'A difference or a test report that is no case within 15 minutes raises an alarm; figures are published at https://ca.example/status.',
      dueOn: '2026-09-30',
      status: 'Ongoing',
    },
    {
      item: 'Revoke 6 hours after receipt without an answer, enforced by software.',
      kind: 'Prevent',
      factors: [2],
      evaluation: 'All proven compromises are revoked within 24 hours; figures in this bug each month.',
      dueOn: '2026-09-25',
      status: 'Ongoing',
    },
  ],
  certificates: [1, 2, 3, 4].map((n) => certificate(n)),
};

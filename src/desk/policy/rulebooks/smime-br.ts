/**
 * CA/Browser Forum Baseline Requirements for S/MIME certificates: fifteen rows, no wildcard row, no exemption for
 * short-lived certificates. The document ties no CRLReason to its rows (7.2.2 leaves it to the CP/CPS), so the reasons
 * here are those of the TLS row that says the same.
 */
import { type Citation, day, dutiesOf, hour, type Rulebook, type RuleRow, rulesOf } from '../rule.ts';

const v1010: Omit<Citation, 'section'> = {
  document: 'S/MIME BR',
  version: '1.0.10',
  effectiveFrom: '2025-07-02',
  effectiveUntil: null,
  lastChecked: '2025-07-02',
};

const fast = { limitSeconds: 24 * hour, reasonFrom: 'desk-default' } as const;
const slow = { limitSeconds: 5 * day, softLimitSeconds: 24 * hour, reasonFrom: 'desk-default' } as const;

const rows: readonly RuleRow[] = [
  {
    number: '01',
    kind: 'subscriber-request',
    trigger: 'The subscriber asks in writing for revocation, with or without a reason',
    ...fast,
    reason: null,
  },
  {
    number: '02',
    kind: 'request-unauthorised',
    trigger: 'The subscriber says that the original request was never authorised, and does not authorise it afterwards',
    ...fast,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '03',
    kind: 'key-compromise',
    trigger: 'There is evidence that the private key of the subscriber was compromised',
    ...fast,
    reason: 'keyCompromise',
  },
  {
    number: '04',
    kind: 'key-computable',
    trigger: 'A shown method computes the private key from the public key easily',
    ...fast,
    reason: 'keyCompromise',
  },
  {
    number: '05',
    kind: 'validation-unreliable',
    trigger: 'The validation of a domain or of control over a mailbox cannot be relied upon',
    ...fast,
    reason: 'superseded',
  },
  {
    number: '06',
    kind: 'key-parameters',
    trigger: 'The key no longer meets the sizes and parameters of 6.1.5 and 6.1.6',
    ...slow,
    reason: 'superseded',
  },
  {
    number: '07',
    kind: 'misuse',
    trigger: 'There is evidence that the certificate was misused',
    ...slow,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '08',
    kind: 'agreement-breach',
    trigger: 'The subscriber broke a material obligation of the subscriber agreement or terms of use',
    ...slow,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '09',
    kind: 'right-to-name-ended',
    trigger: 'The right to use a mail address or domain has ended (licence over, account inactive)',
    ...slow,
    reason: 'cessationOfOperation',
  },
  {
    number: '10',
    kind: 'information-changed',
    trigger: 'Information in the certificate has changed materially',
    ...slow,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '11',
    kind: 'issuance-non-compliant',
    trigger: "The certificate was not issued according to the requirements or the CA's own CP/CPS",
    ...slow,
    reason: 'superseded',
  },
  {
    number: '12',
    kind: 'information-inaccurate',
    trigger: 'Information in the certificate is wrong',
    ...slow,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '13',
    kind: 'right-to-issue-ended',
    trigger: "The CA's right to issue ends and nobody keeps up CRL and OCSP",
    ...slow,
    reason: null,
  },
  {
    number: '14',
    kind: 'policy-document',
    trigger: "The CA's CP/CPS demands revocation",
    ...slow,
    reason: null,
  },
  {
    number: '15',
    kind: 'key-exposed',
    trigger: 'A shown method exposes the private key to compromise, or the method that made the key was clearly flawed',
    ...slow,
    reason: 'keyCompromise',
    note: 'The desk keeps 24 hours unless two people sign otherwise.',
  },
  {
    number: '00',
    kind: 'undetermined',
    section: '4.9.1.1 (1-5)',
    trigger:
      'It is not known yet what the report alleges; the shortest limit that could apply governs until a person has looked',
    ...fast,
    reason: null,
  },
];

export const smimeBr: Rulebook = {
  id: 'smime-br',
  document:
    'CA/Browser Forum Baseline Requirements for the Issuance and Management of Publicly-Trusted S/MIME Certificates',
  versions: [
    {
      version: v1010.version,
      effectiveFrom: v1010.effectiveFrom,
      effectiveUntil: v1010.effectiveUntil,
      lastChecked: v1010.lastChecked,
      rules: rulesOf({ ...v1010, section: '4.9.1.1', prefix: 'SMIME', profile: 'smime' }, rows),
      duties: dutiesOf(v1010, [
        {
          id: 'CPR_PRELIM_SMIME',
          profile: 'smime',
          section: '4.9.5',
          fromEvent: 'cpr_received',
          toEvent: 'prelim_report_sent_both',
          limitSeconds: 24 * hour,
        },
        {
          id: 'REVOKE_24H_SMIME',
          profile: 'smime',
          section: '4.9.1.1 (1-5)',
          fromEvent: 'cpr_received',
          toEvent: 'revocation_published',
          limitSeconds: 24 * hour,
        },
        {
          id: 'REVOKE_5D_SMIME',
          profile: 'smime',
          section: '4.9.1.1 (6-15)',
          fromEvent: 'cpr_received',
          toEvent: 'revocation_published',
          limitSeconds: 5 * day,
          softLimitSeconds: 24 * hour,
        },
        {
          id: 'CRL_PERIOD_SMIME',
          profile: 'smime',
          section: '4.9.7',
          fromEvent: 'crl_this_update',
          toEvent: 'next_crl',
          limitSeconds: 7 * day,
        },
      ]),
    },
  ],
};

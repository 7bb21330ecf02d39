/**
 * CA/Browser Forum Baseline Requirements for TLS server certificates. The EV Guidelines leave their section 4.9 empty,
 * so these rows govern EV as well. Triggers carry the document's own numbers.
 */
import { type Citation, day, dutiesOf, hour, type Rulebook, type RuleRow, rulesOf } from '../rule.ts';

const v226: Omit<Citation, 'section'> = {
  document: 'TLS BR',
  version: '2.2.6',
  effectiveFrom: '2026-03-31',
  effectiveUntil: null,
  lastChecked: '2026-05-04',
};

const fast = { limitSeconds: 24 * hour } as const;
const slow = { limitSeconds: 5 * day, softLimitSeconds: 24 * hour } as const;

// TLS BR 4.9.1.1 with 7.2.2: the document ties a CRLReason to every row.
const subscriberRows: readonly RuleRow[] = [
  {
    number: '01',
    kind: 'subscriber-request',
    trigger: 'The subscriber asks in writing for revocation and gives no reason',
    ...fast,
    reason: null,
    note: 'A subscriber who states a reason gets that reason (7.2.2); the limit stays 24 hours by our default.',
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
    trigger:
      'A shown method computes the private key from the public key easily (Debian, ROCA, close or shared primes)',
    ...fast,
    reason: 'keyCompromise',
  },
  {
    number: '05',
    kind: 'validation-unreliable',
    trigger: 'The validation of a name in the certificate cannot be relied upon, or CAA was not checked or not obeyed',
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
    trigger: 'The right to use a name or address in the certificate has ended',
    ...slow,
    reason: 'cessationOfOperation',
  },
  {
    number: '10',
    kind: 'wildcard-misleading',
    trigger: 'A wildcard certificate was used to authenticate a fraudulently misleading name below it',
    ...slow,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '11',
    kind: 'information-changed',
    trigger: 'Information in the certificate has changed materially',
    ...slow,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '12',
    kind: 'issuance-non-compliant',
    trigger: "The certificate was not issued according to the requirements or the CA's own CP/CPS",
    ...slow,
    reason: 'superseded',
    note: 'Starts also when the CA finds it by itself; no report is needed.',
  },
  {
    number: '13',
    kind: 'information-inaccurate',
    trigger: 'Information in the certificate is wrong',
    ...slow,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '14',
    kind: 'right-to-issue-ended',
    trigger: "The CA's right to issue ends and nobody keeps up CRL and OCSP",
    ...slow,
    reason: null,
  },
  {
    number: '15',
    kind: 'policy-document',
    trigger: "The CA's CP/CPS demands revocation for a reason not listed elsewhere",
    ...slow,
    reason: null,
  },
  {
    number: '16',
    kind: 'key-exposed',
    trigger: 'A shown method exposes the private key to compromise, or the method that made the key was clearly flawed',
    ...slow,
    reason: 'keyCompromise',
    note: 'Carries keyCompromise with the long limit. The desk keeps 24 hours unless two people sign otherwise.',
  },
  {
    number: '00',
    kind: 'undetermined',
    section: '4.9.1.1 (1-5)',
    trigger:
      'It is not known yet what the report alleges; the shortest limit that could apply governs until a person has looked',
    ...fast,
    reason: null,
    reasonFrom: 'desk-default',
  },
  {
    number: 'SL',
    kind: 'short-lived',
    section: '4.9.1.1, 1.6.1',
    trigger: 'The certificate is short-lived: revoking it is optional, investigating and answering the report is not',
    limitSeconds: null,
    reason: null,
    revocationDuty: 'exempt',
    note: 'The exemption covers 4.9.1.1 only. The 24-hour duty of 4.9.5 stays, and a compromised key is blocked.',
  },
];

const sevenDays = { limitSeconds: 7 * day, reasonFrom: 'desk-default' } as const;

// TLS BR 4.9.1.2, same nine in the S/MIME and code signing documents. For CA certificates 7.2.2 always wants a reason
// but ties none to a row; these are ours.
const subordinateRows: readonly RuleRow[] = [
  {
    number: '1',
    kind: 'subscriber-request',
    trigger: 'The subordinate CA asks in writing for revocation',
    ...sevenDays,
    reason: 'cessationOfOperation',
  },
  {
    number: '2',
    kind: 'request-unauthorised',
    trigger: 'The subordinate CA says that the original request was never authorised',
    ...sevenDays,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '3',
    kind: 'key-compromise',
    trigger: "The subordinate CA's key was compromised or no longer meets 6.1.5 and 6.1.6",
    ...sevenDays,
    reason: 'keyCompromise',
  },
  {
    number: '4',
    kind: 'misuse',
    trigger: 'The certificate of the subordinate CA was misused',
    ...sevenDays,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '5',
    kind: 'issuance-non-compliant',
    trigger: 'The certificate was issued against the rules, or the subordinate CA does not follow them',
    ...sevenDays,
    reason: 'superseded',
  },
  {
    number: '6',
    kind: 'information-inaccurate',
    trigger: 'Information in the certificate is wrong or misleading',
    ...sevenDays,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '7',
    kind: 'agreement-breach',
    trigger: 'One of the two CAs ceases to operate and nobody provides revocation for it',
    ...sevenDays,
    reason: 'cessationOfOperation',
  },
  {
    number: '8',
    kind: 'right-to-issue-ended',
    trigger: 'The right to issue has ended and nobody keeps up CRL and OCSP',
    ...sevenDays,
    reason: 'cessationOfOperation',
  },
  {
    number: '9',
    kind: 'policy-document',
    trigger: "The issuing CA's CP/CPS demands revocation",
    ...sevenDays,
    reason: 'superseded',
  },
  {
    number: '0',
    kind: 'undetermined',
    section: '4.9.1.2',
    trigger: 'It is not known yet what the report alleges about the subordinate CA',
    ...sevenDays,
    reason: null,
  },
];

export const tlsBr: Rulebook = {
  id: 'tls-br',
  document:
    'CA/Browser Forum Baseline Requirements for the Issuance and Management of Publicly-Trusted TLS Server Certificates',
  versions: [
    {
      version: v226.version,
      effectiveFrom: v226.effectiveFrom,
      effectiveUntil: v226.effectiveUntil,
      lastChecked: v226.lastChecked,
      rules: [
        ...rulesOf({ ...v226, section: '4.9.1.1', prefix: 'TLS', profile: 'tls' }, subscriberRows),
        ...rulesOf({ ...v226, section: '4.9.1.2', prefix: 'SUBCA', profile: 'sub-ca' }, subordinateRows),
      ],
      duties: dutiesOf(v226, [
        {
          id: 'CPR_PRELIM_TLS',
          profile: 'tls',
          section: '4.9.5',
          fromEvent: 'cpr_received',
          toEvent: 'prelim_report_sent_both',
          limitSeconds: 24 * hour,
        },
        {
          id: 'REVOKE_24H_TLS',
          profile: 'tls',
          section: '4.9.1.1 (1-5), 4.9.5',
          fromEvent: 'cpr_received',
          toEvent: 'revocation_published',
          limitSeconds: 24 * hour,
        },
        {
          id: 'REVOKE_5D_TLS',
          profile: 'tls',
          section: '4.9.1.1 (6-16), 4.9.5',
          fromEvent: 'cpr_received',
          toEvent: 'revocation_published',
          limitSeconds: 5 * day,
          softLimitSeconds: 24 * hour,
        },
        {
          id: 'REVOKE_SUBCA',
          profile: 'sub-ca',
          section: '4.9.1.2',
          fromEvent: 'trigger_known',
          toEvent: 'revocation_published',
          limitSeconds: 7 * day,
        },
        {
          id: 'CRL_AFTER_RECORD',
          profile: 'tls',
          section: '4.9.7',
          fromEvent: 'recorded_revoked',
          toEvent: 'crl_published',
          limitSeconds: 24 * hour,
        },
        {
          id: 'CRL_PERIOD_NO_OCSP',
          profile: 'tls',
          section: '4.9.7',
          fromEvent: 'crl_this_update',
          toEvent: 'next_crl',
          limitSeconds: 4 * day,
        },
        {
          id: 'CRL_PERIOD_OCSP',
          profile: 'tls',
          section: '4.9.7',
          fromEvent: 'crl_this_update',
          toEvent: 'next_crl',
          limitSeconds: 7 * day,
        },
        {
          id: 'CRL_NEXTUPDATE_MAX',
          profile: 'tls',
          section: '7.2',
          fromEvent: 'crl_this_update',
          toEvent: 'crl_next_update',
          limitSeconds: 10 * day,
        },
        {
          id: 'OCSP_FIRST',
          profile: 'tls',
          section: '4.9.9',
          fromEvent: 'cert_or_precert_available',
          toEvent: 'ocsp_authoritative',
          limitSeconds: 900,
        },
        {
          id: 'OCSP_REFRESH',
          profile: 'tls',
          section: '4.9.9',
          fromEvent: 'ocsp_this_update',
          toEvent: 'next_response',
          limitSeconds: 4 * day,
        },
        {
          id: 'OCSP_VALIDITY_MAX',
          profile: 'tls',
          section: '4.9.9',
          fromEvent: 'this_update',
          toEvent: 'next_update',
          limitSeconds: 10 * day,
          softLimitSeconds: 7 * day, // MS TRP 3.2.2 is stricter.
        },
        {
          id: 'OCSP_VALIDITY_MIN',
          profile: 'tls',
          section: '4.9.9',
          fromEvent: 'this_update',
          toEvent: 'next_update',
          limitSeconds: 8 * hour,
          bound: 'at-least',
        },
        {
          id: 'MASSREV_TEST',
          profile: 'tls',
          section: '5.7.1.2',
          fromEvent: 'last_test',
          toEvent: 'next_test',
          limitSeconds: 365 * day,
        },
        {
          id: 'LOG_RETENTION',
          profile: 'tls',
          section: '5.4.3',
          fromEvent: 'certificate_expiry',
          toEvent: 'earliest_deletion',
          limitSeconds: 730 * day,
          bound: 'at-least',
        },
      ]),
    },
  ],
};

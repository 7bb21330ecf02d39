/**
 * CA/Browser Forum Baseline Requirements for code signing certificates. Two rows are stricter than for TLS: a key
 * exposed by method (24 hours here, 5 days there) and Suspect Code. There are no rows about domains, no exemption for
 * short-lived certificates, revocation dates are chosen (historic where appropriate), entries stay for ten years after
 * expiry, and this is the only document that knows a lawful delay, on request of an Application Software Supplier.
 * It ties no CRLReason to its rows; the reasons are ours.
 */
import { type Citation, day, dutiesOf, hour, type Rulebook, type RuleRow, rulesOf } from '../rule.ts';

const v3100: Omit<Citation, 'section'> = {
  document: 'Code Signing BR',
  version: '3.10.0',
  effectiveFrom: '2025-11-17',
  effectiveUntil: null,
  lastChecked: '2025-11-17',
};

const fast = { limitSeconds: 24 * hour, reasonFrom: 'desk-default' } as const;
const slow = { limitSeconds: 5 * day, softLimitSeconds: 24 * hour, reasonFrom: 'desk-default' } as const;

const rows: readonly RuleRow[] = [
  {
    number: '01',
    kind: 'subscriber-request',
    trigger: 'The subscriber asks in writing for revocation',
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
    note: 'revocationDate should be the earliest suspected compromise (4.9.1, 4.9.6).',
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
    kind: 'key-exposed',
    trigger: 'A shown method exposes the private key to compromise, or the method that made the key was clearly flawed',
    ...fast,
    reason: 'keyCompromise',
    note: '24 hours here, 5 days for TLS.',
  },
  {
    number: '06',
    kind: 'suspect-code',
    trigger: 'There is reasonable assurance that the certificate was used to sign Suspect Code',
    ...fast,
    reason: 'privilegeWithdrawn',
    note: 'Plausible notices must be acknowledged. A delay is lawful only when an Application Software Supplier asks for it.',
  },
  {
    number: '07',
    kind: 'key-parameters',
    trigger: 'The key no longer meets the sizes and parameters of 6.1.5 and 6.1.6',
    ...slow,
    reason: 'superseded',
  },
  {
    number: '08',
    kind: 'misuse',
    trigger: 'There is evidence that the certificate was misused',
    ...slow,
    reason: 'privilegeWithdrawn',
  },
  {
    number: '09',
    kind: 'agreement-breach',
    trigger: 'The subscriber broke a material obligation of the subscriber agreement or terms of use',
    ...slow,
    reason: 'privilegeWithdrawn',
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
    number: '00',
    kind: 'undetermined',
    section: '4.9.1.1 (1-6)',
    trigger:
      'It is not known yet what the report alleges; the shortest limit that could apply governs until a person has looked',
    ...fast,
    reason: null,
  },
];

export const codeSigningBr: Rulebook = {
  id: 'code-signing-br',
  document:
    'CA/Browser Forum Baseline Requirements for the Issuance and Management of Publicly-Trusted Code Signing Certificates',
  versions: [
    {
      version: v3100.version,
      effectiveFrom: v3100.effectiveFrom,
      effectiveUntil: v3100.effectiveUntil,
      lastChecked: v3100.lastChecked,
      rules: rulesOf({ ...v3100, section: '4.9.1.1', prefix: 'CS', profile: 'code-signing' }, rows),
      duties: dutiesOf(v3100, [
        {
          id: 'CPR_BEGIN_CS',
          profile: 'code-signing',
          section: '4.9.5',
          fromEvent: 'cpr_received',
          toEvent: 'investigation_begun',
          limitSeconds: 24 * hour,
        },
        {
          id: 'REVOKE_24H_CS',
          profile: 'code-signing',
          section: '4.9.1.1 (1-6)',
          fromEvent: 'cpr_received',
          toEvent: 'revocation_published',
          limitSeconds: 24 * hour,
        },
        {
          id: 'REVOKE_5D_CS',
          profile: 'code-signing',
          section: '4.9.1.1 (7-14)',
          fromEvent: 'cpr_received',
          toEvent: 'revocation_published',
          limitSeconds: 5 * day,
          softLimitSeconds: 24 * hour,
        },
        {
          id: 'STATUS_RETENTION_CS',
          profile: 'code-signing',
          section: '7.2, 4.10.1',
          fromEvent: 'certificate_expiry',
          toEvent: 'entry_removed',
          limitSeconds: 3653 * day, // ten years
          bound: 'at-least',
        },
      ]),
    },
  ],
};

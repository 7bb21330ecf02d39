/**
 * CCADB Policy (what the common database must hold, and by when) and the Incident Reporting Guidelines (what the
 * public must be told, and by when).
 */
import { type Citation, day, dutiesOf, hour, type Rulebook, rulesOf } from '../rule.ts';

const policy21: Omit<Citation, 'section'> = {
  document: 'CCADB Policy',
  version: '2.1',
  effectiveFrom: '2026-03-20',
  effectiveUntil: null,
  lastChecked: '2026-07-17',
};

const irg32: Omit<Citation, 'section'> = {
  document: 'CCADB IRG',
  version: '3.2',
  effectiveFrom: '2026-03-20',
  effectiveUntil: null,
  lastChecked: '2026-07-17',
};

export const ccadbPolicy: Rulebook = {
  id: 'ccadb-policy',
  document: 'Common CA Database Policy',
  versions: [
    {
      version: policy21.version,
      effectiveFrom: policy21.effectiveFrom,
      effectiveUntil: policy21.effectiveUntil,
      lastChecked: policy21.lastChecked,
      rules: [],
      duties: dutiesOf(policy21, [
        {
          id: 'IR_TEMPLATE_AGE',
          profile: 'any',
          section: '6.1',
          fromEvent: 'template_superseded',
          toEvent: 'report_posted',
          limitSeconds: 30 * day,
        },
        {
          id: 'CCADB_DEFAULT',
          profile: 'any',
          section: '1',
          fromEvent: 'change_completed',
          toEvent: 'ccadb_submitted',
          limitSeconds: 14 * day,
        },
        {
          id: 'CCADB_POLICYDOC',
          profile: 'any',
          section: '4',
          fromEvent: 'policy_effective',
          toEvent: 'ccadb_submitted',
          limitSeconds: 14 * day,
          softLimitSeconds: 7 * day,
        },
        {
          id: 'CCADB_CRLURL_REVOKE',
          profile: 'any',
          section: '6.2',
          fromEvent: 'first_revocation_for_url',
          toEvent: 'crl_url_disclosed',
          limitSeconds: 4 * hour,
        },
        {
          id: 'CCADB_CRLURL_ISSUE',
          profile: 'any',
          section: '6.2',
          fromEvent: 'first_cert_for_url',
          toEvent: 'crl_url_disclosed',
          limitSeconds: 7 * day,
        },
        {
          id: 'CCADB_SUBCA',
          profile: 'any',
          section: '3.2',
          fromEvent: 'subca_issued_or_revoked',
          toEvent: 'ccadb_disclosed',
          limitSeconds: 7 * day,
        },
      ]),
    },
  ],
};

export const ccadbIrg: Rulebook = {
  id: 'ccadb-irg',
  document: 'CCADB Incident Reporting Guidelines',
  versions: [
    {
      version: irg32.version,
      effectiveFrom: irg32.effectiveFrom,
      effectiveUntil: irg32.effectiveUntil,
      lastChecked: irg32.lastChecked,
      rules: rulesOf({ ...irg32, section: 'Incidents', prefix: 'CA', profile: 'any' }, [
        {
          number: 'CONDUCT',
          kind: 'no-certificate',
          section: 'Incidents',
          trigger:
            "The CA's own conduct is at issue and no subscriber certificate is concerned: no revocation limit, the incident clocks run",
          limitSeconds: null,
          reason: null,
          revocationDuty: 'none',
          note: 'The preliminary report within 24 hours (TLS BR 4.9.5) is owed all the same.',
        },
      ]),
      duties: dutiesOf(irg32, [
        {
          id: 'IR_INITIAL',
          profile: 'any',
          section: 'Initial disclosure',
          fromEvent: 'ca_aware_of_incident',
          toEvent: 'bugzilla_posted',
          limitSeconds: 72 * hour,
        },
        {
          id: 'IR_FULL',
          profile: 'any',
          section: 'Full report',
          fromEvent: 'initial_disclosure',
          toEvent: 'full_report_posted',
          limitSeconds: 14 * day,
        },
        {
          id: 'IR_COMMENT',
          profile: 'any',
          section: 'Responses',
          fromEvent: 'comment_posted',
          toEvent: 'reply_posted',
          limitSeconds: 7 * day,
          softLimitSeconds: 24 * hour,
        },
        {
          id: 'IR_UPDATE',
          profile: 'any',
          section: 'Updates',
          fromEvent: 'last_update',
          toEvent: 'next_update',
          limitSeconds: 7 * day,
        },
        {
          id: 'IR_ACTION_CHANGE',
          profile: 'any',
          section: 'Updates',
          fromEvent: 'action_item_changed',
          toEvent: 'update_posted',
          limitSeconds: 3 * day,
        },
        {
          id: 'IR_DELAY_UPDATE',
          profile: 'any',
          section: 'Updates (revocation-delay)',
          fromEvent: 'last_update',
          toEvent: 'next_update',
          limitSeconds: 7 * day,
          softLimitSeconds: 3 * day,
        },
      ]),
    },
  ],
};

/**
 * What root programs ask beyond the Baseline Requirements. Mozilla grants no exception from any revocation limit
 * (MRSP 6.1.3) and Microsoft removed its own (TRP 2.1.13), which is why there is no row for one.
 */
import { type Citation, day, dutiesOf, hour, type Rulebook, rulesOf } from '../rule.ts';

const microsoft12: Omit<Citation, 'section'> = {
  document: 'Microsoft TRP',
  version: '1.2',
  effectiveFrom: '2026-05-20',
  effectiveUntil: null,
  lastChecked: '2026-08-05',
};

const mozilla31: Omit<Citation, 'section'> = {
  document: 'MRSP',
  version: '3.1',
  effectiveFrom: '2026-07-01',
  effectiveUntil: null,
  lastChecked: '2026-06-26',
};

export const microsoftTrp: Rulebook = {
  id: 'microsoft-trp',
  document: 'Microsoft Trusted Root Program Requirements',
  versions: [
    {
      version: microsoft12.version,
      effectiveFrom: microsoft12.effectiveFrom,
      effectiveUntil: microsoft12.effectiveUntil,
      lastChecked: microsoft12.lastChecked,
      rules: rulesOf({ ...microsoft12, section: '2.1.13', prefix: 'MS', profile: 'any' }, [
        {
          number: 'NOTICE',
          kind: 'root-program-notice',
          section: '2.1.13',
          trigger: 'A root program gives notice that a certificate has to be revoked',
          limitSeconds: 24 * hour,
          reason: 'privilegeWithdrawn',
          reasonFrom: 'desk-default',
          note: 'Runs from receipt of the notice whatever the reason. Written for Microsoft; the desk treats every root program alike.',
        },
      ]),
      duties: dutiesOf(microsoft12, [
        {
          id: 'MS_NOTICE',
          profile: 'any',
          section: '2.1.13',
          fromEvent: 'ms_notice_received',
          toEvent: 'revocation_published',
          limitSeconds: 24 * hour,
        },
        {
          id: 'MS_SECINC',
          profile: 'any',
          section: 'security incident page',
          fromEvent: 'incident_discovered',
          toEvent: 'ms_notified',
          limitSeconds: 24 * hour,
        },
        {
          id: 'MS_SECINC_UPDATE',
          profile: 'any',
          section: 'security incident page',
          fromEvent: 'ms_last_update',
          toEvent: 'ms_next_update',
          limitSeconds: 24 * hour,
        },
      ]),
    },
  ],
};

export const mozillaRsp: Rulebook = {
  id: 'mozilla-rsp',
  document: 'Mozilla Root Store Policy',
  versions: [
    {
      version: mozilla31.version,
      effectiveFrom: mozilla31.effectiveFrom,
      effectiveUntil: mozilla31.effectiveUntil,
      lastChecked: mozilla31.lastChecked,
      rules: [],
      duties: dutiesOf(mozilla31, [
        {
          id: 'CRL_PERIOD_MOZILLA',
          profile: 'any',
          section: '6',
          fromEvent: 'crl_this_update',
          toEvent: 'next_crl',
          limitSeconds: 7 * day,
        },
        {
          id: 'CRL_NEXTUPDATE_MOZILLA',
          profile: 'any',
          section: '6',
          fromEvent: 'crl_this_update',
          toEvent: 'crl_next_update',
          limitSeconds: 10 * day,
        },
        {
          id: 'OCSP_REFRESH_MOZILLA',
          profile: 'any',
          section: '6',
          fromEvent: 'ocsp_this_update',
          toEvent: 'next_response',
          limitSeconds: 4 * day,
        },
        {
          id: 'CPS_REVIEW',
          profile: 'any',
          section: '3.3',
          fromEvent: 'last_cps_review',
          toEvent: 'next_cps_review',
          limitSeconds: 365 * day,
        },
      ]),
    },
  ],
};

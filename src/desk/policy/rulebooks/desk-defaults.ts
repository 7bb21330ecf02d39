/**
 * Limits that no document sets and the desk sets itself, plus the row for a message that owes nothing. The operator's
 * overlay may shorten them like any other.
 */
import { type Citation, dutiesOf, hour, type Rulebook, rulesOf } from '../rule.ts';

const v1: Omit<Citation, 'section'> = {
  document: 'Rescind desk policy',
  version: '1',
  effectiveFrom: '2026-03-31',
  effectiveUntil: null,
  lastChecked: '2026-11-23',
};

export const deskDefaults: Rulebook = {
  id: 'desk-defaults',
  document: 'Rescind desk policy (product defaults)',
  versions: [
    {
      version: v1.version,
      effectiveFrom: v1.effectiveFrom,
      effectiveUntil: v1.effectiveUntil,
      lastChecked: v1.lastChecked,
      rules: rulesOf({ ...v1, section: 'Triage', prefix: 'DESK', profile: 'any' }, [
        {
          number: 'NONE',
          kind: 'no-report',
          section: 'Triage',
          trigger: 'The message is not a certificate problem report',
          limitSeconds: null,
          reason: null,
          revocationDuty: 'none',
          reasonFrom: 'desk-default',
        },
      ]),
      duties: dutiesOf(v1, [
        {
          id: 'SUBSCRIBER_ANSWER',
          profile: 'any',
          section: 'Silence',
          fromEvent: 'notice_sent',
          toEvent: 'proceed_without_answer',
          limitSeconds: 6 * hour,
        },
        {
          id: 'AUTHENTICATE_REQUEST',
          profile: 'any',
          section: 'Subscriber requests',
          fromEvent: 'subscriber_request_received',
          toEvent: 'requester_authenticated',
          limitSeconds: 4 * hour,
        },
        {
          id: 'POPULATION_SWEEP',
          profile: 'any',
          section: 'Further instances',
          fromEvent: 'problem_known',
          toEvent: 'population_evaluated',
          limitSeconds: 120 * hour,
        },
      ]),
    },
  ],
};

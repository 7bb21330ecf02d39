/**
 * The ladders as shipped. The one for proven compromise is the commitment that came out of the incident this desk
 * exists for: six hours without an answer and the certificate goes. The operator's overlay may bring steps forward and
 * add some; it may not delay one or take one away.
 */
import type { LadderName, Step } from './ladder.ts';
import { hour } from './rule.ts';

const minute = 60;

const acknowledge: Step = {
  id: 'acknowledge',
  action: 'acknowledge',
  anchor: 'start',
  offsetSeconds: 5 * minute,
  audience: 'reporter',
  skipWhen: [],
  says: 'Acknowledge to the reporter, with case number and both limits.',
};

const page: Step = {
  id: 'page',
  action: 'page',
  anchor: 'start',
  offsetSeconds: 5 * minute,
  audience: 'on-call',
  skipWhen: ['published'],
  says: 'Page the person on call, day and night.',
};

const noticeAt = (offsetSeconds: number): Step => ({
  id: 'notice',
  action: 'notice',
  anchor: 'start',
  offsetSeconds,
  audience: 'subscriber',
  skipWhen: [],
  says: 'Tell the subscriber on every channel: what, which rule, until when, what to do.',
});

const adviseAt = (offsetSeconds: number): Step => ({
  id: 'advise-renewal',
  action: 'advise-renewal',
  anchor: 'start',
  offsetSeconds,
  audience: 'desk',
  skipWhen: ['published'],
  says: 'Move the ACME renewal window into the past, so that clients fetch a replacement.',
});

const contact = (
  id: string,
  action: 'second-channel' | 'call' | 'reminder' | 'last-call',
  anchor: 'start' | 'due',
  offsetSeconds: number,
  says: string,
): Step => ({ id, action, anchor, offsetSeconds, audience: 'subscriber', skipWhen: ['answered', 'accepted'], says });

const executive: Step = {
  id: 'executive-page',
  action: 'executive-page',
  anchor: 'due',
  offsetSeconds: 4 * hour,
  audience: 'executive',
  skipWhen: ['published'],
  says: 'Page the executive and compliance: relying parties still see the certificate as good.',
};

const draft: Step = {
  id: 'draft-incident',
  action: 'draft-incident',
  anchor: 'due',
  offsetSeconds: 4 * hour,
  audience: 'compliance',
  skipWhen: ['published'],
  says: 'Open the draft of the separate delay report (CCADB IRG 3.2).',
};

const force: Step = {
  id: 'force',
  action: 'force',
  anchor: 'due',
  offsetSeconds: hour,
  audience: 'desk',
  skipWhen: ['accepted', 'published'],
  says: 'Send the revocation again on every way there is, and page everybody.',
};

const breach: Step = {
  id: 'breach',
  action: 'breach',
  anchor: 'due',
  offsetSeconds: 0,
  audience: 'compliance',
  skipWhen: ['published'],
  says: 'The limit has passed: the 72 hours to the public report begin.',
};

const hardTrigger = (offsetSeconds: number, says: string): Step => ({
  id: 'hard-trigger',
  action: 'hard-trigger',
  anchor: 'start',
  offsetSeconds,
  audience: 'desk',
  skipWhen: ['accepted', 'published'],
  says,
});

const ends: readonly Step[] = [executive, draft, force, breach];

export const ladders: Readonly<Record<LadderName, readonly Step[]>> = {
  'proven-compromise': [
    acknowledge,
    page,
    noticeAt(15 * minute),
    adviseAt(15 * minute),
    contact('second-channel', 'second-channel', 'start', hour, 'Write again on a second channel.'),
    contact('call', 'call', 'start', 3 * hour, 'Call the subscriber.'),
    contact('last-call', 'last-call', 'start', 5 * hour, 'Last letter before the cut-off at six hours.'),
    {
      id: 'authorise',
      action: 'authorise',
      anchor: 'start',
      offsetSeconds: 6 * hour,
      audience: 'desk',
      skipWhen: ['authorised', 'accepted', 'published'],
      says: 'No answer for six hours: revocation is authorised. An answer could not have extended it beyond the rule.',
    },
    {
      id: 'revoke',
      action: 'revoke',
      anchor: 'start',
      offsetSeconds: 8 * hour,
      audience: 'desk',
      skipWhen: ['accepted', 'published'],
      says: 'Latest revocation of a proven compromise, whatever anybody agreed.',
    },
    hardTrigger(12 * hour, 'Hard trigger: revoke without any further veto.'),
    ...ends,
  ],
  'subscriber-request': [
    acknowledge,
    page,
    adviseAt(15 * minute),
    noticeAt(15 * minute),
    {
      id: 'revoke',
      action: 'revoke',
      anchor: 'start',
      offsetSeconds: hour,
      audience: 'desk',
      skipWhen: ['accepted', 'published'],
      says: "Revoke on the authenticated holder's own request.",
    },
    hardTrigger(12 * hour, 'Hard trigger: revoke without any further veto.'),
    ...ends,
  ],
  '24-hours': [
    acknowledge,
    page,
    noticeAt(30 * minute),
    adviseAt(30 * minute),
    contact('second-channel', 'second-channel', 'start', hour, 'Write again on a second channel.'),
    contact('call', 'call', 'start', 3 * hour, 'Call the subscriber.'),
    {
      id: 'page-decision',
      action: 'page',
      anchor: 'start',
      offsetSeconds: 6 * hour,
      audience: 'on-call',
      skipWhen: ['authorised', 'accepted', 'published'],
      says: 'Six hours gone and nobody has decided: page again.',
    },
    contact('last-call', 'last-call', 'start', 8 * hour, 'Last letter before revocation.'),
    hardTrigger(12 * hour, 'Hard trigger: whoever is named by the policy decides now.'),
    ...ends,
  ],
  '5-days': [
    acknowledge,
    page,
    noticeAt(30 * minute),
    adviseAt(30 * minute),
    contact('second-channel', 'second-channel', 'start', hour, 'Write again on a second channel.'),
    contact('call', 'call', 'start', 3 * hour, 'Call the subscriber.'),
    {
      id: 'page-decision',
      action: 'page',
      anchor: 'start',
      offsetSeconds: 20 * hour,
      audience: 'on-call',
      skipWhen: ['authorised', 'accepted', 'published'],
      says: 'The 24 hours that SHOULD be kept end in four: page again.',
    },
    contact('reminder-1', 'reminder', 'start', 24 * hour, 'Remind the subscriber.'),
    contact('reminder-2', 'reminder', 'start', 48 * hour, 'Remind the subscriber.'),
    contact('reminder-3', 'reminder', 'start', 72 * hour, 'Remind the subscriber and call.'),
    contact('last-call', 'last-call', 'start', 90 * hour, 'Last letter before revocation.'),
    hardTrigger(96 * hour, 'Hard trigger: revoke, a day before the limit.'),
    ...ends,
  ],
  '7-days': [
    acknowledge,
    page,
    noticeAt(30 * minute),
    contact('second-channel', 'second-channel', 'start', hour, 'Write again on a second channel.'),
    contact('call', 'call', 'start', 3 * hour, 'Call the operator of the subordinate CA.'),
    contact('reminder-1', 'reminder', 'start', 24 * hour, 'Remind the operator of the subordinate CA.'),
    contact('reminder-2', 'reminder', 'start', 72 * hour, 'Remind the operator of the subordinate CA.'),
    {
      ...page,
      id: 'page-decision',
      offsetSeconds: 96 * hour,
      skipWhen: ['authorised', 'accepted', 'published'],
      says: 'Four days gone and nobody has decided: page again.',
    },
    hardTrigger(120 * hour, 'Hard trigger: decide now, two days before the limit.'),
    { ...executive, offsetSeconds: 24 * hour },
    { ...draft, offsetSeconds: 24 * hour },
    force,
    breach,
  ],
  // A bare claim: the answer within 24 hours asks for proof and nothing is revoked on a word. The clock runs visibly.
  unproven: [
    acknowledge,
    page,
    {
      id: 'page-decision',
      action: 'page',
      anchor: 'start',
      offsetSeconds: 6 * hour,
      audience: 'on-call',
      skipWhen: ['authorised', 'accepted', 'published'],
      says: 'Six hours gone and nobody has judged the claim: page again.',
    },
    {
      id: 'page-last',
      action: 'page',
      anchor: 'due',
      offsetSeconds: 12 * hour,
      audience: 'on-call',
      skipWhen: ['authorised', 'accepted', 'published'],
      says: 'Twelve hours left: close the claim with a reason, or act on it.',
    },
    { ...executive, says: 'Page the executive and compliance: an unjudged claim reaches its limit.' },
    breach,
  ],
  'no-limit': [
    acknowledge,
    page,
    {
      id: 'page-decision',
      action: 'page',
      anchor: 'start',
      offsetSeconds: 12 * hour,
      audience: 'on-call',
      skipWhen: ['taken'],
      says: 'Half of the time for the preliminary report is gone: page again.',
    },
  ],
};

import type { Policy } from '../../desk/policy/cps-overlay.ts';
import { type LadderName, ladderNames, stepsFor } from '../../desk/policy/ladder.ts';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type * as c from '../contract/index.ts';

const limitHours: Readonly<Record<LadderName, number | null>> = {
  'proven-compromise': 24,
  'subscriber-request': 24,
  '24-hours': 24,
  '5-days': 120,
  '7-days': 168,
  unproven: 24,
  'no-limit': null,
};

/** Every ladder of the policy as it would run for a case that starts at `start`. Changes nothing. */
export function presentLadders(policy: Policy, start: Instant, now: Instant): c.Ladders {
  return {
    now: rfc3339(now),
    startAt: rfc3339(start),
    document: policy.document,
    version: policy.version,
    silenceSeconds: policy.silenceSeconds,
    publishMarginSeconds: policy.publishMarginSeconds,
    approvals: Object.entries(policy.approvals).map(([act, people]) => ({ act, people })),
    rows: ladderNames.map((name) => {
      const hours = limitHours[name];
      const due = hours === null ? null : start.add({ hours });
      return {
        name,
        dueAt: due === null ? null : rfc3339(due),
        revokeBy: due === null ? null : rfc3339(due.subtract({ seconds: policy.publishMarginSeconds })),
        steps: stepsFor(policy.ladders[name], start, due).map(({ at, step }) => ({
          id: step.id,
          action: step.action,
          at: rfc3339(at),
          anchor: step.anchor,
          offsetSeconds: step.offsetSeconds,
          audience: step.audience,
          says: step.says,
          skipWhen: [...step.skipWhen],
        })),
      };
    }),
  };
}

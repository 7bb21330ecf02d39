/**
 * From what instant a limit is counted. Today: from receipt (TLS BR 4.9.5), whatever happened to the message next. An
 * open draft ballot would count from the decision that a report is actionable; it is here so that both can be shown
 * side by side, is off by default, and cannot be switched on before its own effective date.
 */
import { earliest, hasCome, type Instant } from '../../foundation/time/time.ts';
import { effectiveAt } from './in-force.ts';
import { hour } from './rule.ts';

export interface ClockProfile {
  readonly id: 'receipt' | 'draft-622';
  readonly document: string;
  readonly status: 'in-force' | 'draft';
  /** `YYYY-MM-DD`: the profile binds nothing before. */
  readonly effectiveFrom: string;
  readonly lastChecked: string;
  readonly inWords: string;
}

export const receiptProfile: ClockProfile = {
  id: 'receipt',
  document: 'TLS BR 2.2.6 section 4.9.5',
  status: 'in-force',
  effectiveFrom: '2026-03-31',
  lastChecked: '2026-05-04',
  inWords: 'Every limit runs from receipt of the report, anywhere at the CA, to published revocation.',
};

export const draft622Profile: ClockProfile = {
  id: 'draft-622',
  document: 'TLS BR draft ballot, pull request 622, text of 2026-03-18',
  status: 'draft',
  effectiveFrom: '2027-02-15', // As quoted 2026-09-02; whether the ballot passed is not known.
  lastChecked: '2026-09-02',
  inWords:
    '24 hours to decide whether the report is actionable; 24 hours from then to report findings; the revocation limit runs from then too.',
};

export const clockProfiles: readonly ClockProfile[] = [receiptProfile, draft622Profile];

/** Duties of the draft, in seconds, for the screen that compares. */
const draft622Limits = {
  decideActionable: 24 * hour,
  reportFindings: 24 * hour,
  evaluatePopulation: 120 * hour,
} as const;

export interface ClockQuestion {
  readonly receivedAt: Instant;
  /** When the report was found actionable, or a request authenticated; null while undecided. */
  readonly actionableAt: Instant | null;
  /** The rule's limit after the overlay; null without a duty to revoke. */
  readonly limitSeconds: number | null;
}

export interface Clocks {
  readonly profile: ClockProfile['id'];
  readonly startAt: Instant;
  readonly reportDueAt: Instant;
  readonly revokeDueAt: Instant | null;
}

/** Both readings, the one that binds first. The draft's start is only ever shown unless it binds. */
export function clocksOf(
  question: ClockQuestion,
  binding: ClockProfile['id'],
  now: Instant,
): { readonly binding: Clocks; readonly forInformation: Clocks } {
  const receipt = underReceipt(question);
  const draft = underDraft(question);
  return bindsDraft(binding, now)
    ? { binding: draft, forInformation: receipt }
    : { binding: receipt, forInformation: draft };
}

/** True only when it was chosen and its effective date has come: choosing it early changes nothing. */
function bindsDraft(chosen: ClockProfile['id'], now: Instant): boolean {
  return chosen === 'draft-622' && hasCome(effectiveAt(draft622Profile.effectiveFrom), now);
}

function underReceipt({ receivedAt, limitSeconds }: ClockQuestion): Clocks {
  return {
    profile: 'receipt',
    startAt: receivedAt,
    reportDueAt: receivedAt.add({ seconds: 24 * hour }),
    revokeDueAt: limitSeconds === null ? null : receivedAt.add({ seconds: limitSeconds }),
  };
}

/** An undecided report counts as found actionable when the time to decide ends: never later. */
function underDraft({ receivedAt, actionableAt, limitSeconds }: ClockQuestion): Clocks {
  const decideBy = receivedAt.add({ seconds: draft622Limits.decideActionable });
  const startAt = actionableAt === null ? decideBy : earliest(actionableAt, decideBy);
  return {
    profile: 'draft-622',
    startAt,
    reportDueAt: startAt.add({ seconds: draft622Limits.reportFindings }),
    revokeDueAt: limitSeconds === null ? null : startAt.add({ seconds: limitSeconds }),
  };
}

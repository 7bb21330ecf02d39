/**
 * What the public is owed, and by when, while an incident is open: 72 hours to the first post, 14 days to the full
 * report, 7 days to answers and updates, 3 days after an action item changed, and more often while a revocation is
 * delayed (CCADB IRG 3.2). Limits come from the rulebook; nothing here is a number.
 */
import { dutyById } from '../../desk/policy/in-force.ts';
import { hasCome, type Instant, isBefore, latest } from '../../foundation/time/time.ts';

export interface IncidentState {
  /** When the CA became aware of the failure; the first clock's start. */
  readonly awareAt: Instant;
  /** First public post, ours or our reply to somebody else's; null while there is none. */
  readonly disclosedAt: Instant | null;
  readonly fullReportAt: Instant | null;
  readonly lastUpdateAt: Instant | null;
  /** `Next update` of the whiteboard; null: every seven days. */
  readonly nextUpdateAt: Instant | null;
  /** Comments without an answer yet. */
  readonly openComments: readonly Instant[];
  /** Action items changed, completed or delayed since the last update. */
  readonly actionChanges: readonly Instant[];
  readonly revocationDelay: boolean;
  /** Once asked for, no periodic update is owed any more unless somebody asks. */
  readonly closureRequestedAt: Instant | null;
  readonly closedAt: Instant | null;
}

export interface IncidentClock {
  readonly duty: string;
  readonly what: string;
  readonly startAt: Instant;
  readonly dueAt: Instant;
  /** SHOULD, where the guidelines have one. */
  readonly softDueAt: Instant | null;
}

/** Open duties, soonest first. Empty when the incident is closed. */
export function incidentClocks(state: IncidentState): readonly IncidentClock[] {
  if (state.closedAt !== null) return [];
  const clocks: IncidentClock[] = [];
  const owe = (duty: string, what: string, startAt: Instant) => {
    const { limitSeconds, softLimitSeconds } = dutyById(duty, startAt);
    clocks.push({
      duty,
      what,
      startAt,
      dueAt: startAt.add({ seconds: limitSeconds }),
      softDueAt: softLimitSeconds === null ? null : startAt.add({ seconds: softLimitSeconds }),
    });
  };

  if (state.disclosedAt === null) owe('IR_INITIAL', 'Post the preliminary or the full report.', state.awareAt);
  else if (state.fullReportAt === null) owe('IR_FULL', 'Post the full report.', state.disclosedAt);
  for (const comment of state.openComments) owe('IR_COMMENT', 'Answer a comment.', comment);

  if (state.disclosedAt !== null && state.closureRequestedAt === null) {
    const last = latest(state.disclosedAt, state.lastUpdateAt ?? state.disclosedAt);
    if (state.revocationDelay) {
      owe('IR_DELAY_UPDATE', 'Post how many are revoked, not yet revoked and expired, and the estimate.', last);
    } else if (state.nextUpdateAt === null || hasCome(state.nextUpdateAt, last)) {
      owe('IR_UPDATE', 'Post an update.', last);
    } else {
      clocks.push({
        duty: 'IR_UPDATE',
        what: 'Post an update by the agreed date.',
        startAt: last,
        dueAt: state.nextUpdateAt,
        softDueAt: null,
      });
    }
    const changed = state.actionChanges.filter((at) => isBefore(last, at));
    for (const at of changed) owe('IR_ACTION_CHANGE', 'Tell that an action item changed.', at);
  }
  return clocks.toSorted((a, b) => Temporal.Instant.compare(a.dueAt, b.dueAt));
}

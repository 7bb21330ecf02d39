/**
 * One message read for triage alone, without storing anything: what the command line shows and what the rules lab
 * replays. The stages meet here: mail is read, the reading room's search looks for keys, triage judges, and intake
 * says when the message was received.
 */
import { clockStart } from '../desk/clock/receipt-mark.ts';
import { type EvidenceItem, type Triage, verdicts } from '../desk/facts.ts';
import type { Message } from '../foundation/mail/message.ts';
import { unreadableProblems } from '../foundation/mail/read-message.ts';
import type { Instant } from '../foundation/time/time.ts';
import { openReport } from '../stages/evidence/room/read.ts';
import { receiptMarks, receivedAtOf, trustOfHost } from '../stages/intake/marks.ts';
import { type Rules, rulesInForce } from '../stages/triage/rules.ts';
import { triage } from '../stages/triage/triage.ts';

export interface ReadForTriage {
  readonly triage: Triage;
  /** This message's own acceptance by the host that receives for us; null when it never passed there. */
  readonly receivedAt: Instant | null;
  /** The earliest trusted mark; null when there is none. */
  readonly clockStart: Instant | null;
  /** Why the message, or part of it, could not be read; null when all of it was. */
  readonly problem: string | null;
}

export interface TriageSurroundings {
  /** The host that accepts mail for us, as it calls itself in `Received … by`. */
  readonly receivedBy: string;
  readonly ownDomains: (name: string) => boolean;
  /** For the evidence search, which dates its proofs. */
  readonly now: Instant;
}

/** Nothing of these can be judged by what was read. */
const unread: ReadonlySet<string> = new Set(['unreadable', 'empty', 'headers_missing', 'too_large']);

/** A message that has been opened and searched, to be judged under any rules. */
export type Judge = (rules: Rules) => Triage;

export async function readForTriage(bytes: Uint8Array, surroundings: TriageSurroundings): Promise<ReadForTriage> {
  const { message, judge, problem } = await openForTriage(bytes, surroundings);
  const trust = trustOfHost(surroundings.receivedBy);
  return {
    triage: judge(rulesInForce()),
    receivedAt: receivedAtOf(message, surroundings.receivedBy),
    clockStart: clockStart(receiptMarks({ message, acceptance: null, trust }))?.at ?? null,
    problem,
  };
}

export async function openForTriage(
  bytes: Uint8Array,
  surroundings: Pick<TriageSurroundings, 'ownDomains' | 'now'>,
): Promise<{ readonly message: Message; readonly judge: Judge; readonly problem: string | null }> {
  const opened = await openReport({
    bytes,
    identity: null,
    kind: 'message',
    name: '',
    reportId: 'triage',
    receivedAt: surroundings.now.toString(),
    passphrases: [],
    challenges: [],
    careful: false,
  });
  const { message, objects, evidence } = await opened.judge({ keys: [], enrolledCsrs: [] });
  const problem = message.problems.find((code) => unreadableProblems.has(code)) ?? null;
  const judge: Judge = (rules) => {
    const proposed = triage(message, {
      objects,
      ownDomains: surroundings.ownDomains,
      verdictStrongest: strongest(evidence),
      thresholds: rules.thresholds,
      rules,
    });
    return problem !== null && unread.has(problem) ? unreadable(proposed) : proposed;
  };
  return { message, judge, problem };
}

function strongest(evidence: readonly EvidenceItem[]): EvidenceItem['verdict'] | null {
  return verdicts.find((verdict) => evidence.some((item) => item.verdict === verdict)) ?? null;
}

/** Worst case until a person has looked: a message that cannot be read may be anything. */
function unreadable(proposed: Triage): Triage {
  return {
    ...proposed,
    label: proposed.label === 'not-a-report' ? 'other-problem' : proposed.label,
    action: 'human-review',
    deadlineHours: 24,
    route: proposed.route ?? 'pki-team',
    because: [{ signal: 'the message could not be read', weight: 0, excerpt: '' }, ...proposed.because],
  };
}

/** Open, ask a person, or file. The order of the guards is the promise: evidence and doubt are never filed. */
import type { Because, Triage } from '../../desk/facts.ts';
import { unreadableProblems } from '../../foundation/mail/read-message.ts';
import { knownLanguages } from './language.ts';
import type { Thresholds } from './thresholds.ts';

export interface DecisionFacts {
  readonly report: boolean;
  readonly score: number;
  /** It speaks of certificates, keys or fraud at all. */
  readonly anchored: boolean;
  /** In words; empty when the message carries none. */
  readonly evidence: readonly string[];
  readonly language: string;
  /** Letters of the writer's own text. */
  readonly letters: number;
  /** Somebody speaks against a revocation or asks for time. */
  readonly objects: boolean;
  readonly unreadable: readonly string[];
  readonly thresholds: Thresholds;
}

export function decideAction(facts: DecisionFacts): { action: Triage['action']; why: Because[] } {
  const { report, score, anchored, evidence, language, letters, objects, unreadable, thresholds } = facts;
  const ask = (signal: string) => ({ action: 'human-review' as const, why: [{ signal, weight: 0, excerpt: '' }] });
  const unknown = !knownLanguages.has(language) && letters >= lettersMin;
  if (report && unknown && score < sureInAnyLanguage) return ask('a language that triage does not know');
  if (report && !anchored && evidence.length === 0 && score < sureWithoutAnchor)
    return ask('names nothing that is ours to judge');
  if (report && score >= thresholds.openFrom) return { action: 'open-case', why: [] };
  if (report) return ask('not sure enough to open a case alone');
  if (evidence.length > 0) return ask('evidence is never filed unseen');
  if (unreadable.some((code) => unreadableProblems.has(code))) return ask('part of the message could not be read');
  if (objects) return ask('speaks against a revocation or asks for time');
  if (score >= (anchored ? thresholds.fileBelow : thresholds.fileStrangersBelow)) return ask('could be a report');
  if (unknown) return ask('a language that triage does not know');
  return { action: 'file', why: [] };
}

/** Fewer letters are no text in any language: a number, a name, "ok". */
const lettersMin = 16;
/** Words of a report without any word of our trade: rare, and mostly a stranger's mail about something else. */
const sureWithoutAnchor = 0.95;
/** A key in the message speaks for itself. */
const sureInAnyLanguage = 0.98;

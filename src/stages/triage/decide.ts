/** Open, ask a person, or file. The order of the guards is the promise: evidence and doubt are never filed. */
import type { Because, Triage } from '../../desk/facts.ts';
import { unreadableProblems } from '../../foundation/mail/read-message.ts';
import { knownLanguages } from './language.ts';
import type { Thresholds } from './thresholds.ts';

export interface DecisionFacts {
  readonly report: boolean;
  readonly score: number;
  /** In words; empty when the message carries none. */
  readonly evidence: readonly string[];
  readonly language: string;
  readonly unreadable: readonly string[];
  readonly thresholds: Thresholds;
}

export function decideAction(facts: DecisionFacts): { action: Triage['action']; why: Because[] } {
  const { report, score, evidence, language, unreadable, thresholds } = facts;
  const ask = (signal: string) => ({ action: 'human-review' as const, why: [{ signal, weight: 0, excerpt: '' }] });
  if (report && score >= thresholds.openFrom) return { action: 'open-case', why: [] };
  if (report) return ask('not sure enough to open a case alone');
  if (evidence.length > 0) return ask('evidence is never filed unseen');
  if (unreadable.some((code) => unreadableProblems.has(code))) return ask('part of the message could not be read');
  if (score >= thresholds.fileBelow) return ask('could be a report');
  if (language !== 'und' && !knownLanguages.has(language)) return ask('a language that triage does not know');
  return { action: 'file', why: [] };
}

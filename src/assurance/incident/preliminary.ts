/**
 * The first post, within 72 hours of awareness, and the last one, when everything promised is done. Both in the
 * published labels of IRG 3.2.
 */
import { absolute, toComplete } from './draft-words.ts';
import type { IncidentFacts } from './facts.ts';
import { closingSentence, closureTitle, preliminaryTitle } from './template.ts';

export interface PreliminaryFacts
  extends Pick<
    IncidentFacts,
    'description' | 'policies' | 'source' | 'caOwner' | 'startAt' | 'identifiedAt' | 'endAt' | 'certificatesTotal'
  > {
  /** Whether it still goes on: the first post has to say so. */
  readonly contained: boolean;
}

export function preliminaryReport(facts: PreliminaryFacts): string {
  const known = [
    facts.startAt === null ? null : `began ${absolute(facts.startAt)}`,
    facts.identifiedAt === null ? null : `was identified ${absolute(facts.identifiedAt)}`,
    facts.endAt === null ? null : `ended ${absolute(facts.endAt)}`,
  ].filter((part) => part !== null);
  const impact = `As far as known, ${facts.certificatesTotal} certificate(s) are affected. The incident is ${facts.contained ? 'contained' : 'ongoing'}.`;
  const policies = facts.policies.map((p) => `${p.document} ${p.version}, section ${p.section}`).join('; ');
  return [
    `## ${preliminaryTitle}`,
    '',
    '### Summary',
    '',
    `- **CA Owner CCADB unique ID:** ${facts.caOwner.ccadbId ?? toComplete('A and six digits, from the CCADB')}`,
    `- **Incident description:** ${facts.description.replace(/\s*\n\s*/g, ' ')} ${impact}${known.length === 0 ? '' : ` It ${known.join(', ')}.`}`,
    `- **Relevant policies:** ${policies || toComplete('document, version and section')}`,
    `- **Source of incident disclosure:** ${facts.source}`,
    '',
  ].join('\n');
}

export interface ClosureFacts {
  readonly description: string;
  readonly rootCauses: readonly string[];
  readonly remediation: string;
  readonly commitments: readonly string[];
  /** The published sentence, from configuration; null: ours. */
  readonly sentence: string | null;
}

/** IRG 3.2: beside posting it, set "Request information from" to the CCADB's address. */
export function closureReport(facts: ClosureFacts): string {
  const line = (text: string) => text.replace(/\s*\n\s*/g, ' ');
  return [
    `### ${closureTitle}`,
    '',
    `- **Incident description:** ${line(facts.description)}`,
    `- **Incident Root Cause(s):** ${facts.rootCauses.map(line).join('; ')}`,
    `- **Remediation description:** ${line(facts.remediation)}`,
    `- **Commitment summary:** ${facts.commitments.length === 0 ? 'N/A' : facts.commitments.map(line).join('; ')}`,
    '',
    facts.sentence ?? closingSentence,
    '',
  ].join('\n');
}

import type { EvidenceView } from '../../../api/contract/index.ts';

/** `7 clean; unknown: debian, leaked`: what is not clean is named, what is clean is counted. */
export function checksInShort(findings: EvidenceView['findings']): string {
  const clean = findings.filter((f) => f.verdict === 'clean').length;
  const named = (['computable', 'parameter', 'unknown'] as const).flatMap((verdict) => {
    const checks = findings.filter((f) => f.verdict === verdict).map((f) => f.check);
    return checks.length === 0 ? [] : [`${verdict}: ${checks.join(', ')}`];
  });
  return [clean === 0 ? null : `${clean} clean`, ...named].filter((part) => part !== null).join('; ');
}

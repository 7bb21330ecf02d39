import type { EvidenceItem } from '../desk/facts.ts';
import type { CaseId } from '../foundation/brand.ts';
import type { Instant } from '../foundation/time/time.ts';
import type { BlockedKeys } from './ports.ts';

/** A proven key that no certificate of ours carries is blocked all the same: nobody may get one for it tomorrow (FM22). */
export async function blockForeignKeys(
  blocked: BlockedKeys,
  caseId: CaseId,
  evidence: readonly EvidenceItem[],
  now: Instant,
): Promise<void> {
  const proven = evidence.filter((e) => e.verdict === 'proven-key' || e.verdict === 'proven-statement');
  const foreign = proven.flatMap((e) => (e.matches.length > 0 || e.spkiSha256 === null ? [] : [e.spkiSha256]));
  if (foreign.length > 0) await blocked.block(foreign, { caseId, verdict: 'proven-key' }, now);
}

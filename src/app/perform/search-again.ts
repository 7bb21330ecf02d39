/**
 * The second lookup of proven keys, after they were blocked. The first one can miss what was issued between the lookup
 * and the block, and whatever the inventory had not been told yet; nothing else would ever find those certificates.
 */
import type { Case, Report } from '../../desk/case.ts';
import { decide } from '../../desk/decide.ts';
import type { Event, InventoryReach } from '../../desk/events.ts';
import type { CertificateFacts } from '../../desk/facts.ts';
import { proves } from '../../desk/facts.ts';
import { provenKeys } from '../../desk/plan.ts';
import { isRefusal } from '../../desk/refusal.ts';
import { hasCome, type Instant, minutes, seconds } from '../../foundation/time/time.ts';
import type { CoreParts } from '../ports.ts';
import { newMattersFor, scopeOf } from '../read-report.ts';
import type { LetterParts } from './letters.ts';
import type { EvidenceParts } from './look-for-evidence.ts';
import type { Ground } from './perform.ts';

type Parts = CoreParts & Pick<EvidenceParts, 'finder'> & Pick<LetterParts, 'inventoryReach'>;

/** After the verdict. The first is planned by the desk; the others follow while the inventory lags behind. */
const searchesAfter = [minutes(1), minutes(10), minutes(60), minutes(360), minutes(1_440)] as const;
/** A key is blocked within seconds of its verdict; an inventory that reaches past this has seen what slipped through. */
const blockedAfter = seconds(30);

export async function searchAgain(parts: Parts, ground: Ground, report: Report): Promise<void> {
  const keys = provenKeys(report);
  // How far it reaches is asked first: what is indexed in between only makes the answer better than stated.
  const reach = await parts.inventoryReach();
  const fresh = await notYetInCase(parts, ground.case, await parts.finder.byKeys(keys));
  const after = report.verdictAt ?? ground.now;
  const next = conclusive(reach, after.add(blockedAfter)) ? undefined : searchesAfter[report.searches + 1];
  const searched: Event = {
    type: 'CertificatesSearched',
    at: ground.now,
    by: 'desk',
    reportId: report.reportId,
    keys: keys.length,
    found: fresh.length,
    reach,
    searchAgainAt: next === undefined ? null : after.add(next),
  };
  await ground.append(...(fresh.length === 0 ? [] : await matters(parts, ground, report, fresh)), searched);
}

/** Rows indexed at least as many as issued, and read past the block (promise: no false "no match"). */
function conclusive(reach: InventoryReach, since: Instant): boolean {
  if (reach.issued === null || reach.untilAt === null) return false;
  return reach.indexed >= reach.issued && hasCome(since, reach.untilAt);
}

/** Also those of closed matters are known: what a person decided about them stands. */
async function notYetInCase(
  parts: Parts,
  current: Case,
  certificates: readonly CertificateFacts[],
): Promise<readonly CertificateFacts[]> {
  if (certificates.length === 0) return [];
  const places = await parts.sets.places(certificates.map((c) => c.fingerprint));
  const known = new Set(places.flatMap((p) => (p.caseId === current.caseId ? [p.fingerprint] : [])));
  return certificates.filter((c) => !known.has(c.fingerprint));
}

async function matters(
  parts: Parts,
  ground: Ground,
  report: Report,
  byKey: readonly CertificateFacts[],
): Promise<readonly Event[]> {
  if (report.triage === null) return [];
  const evidence = report.evidence.filter((item) => proves(item.verdict));
  const read = { report, triage: report.triage, evidence, named: [], byKey, awaiting: null, thread: null };
  const groups = scopeOf(parts, read, ground.now);
  const found = await newMattersFor(parts, ground.case, report, groups, ground.now);
  const decision = decide(
    ground.case,
    { do: 'add-evidence', reportId: report.reportId, evidence: [], awaiting: null, ...found },
    { now: ground.now, by: 'desk' },
  );
  return isRefusal(decision) ? [] : decision;
}

/**
 * What ARI sees replaced, told to the cases: `ReplacementSeen` with the number so far, and the replaced certificates first
 * in the order of revocation, because whoever has replaced loses nothing by it. No deadline moves by it.
 */
import { changeCase, loadCase } from '../app/change-case.ts';
import type { Case } from '../desk/case.ts';
import type { CaseId, Fingerprint } from '../foundation/brand.ts';
import { hasCome, hours, type Instant, seconds } from '../foundation/time/time.ts';
import type { Desk } from './wiring.ts';

type Parts = Pick<Desk, 'parts' | 'store' | 'pool' | 'time'>;

/** Before everything else of its set; members begin at 0. */
const replacedPriority = -1;
const lookEvery = seconds(10);
/** What the inventory learnt by other ways (CT, an import) is found by looking again. */
const sweepAgainAfter = hours(1);

export async function noteReplaced(
  { parts, store, pool, time }: Parts,
  seen: readonly { readonly fingerprint: Fingerprint }[],
): Promise<void> {
  const places = await parts.sets.places(seen.map((one) => one.fingerprint));
  for (const [setId, members] of Map.groupBy(places, (place) => place.setId)) {
    await store.certificates.amend(
      setId,
      members.map((member) => member.fingerprint),
      { priority: replacedPriority },
    );
    const { rows } = await pool.query<{ replaced: string }>(
      'SELECT count(*) AS replaced FROM store.affected_certificate WHERE set_id = $1 AND priority < 0',
      [setId],
    );
    await record({ parts, time }, members[0]!.caseId, setId, Number(rows[0]?.replaced ?? 0));
  }
}

async function record(
  { parts, time }: Pick<Parts, 'parts' | 'time'>,
  caseId: CaseId,
  setId: string,
  count: number,
): Promise<void> {
  // A set is made before its case; one whose case never came has nobody to tell.
  if ((await loadCase(parts.cases, caseId)) === null) return;
  const at = time.now();
  const news = (current: Case | null) => {
    const matter = current?.matters.find((m) => m.set.setId === setId && m.closed === null && m.replaced < count);
    return {
      do: 'record',
      events:
        matter === undefined
          ? []
          : [{ type: 'ReplacementSeen', at, by: 'desk', matterId: matter.matterId, count } as const],
    } as const;
  };
  await changeCase(parts, caseId, news, { now: at, by: 'desk' });
}

/** Looks through every advice soon after it was raised, and each hour, until `signal` aborts. */
export async function sweepAdvices(desk: Desk, signal: AbortSignal): Promise<void> {
  const sweptAt = new Map<string, Instant>();
  while (!signal.aborted) {
    const { advices } = desk.renewal.board;
    for (const advice of advices) {
      const last = sweptAt.get(advice.id);
      if (signal.aborted || (last !== undefined && !hasCome(last.add(sweepAgainAfter), desk.time.now()))) continue;
      try {
        await desk.renewal.sweep(advice);
        sweptAt.set(advice.id, desk.time.now());
      } catch (error) {
        desk.log.warn(
          { advice: advice.id, error: String(error) },
          'Replacements could not be looked for; tried again.',
        );
      }
    }
    await desk.time.waitUntil(desk.time.now().add(lookEvery), signal);
  }
}

/**
 * The rules lab over stored mail: what would other thresholds, another lexicon or other weights do? Every message is
 * opened once and judged twice, so that what moves moves by the rules alone. Nothing is stored and nothing changes.
 */
import type { Triage } from '../desk/facts.ts';
import { type Rules, rulesInForce } from '../stages/triage/rules.ts';
import { type MovedVerdict, replay } from '../stages/triage/rules-lab.ts';
import { openForTriage, type TriageSurroundings } from './read-for-triage.ts';

export interface RulesTrial {
  readonly messages: number;
  readonly before: Readonly<Record<Triage['action'], number>>;
  readonly after: Readonly<Record<Triage['action'], number>>;
  /** The weaker ones first: look at these before you publish. */
  readonly moved: readonly MovedVerdict[];
}

export async function tryRules(
  mail: AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }>,
  change: Rules,
  surroundings: Pick<TriageSurroundings, 'ownDomains' | 'now'>,
): Promise<RulesTrial> {
  const counts = () => ({ 'open-case': 0, 'human-review': 0, file: 0 });
  const [before, after] = [counts(), counts()];
  const inForce = rulesInForce();
  const pairs: { name: string; read: { old: Triage; now: Triage } }[] = [];
  let messages = 0;
  for await (const { name, bytes } of mail) {
    const { judge } = await openForTriage(bytes, surroundings);
    const read = { old: judge(inForce), now: judge(change) };
    messages++;
    before[read.old.action]++;
    after[read.now.action]++;
    pairs.push({ name, read });
  }
  const moved = replay(
    pairs,
    ({ old }) => old,
    ({ now }) => now,
  );
  return { messages, before, after, moved };
}

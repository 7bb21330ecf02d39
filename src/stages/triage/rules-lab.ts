/**
 * The rules lab: what would a change of thresholds, lexicon or model do to mail that has already been read? Shows the
 * verdicts that move, before anything is published.
 */
import type { Triage } from '../../desk/facts.ts';

export interface MovedVerdict {
  readonly name: string;
  readonly before: Pick<Triage, 'label' | 'action' | 'deadlineHours' | 'score'>;
  readonly after: Pick<Triage, 'label' | 'action' | 'deadlineHours' | 'score'>;
  /** A case that would no longer open, a message that would be filed, or a longer deadline: look at these first. */
  readonly weaker: boolean;
}

/** Both judges see the same messages in the same order; only the verdicts that differ come back, the weaker first. */
export function replay<Read>(
  corpus: Iterable<{ readonly name: string; readonly read: Read }>,
  before: (read: Read) => Triage,
  after: (read: Read) => Triage,
): MovedVerdict[] {
  const moved: MovedVerdict[] = [];
  for (const { name, read } of corpus) {
    const old = shown(before(read));
    const now = shown(after(read));
    if (old.label === now.label && old.action === now.action && old.deadlineHours === now.deadlineHours) continue;
    moved.push({ name, before: old, after: now, weaker: isWeaker(old, now) });
  }
  return moved.sort((a, b) => Number(b.weaker) - Number(a.weaker));
}

function shown({ label, action, deadlineHours, score }: Triage): MovedVerdict['before'] {
  return { label, action, deadlineHours, score };
}

const strength = { 'open-case': 2, 'human-review': 1, file: 0 } as const;

function isWeaker(before: MovedVerdict['before'], after: MovedVerdict['after']): boolean {
  const hours = (value: number | null) => value ?? Number.POSITIVE_INFINITY;
  return strength[after.action] < strength[before.action] || hours(after.deadlineHours) > hours(before.deadlineHours);
}

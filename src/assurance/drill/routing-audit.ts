/**
 * Does a report ever get filed away? The quarterly answer with numbers: a sample of what was filed and of what was
 * opened, labelled twice by people who do not see the desk's verdict or each other's, then recall with its interval and
 * every miss with its cause. Pure and deterministic: the same messages and seed give the same sample.
 */
import type { Label } from '../../desk/facts.ts';

export interface AuditedMessage {
  readonly messageId: string;
  readonly queue: string;
  readonly language: string;
  /** What the desk did. */
  readonly verdict: 'open-case' | 'human-review' | 'file';
}

/**
 * `size` messages, spread over queue and language so that a small queue is not forgotten: at least one from each group
 * where the size allows, the rest in proportion.
 */
export function sample(messages: readonly AuditedMessage[], size: number, seed: string): readonly AuditedMessage[] {
  const groups = [...Map.groupBy(messages, (m) => `${m.queue} ${m.language}`).entries()].toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const wanted = Math.min(size, messages.length);
  const shares = groups.map(([key, members]) => ({
    key,
    // Order inside a group is by a hash of seed and id: nobody chooses, and anybody can check.
    members: members.toSorted(
      (a, b) => hash(seed + a.messageId) - hash(seed + b.messageId) || (a.messageId < b.messageId ? -1 : 1),
    ),
    take: Math.min(
      members.length,
      Math.max(wanted >= groups.length ? 1 : 0, Math.floor((wanted * members.length) / messages.length)),
    ),
  }));
  let left = wanted - shares.reduce((sum, share) => sum + share.take, 0);
  const byNeed = shares.toSorted((a, b) => b.members.length - b.take - (a.members.length - a.take));
  for (let i = 0; left !== 0 && i < byNeed.length * (wanted + 1); i++) {
    const share = byNeed[i % byNeed.length];
    if (share === undefined) break;
    if (left > 0 && share.take < share.members.length) {
      share.take++;
      left--;
    } else if (left < 0 && share.take > 0) {
      share.take--;
      left++;
    }
  }
  return shares.flatMap((share) => share.members.slice(0, share.take));
}

export interface BlindLabel {
  readonly messageId: string;
  readonly person: string;
  readonly label: Label;
}

export interface AuditResult {
  readonly labelled: number;
  /** Messages on which the two people differ: a third decides before the audit is signed. */
  readonly disputed: readonly string[];
  /** Cohen's kappa of the two on "report or not"; null below two doubly labelled messages. */
  readonly kappa: number | null;
  /** True label to the desk's verdict to count. */
  readonly confusion: Readonly<Record<string, Readonly<Record<AuditedMessage['verdict'], number>>>>;
  /** Share of true reports that were opened or went to a person, with the 95 % Wilson interval. */
  readonly recall: Proportion | null;
  /** Reports that were filed. Each wants a cause. */
  readonly misses: readonly string[];
}

export interface Proportion {
  readonly share: number;
  readonly low: number;
  readonly high: number;
  readonly of: number;
}

/** `decided` overrides where the two differed, by message. */
export function auditResult(
  messages: readonly AuditedMessage[],
  labels: readonly BlindLabel[],
  decided: ReadonlyMap<string, Label> = new Map(),
): AuditResult {
  const byMessage = Map.groupBy(labels, (l) => l.messageId);
  const pairs = messages.flatMap((message) => {
    const given = new Map((byMessage.get(message.messageId) ?? []).map((l) => [l.person, l.label]));
    const [first, second] = [...given.values()];
    return first === undefined || second === undefined ? [] : [{ message, first, second }];
  });
  const disputed = pairs.filter((p) => p.first !== p.second && !decided.has(p.message.messageId));
  const truths = pairs.flatMap((p) => {
    const truth = decided.get(p.message.messageId) ?? (p.first === p.second ? p.first : null);
    return truth === null ? [] : [{ message: p.message, truth }];
  });
  const confusion: Record<string, Record<AuditedMessage['verdict'], number>> = {};
  for (const { message, truth } of truths) {
    confusion[truth] ??= { 'open-case': 0, 'human-review': 0, file: 0 };
    const row = confusion[truth];
    row[message.verdict]++;
  }
  const reports = truths.filter((t) => t.truth !== 'not-a-report');
  const misses = reports.filter((t) => t.message.verdict === 'file');
  return {
    labelled: pairs.length,
    disputed: disputed.map((p) => p.message.messageId),
    kappa: kappa(pairs.map((p) => [p.first !== 'not-a-report', p.second !== 'not-a-report'])),
    confusion,
    recall: reports.length === 0 ? null : wilson(reports.length - misses.length, reports.length),
    misses: misses.map((t) => t.message.messageId),
  };
}

/** The 95 % Wilson score interval: honest for small samples and for shares near one, where misses live. */
export function wilson(hits: number, of: number): Proportion {
  const z = 1.959963984540054;
  const share = hits / of;
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half), of };
}

function kappa(pairs: readonly (readonly [boolean, boolean])[]): number | null {
  if (pairs.length < 2) return null;
  const share = (count: number) => count / pairs.length;
  const agree = share(pairs.filter(([a, b]) => a === b).length);
  const [yesA, yesB] = [share(pairs.filter(([a]) => a).length), share(pairs.filter(([, b]) => b).length)];
  const chance = yesA * yesB + (1 - yesA) * (1 - yesB);
  return chance === 1 ? 1 : (agree - chance) / (1 - chance);
}

/** FNV-1a: spreads well enough to draw a sample, and a spreadsheet can recompute it. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}

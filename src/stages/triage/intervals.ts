/** Shares with their 95 % interval (Wilson), and the area under the ROC curve. For reports about triage only. */
export interface Share {
  readonly count: number;
  readonly of: number;
}

/** `93.1 % (90.2–95.3)`; a dash when there is nothing to count. */
export function shareInWords({ count, of }: Share): string {
  if (of === 0) return '–';
  const [low, high] = wilson(count, of);
  const percent = (value: number) => (100 * value).toFixed(1);
  return `${percent(count / of)} % (${percent(low)}–${percent(high)})`;
}

export function wilson(count: number, of: number): [number, number] {
  const z = 1.96;
  const share = count / of;
  const centre = share + (z * z) / (2 * of);
  const spread = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const scale = 1 + (z * z) / of;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}

/** Probability that a report scores higher than another message. */
export function areaUnderCurve(points: readonly { readonly score: number; readonly report: boolean }[]): number {
  const sorted = [...points].sort((a, b) => a.score - b.score);
  let ranks = 0;
  let reports = 0;
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to < sorted.length && sorted[to]!.score === sorted[from]!.score) to++;
    const rank = (from + 1 + to) / 2;
    for (let at = from; at < to; at++) {
      if (!sorted[at]!.report) continue;
      ranks += rank;
      reports++;
    }
    from = to;
  }
  const others = sorted.length - reports;
  return others === 0 || reports === 0 ? Number.NaN : (ranks - (reports * (reports + 1)) / 2) / (reports * others);
}

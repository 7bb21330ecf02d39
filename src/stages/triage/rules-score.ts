/**
 * Scoring by signals alone. It stands in where the trained model does not know the language, and its sum is one of
 * the model's features.
 */
import { type Label, labels } from '../../desk/facts.ts';
import type { SignalFound } from './knowledge/signals.ts';

export interface Scores {
  /** Probability that the message is a report. */
  readonly report: number;
  /** Probabilities over the nine labels of a report; they add up to one. */
  readonly labels: ReadonlyMap<Label, number>;
  /** Probability that a true report of this kind is due in 24 hours. */
  readonly short: number;
}

const quotedWeight = 0.4;
const tentativeWeight = 0.3;

export function scoreBySignals(found: readonly SignalFound[]): Scores {
  let sum = -1.2;
  const votes = new Map<Label, number>(labels.filter((label) => label !== 'not-a-report').map((label) => [label, 0.2]));
  let short = 0;
  let long = 0;
  for (const { signal, zone, tentative } of found) {
    const weight = signal.weight * (zone === 'quoted' ? quotedWeight : 1) * (tentative ? tentativeWeight : 1);
    sum += weight;
    if (signal.label === null || weight <= 0) continue;
    votes.set(signal.label, (votes.get(signal.label) ?? 0) + weight);
    if (signal.hours === 24) short += weight;
    else long += weight;
  }
  const total = [...votes.values()].reduce((a, b) => a + b, 0);
  return {
    report: 1 / (1 + Math.exp(-sum)),
    labels: new Map([...votes].map(([label, vote]) => [label, vote / total])),
    short: (short + 0.5) / (short + long + 1),
  };
}

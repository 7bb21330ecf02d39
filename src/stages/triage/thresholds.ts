/**
 * Where the line runs between opening a case, asking a person, and filing. Configuration: `docs/triage-evaluation.md`
 * shows what each pair costs in false openings and in reports that wait for a person.
 */
export interface Thresholds {
  /** At and above: a case opens without a person. */
  readonly openFrom: number;
  /** Below: filed, when nothing in the message is evidence and the language is known. */
  readonly fileBelow: number;
  /** The same for a message without any word about certificates, keys or fraud. */
  readonly fileStrangersBelow: number;
}

export const defaultThresholds: Thresholds = { openFrom: 0.75, fileBelow: 0.12, fileStrangersBelow: 0.15 };

/**
 * How far the inventory may be trusted to be complete. "No match" is a statement about every certificate the CA ever
 * issued; without the watermark it is a statement about a table.
 */
import { earliest, hasCome, type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { Progress } from './inventory.ts';

export interface Watermark {
  /** Entries indexed. */
  readonly rows: number;
  /** How many the CA says it issued, over all its sources; null when any of them does not say. */
  readonly issuedCount: number | null;
  /** Complete up to here, on the word of the slowest CA source; null when there is none. */
  readonly upTo: Instant | null;
}

export function watermarkOf(rows: number, sources: readonly Progress[]): Watermark {
  const authorities = sources.filter((source) => source.kind === 'ca');
  if (authorities.length === 0) return { rows, issuedCount: null, upTo: null };
  const counts = authorities.map((source) => source.issuedCount);
  const instants = authorities.map((source) => source.upTo);
  const [first, ...others] = instants.filter((instant) => instant !== null);
  return {
    rows,
    issuedCount: counts.includes(null) ? null : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0),
    upTo: instants.includes(null) || first === undefined ? null : earliest(first, ...others),
  };
}

export type Completeness = 'complete' | 'behind' | 'unknown';

/**
 * Whether an empty answer may be given as "we issued no such certificate" for a report received at `receivedAt`:
 * rows indexed at least as many as issued, and read past the receipt.
 */
export function completeness(watermark: Watermark, receivedAt: Instant): Completeness {
  if (watermark.issuedCount === null || watermark.upTo === null) return 'unknown';
  return watermark.rows >= watermark.issuedCount && hasCome(receivedAt, watermark.upTo) ? 'complete' : 'behind';
}

/** Share of the issued certificates that is indexed, 0 to 1; null when the CA does not say how many it issued. */
export function coverage(watermark: Watermark): number | null {
  if (watermark.issuedCount === null) return null;
  return watermark.issuedCount === 0 ? 1 : Math.min(1, watermark.rows / watermark.issuedCount);
}

/** One sentence for a reporter or a screen. */
export function watermarkInWords(watermark: Watermark): string {
  const upTo =
    watermark.upTo === null ? 'no source states how far it reaches' : `read up to ${rfc3339(watermark.upTo)}`;
  const of = watermark.issuedCount === null ? '' : ` of ${watermark.issuedCount} issued`;
  return `${watermark.rows} certificates indexed${of}; ${upTo}`;
}

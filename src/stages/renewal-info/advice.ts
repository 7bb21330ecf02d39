/**
 * One decision "these certificates should be replaced", as one small record. Which certificates it concerns is derived at
 * every poll from their key or from a list prepared beforehand, so that a case of a million is told within the second.
 */
import type { SpkiHash } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';

export interface Advice {
  /** The matter it belongs to; raising the same id again changes nothing. */
  readonly id: string;
  readonly caseId: string;
  /** Every certificate with one of these keys (canonical SPKI hash). */
  readonly keys: readonly SpkiHash[];
  /** Every certificate of a list prepared under this id; null when the keys say it all. */
  readonly listId: string | null;
  readonly decidedAt: Instant;
  /** The internal deadline. The window ends there, and nothing that happens here moves it. */
  readonly endBy: Instant;
  /** `at-once` for proven compromise; `spread` gives each certificate its own hour until `endBy`. */
  readonly pace: 'at-once' | 'spread';
  /**
   * A public page, live before the first client is told; null when there is none. `{certID}` in it becomes the name of the
   * certificate asked about.
   */
  readonly explanationUrl: string | null;
}

/** Keys per advice. A bulk submission of more is several matters. */
export const adviceKeysMax = 10_000;

/** The global log behind the cases, for auditors: everything ever appended, in order, chained. */
import type { LogEntry, LogHead, LogVerdict } from '../../foundation/log/chain.ts';
import type { TreeHead } from '../../foundation/log/merkle.ts';

export interface EventLog {
  head(): Promise<LogHead>;
  /** Root over the first `size` entries; throws RangeError beyond the end. */
  treeHead(size: number): Promise<TreeHead>;
  /** Entries `from` to `to` (both from 1, both included), read in pages, as they are stored. */
  entries(from?: number, to?: number): AsyncIterable<LogEntry>;
  /** Recomputes everything from what is stored and reports the first bad entry. */
  verify(checkpoints?: readonly TreeHead[]): Promise<LogVerdict>;
  /** The export that `verifyFile` reads, line by line. */
  exportLines(): AsyncIterable<string>;
}

/**
 * The chain over the event log: every entry's link is the hash of the link before it and of its own bytes, so a changed
 * entry is found at the place of the change. Chain and tree answer different questions: the chain, *where*; the root
 * kept by somebody outside, *whether*, even against a person who recomputes the whole chain.
 */
import { hash } from 'node:crypto';
import { canonicalJson, type Json } from './canonical.ts';
import { emptyFrontier, type Frontier, grow, type Hash, leafHash, rootOf, type TreeHead } from './merkle.ts';

/** The link before the first entry. */
export const genesis: Hash = hash('sha256', 'rescind event log, version 1', 'buffer');

export function link(previous: Uint8Array, bytes: Uint8Array): Hash {
  return hash('sha256', Buffer.concat([previous, bytes]), 'buffer');
}

/** One entry as stored or exported. `event` is the value whose canonical JSON was hashed. */
export interface LogEntry {
  /** From 1, without gaps. */
  readonly globalSeq: number;
  readonly event: Json;
  readonly chain: Hash;
  /** Set when what is stored beside the hashed bytes disagrees with them. */
  readonly problem?: string;
}

export interface LogHead extends TreeHead {
  readonly chain: Hash;
}

export interface LogVerdict {
  readonly ok: boolean;
  readonly size: number;
  /** Lower-case hex; the root over what was read. */
  readonly root: string;
  /** `globalSeq` of the first bad entry; null when all is well or the place cannot be told. */
  readonly leaf: number | null;
  readonly problem: string | null;
}

/** Running state of a log: what an append has to know of everything before it. */
export interface LogState {
  readonly chain: Hash;
  readonly frontier: Frontier;
}

export const emptyLog: LogState = { chain: genesis, frontier: emptyFrontier };

export function extend(before: LogState, bytes: Uint8Array): LogState {
  return { chain: link(before.chain, bytes), frontier: grow(before.frontier, leafHash(bytes)) };
}

export function headOf(state: LogState): LogHead {
  return { size: state.frontier.size, root: rootOf(state.frontier), chain: state.chain };
}

/**
 * Recomputes chain and tree over `entries` and compares them with `claimed` (the log's own idea of its head) and with
 * `checkpoints` that somebody outside kept. Reports the first bad entry.
 */
export async function verifyLog(
  entries: AsyncIterable<LogEntry>,
  claimed: LogHead | null,
  checkpoints: readonly TreeHead[] = [],
): Promise<LogVerdict> {
  const expected = new Map(checkpoints.map((checkpoint) => [checkpoint.size, checkpoint.root]));
  let state = emptyLog;
  let trusted = 0;
  const verdict = (leaf: number | null, problem: string | null): LogVerdict => {
    const { size, root } = headOf(state);
    return { ok: problem === null, size, root: root.toString('hex'), leaf, problem };
  };
  for await (const entry of entries) {
    const next = state.frontier.size + 1;
    if (entry.globalSeq !== next) return verdict(next, `entry ${next} is missing`);
    if (entry.problem !== undefined) return verdict(next, entry.problem);
    const after = extend(state, Buffer.from(canonicalJson(entry.event)));
    if (!after.chain.equals(entry.chain)) return verdict(next, 'the entry does not match its link in the chain');
    state = after;
    const root = expected.get(next);
    if (root === undefined) continue;
    if (!rootOf(state.frontier).equals(root)) {
      return verdict(trusted + 1, `entries ${trusted + 1} to ${next} are not those of the checkpoint of size ${next}`);
    }
    trusted = next;
  }
  const { size, root, chain } = headOf(state);
  const beyond = checkpoints.find((checkpoint) => checkpoint.size > size);
  if (beyond) return verdict(size + 1, `a checkpoint of size ${beyond.size} was kept, the log has ${size} entries`);
  if (claimed && claimed.size !== size)
    return verdict(Math.min(claimed.size, size) + 1, `the head says ${claimed.size} entries, there are ${size}`);
  if (claimed && !(claimed.root.equals(root) && claimed.chain.equals(chain)))
    return verdict(null, 'the head does not match the entries');
  return verdict(null, null);
}

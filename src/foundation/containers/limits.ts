/**
 * What an enclosed file may cost. Everything here comes from outside and some of it was made to hurt, so every reader
 * in this folder counts the bytes it *produces* and never believes a size written in a header.
 */

/** How much one message may expand to, over all members of all its containers. */
export const EXPANDED_BYTES_MAX = 100 * 1024 * 1024;
/** What of one leaf file is looked at; the rest is cut off and said so. */
export const MEMBER_BYTES_MAX = 5 * 1024 * 1024;
export const MEMBERS_MAX = 1_000;
/** A file in a zip in a tar in a gzip is depth 3; compression layers around a tar do not count. */
export const DEPTH_MAX = 3;
/** Processor time for all unpacking of one message, in milliseconds. */
export const CPU_MILLISECONDS_MAX = 10_000;
export const PATH_CHARACTERS_MAX = 512;
/** A member is tried with at most so many pass phrases. */
export const PASSPHRASES_MAX = 300;

export interface Limits {
  readonly expandedBytes: number;
  readonly memberBytes: number;
  readonly members: number;
  readonly depth: number;
  readonly cpuMilliseconds: number;
}

export const limitsDefault: Limits = {
  expandedBytes: EXPANDED_BYTES_MAX,
  memberBytes: MEMBER_BYTES_MAX,
  members: MEMBERS_MAX,
  depth: DEPTH_MAX,
  cpuMilliseconds: CPU_MILLISECONDS_MAX,
};

/** Why a container, or a part of it, was not read. `encrypted` means that no pass phrase at hand opened it. */
export type ContainerProblem =
  | 'encrypted'
  | 'damaged'
  | 'unsupported'
  | 'too_deep'
  | 'too_many_members'
  | 'too_large'
  | 'member_cut'
  | 'too_slow';

/** Thrown inside this folder only; `unpack` turns it into a problem. */
export class Unreadable extends Error {
  readonly problem: ContainerProblem;
  constructor(problem: ContainerProblem) {
    super(problem);
    this.name = 'Unreadable';
    this.problem = problem;
  }
}

/** What is left of the limits while one message is unpacked. Shared by all its containers. */
export class Budget {
  readonly limits: Limits;
  private expanded = 0;
  private members = 0;
  private readonly cpuStart: number;

  constructor(limits: Limits = limitsDefault) {
    this.limits = limits;
    this.cpuStart = cpuMilliseconds();
  }

  get bytesLeft(): number {
    return Math.max(0, this.limits.expandedBytes - this.expanded);
  }

  /** Books bytes that a decoder has produced. */
  spend(bytes: number): void {
    this.expanded += bytes;
    if (this.expanded > this.limits.expandedBytes) throw new Unreadable('too_large');
    this.checkTime();
  }

  countMember(): void {
    this.members += 1;
    if (this.members > this.limits.members) throw new Unreadable('too_many_members');
  }

  /** Processor time rather than wall time: a busy machine must not turn evidence away. */
  checkTime(): void {
    if (cpuMilliseconds() - this.cpuStart > this.limits.cpuMilliseconds) throw new Unreadable('too_slow');
  }
}

function cpuMilliseconds(): number {
  const used = process.cpuUsage();
  return (used.user + used.system) / 1000;
}

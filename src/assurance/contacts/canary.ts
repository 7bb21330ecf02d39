/**
 * Test reports from outside through every published path: a mail as a researcher would write it, with a key file and a
 * link, that has to become a case within minutes. It finds the dead alias, the junk folder, the filter that eats
 * attachments and the queue that nobody collects, before a real report does.
 *
 * A test report carries a token that only this desk can make, so that it is told from a real one with certainty, and
 * nobody can pass off a real report as a test: the token names path and number and is bound to this desk's secret.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { hasCome, type Instant, isBefore } from '../../foundation/time/time.ts';

export interface CanaryPath {
  /** Stable name, e.g. `mail/problem-reporting@ca.example`. */
  readonly path: string;
  readonly everySeconds: number;
  /** Within this the test report has to be a case. */
  readonly limitSeconds: number;
}

export const canaryDefaults = { everySeconds: 3600, limitSeconds: 15 * 60 } as const;

export interface CanaryRun {
  readonly path: string;
  readonly number: number;
  readonly sentAt: Instant;
  /** When it became a case; null while it has not. */
  readonly seenAt: Instant | null;
  /** Folder in which it was found: `inbox`, `junk`, `quarantine`. */
  readonly folder: string | null;
  /** The key file arrived as it was sent. */
  readonly attachmentWhole: boolean | null;
}

/** `rescind-canary.PATH.NUMBER.SIGNATURE` for a header and the body; the path is base64url. */
export function canaryToken(path: string, number: number, secret: Uint8Array): string {
  const body = `${Buffer.from(path).toString('base64url')}.${number}`;
  return `rescind-canary.${body}.${sign(body, secret)}`;
}

/** The test report a text holds; null for anything else, forged tokens included. A forged one is a report like any. */
export function readCanary(
  text: string,
  secret: Uint8Array,
): { readonly path: string; readonly number: number } | null {
  for (const m of text.slice(0, 1_000_000).matchAll(/rescind-canary\.([\w-]{1,400})\.(\d{1,12})\.([\w-]{43})/g)) {
    const expected = Buffer.from(sign(`${m[1]}.${m[2]}`, secret));
    const given = Buffer.from(m[3] ?? '');
    if (expected.length === given.length && timingSafeEqual(expected, given)) {
      return { path: Buffer.from(m[1] ?? '', 'base64url').toString(), number: Number(m[2]) };
    }
  }
  return null;
}

/** Paths that are owed a test report now. A path that was never tried is owed one at once. */
export function canariesDue(
  paths: readonly CanaryPath[],
  runs: readonly CanaryRun[],
  now: Instant,
): readonly CanaryPath[] {
  return paths.filter((path) => {
    const last = newest(runs.filter((r) => r.path === path.path));
    return last === undefined || hasCome(last.sentAt.add({ seconds: path.everySeconds }), now);
  });
}

export type PathState = 'never-tried' | 'waiting' | 'well' | 'lost' | 'hidden' | 'mangled' | 'silent';

export interface PathHealth {
  readonly path: string;
  readonly state: PathState;
  readonly message: string;
  readonly lastSeenAt: Instant | null;
  /** Seconds from sending to case over the last hundred that arrived; null when none did. */
  readonly lagP50: number | null;
  readonly lagP99: number | null;
}

const lookedBack = 100;

/**
 * Health of each path. `lost`: the newest test report that had its time is no case. `hidden`: it came, but only out of
 * a junk folder or quarantine. `mangled`: it came without its key file. `silent`: nobody has sent one for two periods,
 * so that "all quiet" is not proven.
 */
export function pathHealth(
  paths: readonly CanaryPath[],
  runs: readonly CanaryRun[],
  now: Instant,
): readonly PathHealth[] {
  return paths.map((path) => {
    const own = runs
      .filter((r) => r.path === path.path)
      .toSorted((a, b) => Temporal.Instant.compare(a.sentAt, b.sentAt));
    const seen = own.flatMap((r) => (r.seenAt === null ? [] : [r.sentAt.until(r.seenAt).total('seconds')]));
    const lags = seen.slice(-lookedBack).toSorted((a, b) => a - b);
    const arrived = own.findLast((r) => r.seenAt !== null);
    return {
      path: path.path,
      ...stateOf(path, own, now),
      lastSeenAt: arrived?.seenAt ?? null,
      lagP50: quantile(lags, 0.5),
      lagP99: quantile(lags, 0.99),
    };
  });
}

/** Paths that have to wake somebody. */
export function pathAlarms(health: readonly PathHealth[]): readonly PathHealth[] {
  const loud: readonly PathState[] = ['lost', 'hidden', 'mangled', 'silent'];
  return health.filter((h) => loud.includes(h.state));
}

function stateOf(path: CanaryPath, runs: readonly CanaryRun[], now: Instant): { state: PathState; message: string } {
  const last = runs.at(-1);
  if (last === undefined)
    return { state: 'never-tried', message: `No test report has been sent through ${path.path} yet.` };
  if (hasCome(last.sentAt.add({ seconds: 2 * path.everySeconds }), now)) {
    return {
      state: 'silent',
      message: `No test report has gone through ${path.path} for two periods; nothing is proven.`,
    };
  }
  // The newest one whose time is over decides; one still on its way hides no earlier loss.
  const judged = runs.findLast((r) => r.seenAt !== null || hasCome(limitOf(path, r), now));
  if (judged === undefined) return { state: 'waiting', message: `A test report is on its way through ${path.path}.` };
  const limit = limitOf(path, judged);
  if (judged.seenAt === null || isBefore(limit, judged.seenAt)) {
    return {
      state: 'lost',
      message: `The test report of ${judged.sentAt} through ${path.path} was no case by ${limit}.`,
    };
  }
  if (judged.folder !== null && judged.folder !== 'inbox') {
    return { state: 'hidden', message: `Test reports through ${path.path} end in ${judged.folder}.` };
  }
  if (judged.attachmentWhole === false) {
    return { state: 'mangled', message: `Test reports through ${path.path} lose their key file.` };
  }
  return { state: 'well', message: `The test report of ${judged.sentAt} through ${path.path} was a case in time.` };
}

function limitOf(path: CanaryPath, run: CanaryRun): Instant {
  return run.sentAt.add({ seconds: path.limitSeconds });
}

function newest(runs: readonly CanaryRun[]): CanaryRun | undefined {
  return runs.toSorted((a, b) => Temporal.Instant.compare(a.sentAt, b.sentAt)).at(-1);
}

function quantile(sorted: readonly number[], q: number): number | null {
  return sorted.length === 0 ? null : (sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? null);
}

function sign(body: string, secret: Uint8Array): string {
  return createHmac('sha256', secret).update(`rescind-canary-v1\n${body}`).digest('base64url');
}

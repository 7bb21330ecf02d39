/**
 * Looks every minute at what would lose a report or a deadline in silence: sources that show more than was recorded,
 * mail nobody has read, channels in trouble, loops that stopped. Each cause wakes people once, until it has cleared.
 * Once an hour it also looks after the sealing identities and verifies the event log.
 */
import { unreadAlarm } from '../app/watch.ts';
import { hasCome, hours, type Instant, minutes } from '../foundation/time/time.ts';
import { expectedDefaults, stalled } from '../platform/jobs/watchdog.ts';
import type { Trouble } from '../stages/intake/channel.ts';
import { sealingDay } from '../stages/intake/identities.ts';
import type { Desk } from './wiring.ts';

/** One thing that is wrong. The same id is the same cause, however often it is seen. */
export interface Cause {
  readonly id: string;
  /** Fit for a page to a person: what, since when, what to do. No content of any message. */
  readonly words: string;
}

/** What has to be told; true when somebody's next hop took it. */
export type Alarm = (cause: Cause, now: Instant) => Promise<boolean>;

export interface NightWatchParts {
  readonly desk: Pick<Desk, 'ledger' | 'store' | 'identities' | 'log' | 'time'>;
  readonly troubles: ChannelTroubles;
  readonly alarm: Alarm;
  /** Further things that can be wrong, e.g. a path whose test report did not arrive. */
  readonly more?: (now: Instant) => Promise<readonly Cause[]>;
  readonly expected?: Parameters<typeof stalled>[0]['expected'];
}

export interface NightWatch {
  /** One look. Never throws: a look that failed is itself a cause. */
  round(): Promise<void>;
  /** Looks each minute until it is told to stop. */
  start(signal: AbortSignal): Promise<void>;
  /** What is wrong at the moment and has been told. */
  open(): readonly Cause[];
}

/** Under this name the last verification of the event log stands among the heartbeats; `detail` is empty when well. */
export const logVerified = 'event-log-verified';

const roundEvery = minutes(1);
const tidyEvery = hours(1);
/** A refusal is a report somebody may have to answer (TLS BR 4.9.5); it stays a cause for so long, then has been told. */
const refusedShown = hours(1);
/** A channel says its trouble again as long as it lasts; one that is silent for so long works again. */
const troubleShown = minutes(15);
const troublesMax = 1_000;

/** Remembers what channels complain of, by source and code, until they have been quiet for a while. */
export class ChannelTroubles {
  private readonly seen = new Map<
    string,
    { readonly cause: Cause; readonly at: Instant; readonly kept: 'short' | 'long' }
  >();

  trouble({ source, code, detail, at }: Trouble): void {
    this.note(`channel/${source}/${code}`, `Channel ${source}: ${detail} (${code})`, at, 'short');
  }

  refused(refusal: { readonly source: string; readonly code: string; readonly at: Instant }): void {
    const { source, code, at } = refusal;
    const words = `Channel ${source} turned a message away (${code}). It has been received all the same: look at the log.`;
    this.note(`refused/${source}/${code}`, words, at, 'long');
  }

  /** What still stands at `now`; what has passed is forgotten. */
  standing(now: Instant): readonly Cause[] {
    for (const [id, { at, kept }] of this.seen)
      if (hasCome(at.add(kept === 'short' ? troubleShown : refusedShown), now)) this.seen.delete(id);
    return [...this.seen.values()].map(({ cause }) => cause);
  }

  private note(id: string, words: string, at: Instant, kept: 'short' | 'long'): void {
    if (this.seen.size >= troublesMax && !this.seen.has(id)) return;
    this.seen.set(id, { cause: { id, words }, at, kept });
  }
}

export function nightWatch(parts: NightWatchParts): NightWatch {
  const { desk, alarm } = parts;
  const told = new Map<string, Cause>();
  let tidiedAt: Instant | null = null;
  let logProblem: string | null = null;

  const tidy = async (now: Instant): Promise<void> => {
    if (tidiedAt !== null && !hasCome(tidiedAt.add(tidyEvery), now)) return;
    await tidyIdentities(desk, now);
    const verdict = await desk.store.log.verify();
    logProblem = verdict.ok ? null : (verdict.problem ?? 'it does not verify');
    const detail = verdict.ok ? '' : `${verdict.leaf ?? ''} ${logProblem ?? ''}`.trim();
    await desk.store.heartbeats.beat({ name: logVerified, at: now, detail });
    tidiedAt = now;
  };

  const round = async (): Promise<void> => {
    const now = desk.time.now();
    const causes: Cause[] = [];
    const look = async (name: string, find: () => Promise<readonly Cause[]>): Promise<void> => {
      try {
        causes.push(...(await find()));
      } catch (error) {
        const message = error instanceof Error ? error.message : 'unknown';
        desk.log.error({ look: name, error: message }, 'The night watch could not look.');
        causes.push({ id: `watch/${name}`, words: `The desk cannot look at its ${name}. Look at its log.` });
      }
    };
    await look('ledger', () => ledgerCauses(desk, now));
    await look('loops', async () =>
      (
        await stalled(
          { heartbeats: desk.store.heartbeats, cases: desk.store.cases, expected: parts.expected ?? expectedDefaults },
          now,
        )
      ).map(({ name, message }) => ({ id: `stalled/${name}`, words: message })),
    );
    await look('channels', async () => parts.troubles.standing(now));
    if (parts.more !== undefined) await look('test reports', () => parts.more?.(now) ?? Promise.resolve([]));
    await look('hourly work', async () => {
      await tidy(now);
      return logProblem === null
        ? []
        : [{ id: 'event-log', words: `The event log does not verify: ${logProblem}. Keep the database as it is.` }];
    });
    await tell(causes, now);
  };

  const tell = async (causes: readonly Cause[], now: Instant): Promise<void> => {
    const standing = new Set(causes.map((cause) => cause.id));
    for (const [id, { words }] of told) {
      if (standing.has(id)) continue;
      told.delete(id);
      desk.log.info({ cause: id }, `Cleared: ${words}`);
    }
    for (const cause of causes) {
      if (told.has(cause.id)) continue;
      desk.log.error({ cause: cause.id }, cause.words);
      // A page that nobody took is tried again with the next look.
      if (await alarm(cause, now).catch(() => false)) told.set(cause.id, cause);
    }
  };

  return {
    round,
    async start(signal) {
      while (!signal.aborted) {
        await desk.time.waitUntil(desk.time.now().add(roundEvery), signal);
        if (!signal.aborted) await round();
      }
    },
    open: () => [...told.values()],
  };
}

async function ledgerCauses(desk: NightWatchParts['desk'], now: Instant): Promise<readonly Cause[]> {
  const [differences, { oldestUnreadAt }] = await Promise.all([desk.ledger.differences(), desk.ledger.stats()]);
  const missing = differences.map(({ source, folder, epoch, seen, recorded }) => ({
    id: `difference/${source}/${folder}/${epoch}`,
    words: `${source} ${folder} shows ${seen} messages, ${recorded} are recorded. Compare them: a report may be missing.`,
  }));
  const words = unreadAlarm(oldestUnreadAt, now);
  return words === null ? missing : [...missing, { id: 'unread', words }];
}

/** Makes the next day's identity, and destroys those that no kept receipt needs: only of days that are over. */
async function tidyIdentities({ identities, ledger, log }: NightWatchParts['desk'], now: Instant): Promise<void> {
  await identities.rotate(now);
  const needed = new Set(await ledger.keyIdsInUse());
  // Yesterday's is kept for what was sealed at midnight and is being recorded now.
  const before = sealingDay(now.subtract(hours(24)));
  for (const keyId of await identities.list()) {
    if (keyId >= before || needed.has(keyId)) continue;
    if (await identities.destroy(keyId)) log.info({ keyId }, 'A sealing identity that nothing needs was destroyed.');
  }
}

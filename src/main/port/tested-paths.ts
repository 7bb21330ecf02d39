/** The published addresses with their test reports, as rows of the channel screen. */
import type * as c from '../../api/contract/index.ts';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { Desk } from '../wiring.ts';

export async function testedPaths(desk: Pick<Desk, 'canaries'>, now: Instant): Promise<c.Channels['rows']> {
  const runs = await desk.canaries.runs(now);
  return (await desk.canaries.health(now)).map(({ path, state, message, lastSeenAt, lagP50, lagP99 }) => {
    const sentAt = runs.findLast((run) => run.path === path)?.sentAt ?? null;
    const open = state === 'never-tried' || state === 'waiting';
    return {
      ...{ channelId: `path:${path}`, kind: 'path', address: path },
      state: state === 'well' ? 'ok' : open ? 'unknown' : 'failing',
      problem: state === 'well' ? null : message,
      lastMessageAt: lastSeenAt === null ? null : rfc3339(lastSeenAt),
      canary: {
        sentAt: sentAt === null ? null : rfc3339(sentAt),
        seenAt: lastSeenAt === null ? null : rfc3339(lastSeenAt),
        ok: open ? null : state === 'well',
      },
      ...{ lagSecondsP50: lagP50, lagSecondsP99: lagP99 },
      ...{ receivedToday: 0, unreadable: 0, quarantine: 0, published: null },
    };
  });
}

/**
 * Sessions in a browser. The cookie holds a random secret, the table its hash. A session ends with the shift, earlier
 * when nobody uses it, and its secret changes every hour: a cookie that leaked is of use for that long.
 */
import { hours, type Instant, isBefore, minutes, type Time } from '../../foundation/time/time.ts';
import { cookieOf, hashOf, makeSecret } from './secrets.ts';
import type { AccessStore, FoundSession, SessionRecord } from './store.ts';

export const sessionValid = hours(12);
/** A console that nobody looks at is signed out; an open board asks often enough to count as looked at. */
export const idleValid = hours(2);
const rotateAfter = hours(1);
/** The secret before still opens the session this long: an answer that brought the new one may have been lost. */
const oldValid = minutes(10);
/** Requests side by side carry the old secret for a moment; after that, its bearer never got the new one. */
const settled = minutes(1);
const seenEvery = minutes(1);

export interface Sessions {
  /** Opens a session and says its cookie. A session that the browser had before ends. */
  start(request: Request, personId: string, how: SessionRecord['how']): Promise<string>;
  find(request: Request): Promise<FoundSession | null>;
  renew(request: Request): Promise<string | null>;
  /** The cookie that makes the browser forget. */
  readonly goneCookie: string;
}

export function browserSessions(options: {
  readonly store: AccessStore;
  readonly time: Time;
  readonly secure: boolean;
}): Sessions {
  const { store, time, secure } = options;
  const name = secure ? '__Host-rescind' : 'rescind';
  const cookie = (value: string, maxAge: number): string =>
    `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${secure ? '; Secure' : ''}`;

  const find = async (request: Request): Promise<FoundSession | null> => {
    const secret = cookieOf(request, name);
    if (secret === null) return null;
    const now = time.now();
    const found = await store.session(hashOf(secret), { now, idleSince: now.subtract(idleValid) });
    if (found !== null && isBefore(found.seenAt, now.subtract(seenEvery)))
      await store.sessionSeen(found.sessionId, now);
    return found;
  };

  return {
    goneCookie: cookie('', 0),
    find,
    async start(request, personId, how) {
      const before = await find(request);
      if (before !== null) await store.endSession(before.sessionId);
      const now = time.now();
      const secret = makeSecret();
      await store.putSession({
        hash: hashOf(secret),
        sessionId: makeSecret().slice(0, 16),
        personId,
        csrf: makeSecret(),
        how,
        device: deviceOf(request.headers.get('user-agent') ?? ''),
        since: now,
        seenAt: now,
        rotatedAt: now,
        lapsesAt: now.add(sessionValid),
      });
      await store.personSeen(personId, now);
      return cookie(secret, sessionValid.total('seconds'));
    },
    async renew(request) {
      const found = await find(request);
      const now = time.now();
      if (found === null || !isDue(found, now)) return null;
      const secret = makeSecret();
      const given = hashOf(cookieOf(request, name) ?? '');
      const rotated = await store.rotateSession({
        sessionId: found.sessionId,
        from: found.hash,
        to: hashOf(secret),
        old: given,
        at: now,
        oldUntil: now.add(oldValid),
      });
      return rotated ? cookie(secret, Math.max(0, Math.round(now.until(found.lapsesAt).total('seconds')))) : null;
    },
  };
}

function isDue(found: FoundSession, now: Instant): boolean {
  return isBefore(found.rotatedAt, now.subtract(found.stale ? settled : rotateAfter));
}

/** `Firefox, Linux`: enough to recognise one's own, too little to follow anybody. */
function deviceOf(agent: string): string {
  const browser = [
    ['Edg/', 'Edge'],
    ['OPR/', 'Opera'],
    ['Firefox/', 'Firefox'],
    ['Chrome/', 'Chrome'],
    ['Safari/', 'Safari'],
  ].find(([sign]) => agent.includes(sign ?? ''))?.[1];
  const system = [
    ['Android', 'Android'],
    ['iPhone', 'iPhone'],
    ['iPad', 'iPad'],
    ['Windows', 'Windows'],
    ['Mac OS X', 'macOS'],
    ['CrOS', 'ChromeOS'],
    ['Linux', 'Linux'],
  ].find(([sign]) => agent.includes(sign ?? ''))?.[1];
  return [browser ?? 'A browser', system].filter((word) => word !== undefined).join(', ');
}

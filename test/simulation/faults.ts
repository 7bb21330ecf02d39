/**
 * The outside world on a bad day. Every port answers for itself what its promise allows: refused for now, unknown
 * although it happened, unknown and it did not happen. After `calmAt` everything works, so that limits can be kept.
 */
import { hasCome, type Instant, type Time } from '../../src/foundation/time/time.ts';
import type { Messenger, Outgoing, SendOutcome } from '../../src/stages/outreach/messenger.ts';
import type { RevocationConnector, RevocationOrder, RevocationOutcome } from '../../src/stages/revocation/connector.ts';
import type { Fetch } from '../../src/stages/status/index.ts';
import type { Chance } from './chance.ts';

export interface Weather {
  readonly time: Time;
  readonly chance: Chance;
  readonly calmAt: Instant;
  /** How often a call goes wrong. */
  readonly share: number;
}

function isBad({ time, chance, calmAt, share }: Weather): boolean {
  return !hasCome(calmAt, time.now()) && chance.happens(share);
}

export function badConnector(inner: RevocationConnector, weather: Weather): RevocationConnector {
  const one = async (order: RevocationOrder): Promise<RevocationOutcome> => {
    const answer = async () => (await inner.revoke([order]))[0] as RevocationOutcome;
    if (!isBad(weather)) return answer();
    const message = 'The simulated CA has a bad day.';
    switch (weather.chance.between(0, 2)) {
      case 0:
        return { outcome: 'retry', code: 'busy', message, after: null };
      case 1:
        return { outcome: 'unknown', code: 'timeout', message };
      default:
        await answer();
        return { outcome: 'unknown', code: 'connection-lost', message };
    }
  };
  return {
    ...inner,
    async revoke(orders) {
      const outcomes: RevocationOutcome[] = [];
      for (const order of orders) outcomes.push(await one(order));
      return outcomes;
    },
    record: (certificate) =>
      isBad(weather)
        ? Promise.resolve({ state: 'unknown' as const, message: 'The simulated CA does not answer.' })
        : inner.record(certificate),
  };
}

export interface Delivered {
  readonly at: Instant;
  readonly letter: Outgoing;
}

/** A mail server that sometimes says "later", and sometimes has taken a letter although nobody heard it say so. */
export function badPost(weather: Weather): { readonly messenger: Messenger; readonly delivered: Delivered[] } {
  const delivered: Delivered[] = [];
  return {
    delivered,
    messenger: {
      name: 'simulated post',
      channel: 'email',
      async send(letters) {
        return letters.map((letter): SendOutcome => {
          const bad = isBad(weather);
          if (bad && weather.chance.happens(0.5)) return { outcome: 'retry', problem: 'Come again.' };
          delivered.push({ at: weather.time.now(), letter });
          if (bad) return { outcome: 'unknown', problem: 'The connection broke.' };
          return { outcome: 'accepted', detail: 'taken' };
        });
      },
      close: async () => undefined,
    },
  };
}

/** CRL and OCSP that cannot be reached now and then. */
export function badNetwork(weather: Weather): Fetch {
  return async (url, init) => {
    if (isBad(weather)) throw new TypeError('fetch failed');
    return fetch(url, init);
  };
}

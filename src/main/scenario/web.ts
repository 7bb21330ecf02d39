import { hash } from 'node:crypto';
import type { Fetcher } from '../../app/ports.ts';
import { at, hasCome, isBefore, type Time } from '../../foundation/time/time.ts';
import type { World } from './world.ts';

/** The web of a scenario: what `servedAt` says, while it says so. Every other host does not exist. */
export function simulatedWeb(world: World, time: Time): Fetcher {
  return {
    async fetch(url) {
      const now = time.now();
      const hosts = new Set(world.served.map((s) => new URL(s.url).host));
      const known = world.served.find((s) => s.url === url);
      if (!hosts.has(hostOf(url))) return { ok: false, problem: 'unknown_name', status: null };
      if (
        known === undefined ||
        isBefore(now, at(known.from)) ||
        (known.until !== null && hasCome(at(known.until), now))
      )
        return { ok: false, problem: 'http_status', status: 404 };
      const bytes = world.bytesOf(known.ref);
      return {
        ok: true,
        bytes,
        capture: {
          finalUrl: url,
          addresses: [],
          status: 200,
          sha256: hash('sha256', bytes, 'hex'),
          tlsLeafSha256: null,
        },
      };
    },
  };
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return '';
  }
}

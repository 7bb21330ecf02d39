/**
 * Looks what the names of certificates that should be replaced serve by TLS, when `renewalInfo.lookAtServed` says so: the
 * desk then connects to its subscribers' servers. Under the rules for reported addresses, a few at a time, and never in
 * anybody's way: what it sees moves no deadline.
 */
import { lookup } from 'node:dns/promises';
import { hasCome, type Instant, minutes, seconds } from '../foundation/time/time.ts';
import { isPublicAddress } from '../stages/evidence/fetch/addresses.ts';
import { type ServedParts, servedReplacement } from '../stages/renewal-info/index.ts';
import type { Desk } from './wiring.ts';

const lookEvery = seconds(10);
/** An advice is looked at again this much later: subscribers of a 24-hour case are seen within the hour. */
const againAfter = minutes(15);
const atOnce = 16;
/** Certificates of one advice in one round; a mass revocation is seen by inventory and CT. */
const certificatesMax = 2_000;

export const publicServers: ServedParts = {
  resolve: async (name) => (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address),
  isAllowed: (address) => isPublicAddress(address),
  port: 443,
  withinMs: 5_000,
};

/** One look at every open advice whose time has come. */
export async function lookAtServed(
  desk: Pick<Desk, 'renewal' | 'time'>,
  lookedAt: Map<string, Instant>,
  signal: AbortSignal,
  parts: ServedParts = publicServers,
): Promise<void> {
  for (const advice of desk.renewal.board.advices) {
    const last = lookedAt.get(advice.id);
    if (signal.aborted || (last !== undefined && !hasCome(last.add(againAfter), desk.time.now()))) continue;
    lookedAt.set(advice.id, desk.time.now());
    const look: Parameters<typeof desk.renewal.sweepBy>[1] = (old, keyMustChange) =>
      servedReplacement(old, keyMustChange, parts, desk.time.now());
    await desk.renewal.sweepBy(advice, look, { atOnce, max: certificatesMax, signal });
  }
}

export async function watchServed(desk: Desk, signal: AbortSignal): Promise<void> {
  const lookedAt = new Map<string, Instant>();
  while (!signal.aborted) {
    await lookAtServed(desk, lookedAt, signal).catch((error: unknown) =>
      desk.log.warn({ error: String(error) }, 'What subscribers serve could not be looked at; tried again.'),
    );
    await desk.time.waitUntil(desk.time.now().add(lookEvery), signal);
  }
}

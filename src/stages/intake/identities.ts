/**
 * Sealing identities: one for each UTC day, made in the reading room, which alone holds the private half. Intake sees
 * `SealingKeys` only. An identity is destroyed when nothing sealed under it has to be opened again, so that a backup
 * of the database opens nothing.
 *
 * - The identity of tomorrow is made today: midnight needs nobody, and a reading room that is down costs no mail.
 * - `current` never waits and never fails for want of rotation: it gives the newest key whose day has come.
 * - A destroyed identity never comes back; `open` of what it sealed says so.
 */
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { Fault } from '../../foundation/fault.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { SealingKey } from './seal.ts';

/** What intake holds. */
export interface SealingKeys {
  /** The key to seal with at `now`. Fault `no_sealing_key` when the reading room has never made one. */
  current(now: Instant): Promise<SealingKey>;
}

/** What the reading room holds. */
export interface SealingIdentities extends SealingKeys {
  /** Makes today's and tomorrow's identity if they are missing. Safe to call any number of times, from anywhere. */
  rotate(now: Instant): Promise<void>;
  /** The private half, or null when it has been destroyed or never existed here. Never log it. */
  identity(keyId: string): Promise<string | null>;
  /** Ids of identities that still exist, oldest first. */
  list(): Promise<readonly string[]>;
  /** Destroys one identity for good. True when it existed. */
  destroy(keyId: string): Promise<boolean>;
}

/** `2024-08-31`: the UTC day. Ids sort by time. */
export function sealingDay(now: Instant): string {
  return now.toZonedDateTimeISO('UTC').toPlainDate().toString();
}

export function daysToMake(now: Instant): readonly string[] {
  return [sealingDay(now), sealingDay(now.add({ hours: 24 }))];
}

/** The newest id whose day has come; while only later ones exist (a clock set back), the earliest of them. */
export function chooseKeyId(ids: readonly string[], now: Instant): string {
  const ordered = ids.toSorted();
  const today = sealingDay(now);
  const chosen = ordered.findLast((id) => id <= today) ?? ordered[0];
  if (chosen === undefined) {
    throw new Fault(
      'no_sealing_key',
      'There is no sealing key yet; start the reading room once before mail can arrive.',
    );
  }
  return chosen;
}

export async function newIdentity(): Promise<{ identity: string; recipient: string }> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** For tests and for the simulation: gone with the process. */
export function memoryIdentities(): SealingIdentities {
  const held = new Map<string, { identity: string; recipient: string }>();
  const made = new Set<string>();
  return {
    async current(now) {
      const keyId = chooseKeyId([...held.keys()], now);
      return { keyId, recipient: held.get(keyId)!.recipient };
    },
    async rotate(now) {
      for (const day of daysToMake(now)) {
        if (made.has(day)) continue;
        made.add(day);
        held.set(day, await newIdentity());
      }
    },
    async identity(keyId) {
      return held.get(keyId)?.identity ?? null;
    },
    async list() {
      return [...held.keys()].toSorted();
    },
    async destroy(keyId) {
      return held.delete(keyId);
    },
  };
}

import { isBefore } from '../../foundation/time/time.ts';
import type { Revoked } from './inventory.ts';

/**
 * What two statements about one revocation amount to. The earliest instant stays; the reason may be filled in or raised
 * to keyCompromise and never goes back (TLS BR 7.2.2 allows that one change, and a later call must not undo it).
 * Returns `before` itself when nothing changes.
 */
export function raised(before: Revoked | null, said: Revoked): Revoked {
  if (before === null) return said;
  const at = isBefore(said.at, before.at) ? said.at : before.at;
  const reason = before.reason === null || said.reason === 'keyCompromise' ? said.reason : before.reason;
  return at === before.at && reason === before.reason ? before : { at, reason };
}

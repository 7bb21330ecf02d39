import type { Instant } from '../foundation/time/time.ts';
import type { Clock } from './events.ts';
import type { Team } from './facts.ts';

/** What must happen now. Each is idempotent: done twice it does no harm, and the events say what is already done. */
export type Action =
  | { readonly do: 'route'; readonly team: Team; readonly because: string }
  | { readonly do: 'page'; readonly step: string; readonly team: Team; readonly because: string }
  | { readonly do: 'acknowledge'; readonly reportId: string }
  | { readonly do: 'look-for-evidence'; readonly reportId: string }
  | { readonly do: 'search-again'; readonly reportId: string }
  | { readonly do: 'block-keys'; readonly matterId: string }
  | { readonly do: 'advise-renewal'; readonly matterId: string }
  | { readonly do: 'contact-subscribers'; readonly matterId: string; readonly step: string }
  | { readonly do: 'report-to-reporter'; readonly reportId: string }
  | { readonly do: 'decline'; readonly reportId: string }
  | { readonly do: 'authorize'; readonly matterId: string; readonly because: string }
  | { readonly do: 'revoke'; readonly matterId: string; readonly again: boolean }
  | { readonly do: 'probe'; readonly matterId: string }
  | { readonly do: 'release-hold'; readonly matterId: string; readonly holdId: string }
  | { readonly do: 'finish-with-subscribers'; readonly matterId: string }
  | { readonly do: 'finish-with-reporter'; readonly reportId: string }
  | { readonly do: 'alarm'; readonly matterId: string; readonly component: string; readonly because: string }
  | { readonly do: 'open-incident'; readonly because: string }
  | {
      readonly do: 'miss-deadline';
      readonly clock: Clock;
      readonly matterId: string | null;
      readonly reportId: string | null;
      readonly dueAt: Instant;
      readonly missing: number;
    }
  | { readonly do: 'close'; readonly because: string };

export interface Plan {
  readonly actions: readonly Action[];
  /** When to plan again if nothing else happens first; null when nothing is owed any more. */
  readonly wakeAt: Instant | null;
}

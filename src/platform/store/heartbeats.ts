/** Signs of life of the loops that must not stop, so that something outside them can notice when they do. */
import type { Instant } from '../../foundation/time/time.ts';

export interface Heartbeat {
  /** Which loop: `wake-ups`, `sweep`, `duties`, … */
  readonly name: string;
  /** When it last finished a round that did all it should. */
  readonly at: Instant;
  readonly detail: string;
}

export interface Heartbeats {
  beat(heartbeat: Heartbeat): Promise<void>;
  all(): Promise<readonly Heartbeat[]>;
}

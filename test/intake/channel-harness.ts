/** A store that a test can take away, and a context in which a channel runs. */
import { Fault } from '../../src/foundation/fault.ts';
import { SystemTime } from '../../src/foundation/time/system-time.ts';
import type { Time } from '../../src/foundation/time/time.ts';
import type { ChannelContext, Refused, Trouble } from '../../src/stages/intake/channel.ts';
import { memoryIdentities, type SealingIdentities } from '../../src/stages/intake/identities.ts';
import type { Ledger } from '../../src/stages/intake/ledger.ts';
import { memoryLedger } from '../../src/stages/intake/memory.ts';
import type { Receipt } from '../../src/stages/intake/receipt.ts';
import { receiveReport } from '../../src/stages/intake/receive-report.ts';
import { unseal } from '../../src/stages/intake/seal.ts';

export interface Desk {
  readonly ledger: Ledger;
  readonly identities: SealingIdentities;
  readonly context: ChannelContext;
  readonly refusals: Refused[];
  readonly troubles: Trouble[];
  /** `up`; `down`: the store answers nothing; `silent`: it stores and its answer is lost; `full`. */
  store: 'up' | 'down' | 'silent' | 'full';
  receipts(): Promise<readonly Receipt[]>;
  /** The plain bytes of every receipt, as text. */
  contents(): Promise<readonly string[]>;
}

export async function aDesk(time: Time = new SystemTime()): Promise<Desk> {
  const inner = memoryLedger();
  const identities = memoryIdentities();
  await identities.rotate(time.now());
  const refusals: Refused[] = [];
  const troubles: Trouble[] = [];
  const ledger: Ledger = {
    ...inner,
    async record(fresh) {
      if (desk.store === 'down') throw new Fault('ledger_unavailable', 'down');
      if (desk.store === 'full') throw new Fault('ledger_full', 'full');
      const recorded = await inner.record(fresh);
      if (desk.store === 'silent') throw new Fault('ledger_unavailable', 'answer lost', { outcome: 'unknown' });
      return recorded;
    },
  };
  const desk: Desk = {
    ledger,
    identities,
    refusals,
    troubles,
    store: 'up',
    context: {
      receive: receiveReport({ ledger, keys: identities, time }),
      ledger,
      time,
      refused: (refusal) => refusals.push(refusal),
      trouble: (trouble) => troubles.push(trouble),
    },
    receipts: () => inner.list({ limit: 100_000 }),
    async contents() {
      const out: string[] = [];
      for (const receipt of await inner.list({ limit: 100_000 })) {
        const sealed = await inner.sealed(receipt.id);
        if (sealed === null) continue;
        const identity = await identities.identity(receipt.keyId);
        out.push(
          Buffer.from(await unseal({ sealed, sha256: receipt.sha256, keyId: receipt.keyId }, identity)).toString(),
        );
      }
      return out;
    },
  };
  return desk;
}

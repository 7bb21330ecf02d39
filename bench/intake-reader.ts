/** A reader in a process of its own: claims receipts, opens, parses and records what they say, until it is killed. */
import pg from 'pg';
import { readMessage } from '../src/foundation/mail/read-message.ts';
import { SystemTime } from '../src/foundation/time/system-time.ts';
import { minutes } from '../src/foundation/time/time.ts';
import { contentHash } from '../src/stages/intake/content-hash.ts';
import { fileSealingIdentities } from '../src/stages/intake/identities-file.ts';
import { receiptMarks, trustOfHost } from '../src/stages/intake/marks.ts';
import { postgresLedger } from '../src/stages/intake/postgres.ts';
import { unseal } from '../src/stages/intake/seal.ts';
import { threadKeys } from '../src/stages/intake/threads.ts';

const [url, folder] = process.argv.slice(2) as [string, string];
const ledger = postgresLedger(new pg.Pool({ connectionString: url, max: 4 }));
const identities = fileSealingIdentities(folder);
const time = new SystemTime();
const trust = trustOfHost('mx.ca.example');
let wake = (): void => undefined;
await ledger.onRecorded(() => wake());
process.stdout.write('ready\n');
for (;;) {
  const recorded = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const claims = await ledger.claim({ reader: 'bench', now: time.now(), lease: minutes(5), limit: 16 });
  if (claims.length === 0) {
    await Promise.race([recorded, time.waitUntil(time.now().add({ milliseconds: 100 }))]);
    continue;
  }
  await Promise.all(
    claims.map(async ({ receipt, sealed }) => {
      const plain = await unseal({ ...receipt, sealed }, await identities.identity(receipt.keyId));
      const message = await readMessage(plain);
      await ledger.markRead(receipt.id, 'bench', {
        facts: {
          messageId: message.messageId ?? '',
          messageIdSynthetic: message.messageIdSynthetic,
          contentHash: contentHash(message),
          threadKeys: threadKeys(message),
          automatic: message.automatic,
        },
        marks: receiptMarks({ message, acceptance: null, trust }),
        redacted: null,
        problem: message.problems[0] ?? null,
        at: time.now(),
      });
    }),
  );
}

/** kill -9 between write and acknowledgement, again and again: every message exactly one receipt, nothing lost. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SystemTime } from '../../src/foundation/time/system-time.ts';
import { migrate } from '../../src/platform/store/migrate.ts';
import { type TestDatabase, testDatabase } from '../../src/platform/store/testing.ts';
import { fileSealingIdentities } from '../../src/stages/intake/identities-file.ts';
import { migrations, postgresLedger } from '../../src/stages/intake/postgres.ts';
import { unseal } from '../../src/stages/intake/seal.ts';
import { SmtpClient } from './smtp-client.ts';

/** Each kill starts a process; RESCIND_KILLS=100 runs the long form. */
const KILLS = Number(process.env.RESCIND_KILLS ?? 25);
const SENDERS = 3;

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await testDatabase();
  await migrate(database.pool, [{ room: 'intake', migrations }], new SystemTime().now());
  folder = await mkdtemp(join(tmpdir(), 'rescind-kill-'));
  await fileSealingIdentities(folder).rotate(new SystemTime().now());
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  readonly gone: Promise<void>;
}

async function startDesk(moment: string, nth: number): Promise<Running> {
  const script = fileURLToPath(new URL('desk-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', script, database.url, folder, moment, String(nth)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout!.once('data', (line: Buffer) => resolve(Number(line.toString())));
    void gone.then(() => reject(new Error('the desk did not start')));
  });
  return { child, port, gone };
}

const mail = (n: number): string =>
  `From: a${n}@reporter.example\r\nMessage-ID: <${n}@reporter.example>\r\nSubject: report ${n}\r\n\r\nkey ${n}\r\n`;

it('a desk that is killed at any moment loses nothing and doubles nothing', async () => {
  let next = 0;
  const acknowledged = new Set<number>();
  const unsure = new Set<number>();
  /** Sends until the connection is lost; what was not answered is sent again later, as a mail server does. */
  const sendUntilLost = async (port: number): Promise<void> => {
    const client = await SmtpClient.open(port);
    for (;;) {
      const again = unsure.values().next().value;
      const n = again ?? next++;
      unsure.delete(n);
      const answer = await client.send(mail(n));
      if (answer?.startsWith('250') === true) acknowledged.add(n);
      else {
        unsure.add(n);
        client.close();
        return;
      }
    }
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const moment = kill % 2 === 0 ? 'after' : 'before';
    const desk = await startDesk(moment, 1 + (kill % 4));
    await Promise.all([...Array.from({ length: SENDERS }, () => sendUntilLost(desk.port)), desk.gone]);
  }
  const desk = await startDesk('never', 0);
  const client = await SmtpClient.open(desk.port);
  const delivered = unsure.size;
  for (const n of unsure) expect(await client.send(mail(n))).toMatch(/^250 /);
  client.close();
  desk.child.kill('SIGKILL');
  await desk.gone;

  // The test would prove nothing if no message had ever been written without an answer.
  expect(delivered).toBeGreaterThan(0);
  const ledger = postgresLedger(database.pool);
  const receipts = await ledger.list({ limit: 100_000 });
  expect(receipts.some((receipt) => receipt.deliveries > 1)).toBe(true);
  const expected = Array.from({ length: next }, (_, n) => createHash('sha256').update(mail(n)).digest('hex'));
  expect(receipts.map((receipt) => receipt.sha256).toSorted()).toEqual(expected.toSorted());
  expect(acknowledged.size).toBeGreaterThan(0);

  const identities = fileSealingIdentities(folder);
  for (const receipt of receipts) {
    const sealed = (await ledger.sealed(receipt.id))!;
    const plain = await unseal({ ...receipt, sealed }, await identities.identity(receipt.keyId));
    expect(expected).toContain(createHash('sha256').update(plain).digest('hex'));
  }
}, 300_000);

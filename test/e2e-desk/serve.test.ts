/** The same report from any outside mail client, on the real clock, through processes that may be killed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonLines, rescind } from './rescind.ts';
import { type Issued, Served, until } from './served.ts';

/** A reporter of its own for each story, so that letters can be counted. */
function reporterOf({ names }: Issued): string {
  return `researcher@keywatch-${names[0]}`;
}

function theReport({ names, serial }: Issued): string {
  return [
    'Hello,',
    '',
    `the private key of your TLS certificate ${serial} for ${names[0]} is public on a web server.`,
    'I attach it. Please revoke the certificate for key compromise.',
    '',
    'Regards',
  ].join('\n');
}

async function sendAbout(served: Served, issued: Issued): Promise<void> {
  const answer = await served.report(reporterOf(issued), theReport(issued), [
    { name: 'server.key', content: issued.keyPem },
  ]);
  expect(answer).toMatch(/^250 /);
}

/** Relying parties see it, and everybody was told. */
async function seenRevoked(served: Served, issued: Issued, subscriber: string): Promise<void> {
  await until(async () => (await served.ocsp(issued)).includes('revoked'));
  expect(await served.ocsp(issued)).toMatch(/Response verify OK[\s\S]*: revoked[\s\S]*Reason: keyCompromise/);
  expect(await served.verify(issued)).toMatch(/certificate revoked/);
  await until(() => served.lettersTo(subscriber).length >= 2);
  // Acknowledgement, preliminary report, final report: each once, whatever was killed in between.
  const toReporter = await until(() => {
    const subjects = served.lettersTo(reporterOf(issued)).map((l) => l.subject);
    return subjects.length >= 3 ? subjects : null;
  });
  expect(toReporter).toHaveLength(3);
  expect(new Set(toReporter).size).toBe(3);
}

describe('a served desk', { timeout: 300_000 }, () => {
  let served: Served;
  beforeAll(async () => {
    served = await Served.open({ silenceSeconds: 3 });
  });
  afterAll(() => served.close());

  test('takes a leaked key from mail to revocation that openssl sees, and tells everybody', async () => {
    const subscriber = 'hostmaster@shop.customer.example';
    const issued = await served.issue(['shop.customer.example'], subscriber);
    // The twin of what follows: before the report the same commands call the same certificate good.
    expect(await served.verify(issued)).toMatch(/: OK/);
    expect(await served.ocsp(issued)).toMatch(/Response verify OK[\s\S]*: good/);

    await sendAbout(served, issued);
    await until(async () => (await served.board()).rows.length > 0);
    await seenRevoked(served, issued, subscriber);
    expect(served.lettersTo(subscriber).length).toBeGreaterThanOrEqual(2);
  });

  test('its log verifies and its incident can be drafted while it runs', async () => {
    const audit = await rescind(['--config', served.config, 'audit', 'verify', '--json'], {
      env: { DATABASE_URL: '' },
    });
    expect(audit.code).toBe(0);
    const [verdict] = jsonLines(audit.out) as { ok: boolean; size: number }[];
    expect(verdict?.ok).toBe(true);
    expect(verdict?.size).toBeGreaterThan(10);
  });
});

describe('kill -9 in the middle', { timeout: 300_000 }, () => {
  let served: Served;
  beforeAll(async () => {
    served = await Served.open({ silenceSeconds: 6 });
  });
  afterAll(() => served.close());

  test('of the desk: started again it ends the same, with no letter twice', async () => {
    const subscriber = 'it@killed-desk.example';
    const issued = await served.issue(['killed-desk.example'], subscriber);
    await sendAbout(served, issued);
    await until(() => served.lettersTo(subscriber).length > 0);
    await served.desk.stop('SIGKILL');
    expect(served.lettersTo(reporterOf(issued)).length).toBeLessThan(3);
    await served.startAgain();
    await seenRevoked(served, issued, subscriber);
  });

  test('right after the mail was taken: nothing is lost', async () => {
    const subscriber = 'it@taken-then-killed.example';
    const issued = await served.issue(['taken-then-killed.example'], subscriber);
    await sendAbout(served, issued);
    await served.desk.stop('SIGKILL');
    await served.startAgain();
    await seenRevoked(served, issued, subscriber);
  });

  test('of the database server under a running desk: the desk starts it again by itself', async () => {
    const subscriber = 'it@killed-database.example';
    const issued = await served.issue(['killed-database.example'], subscriber);
    await sendAbout(served, issued);
    await until(() => served.lettersTo(subscriber).length > 0);
    served.killDatabase();
    await seenRevoked(served, issued, subscriber);
    expect(served.desk.child.exitCode).toBeNull();
  });

  test('of both: started again it recovers the database and ends the same', async () => {
    const subscriber = 'it@killed-both.example';
    const issued = await served.issue(['killed-both.example'], subscriber);
    await sendAbout(served, issued);
    await until(() => served.lettersTo(subscriber).length > 0);
    await Promise.all([served.desk.stop('SIGKILL'), served.killDatabase()]);
    await served.startAgain();
    await seenRevoked(served, issued, subscriber);
    const audit = await rescind(['--config', served.config, 'audit', 'verify', '--json'], {
      env: { DATABASE_URL: '' },
    });
    expect(jsonLines(audit.out)).toEqual([expect.objectContaining({ ok: true })]);
  });
});

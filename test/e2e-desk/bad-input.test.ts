/**
 * What strangers send: each ends as a visible item with a stable word for what was wrong, and the next message is read as
 * if nothing had happened. Through the whole desk: SMTP-like receipt, sealed store, reading room, triage, case.
 */
import { generateKeyPairSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCase } from '../../src/app/change-case.ts';
import { stageOf } from '../../src/desk/case.ts';
import type { CaseId } from '../../src/foundation/brand.ts';
import { composeMessage } from '../../src/foundation/mail/compose.ts';
import { type Replay, runScenario } from '../../src/main/scenario/run.ts';
import { readScenario } from '../../src/main/scenario/schema.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A desk with one certificate, kept open for the tests of this file. */
let replay: Replay;
let finish: () => void;
let running: Promise<unknown>;

beforeAll(async () => {
  const read = readScenario({
    schema: 'revocation-desk/scenario@2',
    id: 'bad-input',
    fixtures: [
      {
        ...{
          ref: 'C1',
          build: 'leaf',
          names: ['shop.customer.example'],
          serial: '4a10c3',
          subscriber: 'SUB-1',
          key: 'K1',
        },
        ...{ issuedAt: '2026-01-02T00:00:00Z', notAfter: '2026-06-02T00:00:00Z', profile: 'dv' },
      },
    ],
    events: [],
  });
  if (!read.ok) throw new Error(read.problem);
  await new Promise<void>((ready, fail) => {
    const open = new Promise<void>((done) => {
      finish = done;
    });
    running = runScenario(read.scenario, {
      log: quiet,
      before: async (opened) => {
        replay = opened;
        ready();
        await open;
      },
    });
    running.catch(fail);
  });
});

afterAll(async () => {
  finish();
  await running;
});

async function send(raw: Uint8Array): Promise<{ reportId: string; caseId: CaseId | null }> {
  const { receiptId } = await replay.desk.receive(raw, {
    ...{ channel: 'smtp', source: 'mx', sourceKey: null, sightedAs: null, folder: null, mailbox: 'support@ca.example' },
    ...{ envelopeFrom: 'stranger@elsewhere.example', envelopeTo: ['support@ca.example'] },
    ...{ markSource: 'own-acceptance', detail: 'SMTP from elsewhere' },
  });
  await replay.desk.runDue();
  return { reportId: receiptId, caseId: await replay.desk.readings.caseOf([receiptId]) };
}

function mail(
  text: string,
  attachments: { fileName: string; mediaType: string; bytes: Uint8Array }[] = [],
): Uint8Array {
  const from = { name: '', address: 'stranger@elsewhere.example' };
  return composeMessage({
    from,
    to: [],
    subject: 'a certificate of yours',
    text,
    date: null,
    messageId: null,
    headers: [],
    attachments,
  });
}

/** Recorded, visible, and nothing revoked. */
async function survived(sent: { reportId: string; caseId: CaseId | null }): Promise<void> {
  const receipt = await replay.desk.ledger.get(sent.reportId as never);
  expect(receipt?.state).toMatch(/^(read|failed)$/);
  const reading = await replay.desk.readings.get(sent.reportId);
  expect(reading !== null || sent.caseId !== null).toBe(true);
  const [certificate] = replay.world.select('C1');
  await replay.desk.lookAtNow([certificate!.fingerprint], 'keyCompromise');
  expect((await replay.desk.readings.probes([certificate!.fingerprint]))[0]?.crl).toBe('good');
}

describe('what strangers send', () => {
  it('bytes that are no mail become an item that somebody sees', async () => {
    const bytes = Buffer.alloc(5_000, 0xff);
    const sent = await send(bytes);
    await survived(sent);
  });

  it('a mail nested three hundred levels deep is read to its bottom or says where it stopped', async () => {
    let body = 'Content-Type: text/plain\r\n\r\nprivate key of shop.customer.example leaked\r\n';
    for (let i = 300; i > 0; i--)
      body = `Content-Type: multipart/mixed; boundary="b${i}"\r\n\r\n--b${i}\r\n${body}\r\n--b${i}--\r\n`;
    await survived(await send(Buffer.from(`From: a@b.example\r\nSubject: nest\r\nMIME-Version: 1.0\r\n${body}`)));
  });

  it('a bomb is refused by counted bytes and named, and the words around it are read', async () => {
    const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024));
    const sent = await send(
      mail('The private key of your customer is attached.', [
        { fileName: 'keys.gz', mediaType: 'application/gzip', bytes: bomb },
      ]),
    );
    await survived(sent);
    const reading = await replay.desk.readings.get(sent.reportId);
    expect(JSON.stringify(reading?.message)).toMatch(/too_large|limit|ratio|bomb|cut/);
  });

  it('a key that belongs to nobody here revokes nothing and is blocked for ever', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const sent = await send(mail(`This key is public, please revoke whatever uses it:\n\n${pem}`));
    await survived(sent);
    const current = sent.caseId === null ? null : await loadCase(replay.desk.parts.cases, sent.caseId);
    const [item] = current?.reports[0]?.evidence ?? [];
    expect(item?.verdict).toBe('proven-key');
    expect(item?.matches).toEqual([]);
    expect(await replay.desk.isBlocked(item?.spkiSha256 ?? '')).toBe(true);
  });

  it('an unknown serial is a case that a person concludes, never silence', async () => {
    const sent = await send(
      mail('The private key of the certificate with serial 0f:ee:dd:cc:bb:aa:99:88 is compromised. Revoke it.'),
    );
    await survived(sent);
    const current = sent.caseId === null ? null : await loadCase(replay.desk.parts.cases, sent.caseId);
    expect(current === null ? null : stageOf(current)).toMatch(/open|review/);
    expect(current?.matters ?? []).toEqual([]);
  });

  it('the next report is read as if nothing had happened', async () => {
    const key = Buffer.from(replay.world.bytesOf(replay.world.keyFileOf(replay.world.select('C1')[0]!))).toString();
    const sent = await send(mail(`The private key of shop.customer.example:\n\n${key}`));
    const current = sent.caseId === null ? null : await loadCase(replay.desk.parts.cases, sent.caseId);
    expect(current?.matters.map((m) => m.basis)).toContain('proof');
  });
});

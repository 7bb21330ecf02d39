/** Answers find their case by the address they are sent to, whatever else of the conversation was lost on the way. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCase } from '../app/change-case.ts';
import type { CaseId } from '../foundation/brand.ts';
import { at } from '../foundation/time/time.ts';
import { VirtualTime } from '../foundation/time/virtual-time.ts';
import { type TestDatabase, testDatabase } from '../platform/store/testing.ts';
import type { Outgoing } from '../stages/outreach/messenger.ts';
import { checkConfig } from './config.ts';
import { openLog } from './log.ts';
import { noConnector } from './no-connector.ts';
import { type Desk, openDesk } from './wiring.ts';

const time = new VirtualTime(at('2026-03-02T10:00:00Z'));
const letters: Outgoing[] = [];
let database: TestDatabase;
let folder: string;
let desk: Desk;

beforeAll(async () => {
  [database, folder] = await Promise.all([testDatabase(), mkdtemp(join(tmpdir(), 'rescind-replies-'))]);
  const read = checkConfig("mail: { from: 'Desk <problem-reporting@ca.example>' }");
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  desk = await openDesk({
    config: { ...read.config, dataFolder: folder },
    ...{
      time,
      log: openLog('silent'),
      pool: database.pool,
      connector: noConnector(),
      issuers: () => null,
      roomSize: 1,
    },
    messenger: {
      name: 'kept',
      channel: 'email',
      async send(sent) {
        letters.push(...sent);
        return sent.map(() => ({ outcome: 'accepted', detail: '' }) as const);
      },
      close: async () => {},
    },
    pager: { page: async () => true },
  });
});

afterAll(async () => {
  await desk?.close();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

let number = 0;
async function arrives(mail: { from: string; to: string; subject: string; text: string }): Promise<CaseId | null> {
  const raw = `From: ${mail.from}\r\nTo: ${mail.to}\r\nSubject: ${mail.subject}\r\nMessage-ID: <${number++}@x.example>\r\nDate: Mon, 02 Mar 2026 09:59:00 +0000\r\n\r\n${mail.text}\r\n`;
  const { receiptId } = await desk.receive(Buffer.from(raw), {
    ...{ channel: 'smtp', source: 'smtp', sourceKey: null, sightedAs: null, folder: null, mailbox: null },
    ...{ envelopeFrom: mail.from, envelopeTo: [mail.to], markSource: 'own-acceptance', detail: 'test' },
  });
  await desk.runDue();
  const reading = await desk.readings.get(receiptId);
  expect(reading).not.toBeNull();
  return reading?.caseId ?? null;
}

const report = (name: string) => ({
  from: 'ann@research.example',
  to: 'problem-reporting@ca.example',
  subject: `Private key of ${name} is public`,
  text: `The private key of ${name} is published in a repository. Please revoke its certificate.`,
});
const answer = {
  from: 'colleague@elsewhere.example',
  subject: 'about your mail',
  text: 'Thanks, we are looking at it.',
};

describe('an answer', () => {
  it('to the address of a letter joins its case, with another sender and subject and no references', async () => {
    const caseId = await arrives(report('shop.customer.example'));
    const [letter] = letters.filter((one) => one.letterId.startsWith(`${caseId}/`));
    expect(letter?.replyTo).toMatch(/^problem-reporting\+[a-z0-9]{45}@ca\.example$/);
    expect(await arrives({ ...answer, to: letter?.replyTo ?? '' })).toBe(caseId);
    expect((await loadCase(desk.parts.cases, caseId as CaseId))?.reports).toHaveLength(2);
  });

  it('to an address that was forged, or that lapsed, is a message of its own and is read like any', async () => {
    const caseId = await arrives(report('pay.customer.example'));
    const to = letters.find((one) => one.letterId.startsWith(`${caseId}/`))?.replyTo ?? '';
    const forged = to.replace(/.(?=@)/, (last) => (last === 'a' ? 'b' : 'a'));
    expect(await arrives({ ...report('forged.customer.example'), to: forged })).not.toBe(caseId);
    time.advanceTo(time.now().add({ hours: 24 * 184 }));
    const late = await arrives({ ...report('late.customer.example'), to });
    expect(late).not.toBeNull();
    expect(late).not.toBe(caseId);
  });
});

/** A whole desk on virtual time for tests of intake: real database, real reading room, letters and pages kept. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { loadCase } from '../../src/app/change-case.ts';
import type { Case } from '../../src/desk/case.ts';
import type { CaseId } from '../../src/foundation/brand.ts';
import type { Instant } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import { checkConfig } from '../../src/main/config.ts';
import { openLog } from '../../src/main/log.ts';
import { noConnector } from '../../src/main/no-connector.ts';
import { type Desk, openDesk } from '../../src/main/wiring.ts';
import { type TestDatabase, testDatabase } from '../../src/platform/store/testing.ts';
import { recordOf } from '../../src/stages/inventory/index.ts';
import { sampleCertificate, sampleKey } from '../../src/stages/inventory/sample.ts';
import type { Outgoing } from '../../src/stages/outreach/messenger.ts';

export interface WholeDesk {
  readonly desk: Desk;
  readonly database: TestDatabase;
  readonly time: VirtualTime;
  readonly letters: Outgoing[];
  readonly pages: { readonly caseId: string; readonly step: string }[];
  /** Issues a certificate and says its serial. */
  issue(name: string): Promise<string>;
  /** One mail, read to the end: the case it came to, or null when it was filed. */
  arrives(mail: Mail): Promise<CaseId | null>;
  caseOf(caseId: CaseId | null): Promise<Case>;
  close(): Promise<void>;
}

export interface Mail {
  readonly from?: string;
  readonly to?: string;
  readonly subject: string;
  readonly text: string;
  readonly headers?: readonly string[];
}

let mails = 0;

export function rawMail({ from = 'ann@research.example', to, subject, text, headers = [] }: Mail): Buffer {
  const id = headers.some((line) => /^message-id:/i.test(line))
    ? []
    : [`Message-ID: <mail-${mails++}@research.example>`];
  const head = [
    `From: ${from}`,
    `To: ${to ?? 'problem-reporting@ca.example'}`,
    `Subject: ${subject}`,
    ...id,
    ...headers,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}\r\n`);
}

export async function wholeDesk(startAt: Instant): Promise<WholeDesk> {
  const [database, folder] = await Promise.all([testDatabase(), mkdtemp(join(tmpdir(), 'rescind-whole-desk-'))]);
  const read = checkConfig("mail: { from: 'Desk <problem-reporting@ca.example>' }");
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const time = new VirtualTime(startAt);
  const letters: Outgoing[] = [];
  const pages: { caseId: string; step: string }[] = [];
  const desk = await openDesk({
    config: { ...read.config, dataFolder: folder },
    ...{
      time,
      log: openLog('silent'),
      pool: database.pool,
      connector: noConnector(),
      issuers: () => null,
      roomSize: 2,
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
    pager: {
      async page({ caseId, step }) {
        pages.push({ caseId, step });
        return true;
      },
    },
  });
  return {
    ...{ desk, database, time, letters, pages },
    async issue(name) {
      const record = recordOf(sampleCertificate({ spki: sampleKey(), names: [name] }));
      await desk.inventory.add([record]);
      return record.serial;
    },
    async arrives(mail) {
      const { receiptId } = await desk.receive(rawMail(mail), {
        ...{ channel: 'smtp', source: 'smtp', sourceKey: null, sightedAs: null, folder: null, mailbox: null },
        ...{
          envelopeFrom: mail.from ?? 'ann@research.example',
          envelopeTo: [mail.to ?? 'problem-reporting@ca.example'],
        },
        ...{ markSource: 'own-acceptance', detail: 'test' },
      });
      await desk.runDue();
      const reading = await desk.readings.get(receiptId);
      expect(reading).not.toBeNull();
      return reading?.caseId ?? null;
    },
    async caseOf(caseId) {
      const current = caseId === null ? null : await loadCase(desk.parts.cases, caseId);
      if (current === null) throw new Error(`there is no case ${caseId}`);
      return current;
    },
    async close() {
      await desk.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

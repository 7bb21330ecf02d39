/**
 * Test reports through every published address: sent by our own relay to the address that the world writes to, with a
 * key made for it alone, and recognised when they come in. They never become a case. One that does not come in time,
 * comes out of a junk folder or without its key wakes people.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  type CanaryPath,
  type CanaryRun,
  canariesDue,
  canaryDefaults,
  canaryToken,
  pathAlarms,
  pathHealth,
  readCanary,
} from '../assurance/contacts/index.ts';
import type { Message } from '../foundation/mail/message.ts';
import { at, hasCome, hours, type Instant } from '../foundation/time/time.ts';
import type { Messenger } from '../stages/outreach/messenger.ts';
import type { Cause } from './night-watch.ts';

const seconds = z
  .number()
  .int()
  .min(60)
  .max(7 * 86_400);

export const canariesShape = z
  .array(
    z.strictObject({
      /** A published address, as the world writes to it. */
      address: z.string().regex(/^[^\s@]+@[^\s@]+$/, 'this is no mail address'),
      everySeconds: seconds.default(canaryDefaults.everySeconds),
      limitSeconds: seconds.default(canaryDefaults.limitSeconds),
    }),
  )
  .max(100)
  .default([]);

export interface Canaries {
  /** Sends what is owed at `now`, and says which paths have to wake somebody. */
  round(now: Instant): Promise<readonly Cause[]>;
  health(now: Instant): Promise<ReturnType<typeof pathHealth>>;
  /** Newest test report of each path, sent when. */
  runs(now: Instant): Promise<readonly CanaryRun[]>;
  /** True when the message is a test report of ours that was sent lately: it is noted, and is no report. */
  came(
    message: Message,
    where: { readonly folder: string | null; readonly sawKey: boolean },
    now: Instant,
  ): Promise<boolean>;
}

/** Later than this a test report is a riddle, and riddles are a person's. */
const recognisedFor = hours(24);
/** Runs looked back at. */
const lookBack = hours(15 * 24);

export function openCanaries(parts: {
  readonly pool: Pool;
  readonly paths: z.infer<typeof canariesShape>;
  readonly messenger: Messenger;
  readonly secret: Uint8Array;
  /** The address our letters come from. */
  readonly from: string;
}): Canaries {
  const { pool, messenger, secret } = parts;
  const paths: readonly CanaryPath[] = parts.paths.map(({ address, ...rest }) => ({ path: address, ...rest }));

  const runs = async (now: Instant): Promise<readonly CanaryRun[]> => {
    if (paths.length === 0) return [];
    const written = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
    const { rows } = await pool.query<Row>(
      `select path, number, ${written('sent_at')} as sent_at, ${written('seen_at')} as seen_at, folder, attachment_whole
       from watch.canary where sent_at > $1 order by sent_at`,
      [now.subtract(lookBack).toString()],
    );
    return rows.map((row) => ({
      ...{ path: row.path, number: row.number, sentAt: at(row.sent_at) },
      seenAt: row.seen_at === null ? null : at(row.seen_at),
      ...{ folder: row.folder, attachmentWhole: row.attachment_whole },
    }));
  };

  const send = async (path: string, now: Instant): Promise<void> => {
    // Recorded first: one that could not be sent is as lost as one that did not arrive, and is told the same way.
    const { rows } = await pool.query<{ number: number }>(
      `insert into watch.canary (path, number, sent_at)
       select $1, coalesce(max(number), 0) + 1, $2 from watch.canary where path = $1 returning number`,
      [path, now.toString()],
    );
    const number = rows[0]?.number ?? 0;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await messenger.send([
      {
        letterId: `canary/${path}/${number}`,
        to: path,
        subject: subjectOf(number),
        text: `This is a test of the way reports take to us. The key enclosed was made for it and guards nothing.\n\n${canaryToken(path, number, secret)}\n`,
        html: null,
        language: 'en',
        automatic: 'no',
        inReplyTo: null,
        references: [],
        enclosed: [
          {
            fileName: 'test-report-key.pem',
            mediaType: 'application/x-pem-file',
            content: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
          },
        ],
      },
    ]);
  };

  return {
    runs,
    async health(now) {
      return pathHealth(paths, await runs(now), now);
    },
    async round(now) {
      for (const { path } of canariesDue(paths, await runs(now), now)) await send(path, now);
      const alarms = pathAlarms(pathHealth(paths, await runs(now), now));
      return alarms.map(({ path, state, message }) => ({ id: `canary/${path}/${state}`, words: message }));
    },
    async came(message, { folder, sawKey }, now) {
      // Ours alone: from us, with nothing added. A report that quotes a test is a report.
      if (message.from[0]?.address.toLowerCase() !== parts.from || message.attachments.length > 1) return false;
      const read = readCanary(message.texts.map((t) => t.text).join('\n'), secret);
      if (read === null || message.subject !== subjectOf(read.number)) return false;
      const { rows } = await pool.query<{ sent_at: string }>(
        `select to_char(sent_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as sent_at
         from watch.canary where path = $1 and number = $2`,
        [read.path, read.number],
      );
      const sent = rows[0]?.sent_at;
      if (sent === undefined || hasCome(at(sent).add(recognisedFor), now)) return false;
      const place = folder === null || folder.toLowerCase() === 'inbox' ? 'inbox' : folder.toLowerCase();
      await pool.query(
        `update watch.canary set seen_at = $3, folder = $4, attachment_whole = $5
         where path = $1 and number = $2 and seen_at is null`,
        [read.path, read.number, now.toString(), place, sawKey],
      );
      return true;
    },
  };
}

interface Row {
  readonly path: string;
  readonly number: number;
  readonly sent_at: string;
  readonly seen_at: string | null;
  readonly folder: string | null;
  readonly attachment_whole: boolean | null;
}

function subjectOf(number: number): string {
  return `Certificate problem report (test ${number} of the reporting address)`;
}

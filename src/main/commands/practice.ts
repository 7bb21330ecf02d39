/** The commands of peace time: contacts and drills. They send by the relay of the configuration, beside a running desk. */
import type { Command } from 'commander';
import { eventFromJson } from '../../app/event-json.ts';
import { contactsCommand } from '../../cli/contacts.ts';
import { drillCommand } from '../../cli/drill.ts';
import type { Event } from '../../desk/events.ts';
import { Fault } from '../../foundation/fault.ts';
import type { Messenger } from '../../stages/outreach/messenger.ts';
import { smtpDefaults, smtpMessenger } from '../../stages/outreach/messengers/smtp.ts';
import type { Config } from '../config.ts';
import {
  type DrillStory,
  drillRun,
  drillStories,
  drillsHeld,
  injectDrill,
  keepDrill,
  type StoredDrill,
} from '../drills.ts';
import { dutyOf } from '../duty.ts';
import { openLog } from '../log.ts';
import { addressIn, mailDomainOf, openMail } from '../mail-relay.ts';
import { openOffline } from '../offline.ts';
import { openPaging } from '../paging.ts';
import { linkSecret } from '../port/links.ts';
import { auditPublished } from '../published-contacts.ts';
import { postgresPages } from '../watch-store.ts';
import type { Desk } from '../wiring.ts';
import type { CommandContext } from './context.ts';

export function practisedContactsCommand(context: CommandContext): Command {
  return contactsCommand({
    ...context,
    open: async () => {
      const config = await context.configured();
      const { desk, close } = await openOffline(config);
      const mail = await openMail(config);
      const duty = await dutyOf(config, mail, context.time);
      const paging = openPaging({
        ...{ duty, pages: postgresPages(desk.pool), contacts: desk.contacts, log: openLog('error') },
        ...{ secret: await linkSecret(config.dataFolder), origin: config.http.publicUrl },
        mailDomain: mailDomainOf(config.mail.from),
      });
      return {
        log: desk.contacts,
        people: duty?.people ?? [],
        onCall: (now) => duty?.onCallAt(now) ?? [],
        test: (who, now) =>
          paging.test(
            who.flatMap((person) => (duty?.contactsOf(person) ?? []).map((contact) => ({ who: person, contact }))),
            now,
          ),
        audit: (now) => auditPublished(desk, (url, init) => fetch(url, init), now),
        close: async () => {
          await mail.close();
          await close();
        },
      };
    },
  });
}

export function practisedDrillCommand(context: CommandContext): Command {
  return drillCommand({
    ...context,
    open: async () => {
      const config = await context.configured();
      const { desk, close } = await openOffline(config);
      return {
        stories: Object.keys(drillStories),
        async run({ story, to, by }, now) {
          const address = to ?? config.canaries[0]?.address ?? addressIn(config.mail.from);
          const messenger = await drillMail(config);
          try {
            const parts = { pool: desk.pool, messenger, mailDomain: mailDomainOf(config.mail.from) };
            return { ...(await injectDrill(parts, { story: story as DrillStory, to: address, by }, now)), to: address };
          } finally {
            await messenger.close();
          }
        },
        held: (kind, by, remark, now) =>
          keepDrill(desk.pool, {
            ...{ drillId: `held-${now.epochMilliseconds}`, kind, at: now, by, remark },
            ...{ trueLabel: null, messageId: null },
          }),
        done: () => drillsHeld(desk.pool),
        async runs() {
          const sent = (await drillsHeld(desk.pool)).filter((drill) => drill.messageId !== null);
          return Promise.all(sent.map((drill) => becameOf(desk, drill)));
        },
        close,
      };
    },
  });
}

/** Without a relay a drill comes in by the running desk's own SMTP door, like mail from anywhere. */
async function drillMail(config: Config): Promise<Messenger> {
  if (config.mail.relay !== null) return openMail(config);
  if (config.smtp.port === 0)
    throw new Fault('config_invalid', 'Set mail.relay, or a fixed smtp.port: a drill arrives by mail.');
  const domain = mailDomainOf(config.mail.from);
  const address = `drill@${domain}`;
  return smtpMessenger({
    ...smtpDefaults,
    ...{ host: config.smtp.host, port: config.smtp.port, requireTls: false, connectionsMax: 1 },
    ...{ from: { name: 'A researcher', address }, bounceAddress: address, messageIdDomain: domain },
  });
}

/** The case a drill became: found by its Message-ID, like an answer to it would be. */
async function becameOf(desk: Desk, drill: StoredDrill) {
  const { rows } = await desk.pool.query<{ id: string }>(
    'select id from intake.receipt where message_id = $1 order by accepted_at limit 1',
    [drill.messageId],
  );
  const reportId = rows[0]?.id ?? null;
  const reading = reportId === null ? null : await desk.readings.get(reportId);
  const events: Event[] =
    reading?.caseId == null
      ? []
      : (await desk.store.cases.load(reading.caseId)).map((e) =>
          eventFromJson({ ...(e.data as Record<string, unknown>), type: e.type, at: e.at.toString(), by: e.by }),
        );
  const filedAt = reading !== null && reading.caseId === null ? reading.at : null;
  return drillRun(drill, reportId, filedAt, events);
}

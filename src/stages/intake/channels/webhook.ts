/**
 * Tickets that other help desks of the CA push here, signed. The ticket's own creation time is a mark: the help desk's
 * inbox is the CA's inbox, so the clock started there. How a call is signed: `../signature.ts`.
 */
import { z } from 'zod';
import type { ReceiptMark } from '../../../desk/clock/receipt-mark.ts';
import type { Instant } from '../../../foundation/time/time.ts';
import { type Answer, type ChannelContext, type Delivery, defineChannel, type Listening } from '../channel.ts';
import { isSignedCall, signatureHeader } from '../signature.ts';
import { answerForFault, entryBytes, parseBody } from './entry.ts';
import { type HelpdeskTicket, helpdeskNames, ticketOf } from './helpdesk.ts';

const settings = z.strictObject({
  secrets: z.array(z.string().min(16)).min(1),
  helpdesk: z.enum(helpdeskNames).default('generic'),
  mailbox: z.string().default('helpdesk@ca.example'),
});

export const webhookChannel = defineChannel({
  name: 'webhook',
  about: 'Takes signed tickets from other help desks (generic, Zammad, Request Tracker, Freshdesk).',
  settings,
  open: (source, chosen) => ({
    name: 'webhook',
    source,
    listen: async (context): Promise<Listening> => ({
      addresses: [],
      accept: (delivery) => accept(source, chosen, delivery, context),
      close: async () => undefined,
    }),
  }),
});

async function accept(
  source: string,
  chosen: z.infer<typeof settings>,
  delivery: Delivery,
  context: ChannelContext,
): Promise<Answer> {
  const now = context.time.now();
  const call = { signature: delivery.headers[signatureHeader], body: delivery.body };
  if (!isSignedCall(call, chosen.secrets, now)) {
    context.refused({
      source,
      at: now,
      envelopeFrom: null,
      envelopeTo: [],
      peer: delivery.peer,
      code: 'bad_signature',
    });
    return { status: 401, body: { code: 'bad_signature', message: 'The signature is missing, wrong or too old.' } };
  }
  const parsed = parseBody(delivery.body, z.unknown());
  if (!parsed.ok) return parsed.answer;
  const ticket = ticketOf(chosen.helpdesk, parsed.value);
  try {
    const received = await context.receive(bytesOf(ticket, chosen), {
      channel: 'webhook',
      source,
      sourceKey: ticket.id,
      sightedAs: null,
      folder: null,
      mailbox: ticket.queue === '' ? chosen.mailbox : ticket.queue,
      envelopeFrom: ticket.address === '' ? null : ticket.address,
      envelopeTo: [chosen.mailbox],
      markSource: 'webhook',
      detail: `Webhook of ${chosen.helpdesk} from ${delivery.peer}`,
      furtherMarks: createdMark(ticket, now),
    });
    return { status: 202, body: { reports: [{ receipt: received.receiptId, fresh: received.fresh }] } };
  } catch (error) {
    return answerForFault(error);
  }
}

function createdMark(ticket: HelpdeskTicket, now: Instant): readonly ReceiptMark[] {
  if (ticket.createdAt === null) return [];
  const future = Temporal.Instant.compare(ticket.createdAt, now) > 0;
  return [
    {
      source: 'webhook',
      at: ticket.createdAt,
      trusted: !future,
      detail: `Ticket ${ticket.id} was created there${future ? ' (in the future: its clock is wrong)' : ''}`,
    },
  ];
}

function bytesOf(ticket: HelpdeskTicket, chosen: z.infer<typeof settings>): Uint8Array {
  return entryBytes({
    channel: `webhook/${chosen.helpdesk}`,
    name: ticket.name,
    address: ticket.address,
    to: chosen.mailbox,
    subject: ticket.subject,
    text: ticket.text,
    lines: [],
    date: ticket.createdAt,
    attachments: ticket.attachments,
  });
}

/**
 * A line of the CA's own mail gateway. It is kept for the report that comes later, and where the report came first, its
 * clock starts at the line from now on: a refused session was a receipt (TLS BR 4.9.5), whenever its log arrives.
 */
import { isRefusal } from '../desk/refusal.ts';
import type { CaseId } from '../foundation/brand.ts';
import type { Readings } from '../platform/store/readings.ts';
import { type GatewayBook, type GatewayEvent, gatewayMarks } from '../stages/intake/gateway-log.ts';
import type { Ledger } from '../stages/intake/ledger.ts';
import type { Receipt } from '../stages/intake/receipt.ts';
import { changeCase } from './change-case.ts';
import type { CoreParts } from './ports.ts';

export interface GatewayParts extends CoreParts {
  readonly ledger: Pick<Ledger, 'sentBy' | 'addMarks'>;
  readonly readings: Pick<Readings, 'get'>;
  readonly gatewayBook: GatewayBook;
  readonly nudge: () => void;
}

/** Receipts that one late line is compared with. */
const receiptsMax = 10_000;

export async function noteGatewayLine(parts: GatewayParts, event: GatewayEvent): Promise<void> {
  if (!(await parts.gatewayBook.note(event))) return;
  const query = { sender: event.envelopeFrom, messageId: event.messageId, since: event.at, limit: receiptsMax };
  for (const receipt of await parts.ledger.sentBy(query)) {
    // What is unread meets the line when it is read.
    if (receipt.state === 'new' || receipt.state === 'reading') continue;
    const stored = await parts.readings.get(receipt.id);
    if (stored === null || stored.caseId === null) continue;
    await startEarlier(parts, event, receipt, stored.caseId, stored.message as ReadableMessage);
  }
}

/** The part of a stored reading that the log is compared with. */
interface ReadableMessage {
  readonly from?: readonly { readonly address: string }[];
  readonly to?: readonly { readonly address: string }[];
}

async function startEarlier(
  parts: GatewayParts,
  event: GatewayEvent,
  receipt: Receipt,
  caseId: CaseId,
  message: ReadableMessage,
): Promise<void> {
  const senders = [receipt.envelopeFrom ?? '', message.from?.[0]?.address ?? ''];
  const marks = gatewayMarks(
    {
      senders: senders.map((address) => address.toLowerCase()).filter((address) => address !== ''),
      recipients: [...receipt.envelopeTo, ...(message.to ?? []).map((to) => to.address)],
      messageId: receipt.facts?.messageIdSynthetic === false ? receipt.facts.messageId : null,
      acceptedAt: receipt.acceptedAt,
    },
    [event],
  );
  const [mark] = marks;
  if (mark === undefined) return;
  await parts.ledger.addMarks(receipt.id, marks);
  const command = { do: 'first-known', reportId: receipt.id, mark, because: mark.detail } as const;
  const result = await changeCase(parts, caseId, command, { now: parts.time.now(), by: 'desk' });
  // The recorded start may be earlier already; then the line is shown and moves nothing (promise 2).
  if (isRefusal(result)) parts.log.info({ caseId, code: result.code }, result.message);
  else parts.nudge();
}

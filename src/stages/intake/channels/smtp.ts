/**
 * SMTP and LMTP (RFC 5321, RFC 2033). "250" is said when the message is durable and not a moment earlier; when the
 * store is down or full the sender keeps it (451, 452) and comes again, and what comes again is recognised. Every
 * recipient is accepted: an alias that nobody created must not cost a report.
 */
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { z } from 'zod';
import { Fault } from '../../../foundation/fault.ts';
import { type ChannelContext, defineChannel, type Listening } from '../channel.ts';
import { SEALED_BYTES_MAX } from '../seal.ts';

const settings = z.strictObject({
  protocol: z.enum(['smtp', 'lmtp']).default('smtp'),
  host: z.string().default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(2525),
  /** What the server calls itself. */
  name: z.string().default('mx.ca.example'),
  bytesMax: z.number().int().min(1_000).max(SEALED_BYTES_MAX).default(50_000_000),
  clientsMax: z.number().int().min(1).max(10_000).default(200),
  /** PEM files for STARTTLS; null offers none. */
  tls: z.strictObject({ keyFile: z.string(), certificateFile: z.string() }).nullable().default(null),
});

/** Bytes of messages that may be on their way in at one time; above it, senders are asked to come again. */
const IN_FLIGHT_BYTES_MAX = 512 * 1024 * 1024;
const IDLE_MILLISECONDS_MAX = 60_000;
const CLOSING_MILLISECONDS_MAX = 10_000;

export const smtpChannel = defineChannel({
  name: 'smtp',
  about: 'Takes mail by SMTP or LMTP, directly or from the mail server in front.',
  settings,
  open: (source, chosen) => ({ name: 'smtp', source, listen: (context) => listen(source, chosen, context) }),
});

async function listen(source: string, chosen: z.infer<typeof settings>, context: ChannelContext): Promise<Listening> {
  const inFlight = { bytes: 0 };
  const server = new SMTPServer({
    name: chosen.name,
    lmtp: chosen.protocol === 'lmtp',
    size: chosen.bytesMax,
    maxClients: chosen.clientsMax,
    socketTimeout: IDLE_MILLISECONDS_MAX,
    closeTimeout: CLOSING_MILLISECONDS_MAX,
    authOptional: true,
    // A name that takes the resolver seconds to find must not delay a report; the address is recorded.
    disableReverseLookup: true,
    disabledCommands: chosen.tls === null ? ['AUTH', 'STARTTLS'] : ['AUTH'],
    logger: false,
    ...(chosen.tls === null
      ? {}
      : { key: await readFile(chosen.tls.keyFile), cert: await readFile(chosen.tls.certificateFile) }),
    onData(stream, session, done) {
      take(source, chosen, context, inFlight, stream, session).then(
        (answer) => done(null, answer),
        (error: unknown) => {
          // What has not been read would block the connection; the sender's answer matters, not the rest.
          stream.resume();
          done(replyFor(error));
        },
      );
    },
  });
  server.on('error', (error: Error) => {
    // Connections that break are the sender's to repeat; a server that cannot listen is ours.
    if ((error as { syscall?: string }).syscall !== 'listen') return;
    context.trouble({ source, at: context.time.now(), code: 'unreachable', detail: `Cannot listen: ${error.message}` });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(chosen.port, chosen.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.server.address() as AddressInfo;
  return {
    addresses: [`${chosen.protocol} ${chosen.host}:${bound.port}`],
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function take(
  source: string,
  chosen: z.infer<typeof settings>,
  context: ChannelContext,
  inFlight: { bytes: number },
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<string> {
  const { mailFrom, rcptTo } = session.envelope;
  const envelopeFrom = mailFrom === false ? '' : mailFrom.address;
  const envelopeTo = rcptTo.map((recipient) => recipient.address.toLowerCase());
  const peer = `${session.hostNameAppearsAs || session.clientHostname || 'unknown'} [${session.remoteAddress}]`;
  const protocol = chosen.protocol.toUpperCase();
  let taken = 0;
  const bounded = (async function* () {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      taken += chunk.length;
      inFlight.bytes += chunk.length;
      if (stream.sizeExceeded || taken > chosen.bytesMax) {
        throw new Fault('message_too_large', `A message of more than ${chosen.bytesMax} bytes was refused.`);
      }
      if (inFlight.bytes > IN_FLIGHT_BYTES_MAX) {
        throw new Fault('intake_busy', 'Too much mail is arriving at once; senders were asked to come again.');
      }
      yield chunk;
    }
    // The stream of a message that was cut for its size ends like any other: ask before believing its end.
    if (stream.sizeExceeded) throw new Fault('message_too_large', 'The message was cut at the size limit.');
  })();
  try {
    const received = await context.receive(bounded, {
      channel: 'smtp',
      source,
      sourceKey: null,
      sightedAs: null,
      folder: null,
      mailbox: envelopeTo[0] ?? null,
      envelopeFrom,
      envelopeTo,
      markSource: 'own-acceptance',
      detail: `${protocol} from ${peer}`,
    });
    return `2.0.0 received as ${received.receiptId}`;
  } catch (error) {
    if (error instanceof Fault && error.code === 'message_too_large') {
      context.refused({ source, at: context.time.now(), envelopeFrom, envelopeTo, peer, code: error.code });
    } else {
      context.trouble({
        source,
        at: context.time.now(),
        code: 'store_unavailable',
        detail: `A message was left with its sender (${error instanceof Fault ? error.code : 'error'}).`,
      });
    }
    throw error;
  } finally {
    inFlight.bytes -= taken;
  }
}

/** RFC 3463 codes: only a message that can never be taken is refused for good. */
function replyFor(error: unknown): Error {
  const code = error instanceof Fault ? error.code : '';
  const [status, words] =
    code === 'message_too_large'
      ? [552, '5.3.4 Message too large; please send a link or use the report form']
      : code === 'ledger_full' || code === 'intake_busy'
        ? [452, '4.3.1 Storage is short at the moment, please try again']
        : [451, '4.3.0 Could not store the message at the moment, please try again'];
  return Object.assign(new Error(words as string), { responseCode: status });
}

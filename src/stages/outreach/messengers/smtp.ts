/**
 * Letters by SMTP, through the CA's own submission server, over a pool of connections. Made for many thousands in one
 * run: a mass revocation writes to every subscriber concerned, and none of the duties waits for it.
 *
 * Header injection is kept out three times: values are cleaned here, addresses are checked against a narrow grammar,
 * and nodemailer folds what is left. An automatic answer goes out with the null sender (RFC 3834 section 4), so that it
 * cannot start a loop; everything else has a return path whose bounces the desk reads.
 */
import { createTransport } from 'nodemailer';
import { oneLine } from '../../../foundation/text.ts';
import { type Automatic, type Messenger, messageIdOf, type Outgoing, type SendOutcome } from '../messenger.ts';
import { inTurn } from './in-turn.ts';

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** True: TLS from the first byte. False: STARTTLS when the server offers it, required with `requireTls`. */
  readonly secure: boolean;
  readonly requireTls: boolean;
  /** What the server's certificate is checked against; null: the public roots of the runtime. */
  readonly trustedCa: string | null;
  /** The name its certificate has to show, when it is not `host`. */
  readonly serverName: string | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly from: { readonly name: string; readonly address: string };
  /** Return path of everything that is not an automatic answer; bounces come back here and are read. */
  readonly bounceAddress: string;
  /** Right-hand side of our Message-IDs. */
  readonly messageIdDomain: string;
  readonly dkim: { readonly domain: string; readonly selector: string; readonly privateKey: string } | null;
  readonly connectionsMax: number;
}

export const smtpDefaults = {
  secure: false,
  requireTls: true,
  trustedCa: null,
  serverName: null,
  user: null,
  password: null,
  dkim: null,
  connectionsMax: 8,
} as const;

/** Bounds: a letter's subject, its references, and how many letters are held in memory while they wait. */
const subjectMax = 200;
const referencesMax = 20;
const inFlightPerConnection = 4;
const messagesPerConnection = 500;
const connectMilliseconds = 30_000;
const silenceMilliseconds = 120_000;

/** The part of nodemailer that is used: the seam for a test or for a provider's own transport. */
export interface MailTransport {
  sendMail(mail: Record<string, unknown>): Promise<{ readonly response?: unknown }>;
  close(): void;
}

export function smtpMessenger(settings: SmtpSettings, transport: MailTransport = poolOf(settings)): Messenger {
  const inFlightMax = Math.max(1, settings.connectionsMax) * inFlightPerConnection;
  return {
    name: `smtp ${settings.host}:${settings.port}`,
    channel: 'email',
    send: (letters, signal) => inTurn(letters, inFlightMax, (letter) => sendOne(letter, settings, transport, signal)),
    async close() {
      transport.close();
    },
  };
}

/** One address and nothing else: no list, no comment, no display name, no control character. */
export function isMailAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@<>,;:"()[\]\\\p{Cc}]{1,64}@[^\s@<>,;:"()[\]\\\p{Cc}]{1,190}$/u.test(text);
}

async function sendOne(
  letter: Outgoing,
  settings: SmtpSettings,
  transport: MailTransport,
  signal: AbortSignal | undefined,
): Promise<SendOutcome> {
  if (signal?.aborted === true) return { outcome: 'retry', problem: 'Stopped before this letter was sent.' };
  if (!isMailAddress(letter.to)) return { outcome: 'refused', problem: 'This is not one mail address.' };
  try {
    const sent = await transport.sendMail(mailOf(letter, settings));
    return { outcome: 'accepted', detail: oneLine(String(sent.response ?? 'accepted'), 200) };
  } catch (error) {
    return outcomeOf(error);
  }
}

function mailOf(letter: Outgoing, settings: SmtpSettings): Record<string, unknown> {
  const ids = letter.references.filter(isMessageId);
  // RFC 5322 3.6.4; a long thread keeps its root and its youngest ancestors.
  const references = ids.length <= referencesMax ? ids : [ids[0], ...ids.slice(1 - referencesMax)];
  return {
    envelope: { from: letter.automatic === 'auto-replied' ? '' : settings.bounceAddress, to: [letter.to] },
    from: { name: oneLine(settings.from.name, 100), address: settings.from.address },
    to: { name: '', address: letter.to },
    subject: oneLine(letter.subject, subjectMax),
    text: letter.text,
    ...(letter.html === null ? {} : { html: letter.html }),
    messageId: messageIdOf(letter.letterId, settings.messageIdDomain),
    ...(letter.inReplyTo !== null && isMessageId(letter.inReplyTo) ? { inReplyTo: letter.inReplyTo } : {}),
    // An address that is more than one address is left out: then the answer goes to the sender, and nobody is added to it.
    ...(letter.replyTo != null && isMailAddress(letter.replyTo)
      ? { replyTo: { name: oneLine(settings.from.name, 100), address: letter.replyTo } }
      : {}),
    ...(references.length === 0 ? {} : { references: references.join(' ') }),
    headers: { ...automaticHeaders(letter.automatic), 'Content-Language': oneLine(letter.language, 20) },
    attachments: (letter.enclosed ?? []).map((file) => ({
      filename: oneLine(file.fileName, 100),
      contentType: file.mediaType,
      content: file.content,
    })),
    // Nothing in a letter is ever fetched from a disk or a network because of what a letter says.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** RFC 3834 5; the second header keeps Exchange from answering an answer. */
function automaticHeaders(automatic: Automatic): Record<string, string> {
  if (automatic === 'no') return {};
  return { 'Auto-Submitted': automatic, 'X-Auto-Response-Suppress': 'All' };
}

function isMessageId(text: string): boolean {
  return text.length <= 998 && /^<[^\s<>\p{Cc}]+>$/u.test(text);
}

interface SmtpError {
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly responseCode?: unknown;
  readonly timeoutType?: unknown;
}

/**
 * What a failure means. The server's own answer decides; without one, only a failure to connect is known not to have
 * happened. A connection lost later may have been lost after the letter was taken.
 */
function outcomeOf(error: unknown): SendOutcome {
  const { code, originalCode, responseCode, timeoutType } = (error ?? {}) as SmtpError;
  const status = typeof responseCode === 'number' ? responseCode : null;
  if (code === 'EAUTH') return { outcome: 'retry', problem: 'The mail server does not accept our credentials.' };
  if (status !== null && status >= 500)
    return { outcome: 'refused', problem: `The mail server refused it: ${status}.` };
  if (status !== null && status >= 400) {
    return { outcome: 'retry', problem: `The mail server cannot take it now: ${status}.` };
  }
  // Whom we talk to is checked before anything is said: no letter has left.
  if (/^(?:ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(String(originalCode ?? '')))
    return { outcome: 'retry', problem: 'The mail server’s certificate is not one we trust. Check mail.relay.' };
  const notConnected =
    code === 'EDNS' ||
    code === 'ETLS' ||
    timeoutType === 'CONNECTION_TIMEOUT' ||
    timeoutType === 'GREETING_TIMEOUT' ||
    ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'].includes(String(originalCode ?? code));
  if (notConnected) return { outcome: 'retry', problem: 'The mail server could not be reached.' };
  if (code === 'EENVELOPE' || code === 'EMESSAGE') {
    return { outcome: 'refused', problem: 'The letter could not be addressed or composed.' };
  }
  return { outcome: 'unknown', problem: 'The connection was lost; the letter may have been taken.' };
}

function poolOf(settings: SmtpSettings): MailTransport {
  return createTransport({
    pool: true,
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    requireTLS: settings.requireTls,
    maxConnections: settings.connectionsMax,
    maxMessages: messagesPerConnection,
    // A requeue carries the same Message-ID, so it is as harmless as ours; two keep a server's idle limit invisible.
    maxRequeues: 2,
    connectionTimeout: connectMilliseconds,
    greetingTimeout: connectMilliseconds,
    socketTimeout: silenceMilliseconds,
    tls: {
      minVersion: 'TLSv1.2',
      ...(settings.trustedCa === null ? {} : { ca: settings.trustedCa }),
      ...(settings.serverName === null ? {} : { servername: settings.serverName }),
    },
    ...(settings.user === null ? {} : { auth: { user: settings.user, pass: settings.password ?? '' } }),
    ...(settings.dkim === null
      ? {}
      : {
          dkim: {
            domainName: settings.dkim.domain,
            keySelector: settings.dkim.selector,
            privateKey: settings.dkim.privateKey,
          },
        }),
  }) as unknown as MailTransport;
}

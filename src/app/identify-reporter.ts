/**
 * Who wrote, and what that entitles them to. A From line alone entitles nobody: a sender is the subscriber only when our
 * own mail server says that the domain's authentication passed (promise 6; intake-and-cases b.3, 27).
 */
import type { Reporter } from '../desk/events.ts';
import type { Message } from '../foundation/mail/message.ts';
import type { Directory } from '../stages/outreach/directory/directory.ts';

export interface SenderRules {
  /** Hosts of ours, as they name themselves in `Received` and `Authentication-Results`. */
  readonly trustedHosts: readonly string[];
  readonly staffDomains: readonly string[];
  /** Addresses of root programs whose notices bind by contract. */
  readonly rootPrograms: readonly string[];
}

export interface StaffEntry {
  readonly from: string | null;
  readonly asksFor: string | null;
}

export async function identifyReporter(
  message: Message,
  input: {
    readonly rules: SenderRules;
    readonly directory: Directory;
    readonly language: string;
    readonly mayAutoReply: boolean;
    readonly entry: StaffEntry | null;
  },
): Promise<Reporter> {
  const { rules, directory, language, mayAutoReply, entry } = input;
  const from = message.replyTo[0] ?? message.from[0] ?? null;
  const address = entry === null ? from?.address || null : entry.from;
  const name = from?.name ?? '';
  const base = { address, name, language, mayAutoReply, subscriber: null };
  if (address === null) return { ...base, kind: 'third-party' };
  const domain = address.slice(address.lastIndexOf('@') + 1);
  // Staff have looked the caller up; a mail has to prove itself.
  const authentic = entry !== null || passesAuthentication(message, domain, rules.trustedHosts);
  if (authentic && rules.staffDomains.includes(domain)) return { ...base, kind: 'staff' };
  if (authentic && rules.rootPrograms.includes(address)) return { ...base, kind: 'root-program' };
  const contact = authentic ? await directory.byAddress(address) : null;
  return contact === null
    ? { ...base, kind: 'third-party' }
    : { ...base, kind: 'subscriber', subscriber: contact.subscriber, language: contact.language };
}

/** RFC 8601: only the header of our own server counts, and only the topmost; a sender can write as many as they like. */
export function passesAuthentication(message: Message, domain: string, trustedHosts: readonly string[]): boolean {
  const [topmost] = message.headers.get('authentication-results') ?? [];
  if (topmost === undefined) return false;
  const [server = ''] = topmost.trim().split(/[;\s]/, 1);
  if (!trustedHosts.includes(server.toLowerCase())) return false;
  const dmarc = /\bdmarc=pass\b[^;]*\bheader\.from=([^\s;]+)/i.exec(topmost);
  return dmarc?.[1] !== undefined && dmarc[1].toLowerCase() === domain;
}

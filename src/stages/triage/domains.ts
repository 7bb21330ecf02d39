/**
 * Which of the hosts in a message are its subject. Hosts named in running text are; of hosts that occur only in links
 * those of a site that a report is about. Ordinary mail presents a domain only where it talks about a certificate.
 */
import type { Label } from '../../desk/facts.ts';
import type { Message } from '../../foundation/mail/message.ts';
import { enclosedNames } from './recognise/enclosed.ts';
import { ownerOf } from './recognise/hosts.ts';
import type { Recognised } from './recognise/index.ts';

export function subjectDomains(
  message: Message,
  found: Recognised,
  label: Label,
  aboutCertificates: boolean,
): string[] {
  const report = label !== 'not-a-report';
  if (!report && !aboutCertificates) return [];
  const receivers = new Set(
    [...message.deliveredTo, ...[...message.to, ...message.cc].map((one) => one.address)].map((one) =>
      ownerOf(one.split('@')[1] ?? ''),
    ),
  );
  // The CA's own hosts are the subject only where its own conduct is.
  const wanted = (host: string) =>
    (label === 'ca-noncompliance' || !receivers.has(ownerOf(host))) &&
    // A bounce names the servers that carried it.
    !(message.failures.length > 0 && /^(?:mx|smtp|mail|relay|mta)\d*\./.test(host));
  const linked = report ? found.hostsInLinks.filter(wanted) : [];
  return [...new Set([...found.hostsInText.filter(wanted), ...linked, ...enclosedNames(message)])];
}

/**
 * Which of the hosts in a message are its subject. Hosts named in running text are; of hosts that occur only in links
 * those of a site that a report is about. Ordinary mail presents a domain only where it talks about a certificate.
 */
import type { Message } from '../../foundation/mail/message.ts';
import { ownerOf } from './recognise/hosts.ts';
import type { Recognised } from './recognise/index.ts';

export function subjectDomains(
  message: Message,
  found: Recognised,
  report: boolean,
  aboutCertificates: boolean,
): string[] {
  if (!report && !aboutCertificates) return [];
  const receivers = new Set(
    [...message.deliveredTo, ...message.to.map((one) => one.address), ...message.cc.map((one) => one.address)].map(
      (one) => ownerOf(one.split('@')[1] ?? ''),
    ),
  );
  const notOurs = (host: string) => !receivers.has(ownerOf(host));
  const named = found.hostsInText.filter(notOurs);
  const linked = report ? found.hostsInLinks.filter(notOurs) : [];
  return [...new Set([...named, ...linked])];
}

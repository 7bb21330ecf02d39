/** What the short words of the contract are called on screen. */
import type { BoardClock, CertificateState, Label, SubscriberState, Team, Verdict } from '../../api/contract/index.ts';

export const labelWords: Record<Label, string> = {
  'key-compromise': 'key compromise',
  'weak-key': 'weak key',
  misissuance: 'misissuance',
  'domain-control': 'domain control',
  misuse: 'misuse',
  'subscriber-request': 'subscriber request',
  'wrong-information': 'wrong information',
  'ca-noncompliance': 'CA non-compliance',
  'other-problem': 'other problem',
  'not-a-report': 'not a report',
};
export const teamWords: Record<Team, string> = {
  'pki-team': 'PKI team',
  'pki-support': 'PKI support',
  'ssl-support': 'SSL support',
  compliance: 'Compliance',
};
export const verdictWords: Record<Verdict, string> = {
  'proven-key': 'key proven',
  'proven-statement': 'statement proven',
  computable: 'computable',
  refuted: 'refuted',
  'possession-only': 'possession only',
  'claim-only': 'claim only',
  clean: 'clean',
};
export const subscriberWords: Record<SubscriberState, string> = {
  none: '–',
  'not-told': 'not told yet',
  told: 'told, no answer',
  unreachable: 'some unreachable',
  answered: 'answered',
};
export const clockWords: Record<BoardClock['kind'], string> = {
  revocation: 'revocation',
  'preliminary-report': 'preliminary report',
  review: 'review by a person',
};
export const stateWords: Record<CertificateState, string> = {
  valid: 'valid',
  held: 'held',
  scheduled: 'scheduled',
  ordered: 'ordered',
  accepted: 'accepted by the CA',
  published: 'seen as revoked',
  expired: 'expired',
  failing: 'failing',
};
export const markWords: Record<string, string> = {
  'own-acceptance': 'Accepted by our server',
  'trusted-received': 'Received by a host of ours',
  'gateway-log': 'Gateway log',
  'internal-date': 'Mailbox arrival',
  webhook: 'Webhook arrival',
  'web-form': 'Form arrival',
  'forwarded-original': 'Original of a forward',
  'staff-first-heard': 'First heard by staff',
  'date-header': 'Sender’s Date',
};
export const callWords: Record<string, string> = {
  answered: 'answered',
  voicemail: 'voicemail',
  'no-answer': 'no answer',
  busy: 'busy',
  'wrong-number': 'wrong number',
};
export const basisWords: Record<string, string> = {
  proof: 'proof under the certificate’s own key',
  subscriber: 'the subscriber’s authenticated request',
  records: 'our own records, confirmed by a named person',
  claim: 'a bare claim',
  'root-program': 'a root program’s notice',
};
export function people(by: string): string {
  return by.replace(/^(person|token|subscriber):/, '');
}

/**
 * What the CA's ACME server tells the desk: a revocation that it has carried out and who signed for it. It becomes a
 * receipt like everything else, so that its instant starts the clock and nothing depends on this process living on.
 */
import { composeMessage } from '../foundation/mail/compose.ts';
import { writePem } from '../foundation/pki/pem.ts';
import type { Received } from '../stages/intake/receive-report.ts';
import { recordOf } from '../stages/inventory/index.ts';
import type { Desk } from './wiring.ts';

export interface AcmeRevocationNotice {
  readonly certificate: Uint8Array;
  readonly by: 'certificate-key' | 'account' | 'authorisations';
  /** RFC 5280 code as accepted; null for none. */
  readonly reason: number | null;
  /** Contact address of the account, if it has one. */
  readonly contact: string | null;
}

const says = {
  'certificate-key': 'It is signed with the private key of the certificate.',
  account: 'It is signed by the account to which the certificate was issued.',
  authorisations: 'It is signed by an account that controls all names of the certificate and is not the subscriber.',
} as const;

const subscribersReasons: Readonly<Record<number, string>> = {
  1: 'keyCompromise',
  3: 'affiliationChanged',
  4: 'superseded',
  5: 'cessationOfOperation',
};

export async function receiveAcmeRevocation(desk: Desk, notice: AcmeRevocationNotice): Promise<Received> {
  const { certificate, by, reason, contact } = notice;
  const { fingerprint, serial, names } = recordOf(certificate);
  const chosen = reason === null ? undefined : subscribersReasons[reason];
  const bytes = composeMessage({
    from: contact === null ? null : { name: '', address: contact },
    to: [],
    subject: `ACME revokeCert for ${names[0] ?? serial}`,
    text: `The ACME server accepted a request to revoke the certificate ${serial}.\n${says[by]}\n`,
    date: null,
    messageId: null,
    headers: [
      ['X-Rescind-Channel', 'acme'],
      ['X-Rescind-Acme', `${by} ${fingerprint}`],
      ['X-Rescind-Asks-For', 'revoke'],
      ...(chosen === undefined ? [] : [['X-Rescind-Reason', chosen] as const]),
    ],
    attachments: [
      {
        fileName: 'certificate.pem',
        mediaType: 'application/x-pem-file',
        bytes: Buffer.from(writePem('CERTIFICATE', certificate)),
      },
    ],
  });
  return desk.receive(bytes, {
    channel: 'acme',
    source: 'acme',
    sourceKey: `${by}/${fingerprint}/${desk.time.now().epochMilliseconds}`,
    sightedAs: null,
    folder: null,
    mailbox: 'acme',
    envelopeFrom: contact,
    envelopeTo: [],
    markSource: 'own-acceptance',
    detail: 'Accepted by the ACME server',
  });
}

/**
 * What a certificate's holder asks for by machine: a revocation that the CA's ACME server has accepted, with who signed for
 * it, or a request through the subscribers' API. It becomes a receipt like everything else, so that its instant starts the
 * clock and nothing depends on this process living on.
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
  const chosen = reason === null ? null : (subscribersReasons[reason] ?? null);
  return receiveHolderRequest(desk, {
    ...{ certificate, by, reason: chosen, contact, channel: 'acme', says: says[by] },
    subject: 'ACME revokeCert',
    detail: 'Accepted by the ACME server',
    key: `${by}/${recordOf(certificate).fingerprint}/${desk.time.now().epochMilliseconds}`,
  });
}

/** A request through the subscribers' API: with a token that the CA gave to the holder of this certificate. */
export function receiveSubscriberRequest(
  desk: Desk,
  request: { readonly certificate: Uint8Array; readonly subscriber: string; readonly reason: string | null },
): Promise<Received> {
  const { certificate, subscriber, reason } = request;
  return receiveHolderRequest(desk, {
    ...{ certificate, by: 'account', reason, contact: null, channel: 'subscriber-api' },
    says: `It came with a token of the subscriber ${subscriber}, to whom the certificate was issued.`,
    subject: 'Revocation asked for by API',
    detail: 'Accepted by the API for subscribers',
    // The same request again is the same receipt.
    key: `${recordOf(certificate).fingerprint}/${reason ?? 'none'}`,
  });
}

async function receiveHolderRequest(
  desk: Desk,
  request: {
    readonly certificate: Uint8Array;
    readonly by: AcmeRevocationNotice['by'];
    readonly reason: string | null;
    readonly contact: string | null;
    readonly channel: 'acme' | 'subscriber-api';
    readonly says: string;
    readonly subject: string;
    readonly detail: string;
    readonly key: string;
  },
): Promise<Received> {
  const { certificate, by, reason, contact, channel, detail, key } = request;
  const { fingerprint, serial, names } = recordOf(certificate);
  const bytes = composeMessage({
    from: contact === null ? null : { name: '', address: contact },
    to: [],
    subject: `${request.subject} for ${names[0] ?? serial}`,
    text: `A request to revoke the certificate ${serial} was accepted.\n${request.says}\n`,
    date: null,
    messageId: null,
    headers: [
      ['X-Rescind-Channel', channel],
      ['X-Rescind-Acme', `${by} ${fingerprint}`],
      ['X-Rescind-Asks-For', 'revoke'],
      ...(reason === null ? [] : [['X-Rescind-Reason', reason] as const]),
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
    ...{ channel, source: channel, sourceKey: key, sightedAs: null, folder: null, mailbox: channel },
    ...{ envelopeFrom: contact, envelopeTo: [], markSource: 'own-acceptance', detail },
  });
}

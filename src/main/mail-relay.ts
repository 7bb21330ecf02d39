/**
 * How letters leave: through the CA's own submission server, signed in with a secret that stands in a file or an
 * environment variable, and with a DKIM signature when the relay does not put one on itself.
 */
import { createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../foundation/fault.ts';
import type { Messenger } from '../stages/outreach/messenger.ts';
import { smtpMessenger } from '../stages/outreach/messengers/index.ts';
import { readSecret, secretRef } from '../stages/revocation/secret.ts';
import { folderMessenger } from './letters-folder.ts';

const hostName = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

export const relayShape = z.strictObject({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535).default(25),
  /** TLS from the first byte (port 465). */
  secure: z.boolean().default(false),
  /** STARTTLS or nothing; null: required as soon as somebody signs in, because a password is not sent in the clear. */
  requireTls: z.boolean().nullable().default(null),
  user: z.string().min(1).nullable().default(null),
  password: secretRef.nullable().default(null),
  /** The CA that issued the relay's certificate, in PEM; null: the public roots. */
  trustedCa: secretRef.nullable().default(null),
  serverName: z.string().regex(hostName, 'this is no host name').nullable().default(null),
  connectionsMax: z.number().int().min(1).max(50).default(4),
});

export const dkimShape = z.strictObject({
  /** Null: the domain of `mail.from`. */
  domain: z.string().regex(hostName, 'this is no domain').nullable().default(null),
  selector: z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62})$/, 'a selector is a label of a domain name'),
  /** RSA of at least 2048 bits in PEM (RFC 8301 3.2). */
  privateKey: secretRef,
});

interface MailConfig {
  readonly from: string;
  readonly relay: z.infer<typeof relayShape> | null;
  readonly dkim: z.infer<typeof dkimShape> | null;
}

/** What can be said about the settings without opening a file or a connection. */
export function mailProblems(mail: MailConfig): readonly { readonly path: string; readonly message: string }[] {
  const { relay, dkim } = mail;
  const problems: { path: string; message: string }[] = [];
  const say = (path: string, message: string): void => void problems.push({ path, message });
  if (relay === null && dkim !== null)
    say('mail.dkim', 'Letters are signed on their way to a relay: set mail.relay as well.');
  if (relay !== null && (relay.user === null) !== (relay.password === null))
    say('mail.relay', 'Signing in takes both user and password.');
  if (relay !== null && relay.user !== null && !relay.secure && relay.requireTls === false)
    say('mail.relay.requireTls', 'A password is not sent over a line that anybody can read.');
  if (dkim?.domain != null && !aligned(dkim.domain, mailDomainOf(mail.from)))
    say(
      'mail.dkim.domain',
      `A signature of ${dkim.domain} does not speak for ${mailDomainOf(mail.from)} (RFC 7489 3.1.1).`,
    );
  return problems;
}

/** The messenger of letters; files in the data folder when there is no relay. Throws a Fault for a secret it cannot use. */
export async function openMail(config: {
  readonly dataFolder: string;
  readonly ca: { readonly owner: string };
  readonly mail: MailConfig;
}): Promise<Messenger> {
  const address = addressIn(config.mail.from);
  const domain = mailDomainOf(config.mail.from);
  const { relay, dkim } = config.mail;
  if (relay === null) return folderMessenger(join(config.dataFolder, 'letters'), domain);
  return smtpMessenger({
    host: relay.host,
    port: relay.port,
    secure: relay.secure,
    requireTls: relay.requireTls ?? (relay.user !== null && !relay.secure),
    trustedCa: relay.trustedCa === null ? null : await readSecret(relay.trustedCa),
    serverName: relay.serverName,
    user: relay.user,
    password: relay.password === null ? null : await readSecret(relay.password),
    from: { name: config.ca.owner, address },
    bounceAddress: address,
    messageIdDomain: domain,
    dkim:
      dkim === null
        ? null
        : {
            domain: dkim.domain ?? domain,
            selector: dkim.selector,
            privateKey: signingKey(await readSecret(dkim.privateKey)),
          },
    connectionsMax: relay.connectionsMax,
  });
}

/** RFC 8301 3.2; a key that verifiers refuse is refused before the first letter. Ed25519 waits for the library to sign with it. */
function signingKey(pem: string): string {
  let usable = false;
  try {
    const key = createPrivateKey(pem);
    usable = key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  } catch {
    // Said below, without the reason: it can quote the file.
  }
  if (!usable)
    throw new Fault('config_invalid', 'mail.dkim.privateKey: this is no RSA key of 2048 bits or more in PEM.');
  return pem;
}

export function addressIn(from: string): string {
  return (/<([^<>]+)>/.exec(from)?.[1] ?? from).trim();
}

export function mailDomainOf(from: string): string {
  return addressIn(from).split('@')[1] ?? 'localhost';
}

function aligned(signer: string, sender: string): boolean {
  const [a, b] = [signer.toLowerCase(), sender.toLowerCase()];
  return a === b || b.endsWith(`.${a}`) || a.endsWith(`.${b}`);
}

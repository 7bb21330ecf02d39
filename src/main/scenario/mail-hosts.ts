/** The mail servers of reporters and subscribers: one real SMTP server that accepts at once, as SCHEMA.md says they do. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { Messenger } from '../../stages/outreach/messenger.ts';
import { smtpMessenger } from '../../stages/outreach/messengers/index.ts';

export interface MailHosts {
  readonly messenger: Messenger;
  /** Letters accepted so far. */
  readonly accepted: number;
  /** Control letters that reached our own mailbox since the last call: they come back into the desk like any mail. */
  takeControls(): readonly Uint8Array[];
  close(): Promise<void>;
}

const connectionsMax = 6;

/** Mailbox of the CA that the desk reads; see `mail.controlAddress` of the configuration. */
export const controlAddress = 'control@ca.example';

export async function mailHosts(): Promise<MailHosts> {
  let accepted = 0;
  let controls: Uint8Array[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, done) {
      const own = session.envelope.rcptTo.some((to) => to.address === controlAddress);
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => {
        if (own) parts.push(part);
      });
      stream.on('end', () => {
        accepted++;
        if (own) controls.push(Buffer.concat(parts));
        done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const messenger = smtpMessenger({
    host: '127.0.0.1',
    port,
    secure: false,
    requireTls: false,
    trustedCa: null,
    serverName: null,
    user: null,
    password: null,
    from: { name: 'Certificate problem reports', address: 'problem-reporting@ca.example' },
    bounceAddress: 'bounces@ca.example',
    messageIdDomain: 'ca.example',
    dkim: null,
    connectionsMax,
  });
  return {
    messenger,
    get accepted() {
      return accepted;
    },
    takeControls() {
      const taken = controls;
      controls = [];
      return taken;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

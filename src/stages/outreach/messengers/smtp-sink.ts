/** A real SMTP server for tests and measurements: takes, refuses, defers, or takes and breaks the line. */
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { Behaviour } from '../messenger.contract.ts';

export interface SmtpSink {
  readonly port: number;
  readonly messages: readonly string[];
  readonly senders: readonly string[];
  behave(behaviour: Behaviour): Promise<void>;
  stop(): Promise<void>;
}

export async function smtpSink(): Promise<SmtpSink> {
  const messages: string[] = [];
  const senders: string[] = [];
  const sockets = new Set<Socket>();
  let behaviour: Behaviour = 'accept';
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onMailFrom(address, _session, done) {
      senders.push(address.address);
      done();
    },
    onRcptTo(_address, _session, done) {
      if (behaviour === 'refuse') return done(answer('No such mailbox', 550));
      if (behaviour === 'later') return done(answer('Greylisted, come again', 451));
      return done();
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        messages.push(Buffer.concat(chunks).toString('utf8'));
        if (behaviour !== 'lost') return done();
        for (const socket of sockets) socket.destroy();
      });
    },
  });
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.server.close(() => resolve());
    });
  return {
    port,
    messages,
    senders,
    async behave(next) {
      behaviour = next;
      if (next === 'absent') await close();
    },
    async stop() {
      if (behaviour !== 'absent') await close();
    },
  };
}

function answer(message: string, responseCode: number): Error {
  return Object.assign(new Error(message), { responseCode });
}

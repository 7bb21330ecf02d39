/** A plain SMTP client for tests: says exactly what it is told and reports every answer. */
import { connect, type Socket } from 'node:net';

export class SmtpClient {
  private readonly socket: Socket;
  private buffer = '';
  private waiting: ((line: string | null) => void)[] = [];
  private ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    // As mail servers do: the end of a message must not wait for the acknowledgement of its body.
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.buffer += chunk;
      this.pump();
    });
    const end = (): void => {
      this.ended = true;
      this.pump();
    };
    socket.on('close', end);
    socket.on('error', end);
  }

  static async open(port: number, hello = 'EHLO'): Promise<SmtpClient> {
    const client = new SmtpClient(connect(port, '127.0.0.1'));
    await client.answer();
    await client.say(`${hello} client.example`);
    return client;
  }

  private pump(): void {
    for (;;) {
      const found = /^(?:\d{3}-[^\n]*\r\n)*\d{3} [^\n]*\r\n/.exec(this.buffer);
      if (found === null) break;
      const waiter = this.waiting.shift();
      if (waiter === undefined) return;
      this.buffer = this.buffer.slice(found[0].length);
      waiter(found[0].trimEnd());
    }
    if (this.ended) for (const waiter of this.waiting.splice(0)) waiter(null);
  }

  /** The next answer, or null when the connection is gone. */
  answer(): Promise<string | null> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.pump();
    });
  }

  say(line: string): Promise<string | null> {
    this.socket.write(`${line}\r\n`);
    return this.answer();
  }

  /** One message; returns the answer to its end (for LMTP the first of them), or null when the connection was lost. */
  async send(
    raw: Uint8Array | string,
    from = 'a@reporter.example',
    to = ['revoke@ca.example'],
  ): Promise<string | null> {
    const sender = await this.say(`MAIL FROM:<${from}>`);
    if (sender?.startsWith('2') !== true) return sender;
    for (const recipient of to) {
      const answer = await this.say(`RCPT TO:<${recipient}>`);
      if (answer?.startsWith('2') !== true) return answer;
    }
    const ready = await this.say('DATA');
    if (ready?.startsWith('3') !== true) return ready;
    const text = typeof raw === 'string' ? raw : Buffer.from(raw).toString('latin1');
    const stuffed = text.replace(/(^|\n)\./g, '$1..');
    this.socket.write(Buffer.from(stuffed.endsWith('\r\n') ? stuffed : `${stuffed}\r\n`, 'latin1'));
    return await this.say('.');
  }

  /** The same as a mail server does it to one that offers PIPELINING (RFC 2920): envelope and DATA in one write. */
  async sendPipelined(raw: Uint8Array, from = 'a@reporter.example', to = 'revoke@ca.example'): Promise<string | null> {
    this.socket.write(`MAIL FROM:<${from}>\r\nRCPT TO:<${to}>\r\nDATA\r\n`);
    const answers = [await this.answer(), await this.answer(), await this.answer()];
    if (answers[2]?.startsWith('3') !== true) return answers.find((one) => one?.startsWith('2') !== true) ?? null;
    const stuffed = Buffer.from(raw)
      .toString('latin1')
      .replace(/(^|\n)\./g, '$1..');
    this.socket.write(Buffer.from(`${stuffed}${stuffed.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1'));
    return await this.answer();
  }

  close(): void {
    this.socket.destroy();
  }
}

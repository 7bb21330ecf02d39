/** A served desk on the real clock with a mail relay to look into, and the openssl of this machine beside it. */
import { execFile } from 'node:child_process';
import { chownSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { type Process, pause, type Scratch, type StartOptions, scratch, start } from './rescind.ts';

const run = promisify(execFile);

export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly raw: string;
}

export interface Issued {
  readonly serial: string;
  readonly names: readonly string[];
  /** Paths of PEM files. */
  readonly leaf: string;
  readonly issuer: string;
  readonly key: string;
  readonly keyPem: string;
}

export class Served {
  readonly place: Scratch;
  readonly letters: readonly Letter[];
  readonly ports: { readonly smtp: number; readonly http: number; readonly ca: number };
  desk: Process;
  readonly #sink: SMTPServer;
  readonly #config: string;
  readonly #options: StartOptions;
  readonly #roles: string;

  private constructor(parts: {
    place: Scratch;
    letters: readonly Letter[];
    ports: Served['ports'];
    sink: SMTPServer;
    config: string;
    roles: string;
    options: StartOptions;
  }) {
    this.place = parts.place;
    this.letters = parts.letters;
    this.ports = parts.ports;
    this.#sink = parts.sink;
    this.#config = parts.config;
    this.#options = parts.options;
    this.#roles = parts.roles;
    this.desk = this.#start();
  }

  static async open(options: {
    readonly silenceSeconds: number;
    readonly roles?: string;
    readonly uid?: number;
    readonly nodeArgs?: readonly string[];
    /** Further settings, in the place of the lab's. */
    readonly settings?: (folder: string) => Record<string, unknown>;
  }): Promise<Served> {
    const place = scratch();
    const temporary = join(place.folder, 'tmp');
    await mkdir(temporary);
    const letters: Letter[] = [];
    const sink = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      logger: false,
      onData: (stream, session, done) => {
        const parts: Buffer[] = [];
        stream.on('data', (bytes: Buffer) => parts.push(bytes));
        stream.on('end', () => {
          const raw = Buffer.concat(parts).toString('utf8');
          const subject = /^Subject: (.*(?:\r\n[ \t].*)*)/im.exec(raw)?.[1] ?? '';
          for (const { address } of session.envelope.rcptTo) letters.push({ to: address, subject, raw });
          done();
        });
      },
    });
    const relay = await new Promise<number>((resolve) => {
      const server = sink.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const [smtp, http, ca] = await Promise.all([freePort(), freePort(), freePort()]);
    const ports = { smtp: smtp!, http: http!, ca: ca! };
    const config = await place.file(
      'rescind.json',
      JSON.stringify({
        dataFolder: join(place.folder, 'data'),
        http: { port: ports.http },
        smtp: { port: ports.smtp },
        labCa: { port: ports.ca },
        mail: { relay: { host: '127.0.0.1', port: relay } },
        policy: { silenceSeconds: options.silenceSeconds },
        ...options.settings?.(place.folder),
      }),
    );
    if (options.uid !== undefined)
      for (const path of [place.folder, temporary, config]) chownSync(path, options.uid, options.uid);
    const served = new Served({
      place,
      letters,
      ports,
      sink,
      config,
      roles: options.roles ?? 'intake,worker,web',
      options: {
        env: { TMPDIR: temporary, DATABASE_URL: '' },
        ...(options.nodeArgs === undefined
          ? {}
          : { nodeArgs: [...options.nodeArgs, `--diagnostic-dir=${place.folder}`] }),
        ...(options.uid === undefined ? {} : { uid: options.uid }),
      },
    });
    await served.ready();
    return served;
  }

  #start(): Process {
    return this.also(this.#roles);
  }

  /** A further process of the same desk; whoever asks for it stops it. */
  also(roles: string): Process {
    return start(['serve', '--config', this.#config, '--roles', roles], this.#options);
  }

  get config(): string {
    return this.#config;
  }

  get dataFolder(): string {
    return join(this.place.folder, 'data');
  }

  async ready(): Promise<void> {
    await this.desk.says(/Ready\./);
  }

  /** As a supervisor would: the same command again, nothing else. */
  async startAgain(): Promise<void> {
    this.desk = this.#start();
    await this.ready();
  }

  /** `kill -9` of the embedded PostgreSQL server. */
  killDatabase(): number {
    const pid = Number(readFileSync(join(this.dataFolder, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  /** A certificate of the lab CA for a key of its own, as a customer gets one. */
  async issue(names: readonly string[], subscriber: string): Promise<Issued> {
    const base = join(this.place.folder, names[0]!);
    const key = `${base}.key`;
    const subject = ['-subj', `/CN=${names[0]}`];
    const alternative = ['-addext', `subjectAltName=${names.map((n) => `DNS:${n}`).join(',')}`];
    await run('openssl', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', key]);
    const { stdout: csr } = await run('openssl', ['req', '-new', '-key', key, ...subject, ...alternative]);
    const token = readFileSync(join(this.dataFolder, 'lab-ca/api-token'), 'utf8');
    const answer = await fetch(`http://127.0.0.1:${this.ports.ca}/api/issue`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ csr, names, subscriber }),
    });
    if (answer.status !== 201) throw new Error(`not issued: ${answer.status} ${await answer.text()}`);
    const { serial, chain } = (await answer.json()) as { serial: string; chain: string };
    const [leafPem = '', ...issuers] = chain.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----\n?/g) ?? [];
    const leaf = await this.place.file(`${names[0]}.pem`, leafPem);
    const issuer = await this.place.file(`${names[0]}.issuer.pem`, issuers.join(''));
    return { serial, names, leaf, issuer, key, keyPem: readFileSync(key, 'utf8') };
  }

  /** A plain mail to the desk with these files. */
  async report(
    from: string,
    text: string,
    files: readonly { name: string; content: string | Buffer }[],
  ): Promise<string> {
    const transport = createTransport({ host: '127.0.0.1', port: this.ports.smtp, secure: false, ignoreTLS: true });
    try {
      const info = (await transport.sendMail({
        from,
        to: 'problem-reporting@ca.example',
        subject: 'Private key of one of your certificates is public',
        text,
        attachments: files.map(({ name, content }) => ({ filename: name, content })),
      })) as { response: string };
      return info.response;
    } finally {
      transport.close();
    }
  }

  lettersTo(address: string): readonly Letter[] {
    return this.letters.filter((l) => l.to === address);
  }

  /** What `openssl verify -crl_check` says of a certificate, with the CRL and the root as the CA publishes them. */
  async verify(certificate: Issued): Promise<string> {
    const root = await this.#pem('root.cer', 'x509');
    const crls = await Promise.all([...new Set(await this.#crlUrls(certificate))].map((url) => this.#fetchPem(url)));
    const list = await this.place.file(`${certificate.serial}.crl.pem`, crls.join(''));
    const args = ['verify', '-crl_check', '-CRLfile', list, '-CAfile', root, '-untrusted', certificate.issuer];
    return run('openssl', [...args, certificate.leaf]).then(
      ({ stdout }) => stdout,
      (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
    );
  }

  async ocsp(certificate: Issued): Promise<string> {
    const root = await this.#pem('root.cer', 'x509');
    const where = ['-url', `http://127.0.0.1:${this.ports.ca}/ocsp`, '-CAfile', root];
    const about = ['-issuer', certificate.issuer, '-cert', certificate.leaf];
    const { stdout, stderr } = await run('openssl', ['ocsp', ...about, ...where, '-no_nonce']);
    return `${stderr}${stdout}`;
  }

  async board(): Promise<{ rows: readonly Record<string, unknown>[] }> {
    return (await (await fetch(`http://127.0.0.1:${this.ports.http}/api/v1/board`)).json()) as never;
  }

  async #crlUrls({ leaf }: Issued): Promise<string[]> {
    const { stdout } = await run('openssl', ['x509', '-in', leaf, '-noout', '-ext', 'crlDistributionPoints']);
    return stdout.match(/http:\S+/g) ?? [];
  }

  async #fetchPem(url: string): Promise<string> {
    const der = Buffer.from(await (await fetch(url)).arrayBuffer());
    const file = await this.place.file('one.crl', der);
    return (await run('openssl', ['crl', '-inform', 'DER', '-in', file])).stdout;
  }

  async #pem(name: string, kind: string): Promise<string> {
    const der = Buffer.from(await (await fetch(`http://127.0.0.1:${this.ports.ca}/${name}`)).arrayBuffer());
    const file = await this.place.file(name, der);
    const { stdout } = await run('openssl', [kind, '-inform', 'DER', '-in', file]);
    return this.place.file(`${name}.pem`, stdout);
  }

  async close(): Promise<void> {
    await this.desk.stop();
    await new Promise<void>((resolve) => this.#sink.close(() => resolve()));
    await this.place.remove();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Looks until it is so; the runner's own limit ends a wait that never will. */
export async function until<T>(
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await pause(150);
  }
}

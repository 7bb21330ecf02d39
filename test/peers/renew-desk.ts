/**
 * A served desk with its lab CA over TLS, a DNS server that makes every name this machine, and what the stories of ACME
 * clients need of both: letters about leaked keys, ARI, the case's events, and openssl as the one who looks from outside.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { composeMessage } from '../../src/foundation/mail/compose.ts';
import { readPem } from '../../src/foundation/pki/pem.ts';
import { type Certificate, parseCertificate } from '../../src/foundation/pki/x509.ts';
import { certificateId } from '../../src/lab-ca/index.ts';
import { SmtpClient } from '../intake/smtp-client.ts';
import { findPeer, freePort, newFolder, type Running, serverCertificate, start } from './peers.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

export const dnsServer = findPeer('pebble-challtestsrv');

/** What a case goes through when its key leaked and the subscriber's client renews by itself. */
export const wholeStory = [
  'ReportReceived',
  'EvidenceVerified',
  'KeyBlocked',
  'RenewalAdvised',
  'ReplacementSeen',
  'RevocationAuthorized',
  'RevocationAccepted',
  'RevocationPublished',
] as const;

export interface Told {
  readonly start: number;
  readonly end: number;
  readonly explanationUrl: string | null;
  /** The server's own time at the answer. */
  readonly now: number;
}

export class RenewDesk {
  readonly folder: string;
  readonly ports: Record<'web' | 'smtp' | 'lab' | 'acme' | 'http01' | 'tls' | 'dns' | 'dnsAdmin', number>;
  readonly #served: ChildProcess;
  readonly #dns: Running;
  #said = '';

  private constructor(ports: RenewDesk['ports'], dns: Running, folder: string, silenceSeconds: number) {
    this.folder = folder;
    this.ports = ports;
    this.#dns = dns;
    const config = {
      dataFolder: join(folder, 'data'),
      http: { port: ports.web, publicUrl: `http://127.0.0.1:${ports.web}` },
      smtp: { port: ports.smtp },
      labCa: {
        port: ports.lab,
        acme: {
          validation: 'network',
          dnsServers: [`127.0.0.1:${ports.dns}`],
          httpPort: ports.http01,
          tlsPort: ports.tls,
          https: { port: ports.acme, keyFile: join(folder, 'tls.key'), certificateFile: join(folder, 'tls.pem') },
        },
      },
      // A minute is the least that clients have to keep to; so late they hear of a case.
      renewalInfo: { askAgainMinutes: 1, askAgainUrgentMinutes: 1 },
      policy: { silenceSeconds },
    };
    const file = join(folder, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    this.#served = spawn(process.execPath, ['src/main/rescind.ts', 'serve', '--config', file], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#served.stderr!.on('data', (part: Buffer) => {
      this.#said = (this.#said + part.toString('utf8')).slice(-200_000);
    });
  }

  static async open(silenceSeconds: number): Promise<RenewDesk> {
    const folder = newFolder('renew');
    serverCertificate(folder);
    const names = ['web', 'smtp', 'lab', 'acme', 'http01', 'tls', 'dns', 'dnsAdmin'] as const;
    const ports = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await freePort()])),
    ) as RenewDesk['ports'];
    const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', ''];
    const dns = await start(
      dnsServer!,
      [
        ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dnsserver', `127.0.0.1:${ports.dns}`],
        ...['-management', `127.0.0.1:${ports.dnsAdmin}`, ...off],
      ],
      {
        folder: newFolder('dns'),
        ready: async () => (await fetch(`http://127.0.0.1:${ports.dnsAdmin}/`)).status > 0,
      },
    );
    const desk = new RenewDesk(ports, dns, folder, silenceSeconds);
    await desk.until('the desk is ready', async () => desk.#said.includes('Ready.'));
    return desk;
  }

  get directory(): string {
    return `https://127.0.0.1:${this.ports.acme}/acme/directory`;
  }

  /** The certificate under which clients trust the ACME server. */
  get serverPem(): string {
    return join(this.folder, 'tls.pem');
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#served.once('exit', resolve));
    this.#served.kill('SIGINT');
    await ended;
    await this.#dns.stop();
  }

  /** A script that puts and removes TXT records, in the ways lego's exec provider and acme.sh's hooks call one. */
  dnsHook(): string {
    const file = join(this.folder, 'dns-hook.sh');
    const admin = `http://127.0.0.1:${this.ports.dnsAdmin}`;
    const lines = [
      '#!/bin/sh',
      '# present|cleanup NAME VALUE',
      'name=$(echo "$2" | sed "s/[.]*$/./")',
      'case "$1" in',
      `  present) curl -sf -d "{\\"host\\":\\"$name\\",\\"value\\":\\"$3\\"}" ${admin}/set-txt ;;`,
      `  cleanup) curl -sf -d "{\\"host\\":\\"$name\\"}" ${admin}/clear-txt ;;`,
      'esac',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o755 });
    return file;
  }

  async askAri(der: Uint8Array): Promise<Told> {
    const directory = (await (await fetch(`http://127.0.0.1:${this.ports.lab}/acme/directory`)).json()) as {
      renewalInfo: string;
    };
    // Over TLS, as clients insist on; the same desk answers it on its own address, which fetch trusts.
    expect(directory.renewalInfo).toBe(`https://127.0.0.1:${this.ports.acme}/renewal-info`);
    const response = await fetch(`http://127.0.0.1:${this.ports.web}/renewal-info/${certificateId(der)}`);
    const { suggestedWindow, explanationURL } = (await response.json()) as {
      suggestedWindow: { start: string; end: string };
      explanationURL?: string;
    };
    return {
      start: Date.parse(suggestedWindow.start),
      end: Date.parse(suggestedWindow.end),
      explanationUrl: explanationURL ?? null,
      now: Date.parse(response.headers.get('date') ?? ''),
    };
  }

  async isToldToRenew(der: Uint8Array): Promise<boolean> {
    const told = await this.askAri(der);
    return told.start <= told.now && told.explanationUrl !== null;
  }

  async reportKey(name: string, key: string): Promise<string | null> {
    const bytes = composeMessage({
      from: { name: 'Ann', address: 'ann@keywatch.example' },
      to: [{ name: '', address: 'problem-reporting@ca.example' }],
      subject: `Private key of ${name} leaked`,
      text: `The private key of ${name} is in a public repository. It is enclosed.`,
      date: Temporal.Now.instant(),
      messageId: `leak-${name}@keywatch.example`,
      headers: [],
      attachments: [{ fileName: 'leaked.key', mediaType: 'application/x-pem-file', bytes: Buffer.from(key) }],
    });
    const client = await SmtpClient.open(this.ports.smtp);
    const answer = await client.send(bytes, 'ann@keywatch.example', ['problem-reporting@ca.example']);
    client.close();
    return answer;
  }

  /** Events in the order in which they happened, of one case or of all. */
  async events(caseId?: string): Promise<readonly string[]> {
    const response = await fetch(`http://127.0.0.1:${this.ports.web}/api/v1/log?limit=500`);
    const page = (await response.json()) as { rows?: { type: string; seq: number; caseId?: string }[] };
    return (page.rows ?? [])
      .filter((row) => caseId === undefined || row.caseId === caseId)
      .sort((a, b) => a.seq - b.seq)
      .map((row) => row.type);
  }

  /** What an incident reader is told of a case, line by line. */
  async story(caseId: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.ports.web}/api/v1/log?limit=500`);
    const { rows = [] } = (await response.json()) as {
      rows?: { seq: number; at: string; type: string; text: string; caseId?: string | null }[];
    };
    const own = rows.filter((row) => row.caseId === caseId).sort((a, b) => a.seq - b.seq);
    return own.map(({ at, type, text }) => `${at} ${type.padEnd(22)} ${text}`).join('\n');
  }

  async caseIds(): Promise<readonly string[]> {
    const response = await fetch(`http://127.0.0.1:${this.ports.web}/api/v1/log?limit=500`);
    const page = (await response.json()) as { rows?: { caseId?: string | null }[] };
    return [...new Set((page.rows ?? []).flatMap((row) => (row.caseId ? [row.caseId] : [])))];
  }

  /** CRL and OCSP as openssl reads them. */
  async seen(certificate: Certificate): Promise<{ readonly crl: string; readonly ocsp: string }> {
    const at = (name: string) => join(this.folder, name);
    const get = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer());
    const lab = `http://127.0.0.1:${this.ports.lab}`;
    writeFileSync(at('root.cer'), await get(`${lab}/root.cer`));
    writeFileSync(at('issuer.cer'), await get(certificate.caIssuersUrls[0]!));
    writeFileSync(at('leaf.cer'), certificate.der);
    for (const one of ['root', 'issuer', 'leaf'])
      await run('openssl', ['x509', '-inform', 'DER', '-in', at(`${one}.cer`), '-out', at(`${one}.pem`)]);
    const lists: string[] = [];
    for (const url of certificate.crlUrls) {
      writeFileSync(at('one.crl'), await get(url));
      lists.push((await run('openssl', ['crl', '-inform', 'DER', '-in', at('one.crl')])).stdout);
    }
    writeFileSync(at('all.crl'), lists.join(''));
    const said = async (args: string[]) =>
      run('openssl', args).then(
        ({ stdout, stderr }) => stderr + stdout,
        (error: { stdout: string; stderr: string }) => error.stderr + error.stdout,
      );
    const trust = ['-CAfile', at('root.pem')];
    return {
      crl: await said([
        ...['verify', '-crl_check', '-CRLfile', at('all.crl'), ...trust, '-untrusted', at('issuer.pem')],
        at('leaf.pem'),
      ]),
      ocsp: await said([
        ...['ocsp', '-url', certificate.ocspUrls[0]!, ...trust, '-issuer', at('issuer.pem'), '-cert', at('leaf.pem')],
        '-no_nonce',
      ]),
    };
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    // Longer than the silence that these tests configure: a client that replaces quickly leaves all of it to wait for.
    for (let i = 0; i < 500; i++) {
      if (await holds().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    const events = await this.events().catch(() => []);
    throw new Error(`It did not happen: ${what}\nevents: ${events.join(', ')}\n${this.#said.slice(-3000)}`);
  }
}

export function certificateIn(file: string): Certificate {
  return parseCertificate(readPem(readFileSync(file, 'utf8'), 'CERTIFICATE')[0]!.bytes);
}

/** Runs a client; what it said is in the error when it fails. */
export async function client(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Record<string, string> },
): Promise<{ readonly ok: boolean; readonly said: string }> {
  try {
    const { stdout, stderr } = await run(program, [...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      timeout: 120_000,
    });
    return { ok: true, said: stdout + stderr };
  } catch (error) {
    const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string };
    return { ok: false, said: `${stdout ?? ''}${stderr ?? ''}\n${message}` };
  }
}

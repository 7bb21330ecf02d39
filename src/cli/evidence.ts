/** `rescind evidence check` and `evidence verify-proof`: the stable contract of the command line. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Fingerprint } from '../foundation/brand.ts';
import { SystemTime } from '../foundation/time/system-time.ts';
import type { Time } from '../foundation/time/time.ts';
import { type CheckLine, type CheckMatch, certificatesIn, checkFiles } from '../stages/evidence/check.ts';
import { verifyProof } from '../stages/evidence/prove/record.ts';
import type { CertificateBytes } from '../stages/evidence/room/room.ts';
import { type KeyList, readList } from '../stages/evidence/weak/lists.ts';

export interface EvidenceCli {
  readonly time: Time;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly exit: (code: number) => void;
}

/** A file of evidence is read up to here; a larger one is refused by name. */
const FILE_BYTES_MAX = 128 * 1024 * 1024;
const PROOF_BYTES_MAX = 1024 * 1024;

class Unopened extends Error {}

export function evidenceCommand(cli: EvidenceCli = processCli()): Command {
  const command = new Command('evidence').description('what a file shows about a key, and whether a proof holds');

  command
    .command('check <path...>')
    .description('look for keys, requests, certificates and signed statements in files and folders and judge each')
    .option('--json', 'one JSON object per key-like thing')
    .option('--inventory <dir>', 'folder of certificates (PEM or DER) that count as issued')
    .option(
      '--blocklist <file>',
      "list of compromised keys: badkeys' blocklist.dat, or hashes in text; may be repeated",
      collect,
      [],
    )
    .option('--passphrase <text>', 'try this on locked keys; may be repeated', collect, [])
    .option('--fail-on-finding', 'exit 1 when a key is proven, computable or of faulty parameters')
    .action(async (paths: string[], options: CheckCliOptions) => {
      await saying(cli, () => check(cli, paths, options));
    });

  command
    .command('verify-proof <file>')
    .description('check a proof of possession that the desk has published')
    .option('--json', 'one JSON object: {ok, spkiSha256, statement, problem}')
    .option('--certificate <file>', 'that it proves possession of this certificate’s key')
    .action(async (file: string, options: { json?: boolean; certificate?: string }) => {
      await saying(cli, () => verify(cli, file, options));
    });

  return command;
}

interface CheckCliOptions {
  readonly json?: boolean;
  readonly inventory?: string;
  readonly blocklist: readonly string[];
  readonly passphrase: readonly string[];
  readonly failOnFinding?: boolean;
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

async function check(cli: EvidenceCli, paths: readonly string[], options: CheckCliOptions): Promise<void> {
  const now = cli.time.now();
  const lists: KeyList[] = [];
  for (const file of options.blocklist) {
    const bytes = await open(file);
    try {
      lists.push(readList(bytes, file));
    } catch (cause) {
      if (cause instanceof RangeError) throw new Unopened(`${file} is no list of keys: ${cause.message}`);
      throw cause;
    }
  }
  const certificates: CertificateBytes[] = [];
  const facts = new Map<Fingerprint, CheckMatch>();
  if (options.inventory !== undefined) {
    for (const file of await filesUnder(options.inventory)) {
      for (const { bytes, match } of certificatesIn(await open(file), now)) {
        if (facts.has(match.sha256)) continue;
        certificates.push(bytes);
        facts.set(match.sha256, match);
      }
    }
  }
  const files: string[] = [];
  for (const path of paths) files.push(...(await filesUnder(path)));
  const lines = await checkFiles(
    (async function* () {
      for (const file of files) yield { file, bytes: await open(file) };
    })(),
    { inventory: { certificates, facts }, lists, passphrases: options.passphrase, now },
  );
  for (const line of lines) cli.out(options.json === true ? JSON.stringify(line) : inWords(line));
  cli.exit(options.failOnFinding === true && lines.some(isFinding) ? 1 : 0);
}

function isFinding(line: CheckLine): boolean {
  return (
    line.verdict === 'proven-key' ||
    line.verdict === 'proven-statement' ||
    line.findings.some((finding) => finding.verdict === 'computable' || finding.verdict === 'parameter')
  );
}

function inWords(line: CheckLine): string {
  if (line.form === null) return `${line.file}: nothing key-like`;
  const key = line.keyType === null ? '' : ` ${line.keyType}${line.bits === null ? '' : ` ${line.bits}`}`;
  const hash = line.spkiSha256 === null ? '' : `\n    SPKI SHA-256 ${line.spkiSha256}`;
  const matches = line.matches.map(
    (match) => `\n    certificate ${match.serial} (${match.status}), SHA-256 ${match.sha256}`,
  );
  const weak = line.findings
    .filter((finding) => finding.verdict === 'computable' || finding.verdict === 'parameter')
    .map((finding) => `\n    ${finding.check}: ${finding.verdict}, ${finding.detail}`);
  return `${line.file}: ${line.verdict} (${line.form}${key})\n    ${line.because}${hash}${matches.join('')}${weak.join('')}`;
}

async function verify(
  cli: EvidenceCli,
  file: string,
  options: { json?: boolean; certificate?: string },
): Promise<void> {
  const bytes = await open(file, PROOF_BYTES_MAX);
  const certificate = options.certificate === undefined ? undefined : await open(options.certificate);
  let record: unknown = null;
  try {
    record = JSON.parse(bytes.toString('utf8'));
  } catch {
    // verifyProof says that it is no record.
  }
  const der = certificate === undefined ? undefined : certificatesIn(certificate, cli.time.now())[0]?.bytes.der;
  if (options.certificate !== undefined && der === undefined)
    throw new Unopened(`${options.certificate} holds no certificate`);
  const result = verifyProof(record, der);
  if (options.json === true) cli.out(JSON.stringify(result));
  else
    cli.out(
      result.ok
        ? `The proof holds for the key with SPKI SHA-256 ${result.spkiSha256}.`
        : `No proof: ${result.problem}.`,
    );
  cli.exit(result.ok ? 0 : 1);
}

async function saying(cli: EvidenceCli, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (cause) {
    if (!(cause instanceof Unopened)) throw cause;
    cli.err(`rescind: ${cause.message}.`);
    cli.exit(2);
  }
}

async function open(file: string, bytesMax = FILE_BYTES_MAX): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > bytesMax) throw new Unopened(`${file} is larger than ${bytesMax} bytes`);
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof Unopened) throw cause;
    throw new Unopened(`${file} cannot be opened`);
  }
}

/** Regular files under a path in byte order of the relative path, dot-files left out; the path itself when it is a file. */
async function filesUnder(path: string): Promise<string[]> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch {
    throw new Unopened(`${path} cannot be opened`);
  }
  if (!isFolder) return [path];
  const found: string[] = [];
  const walk = async (folder: string, prefix: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const relative = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) await walk(join(folder, entry.name), relative);
      else if (entry.isFile()) found.push(relative);
    }
  };
  await walk(path, '');
  found.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return found.map((relative) => `${path.replace(/\/+$/, '')}/${relative}`);
}

function processCli(): EvidenceCli {
  return {
    time: new SystemTime(),
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    exit: (code) => {
      process.exitCode = code;
    },
  };
}

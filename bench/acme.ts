/**
 * Issuance and revocation over ACME, P-256, by one and the same client: the lab CA's server beside Pebble. The client
 * limits the rate, so what the server costs is read from its own process time.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { networkTransport } from '../src/stages/revocation/transport.ts';
import { AcmeClient, newKey } from '../test/ca/acme-client.ts';

const parallel = 8;
const pebblePort = 14_927;

interface Figures {
  readonly issuedPerSecond: number;
  readonly revokedPerSecond: number;
  readonly serverCpuMsPerCertificate: number;
}

export async function acmeBench(options: { readonly certificates?: number } = {}) {
  const certificates = options.certificates ?? 400;
  const folder = mkdtempSync(join(tmpdir(), 'rescind-bench-acme-'));
  try {
    serverCertificate(folder);
    const figures = await withServer(startLab(folder), folder, certificates);
    const pebble = startPebble(folder);
    const peer = pebble === null ? null : await withServer(pebble, folder, certificates);
    return {
      name: 'acme',
      figures: { ...figures, certificates },
      unit: 'certificates per second through ACME, milliseconds of server CPU per certificate',
      peers: peer === null ? {} : { pebble: peer },
      limit: "issuance and revocation at least at Pebble's rate in the same run, at no more server CPU per certificate",
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Started {
  readonly child: ChildProcess;
  readonly directory: Promise<string>;
}

async function withServer(started: Started, folder: string, certificates: number): Promise<Figures> {
  try {
    const directory = await started.directory;
    const transport = networkTransport({ ca: readFileSync(join(folder, 'tls.pem'), 'utf8') });
    await untilUp(transport, directory);
    const client = await new AcmeClient(transport, directory).open();
    await client.register();
    const keys = Array.from({ length: certificates }, newKey);
    const ders: Uint8Array[] = [];
    // Both servers are warm before they are measured.
    await inParallel(keys.slice(0, 200), async (key) => void (await client.obtain(['warm.bench.example'], key)));
    const cpuBefore = cpuMs(started.child.pid!);
    const issuing = performance.now();
    await inParallel(keys, async (key, n) => {
      ders.push((await client.obtain([`n${n}.bench.example`], key)).der);
    });
    const issuedMs = performance.now() - issuing;
    const cpu = (cpuMs(started.child.pid!) - cpuBefore) / certificates;
    const revoking = performance.now();
    await inParallel(ders, async (der) => {
      const answer = await client.revoke(der, 1);
      if (answer.status !== 200) throw new Error(`revokeCert answered ${answer.status}`);
    });
    const revokedMs = performance.now() - revoking;
    await transport.close();
    return {
      issuedPerSecond: Math.round((certificates / issuedMs) * 1000),
      revokedPerSecond: Math.round((certificates / revokedMs) * 1000),
      serverCpuMsPerCertificate: Number(cpu.toFixed(2)),
    };
  } finally {
    started.child.kill('SIGKILL');
  }
}

export function startLab(folder: string): Started {
  const script = fileURLToPath(new URL('./acme-server.ts', import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const directory = new Promise<string>((resolve, reject) => {
    child.stdout!.once('data', (port: Buffer) => resolve(`https://127.0.0.1:${port.toString().trim()}/acme/directory`));
    child.once('exit', () => reject(new Error('the lab CA did not start')));
  });
  return { child, directory };
}

/** Null where Pebble is not installed. */
export function startPebble(folder: string): Started | null {
  const command = process.env.PEBBLE ?? 'pebble';
  try {
    execFileSync(command, ['-version'], { stdio: 'ignore' });
  } catch {
    return null;
  }
  writeFileSync(
    join(folder, 'pebble.json'),
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${pebblePort}`,
        managementListenAddress: `127.0.0.1:${pebblePort + 1}`,
        certificate: 'tls.pem',
        privateKey: 'tls.key',
        httpPort: 5002,
        tlsPort: 5001,
        keyAlgorithm: 'ecdsa',
      },
    }),
  );
  const env = { ...process.env, PEBBLE_VA_ALWAYS_VALID: '1', PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' };
  const child = spawn(command, ['-config', 'pebble.json'], { cwd: folder, env, stdio: 'ignore' });
  return { child, directory: Promise.resolve(`https://127.0.0.1:${pebblePort}/dir`) };
}

export async function untilUp(transport: ReturnType<typeof networkTransport>, directory: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const call = await transport.call({ method: 'GET', url: directory });
    if (call.ok && call.answer.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${directory} did not come up`);
}

/** User and system time of a process so far; 10 ms is the kernel's step. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export async function inParallel<T>(
  inputs: readonly T[],
  work: (input: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < inputs.length) {
      const index = next++;
      await work(inputs[index]!, index);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

export function serverCertificate(folder: string): void {
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 2';
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', [...args.split(' '), ...name], { cwd: folder, stdio: 'ignore' });
}

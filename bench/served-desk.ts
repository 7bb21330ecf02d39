/** A desk as an operator runs it, for benches: `rescind serve` in processes of its own, on the real clock. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main/rescind.ts', import.meta.url));

export interface ServedDesk {
  readonly smtpPort: number;
  readonly dataFolder: string;
  /** Processor time so far of the desk's processes, the reading room's and the database's, all together. */
  cpuMilliseconds(): number;
  /** Highest resident memory of the desk's processes so far, children left out. */
  peakMegabytes(): number;
  stop(): Promise<void>;
}

/** Starts one process for each entry of `roles`; resolves when all say that they are ready. */
export async function serveDesk(folder: string, roles: readonly string[]): Promise<ServedDesk> {
  const smtpPort = await freePort();
  const file = join(folder, 'rescind.json');
  const dataFolder = join(folder, 'data');
  writeFileSync(
    file,
    JSON.stringify({
      dataFolder,
      smtp: { port: smtpPort },
      http: { port: await freePort() },
      labCa: { enabled: false },
      ca: { connector: 'manual', settings: { instructions: 'A bench gives no orders.' }, issuers: [anIssuer(folder)] },
    }),
  );
  const running: ChildProcess[] = [];
  for (const role of roles) running.push(await startRole(file, role));
  let peak = 0;
  const look = setInterval(() => {
    for (const { pid } of running) peak = Math.max(peak, residentMegabytes(pid));
  }, 500);
  return {
    smtpPort,
    dataFolder,
    peakMegabytes: () => peak,
    cpuMilliseconds: () => cpuOfAll(running.flatMap(({ pid }) => pid ?? [])),
    async stop() {
      clearInterval(look);
      for (const child of running.reverse()) await ended(child);
    },
  };
}

/** No certificate of this issuer exists; the desk asks for one, and rightly so. */
function anIssuer(folder: string): string {
  const [key, certificate] = [join(folder, 'issuer.key'), join(folder, 'issuer.pem')];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', '-subj', '/CN=Bench CA', '-days', '2', ...made], { stdio: 'ignore' });
  return certificate;
}

async function startRole(file: string, roles: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--no-warnings', main, 'serve', '--config', file, '--roles', roles], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DATABASE_URL: '' },
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    const hear = (text: Buffer): void => {
      said = (said + text.toString()).slice(-20_000);
      if (said.includes('Ready.')) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => reject(new Error(`serve --roles ${roles} ended: ${said.slice(-2_000)}`)));
  });
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(late);
}

function residentMegabytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

/** Clock ticks a second in /proc, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Of these processes, everything below them, and what below them has ended. */
function cpuOfAll(roots: readonly number[]): number {
  const known = new Map<number, { readonly parent: number; readonly ticks: number }>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      known.set(Number(name), { parent: Number(fields[1]), ticks });
    } catch {
      // It has ended meanwhile; its parent counts it.
    }
  }
  const wanted = new Set(roots);
  for (let before = 0; before !== wanted.size; ) {
    before = wanted.size;
    for (const [pid, { parent }] of known) if (wanted.has(parent)) wanted.add(pid);
  }
  const ticks = [...wanted].reduce((sum, pid) => sum + (known.get(pid)?.ticks ?? 0), 0);
  return (ticks * 1000) / ticksPerSecond;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

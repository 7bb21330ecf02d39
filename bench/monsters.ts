/** Messages made to be expensive, and what the most expensive of them costs to read and judge. */
import { crc32, deflateRawSync } from 'node:zlib';
import { readForTriage } from '../src/app/read-for-triage.ts';
import { at } from '../src/foundation/time/time.ts';

const head = 'From: a@reporter.example\r\nTo: revoke@ca.example\r\nMessage-ID: <1@reporter.example>\r\n';
const multi = `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n`;
const many = <T>(count: number, one: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => one(n));
const serial = (n: number): string => (0x10000000000000n + BigInt(n) * 7919n).toString(16).padStart(32, '3');

export const monsters: readonly (readonly [name: string, message: () => string | Buffer])[] = [
  [
    '40 MB attachment',
    () =>
      `${multi}--b\r\n\r\nkey\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n${'QUJD'.repeat(10_000_000)}\r\n--b--`,
  ],
  ['1,000 parts', () => `${multi}${many(1_000, (n) => `--b\r\n\r\npart ${n}\r\n`).join('')}--b--`],
  [
    '300 levels',
    () =>
      `${head}${many(300, (n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`).join('')}\r\nkey`,
  ],
  ['10,000 header lines', () => `${many(10_000, (n) => `X-${n}: y\r\n`).join('')}${head}\r\nkey`],
  [
    '2 MB of references',
    () => `${head}References: ${many(60_000, (n) => `<${n}.abcdefgh@relay.example>`).join(' ')}\r\n\r\nkey`,
  ],
  ['20,000 serials', () => `${head}\r\n${many(20_000, serial).join('\r\n')}\r\n`],
  [
    '20,000 crt.sh links',
    () => `${head}\r\n${many(20_000, (n) => `https://crt.sh/?id=${1_000_000 + n}`).join('\r\n')}\r\n`,
  ],
  [
    '20,000 links in HTML',
    () =>
      `${head}Content-Type: text/html\r\n\r\n${many(20_000, (n) => `<a href="https://h${n}.example/">x</a>`).join('')}`,
  ],
  ['100,000 open tags', () => `${head}Content-Type: text/html\r\n\r\n${'<div><b><table>'.repeat(33_000)}key`],
  [
    'a bomb of zeros',
    () =>
      `${multi}--b\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n${bomb().toString('base64')}\r\n--b--`,
  ],
  ['2 MB of one word', () => `${head}\r\n${'certificate'.repeat(190_000)}`],
  ['2 MB without a break', () => `${head}\r\n${'a1'.repeat(1_000_000)}`],
  ['1 MB of PEM beginnings', () => `${head}\r\n${'-----BEGIN PRIVATE KEY-----\r\n'.repeat(36_000)}`],
];

export interface WorstFigures {
  readonly worstMessageCpuMilliseconds: number;
  readonly worstMessageIs: string;
  readonly peakMegabytes: number;
}

/** Reads and judges each in this process, one after the other. */
export async function worstMessage(): Promise<WorstFigures> {
  const surroundings = { receivedBy: 'mx.ca.example', ownDomains: () => false, now: at('2026-01-01T00:00:00Z') };
  // The first message of a process pays for loading the model.
  await readForTriage(Buffer.from(`${head}\r\nkey`), surroundings);
  let worst = { name: '', milliseconds: 0 };
  let peakMegabytes = 0;
  for (const [name, make] of monsters) {
    const bytes = Buffer.from(make());
    const before = process.cpuUsage();
    await readForTriage(bytes, surroundings);
    const { user, system } = process.cpuUsage(before);
    const milliseconds = (user + system) / 1000;
    if (milliseconds > worst.milliseconds) worst = { name, milliseconds };
    peakMegabytes = Math.max(peakMegabytes, Math.round(process.memoryUsage().rss / 1024 ** 2));
  }
  return {
    worstMessageCpuMilliseconds: Math.round(worst.milliseconds),
    worstMessageIs: worst.name,
    peakMegabytes,
  };
}

/** A zip of one member that unpacks to a gigabyte. */
function bomb(): Buffer {
  const plain = Buffer.alloc(1024 ** 3);
  const packed = deflateRawSync(plain);
  const name = Buffer.from('key.pem');
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(8, 4);
  fields.writeUInt32LE(crc32(plain), 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(plain.length, 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, name, packed]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, Buffer.alloc(14), name]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await worstMessage())}\n`);

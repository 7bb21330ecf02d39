/**
 * Made-up reports through every step, so that the first real one does not pay for loading and compiling: one before a
 * child says that it is ready, and more while it waits. The keys are made on the spot and mean nothing. Returns a function
 * for one further round.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { openReport } from './read.ts';
import { packInstants } from './wire.ts';

/** Smaller than any real one, because it is made in a few milliseconds; the code it runs through is the same. */
const WARM_UP_MODULUS_BITS = 1024;

export async function warmUp(): Promise<() => Promise<void>> {
  await round([generateKeyPairSync('ec', { namedCurve: 'P-256' })]);
  let rsa: Pair | null = null;
  return async () => {
    rsa ??= generateKeyPairSync('rsa', { modulusLength: WARM_UP_MODULUS_BITS });
    await round([rsa]);
  };
}

type Pair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

async function round(pairs: readonly Pair[]): Promise<void> {
  const pems = pairs.map(({ privateKey }) => privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const mail = `From: a@reporter.example\r\nTo: b@ca.example\r\nSubject: key\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nA key.\r\n\r\n${pems.join('\r\n')}\r\n`;
  const report = await openReport({
    bytes: Buffer.from(mail),
    identity: null,
    kind: 'message',
    name: '',
    reportId: 'warm-up',
    receivedAt: '2000-01-01T00:00:00Z',
    passphrases: [],
    challenges: [],
    careful: false,
  });
  const keys = pairs.map(({ publicKey }) => ({
    spki: publicKey.export({ format: 'der', type: 'spki' }),
    fingerprints: [],
  }));
  packInstants(await report.judge({ keys, enrolledCsrs: [] }));
}

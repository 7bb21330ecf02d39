/**
 * Made-up reports through every step, so that the first real one does not pay for loading and compiling. The keys are
 * made on the spot and mean nothing.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { openReport } from './read.ts';
import { packInstants } from './wire.ts';

/** Smaller than any real one, because it is made in a few milliseconds; the code it runs through is the same. */
const WARM_UP_MODULUS_BITS = 1024;

/** A function for one round; the first is about an EC key, the others about an RSA key. */
export function madeUpReport(): () => Promise<void> {
  let first = true;
  let rsa: Pair | null = null;
  return async () => {
    if (first) {
      first = false;
      await round(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    } else {
      rsa ??= generateKeyPairSync('rsa', { modulusLength: WARM_UP_MODULUS_BITS });
      await round(rsa);
    }
  };
}

type Pair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

async function round({ privateKey, publicKey }: Pair): Promise<void> {
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  const mail = `From: a@reporter.example\r\nTo: b@ca.example\r\nSubject: key\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nA key.\r\n\r\n${pem}\r\n`;
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
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  packInstants(await report.judge({ keys: [{ spki, fingerprints: [] }], enrolledCsrs: [] }));
}

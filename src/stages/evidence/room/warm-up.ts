/**
 * One made-up report through every step before a child says that it is ready, so that the first real one does not pay
 * for loading and compiling. The key is made on the spot and means nothing.
 */
import { generateKeyPairSync } from 'node:crypto';
import { openReport } from './read.ts';

/** Small, because it is made in a millisecond; the code it runs through is the same. */
const WARM_UP_MODULUS_BITS = 768;

export async function warmUp(): Promise<void> {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: WARM_UP_MODULUS_BITS });
  const pems = [ec, rsa].map(({ privateKey }) => privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const mail = `From: a@reporter.example\r\nTo: b@ca.example\r\nSubject: keys\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nKeys.\r\n\r\n${pems.join('\r\n')}\r\n`;
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
  const keys = [ec, rsa].map(({ publicKey }) => ({
    spki: publicKey.export({ format: 'der', type: 'spki' }),
    fingerprints: [],
  }));
  await report.judge({ keys, enrolledCsrs: [] });
}

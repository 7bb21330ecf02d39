/**
 * Made-up reports that go the way of real ones, so that the first real one does not pay for loading and compiling, in
 * the child or in the desk. The keys are made on the spot and mean nothing.
 */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { RoomAnswer, RoomInput } from './wire.ts';

export interface MadeUpReport {
  readonly input: RoomInput;
  /** What a desk would answer that knows one certificate with the key. */
  readonly answer: RoomAnswer;
}

const make = promisify(generateKeyPair);
let made: Promise<readonly [MadeUpReport, MadeUpReport]> | null = null;

/** One about an EC key and one about an RSA key, made once for this process. */
export function madeUpReports(): Promise<readonly [MadeUpReport, MadeUpReport]> {
  made ??= (async () => {
    const ec = await make('ec', { namedCurve: 'P-256' });
    const rsa = await make('rsa', { modulusLength: 2048 });
    return [reportOf(ec), reportOf(rsa)] as const;
  })();
  return made;
}

function reportOf({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): MadeUpReport {
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  const mail = `From: a@reporter.example\r\nTo: b@ca.example\r\nSubject: key\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nA key.\r\n\r\n${pem}\r\n`;
  return {
    input: {
      bytes: Buffer.from(mail),
      identity: null,
      kind: 'message',
      name: '',
      reportId: 'warm-up',
      receivedAt: '2000-01-01T00:00:00Z',
      passphrases: [],
      challenges: [],
      careful: false,
    },
    answer: { keys: [{ spki: publicKey.export({ format: 'der', type: 'spki' }), fingerprints: [] }], enrolledCsrs: [] },
  };
}

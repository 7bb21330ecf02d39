import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import forge from 'node-forge';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outgoing } from '../stages/outreach/messenger.ts';
import { checkConfig } from './config.ts';
import { openMail } from './mail-relay.ts';

/** A submission server that takes letters only from who signs in over TLS. */
interface Relay {
  readonly certificate: string;
  readonly port: number;
  readonly taken: string[];
  readonly signedIn: string[];
  close(): void;
}

async function relay(): Promise<Relay> {
  const taken: string[] = [];
  const signedIn: string[] = [];
  const { key, certificate } = selfSigned('relay.ca.example');
  const server = new SMTPServer({
    ...{ key, cert: certificate },
    onAuth({ username, password }, session, done) {
      if (!session.secure || password !== 'a long secret') return done(new Error('Not you'));
      signedIn.push(username ?? '');
      return done(null, { user: username });
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        taken.push(Buffer.concat(chunks).toString());
        done();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    certificate,
    port: (server.server.address() as AddressInfo).port,
    taken,
    signedIn,
    close: () => server.close(),
  };
}

const letter: Outgoing = {
  ...{ letterId: 'a', to: 'reporter@keywatch.example', subject: 'Your report', text: 'We have it.', html: null },
  ...{ language: 'en', automatic: 'no', inReplyTo: null, references: [] },
};

let folder: string;
let server: Relay;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-relay-'));
  server = await relay();
  await writeFile(join(folder, 'password'), 'a long secret\n');
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const opened = async (mail: object) => {
  const read = checkConfig(JSON.stringify({ dataFolder: folder, mail }));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return openMail(read.config);
};
const paths = (mail: object): readonly string[] => {
  const read = checkConfig(JSON.stringify({ mail }));
  return read.ok ? [] : read.problems.map((p) => p.path);
};

describe('the relay of letters', () => {
  const at = (more: object) => ({ relay: { host: '127.0.0.1', port: server.port, ...more } });
  const asDesk = () => ({ user: 'desk', password: { file: join(folder, 'password') } });

  it('is signed in to over TLS, with a password from a file, when its certificate is one we trust', async () => {
    await writeFile(join(folder, 'ca.pem'), server.certificate);
    const trusted = { trustedCa: { file: join(folder, 'ca.pem') }, serverName: 'relay.ca.example' };
    const mail = await opened(at({ ...asDesk(), ...trusted }));
    expect(await mail.send([letter])).toMatchObject([{ outcome: 'accepted' }]);
    expect(server.signedIn).toEqual(['desk']);
    await mail.close();
  });

  it('gets no password and no letter when its certificate is not trusted', async () => {
    const before = server.taken.length;
    const mail = await opened(at(asDesk()));
    expect(await mail.send([letter])).toMatchObject([{ outcome: 'retry' }]);
    expect(server.taken).toHaveLength(before);
    expect(server.signedIn).toEqual(['desk']);
    await mail.close();
  });

  it('is never told a password in the clear, and half a sign-in is none', () => {
    expect(paths({ relay: { host: 'r.example', ...asDesk(), requireTls: false } })).toEqual(['mail.relay.requireTls']);
    expect(paths({ relay: { host: 'r.example', user: 'desk' } })).toEqual(['mail.relay']);
    expect(paths({ relay: { host: 'r.example', ...asDesk() } })).toEqual([]);
  });
});

describe('the signature of letters', () => {
  const dkim = (more: object = {}) => ({ selector: 'desk', privateKey: { file: join(folder, 'dkim.pem') }, ...more });

  it('speaks for the domain letters come from, and for no other', () => {
    const from = 'Desk <desk@mail.ca.example>';
    const relayed = { from, relay: { host: 'r.example' } };
    expect(paths({ ...relayed, dkim: dkim() })).toEqual([]);
    expect(paths({ ...relayed, dkim: dkim({ domain: 'ca.example' }) })).toEqual([]);
    expect(paths({ ...relayed, dkim: dkim({ domain: 'elsewhere.example' }) })).toEqual(['mail.dkim.domain']);
    expect(paths({ from, dkim: dkim() })).toEqual(['mail.dkim']);
  });

  it('is refused before the first letter when its key is one that verifiers refuse', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    await writeFile(join(folder, 'dkim.pem'), short.export({ type: 'pkcs8', format: 'pem' }));
    const mail = { from: 'desk@ca.example', relay: { host: '127.0.0.1' }, dkim: dkim() };
    await expect(opened(mail)).rejects.toMatchObject({ code: 'config_invalid' });
    const good = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    await writeFile(join(folder, 'dkim.pem'), good.export({ type: 'pkcs8', format: 'pem' }));
    await (await opened(mail)).close();
  });
});

function selfSigned(name: string): { key: string; certificate: string } {
  const { privateKey, publicKey } = forge.pki.rsa.generateKeyPair(2048);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date('2020-01-01T00:00:00Z');
  certificate.validity.notAfter = new Date('2049-01-01T00:00:00Z');
  const subject = [{ name: 'commonName', value: name }];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true },
    { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
  ]);
  certificate.sign(privateKey, forge.md.sha256.create());
  return { key: forge.pki.privateKeyToPem(privateKey), certificate: forge.pki.certificateToPem(certificate) };
}

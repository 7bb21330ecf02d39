/** Certificates of one file, PEM or DER, however many stand in it; read as a stream, so a dump of millions is fine. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { DerError, DerReader, tag } from '../../../foundation/pki/der.ts';
import { certificateBytesMax } from '../../../foundation/pki/x509.ts';
import { type Annotations, recordOf } from '../record.ts';
import type { Entry } from './import.ts';

/** A DER file holds one certificate or a few after each other; larger dumps come as PEM. */
export const derFileBytesMax = 256 * 1024 * 1024;

/** A block flattened to one line, with text around it. */
const lineCharactersMax = certificateBytesMax * 2;

/** Labels under which certificates are found in the wild (RFC 7468 section 5.1, OpenSSL's old ones). */
const labels = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']);

/** `at` is `PATH` for a single certificate and `PATH#N` (from 1) for the Nth block. */
export async function* readPemFile(path: string, name: string): AsyncGenerator<Entry> {
  let block: string[] | null = null;
  let characters = 0;
  let n = 0;
  for await (const line of linesOf(createReadStream(path, 'latin1'))) {
    const begins = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(line);
    if (begins) {
      block = labels.has(begins[1]!) ? [] : null;
      characters = 0;
      if (block === null) continue;
      n++;
      const rest = line.slice(begins.index + begins[0].length);
      if (!rest.includes('-----END ')) {
        block.push(rest);
        continue;
      }
      // A block flattened to one line, as copying from a web page does.
      yield entryOf(fromBase64(rest.slice(0, rest.indexOf('-----END '))), `${name}#${n}`);
      block = null;
    } else if (block !== null && line.includes('-----END ')) {
      yield entryOf(fromBase64(block.join('')), `${name}#${n}`);
      block = null;
    } else if (block !== null) {
      characters += line.length;
      if (characters > certificateBytesMax * 2) {
        yield { kind: 'rejected', at: `${name}#${n}`, problem: `more than ${certificateBytesMax} bytes` };
        block = null;
      } else block.push(line);
    }
  }
  if (block !== null) yield { kind: 'rejected', at: `${name}#${n}`, problem: 'the PEM block is cut off' };
  if (n === 0) yield { kind: 'rejected', at: name, problem: 'no certificate in it' };
}

/** Lines without their ends. One longer than a certificate can be is cut there: it holds no PEM that anybody wrote. */
async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of text) {
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    yield* lines;
    if (rest.length > lineCharactersMax) {
      yield rest;
      rest = '';
    }
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
}

export async function* readDerFile(path: string, name: string): AsyncGenerator<Entry> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > derFileBytesMax) {
      yield { kind: 'rejected', at: name, problem: `more than ${derFileBytesMax} bytes` };
      return;
    }
    yield* certificatesIn(new Uint8Array(await file.readFile()), name);
  } finally {
    await file.close();
  }
}

/** One DER certificate, or several after each other. */
function* certificatesIn(bytes: Uint8Array, name: string): Generator<Entry> {
  const reader = new DerReader(bytes);
  for (let n = 1; reader.more; n++) {
    const from = reader.at;
    try {
      const element = reader.expect(tag.sequence, 'Certificate');
      yield entryOf(reader.whole(element), n === 1 && !reader.more ? name : `${name}#${n}`);
    } catch (cause) {
      if (!(cause instanceof DerError)) throw cause;
      yield { kind: 'rejected', at: `${name}#${n}`, problem: `byte ${from}: ${cause.message}` };
      return;
    }
  }
}

/** The record of a certificate, or why there is none. */
export function entryOf(der: Uint8Array | null, at: string, annotations: Annotations = {}): Entry {
  if (der === null) return { kind: 'rejected', at, problem: 'not base64' };
  try {
    return { kind: 'certificate', at, record: recordOf(der, annotations) };
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    return { kind: 'rejected', at, problem: `not a certificate: ${cause.message}` };
  }
}

/** Base64 as people paste it: spaces and line breaks are nothing. Null when it is something else. */
export function fromBase64(text: string): Uint8Array | null {
  const bare = text.replace(/\s+/g, '');
  return bare !== '' && /^[A-Za-z0-9+/]+={0,2}$/.test(bare) ? new Uint8Array(Buffer.from(bare, 'base64')) : null;
}

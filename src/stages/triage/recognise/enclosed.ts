/** Names inside the certificates and requests that a message encloses: they say which site it is about. */
import type { Message } from '../../../foundation/mail/message.ts';
import { parseCsr } from '../../../foundation/pki/csr.ts';
import { readPem } from '../../../foundation/pki/pem.ts';
import { parseCertificate } from '../../../foundation/pki/x509.ts';

/** Enclosed objects that are opened; a bulk report brings its names in a list. */
const objectsMax = 60;
const bytesMax = 200_000;

export function enclosedNames(message: Message): string[] {
  const names = new Set<string>();
  let budget = objectsMax;
  const readText = (text: string) => {
    if (budget <= 0 || !text.includes('-----BEGIN')) return;
    for (const { label, bytes } of readPem(text.slice(0, bytesMax))) {
      if (budget-- <= 0) return;
      for (const name of namesOf(label, bytes)) names.add(name);
    }
  };
  for (const block of message.texts) readText(block.text.replace(/^[ \t]*>[> \t]*/gm, ''));
  for (const { bytes } of message.attachments) {
    if (budget <= 0 || bytes.length > bytesMax) continue;
    if (bytes[0] === 0x30) {
      budget--;
      for (const name of [...namesOf('CERTIFICATE', bytes), ...namesOf('CERTIFICATE REQUEST', bytes)]) names.add(name);
    } else readText(Buffer.from(bytes).toString('latin1'));
  }
  return [...names];
}

function namesOf(label: string, bytes: Uint8Array): string[] {
  try {
    const names = /REQUEST/.test(label)
      ? namesOfRequest(bytes)
      : /CERTIFICATE/.test(label)
        ? parseCertificate(bytes).names
        : [];
    return names
      .map((name) => name.toLowerCase().replace(/^\*\./, ''))
      .filter((name) => /^[^@\s]+\.[a-z0-9-]{2,}$/.test(name) && !/^[\d.]+$/.test(name));
  } catch {
    // Not one of ours to judge: the reading room says what it is.
    return [];
  }
}

function namesOfRequest(bytes: Uint8Array): readonly string[] {
  const request = parseCsr(bytes);
  return [...request.names, ...request.commonNames];
}

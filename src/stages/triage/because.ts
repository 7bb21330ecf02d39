/** Reasons as a person reads them: short, and never with key material in them. */
import { maskObjects } from './recognise/objects.ts';

const excerptCharactersMax = 160;

/** A piece of the message that is safe to show: keys and long base64 are replaced before anything is cut. */
export function excerptOf(text: string): string {
  const shown = maskObjects(text)
    .replace(
      /⟦(\w+)⟧|\bx(privatekey|keyfile|certificatepem|certfile|csr|crtsh|url|host|wildhost|address|hex|num|ip|file|secretfile|blob)\b/g,
      (_, one: string, two: string) => `[${names[one ?? two] ?? one ?? two}]`,
    )
    // What remains of a key that lost its armour: any unbroken run that no word of any language reaches.
    .replace(/[A-Za-z0-9+/=]{40,}/g, (run) => (/^[0-9a-fA-F]+$/.test(run) ? run : '[data]'))
    .replace(/\s+/g, ' ')
    .trim();
  return shown.length <= excerptCharactersMax ? shown : `${shown.slice(0, excerptCharactersMax - 1)}…`;
}

const names: Readonly<Record<string, string>> = {
  privatekey: 'private key',
  keyfile: 'key file',
  certificatepem: 'certificate',
  certfile: 'certificate file',
  csr: 'request',
  crtsh: 'crt.sh link',
  url: 'link',
  host: 'host',
  wildhost: 'wildcard host',
  address: 'address',
  hex: 'number',
  num: 'number',
  ip: 'IP address',
  file: 'file',
  secretfile: 'file with secrets',
  blob: 'data',
};

/**
 * PEM (RFC 7468) as people paste it: CRLF, leading spaces, quoting and text around it. Only the boundaries count;
 * what stands between them must be base64. Bounded, because the text comes from outside.
 */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … as written, upper case. */
  readonly label: string;
  readonly bytes: Uint8Array;
  /** RFC 1421 headers (`Proc-Type`, `DEK-Info`); empty when there are none. */
  readonly headers: Readonly<Record<string, string>>;
  /** Offsets of the whole block in the text. */
  readonly from: number;
  readonly to: number;
}

export const pemBlocksMax = 200_000;
/** A block of a 16384-bit key is below 16 KiB, but a pasted CRL may be large. */
export const pemBlockBytesMax = 96 * 1024 * 1024;

const boundary = /-----BEGIN ([A-Z0-9][A-Z0-9 #.-]{0,60}?)-----/g;

/** Every block in `text`, in order; what does not decode is left out (`readPem` never throws). */
export function readPem(text: string, label?: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  boundary.lastIndex = 0;
  const search = new RegExp(boundary);
  for (let found = search.exec(text); found !== null; found = search.exec(text)) {
    const name = found[1]!;
    const end = `-----END ${name}-----`;
    const bodyFrom = found.index + found[0].length;
    const bodyTo = text.indexOf(end, bodyFrom);
    if (bodyTo < 0) continue;
    if (label === undefined || label === name) {
      const block = decode(text.slice(bodyFrom, bodyTo));
      if (block !== null) {
        blocks.push({ label: name, ...block, from: found.index, to: bodyTo + end.length });
        if (blocks.length >= pemBlocksMax) break;
      }
    }
    search.lastIndex = bodyTo + end.length;
  }
  return blocks;
}

export function writePem(label: string, bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function decode(body: string): { bytes: Uint8Array; headers: Record<string, string> } | null {
  if (body.length > pemBlockBytesMax * 1.5) return null;
  const headers: Record<string, string> = {};
  const lines = body.split(/\r\n|\n|\r/).map((line) => line.replace(/^[\s>|]+/, '').trimEnd());
  const data: string[] = [];
  for (const line of lines) {
    const header = data.length === 0 ? /^([A-Za-z][A-Za-z0-9-]*): (.*)$/.exec(line) : null;
    if (header) headers[header[1]!] = header[2]!;
    else if (line !== '') data.push(line);
  }
  const base64 = data.join('').replace(/\s+/g, '');
  if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null;
  return { bytes: new Uint8Array(Buffer.from(base64, 'base64')), headers };
}

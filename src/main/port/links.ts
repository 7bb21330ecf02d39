/** Signed links for people without an account: the reporter's status page, the subscriber's page. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { at, hasCome, rfc3339, type Time } from '../../foundation/time/time.ts';

/** What a link opens. `r`: one report of one case; `s`: one subscriber in one case. */
export interface LinkTarget {
  readonly kind: 'r' | 's';
  readonly caseId: string;
  readonly of: string;
}

export interface Links {
  /** Good for half a year from now: longer than any case, shorter than a mailbox that somebody inherits. */
  token(target: LinkTarget): string;
  /** Null when forged, cut, altered or too old. */
  read(token: string): LinkTarget | null;
}

const tokenMax = 600;
const linkValidDays = 183;

export function signedLinks(secret: Buffer, time: Pick<Time, 'now'>): Links {
  const sign = (payload: string): Buffer => createHmac('sha256', secret).update(payload).digest().subarray(0, 20);
  return {
    token({ kind, caseId, of }) {
      const lapsesAt = rfc3339(time.now().add({ hours: 24 * linkValidDays }));
      const payload = Buffer.from(JSON.stringify([kind, caseId, of, lapsesAt])).toString('base64url');
      return `${payload}.${sign(payload).toString('base64url')}`;
    },
    read(token) {
      const [payload = '', signature = ''] = token.length > tokenMax ? [] : token.split('.', 2);
      const given = Buffer.from(signature, 'base64url');
      const wanted = sign(payload);
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
      const [kind, caseId, of, lapsesAt] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [
        LinkTarget['kind'],
        string,
        string,
        string,
      ];
      return hasCome(at(lapsesAt), time.now()) ? null : { kind, caseId, of };
    },
  };
}

/** The desk's own secret for links; made once, readable by the desk alone. */
export async function linkSecret(dataFolder: string): Promise<Buffer> {
  const file = join(dataFolder, 'link-secret');
  try {
    return await readFile(file);
  } catch {
    await mkdir(dataFolder, { recursive: true });
    const secret = randomBytes(32);
    await writeFile(file, secret, { mode: 0o600, flag: 'wx' }).catch(() => undefined);
    return readFile(file);
  }
}

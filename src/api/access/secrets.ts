import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** Readable in the log, unique by its tail: `ines-sato-3f9a1c`. */
export function newId(name: string): string {
  const words = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40);
  return `${words === '' ? 'person' : words}-${randomBytes(3).toString('hex')}`;
}

export function cookieOf(request: Request, name: string): string | null {
  for (const part of (request.headers.get('cookie') ?? '').split(/;\s*/)) {
    const [key, value] = part.split('=', 2);
    if (key === name && value !== undefined && value !== '') return value;
  }
  return null;
}

import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mayHoldKey } from './key-hint.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const head = 'From: a@x.example\r\nSubject: x\r\n';
const part = (type: string, name: string, body: string) =>
  `${head}Content-Type: ${type}; name=${name}\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}`;

describe('the hint that a message may hold a key', () => {
  it.each([
    ['a key in its text', `${head}\r\n${pem}`],
    ['a quoted key', `${head}\r\n${pem.replace(/^/gm, '> ')}`],
    ['a key in base64', part('text/plain', 'note', Buffer.from(pem).toString('base64'))],
    ['a key in base64 at another place', part('text/plain', 'note', Buffer.from(`x${pem}`).toString('base64'))],
    ['a key in base64 at a third place', part('text/plain', 'note', Buffer.from(`xx${pem}`).toString('base64'))],
    ['a key without its frame', `${head}\r\n${privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')}`],
    ['a JWK', `${head}\r\n${JSON.stringify(privateKey.export({ format: 'jwk' }))}`],
    ['an archive', part('application/octet-stream', 'files', 'AAAA')],
    ['a key store', part('text/plain', 'site.p12', 'AAAA')],
    ['much of anything', `${head}\r\n${'words '.repeat(100_000)}`],
  ])('is given for %s', (_what, raw) => {
    expect(mayHoldKey(Buffer.from(raw))).toBe(true);
  });

  it('is not given for everyday mail', () => {
    const folder = new URL('../../../test/corpus/', import.meta.url);
    const labels = readFileSync(new URL('labels.jsonl', folder), 'utf8').trim().split('\n');
    const everyday = labels
      .map((line) => JSON.parse(line) as { file: string; label: string })
      .filter((one) => one.label === 'not-a-report')
      .map((one) => one.file.split('/').at(-1) as string);
    const names = readdirSync(new URL('mail/', folder)).filter((name) => everyday.includes(name));
    const hinted = names.filter((name) => mayHoldKey(readFileSync(new URL(`mail/${name}`, folder))));
    expect(names.length).toBeGreaterThan(50);
    expect(hinted.length / names.length).toBeLessThan(0.15);
  });
});

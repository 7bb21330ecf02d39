import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import { memoryIdentities, type SealingIdentities } from './identities.ts';
import { fileSealingIdentities, fileSealingKeys } from './identities-file.ts';
import { SEALED_BYTES_MAX, seal, unseal } from './seal.ts';

const saturday = at('2024-08-31T17:49:00Z');
const sunday = at('2024-09-01T00:00:01Z');
const plain = Buffer.from('From: a@reporter.example\r\n\r\nthe key is here\r\n');

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-seal-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const makers: readonly [string, () => SealingIdentities][] = [
  ['memory', memoryIdentities],
  ['files', () => fileSealingIdentities(join(folder, Math.trunc(performance.now() * 1000).toString()))],
];

describe.each(makers)('sealing identities in %s', (_name, make) => {
  it('seal today what today opens, in one piece or as a stream, to the same hash', async () => {
    const identities = make();
    await identities.rotate(saturday);
    const key = await identities.current(saturday);
    const whole = await seal(plain, key);
    const streamed = await seal(inPieces(plain, 7), key);
    expect(streamed.sha256).toBe(whole.sha256);
    expect(streamed.size).toBe(plain.length);
    for (const sealed of [whole, streamed]) {
      expect(Buffer.from(sealed.sealed).includes('the key is here')).toBe(false);
      expect(Buffer.from(await unseal(sealed, await identities.identity(sealed.keyId)))).toEqual(plain);
    }
  });

  it('seal a large message while it streams in, to the same hash as in one piece', async () => {
    const identities = make();
    await identities.rotate(saturday);
    const key = await identities.current(saturday);
    const large = Buffer.alloc(3_000_001, 'a line of a large message\n');
    const streamed = await seal(inPieces(large, 65_536), key);
    expect(streamed).toMatchObject({ sha256: (await seal(large, key)).sha256, size: large.length });
    expect(Buffer.compare(await unseal(streamed, await identities.identity(key.keyId)), large)).toBe(0);
  });

  it.each([0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_000])('seal %i bytes so that age opens them', async (size) => {
    const identities = make();
    await identities.rotate(saturday);
    const key = await identities.current(saturday);
    const bytes = Buffer.alloc(size, 'words ');
    const sealed = await seal(bytes, key);
    expect(Buffer.compare(await unseal(sealed, await identities.identity(key.keyId)), bytes)).toBe(0);
    const other = make();
    await other.rotate(saturday);
    await expect(unseal(sealed, await other.identity(key.keyId))).rejects.toMatchObject({ code: 'sealed_corrupt' });
  });

  it('say so when the recipient is none', async () => {
    for (const recipient of ['', 'age1', `age1${'q'.repeat(58)}`])
      await expect(seal(plain, { keyId: '2024-08-31', recipient })).rejects.toMatchObject({ code: 'sealing_failed' });
  });

  it('pass midnight without anybody, because tomorrow was made today', async () => {
    const identities = make();
    await identities.rotate(saturday);
    expect((await identities.current(saturday)).keyId).toBe('2024-08-31');
    expect((await identities.current(sunday)).keyId).toBe('2024-09-01');
  });

  it('go on with the newest key when nobody has rotated for a week', async () => {
    const identities = make();
    await identities.rotate(saturday);
    expect((await identities.current(at('2024-09-08T00:00:00Z'))).keyId).toBe('2024-09-01');
  });

  it('refuse to seal before the reading room has ever made a key', async () => {
    await expect(make().current(saturday)).rejects.toMatchObject({ code: 'no_sealing_key' });
  });

  it('stay destroyed: what they sealed is closed for good, and rotation does not bring them back', async () => {
    const identities = make();
    await identities.rotate(saturday);
    const sealed = await seal(plain, await identities.current(saturday));
    expect(await identities.destroy('2024-08-31')).toBe(true);
    expect(await identities.destroy('2024-08-31')).toBe(false);
    await identities.rotate(saturday);
    expect(await identities.identity('2024-08-31')).toBeNull();
    // Nothing more is sealed with it, though it is still its day.
    expect((await identities.current(saturday)).keyId).toBe('2024-09-01');
    expect(await identities.list()).toEqual(['2024-09-01']);
    await expect(unseal(sealed, await identities.identity(sealed.keyId))).rejects.toMatchObject({
      code: 'sealing_identity_gone',
    });
  });

  it('make one key when two processes rotate at once', async () => {
    const identities = make();
    await Promise.all([identities.rotate(saturday), identities.rotate(saturday), identities.rotate(saturday)]);
    const key = await identities.current(saturday);
    const sealed = await seal(plain, key);
    expect(Buffer.from(await unseal(sealed, await identities.identity(key.keyId)))).toEqual(plain);
  });
});

describe('sealed bytes', () => {
  it('that were changed, or belong to another message, are not taken for the original', async () => {
    const identities = memoryIdentities();
    await identities.rotate(saturday);
    const sealed = await seal(plain, await identities.current(saturday));
    const identity = await identities.identity(sealed.keyId);
    const flipped = Buffer.from(sealed.sealed);
    flipped[flipped.length - 1]! ^= 1;
    await expect(unseal({ ...sealed, sealed: flipped }, identity)).rejects.toMatchObject({ code: 'sealed_corrupt' });
    await expect(unseal({ ...sealed, sha256: '00'.repeat(32) }, identity)).rejects.toMatchObject({
      code: 'sealed_corrupt',
    });
  });

  it('stop a source that would not end', async () => {
    const identities = memoryIdentities();
    await identities.rotate(saturday);
    const piece = new Uint8Array(8 * 1024 * 1024);
    let pieces = 0;
    const endless = (async function* () {
      for (;;) {
        pieces++;
        yield piece;
      }
    })();
    await expect(seal(endless, await identities.current(saturday))).rejects.toMatchObject({
      code: 'message_too_large',
    });
    expect(pieces).toBeLessThanOrEqual(SEALED_BYTES_MAX / piece.length + 2);
  });

  it('keep nothing of a source that breaks off', async () => {
    const identities = memoryIdentities();
    await identities.rotate(saturday);
    const broken = (async function* () {
      yield plain;
      throw new Error('connection lost');
    })();
    await expect(seal(broken, await identities.current(saturday))).rejects.toThrow('connection lost');
    let released = false;
    const endless = (async function* () {
      try {
        for (;;) yield new Uint8Array(8 * 1024 * 1024);
      } finally {
        released = true;
      }
    })();
    await expect(seal(endless, await identities.current(saturday))).rejects.toMatchObject({
      code: 'message_too_large',
    });
    expect(released).toBe(true);
  });
});

describe('identity files', () => {
  it('are private, intake reads public ones only, and no draft stays behind', async () => {
    const place = join(folder, 'files');
    const identities = fileSealingIdentities(place);
    await identities.rotate(saturday);
    expect((await stat(join(place, 'secret'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(place, 'secret', '2024-08-31.identity'))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(place, 'secret'))).toEqual(['2024-08-31.identity', '2024-09-01.identity']);
    for (const name of await readdir(join(place, 'public'))) {
      expect(await readFile(join(place, 'public', name), 'utf8')).toMatch(/^age1/);
    }
    const key = await fileSealingKeys(place).current(saturday);
    expect(key).toEqual(await identities.current(saturday));
  });
});

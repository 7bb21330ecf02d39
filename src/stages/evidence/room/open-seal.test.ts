/** Our opener of sealed reports against the library that seals them. */
import { randomBytes } from 'node:crypto';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { openSeal } from './open-seal.ts';

const identity = await generateX25519Identity();
const other = await generateX25519Identity();

async function sealedFor(plain: Uint8Array, ...identities: string[]): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const one of identities) encrypter.addRecipient(await identityToRecipient(one));
  return encrypter.encrypt(plain);
}

describe('the seal of a report', () => {
  it.each([0, 1, 3_000, 65_535, 65_536, 65_537, 131_072, 200_001])('opens to its %i bytes', async (length) => {
    const plain = randomBytes(length);
    expect(Buffer.compare(openSeal(await sealedFor(plain, identity), identity), plain)).toBe(0);
  });

  it('opens for each of several identities and for nobody else', async () => {
    const sealed = await sealedFor(Buffer.from('words'), other, identity);
    expect(Buffer.from(openSeal(sealed, identity)).toString()).toBe('words');
    expect(() => openSeal(sealed, other)).not.toThrow();
    const stranger = await generateX25519Identity();
    expect(() => openSeal(sealed, stranger)).toThrow(RangeError);
  });

  it('does not open when one byte of it is changed, or when it is cut off anywhere', async () => {
    const sealed = await sealedFor(randomBytes(70_000), identity);
    for (let at = 0; at < sealed.length; at += at < 400 ? 1 : 1_777) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => openSeal(changed, identity), `changed at ${at}`).toThrow();
      expect(() => openSeal(sealed.subarray(0, at), identity), `cut at ${at}`).toThrow();
    }
  });

  it('does not take chunks in another order, or one more behind the last', async () => {
    const sealed = Buffer.from(await sealedFor(randomBytes(3 * 65_536), identity));
    const chunk = 65_536 + 16;
    const from = sealed.length - 3 * chunk;
    const [a, b, c] = [0, 1, 2].map((i) => sealed.subarray(from + i * chunk, from + (i + 1) * chunk)) as Buffer[];
    const head = sealed.subarray(0, from);
    expect(() => openSeal(Buffer.concat([head, b!, a!, c!]), identity)).toThrow();
    expect(() => openSeal(Buffer.concat([head, a!, b!]), identity)).toThrow();
    expect(() => openSeal(Buffer.concat([head, a!, b!, c!, c!]), identity)).toThrow();
  });

  it('does not take a mistyped identity', async () => {
    const sealed = await sealedFor(Buffer.from('words'), identity);
    const typed = identity.slice(0, 40) + (identity[40] === 'Q' ? 'P' : 'Q') + identity.slice(41);
    expect(() => openSeal(sealed, typed)).toThrow(RangeError);
    expect(() => openSeal(sealed, '')).toThrow(RangeError);
  });
});

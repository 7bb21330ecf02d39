import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { leafHash } from '../../foundation/log/merkle.ts';
import { checkpointText, readCheckpoint, signCheckpoint, verifierKey } from './checkpoint.ts';

const signer = { name: 'desk.ca.example', key: generateKeyPairSync('ed25519').privateKey };
const checkpoint = { origin: 'desk.ca.example/events', size: 83_267, root: leafHash(Buffer.from('root')) };

describe('a checkpoint', () => {
  it('survives its journey, signed or not', () => {
    expect(readCheckpoint(signCheckpoint(checkpoint, signer), verifierKey(signer))).toEqual(checkpoint);
    expect(readCheckpoint(checkpointText(checkpoint))).toEqual(checkpoint);
  });

  it('is refused when it was changed, signed by another, or not signed where a signature is asked for', () => {
    const note = signCheckpoint(checkpoint, signer);
    const other = { ...signer, key: generateKeyPairSync('ed25519').privateKey };
    const verifier = verifierKey(signer);
    expect(readCheckpoint(note.replace('83267', '83268'), verifier)).toBeNull();
    expect(readCheckpoint(signCheckpoint(checkpoint, other), verifier)).toBeNull();
    expect(readCheckpoint(checkpointText(checkpoint), verifier)).toBeNull();
    expect(readCheckpoint(note, verifier.replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toBeNull();
  });

  it('is not seen in other text', () => {
    for (const text of [
      '',
      '\n\n\n',
      'origin\n-1\nAAAA\n',
      'origin\n5\nAAAA\n',
      `origin\n5\n${'A'.repeat(70_000)}\n`,
    ]) {
      expect(readCheckpoint(text)).toBeNull();
    }
  });

  it('is the signed note of RFC 8032 key 1, byte for byte', () => {
    // The format must be that of golang.org/x/mod/sumdb/note: name, key id, signature over the text with its newline.
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    const named = { name: 'example.com', key };
    const lines = signCheckpoint(checkpoint, named).split('\n');
    expect(lines.slice(0, 4)).toEqual(['desk.ca.example/events', '83267', checkpoint.root.toString('base64'), '']);
    expect(lines[4]).toMatch(/^— example\.com [A-Za-z0-9+/]+=*$/);
    const raw = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');
    const [name, id, encoded] = verifierKey(named).split('+', 3) as [string, string, string];
    expect(name).toBe('example.com');
    expect(verifierKey(named).slice(`${name}+${id}+`.length)).toBe(
      Buffer.concat([Buffer.of(1), raw]).toString('base64'),
    );
    expect(Buffer.from(lines[4]!.split(' ')[2]!, 'base64').subarray(0, 4).toString('hex')).toBe(id);
    expect(encoded.length).toBeGreaterThan(0);
  });
});

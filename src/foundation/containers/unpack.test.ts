import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packedElsewhere } from './fixtures.ts';
import { Budget, limitsDefault } from './limits.ts';
import { type PackFormat, pack } from './pack.ts';
import { type Unpacked, unpack } from './unpack.ts';

const text = Buffer.from(
  Array.from({ length: 60 }, (_, i) => `line ${i} of a file that repeats itself, ${(i * 7919) % 1000}\n`).join(''),
);
const tiny = Buffer.from('hello, evidence\n');

function membersOf(bytes: Uint8Array, passphrases: readonly string[] = [], limits = limitsDefault) {
  const all: Unpacked[] = [...unpack(bytes, { path: 'f', passphrases, budget: new Budget(limits) })];
  return {
    members: all.filter((u) => u.kind === 'member'),
    problems: all.filter((u) => u.kind === 'problem').map((p) => p.code),
  };
}

const fixture = (name: keyof typeof packedElsewhere) => Buffer.from(packedElsewhere[name], 'base64');
const archives = Object.keys(packedElsewhere).filter((name) =>
  /^(zip|tar|7z)/.test(name),
) as (keyof typeof packedElsewhere)[];

describe('archives packed by other programs', () => {
  it.each(archives)('%s gives its members byte for byte', (name) => {
    const { members, problems } = membersOf(fixture(name), ['wrong', 'secret']);
    expect(problems).toEqual([]);
    expect(Buffer.from(members[0]!.bytes).equals(text)).toBe(true);
    expect(members[0]!.path).toBe('f>a/text.txt');
    expect(Buffer.from(members[1]!.bytes).equals(tiny)).toBe(true);
  });

  it.each(archives.filter((name) => /aes|crypto/.test(name)))(
    '%s without its pass phrase is encrypted, not empty',
    (name) => {
      const { members, problems } = membersOf(fixture(name), ['wrong']);
      expect(members).toEqual([]);
      expect(new Set(problems)).toEqual(new Set(['encrypted']));
    },
  );

  it('a long tar path (pax or GNU) is whole', () => {
    expect(membersOf(fixture('tar_gz')).members[2]!.path).toBe(`f>${'x'.repeat(150)}.txt`);
  });

  it('the words of a docx come out as lines', () => {
    const body = membersOf(fixture('docx')).members.find((m) => m.path.endsWith('document.xml'));
    expect(Buffer.from(body!.bytes).toString()).toContain('hello, evidence\n-----BEGIN <x> & more-----\n');
  });

  it('the words of a PDF come out as lines', () => {
    const { members } = membersOf(fixture('pdf'));
    expect(Buffer.from(members[0]!.bytes).toString()).toContain('hello, evidence\n(paren) \\ back\nthird line');
  });
});

describe('our own packer', () => {
  const formats: PackFormat[] = ['zip', 'tar', 'tar.gz', 'tar.xz', '7z'];
  it.each(formats)('%s is read back', (format) => {
    const members = [
      { path: 'a.txt', bytes: text },
      { path: 'b/c.bin', bytes: Buffer.alloc(150_000, 7) },
    ];
    const read = membersOf(pack(format, members));
    expect(read.problems).toEqual([]);
    expect(read.members.map((m) => m.path)).toEqual(['f>a.txt', 'f>b/c.bin']);
    expect(
      read.members.map((m) => Buffer.from(m.bytes).equals(m.path === 'f>a.txt' ? text : members[1]!.bytes)),
    ).toEqual([true, true]);
  });
});

describe('what is made to hurt', () => {
  it('a zip bomb is cut by the bytes it produces, whatever its headers say', () => {
    const packed = deflateRawSync(Buffer.alloc(40 * 1024 * 1024));
    const lying = Buffer.from(zipOf('bomb.txt', packed, 10));
    const { members, problems } = membersOf(lying);
    expect(problems).toContain('member_cut');
    expect(members[0]!.bytes.length).toBe(limitsDefault.memberBytes);
  });

  it('a key near the top of an over-long member is still seen', () => {
    const long = Buffer.concat([tiny, Buffer.alloc(6 * 1024 * 1024, 0x20)]);
    const { members } = membersOf(zipOf('long.txt', deflateRawSync(long), long.length));
    expect(Buffer.from(members[0]!.bytes.subarray(0, tiny.length)).equals(tiny)).toBe(true);
  });

  it('many bombs together meet the message limit', () => {
    const one = gzipSync(Buffer.alloc(3 * 1024 * 1024));
    const tar = pack(
      'tar',
      Array.from({ length: 10 }, (_, i) => ({ path: `${i}.gz`, bytes: one })),
    );
    const { problems } = membersOf(tar, [], { ...limitsDefault, expandedBytes: 10 * 1024 * 1024 });
    expect(problems).toContain('too_large');
  });

  it('a gzip bomb is refused before it is in memory', () => {
    const { members, problems } = membersOf(gzipSync(Buffer.alloc(120 * 1024 * 1024)));
    expect(problems).toEqual(['too_large']);
    expect(members).toEqual([]);
  });

  it('archives in archives stop at the third level and say so', () => {
    let nested = pack('zip', [{ path: 'key.pem', bytes: tiny }]);
    expect(
      membersOf(pack('tar.gz', [{ path: '1', bytes: pack('zip', [{ path: '2', bytes: nested }]) }])).problems,
    ).toEqual([]);
    for (let i = 0; i < 5; i++) nested = pack('zip', [{ path: 'z', bytes: nested }]);
    expect(membersOf(nested).problems).toEqual(['too_deep']);
  });

  it('more members than the limit are not walked', () => {
    const many = pack(
      'tar',
      Array.from({ length: 1_200 }, (_, i) => ({ path: `${i}`, bytes: tiny })),
    );
    const { members, problems } = membersOf(many);
    expect(members.length).toBe(limitsDefault.members);
    expect(problems).toEqual(['too_many_members']);
  });

  it('a zip without its directory is read by its local headers', () => {
    const whole = fixture('zip_deflate');
    const torn = whole.subarray(0, whole.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02])));
    expect(Buffer.from(membersOf(torn).members[0]!.bytes).equals(text)).toBe(true);
  });

  it('a file that only starts like an archive is still looked at', () => {
    const { members, problems } = membersOf(Buffer.from('7z\xbc\xaf\x27\x1c plain words after all', 'latin1'));
    expect(problems).toEqual(['damaged']);
    expect(Buffer.from(members[0]!.bytes).toString('latin1')).toContain('plain words');
  });

  it('zstd is read', () => {
    expect(Buffer.from(membersOf(zstdCompressSync(text)).members[0]!.bytes).equals(text)).toBe(true);
  });

  it('any damage gives members or problems and never an exception', () => {
    const names = Object.keys(packedElsewhere) as (keyof typeof packedElsewhere)[];
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        (name, edits, cut) => {
          const bytes = Buffer.from(fixture(name));
          for (const [at, value] of edits) bytes[at % bytes.length] = value;
          const read = membersOf(bytes.subarray(0, bytes.length - (cut % 40)), ['secret']);
          return read.members.length + read.problems.length >= 0;
        },
      ),
      { numRuns: 600 },
    );
  });
});

/** A one-file zip whose stated size is whatever the test wants. */
function zipOf(name: string, packed: Buffer, stated: number): Buffer {
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(packed.length, 18);
  local.writeUInt32LE(stated, 22);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(8, 10);
  entry.writeUInt32LE(packed.length, 20);
  entry.writeUInt32LE(stated, 24);
  entry.writeUInt16LE(name.length, 28);
  const body = Buffer.concat([local, Buffer.from(name), packed]);
  const directory = Buffer.concat([entry, Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(body.length, 16);
  return Buffer.concat([body, directory, end]);
}

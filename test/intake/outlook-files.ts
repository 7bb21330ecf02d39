/** Writers of Outlook's formats, small and only as true as the readers need: built from the published layouts. */

const u16 = (n: number): Buffer => {
  const b = Buffer.alloc(2);
  b.writeUInt16LE(n);
  return b;
};
const u32 = (n: number): Buffer => {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(n >>> 0);
  return b;
};

/** winmail.dat with a body, a subject and files ([MS-OXTNEF]). */
export function tnefFile(content: {
  subject: string;
  body: string;
  files: readonly { name: string; bytes: Uint8Array }[];
}): Uint8Array {
  const attribute = (level: number, id: number, data: Uint8Array): Buffer => {
    const sum = data.reduce((a, b) => (a + b) & 0xffff, 0);
    return Buffer.concat([Buffer.from([level]), u32(id), u32(data.length), data, u16(sum)]);
  };
  return Buffer.concat([
    u32(0x223e9f78),
    u16(1),
    attribute(1, 0x00069007, Buffer.concat([u32(65001), u32(0)])),
    attribute(1, 0x00018004, Buffer.from(`${content.subject}\0`)),
    attribute(1, 0x0002800c, Buffer.from(`${content.body}\0`)),
    ...content.files.flatMap((file) => [
      attribute(2, 0x00069002, Buffer.alloc(14)),
      attribute(2, 0x00018010, Buffer.from(`${file.name}\0`)),
      attribute(2, 0x0006800f, file.bytes),
    ]),
  ]);
}

interface Stream {
  readonly name: string;
  readonly bytes: Uint8Array;
}
interface Storage {
  readonly name: string;
  readonly streams: readonly Stream[];
  readonly storages: readonly Storage[];
}

/** A .msg with transport headers, a body and files ([MS-OXMSG] in [MS-CFB]). Streams are kept in full sectors. */
export function msgFile(content: {
  subject: string;
  body: string;
  headers: string;
  files: readonly { name: string; bytes: Uint8Array }[];
}): Uint8Array {
  const text = (id: string, value: string): Stream => ({
    name: `__substg1.0_${id}001F`,
    bytes: Buffer.from(value, 'utf16le'),
  });
  return compoundFile({
    name: 'Root Entry',
    streams: [
      { name: '__properties_version1.0', bytes: Buffer.alloc(32) },
      text('0037', content.subject),
      text('1000', content.body),
      text('007D', content.headers),
    ],
    storages: content.files.map((file, n) => ({
      name: `__attach_version1.0_#0000000${n}`,
      streams: [text('3707', file.name), { name: '__substg1.0_37010102', bytes: file.bytes }],
      storages: [],
    })),
  });
}

const SECTOR = 512;
const END = 0xfffffffe;
const FREE = 0xffffffff;

function compoundFile(root: Storage): Uint8Array {
  const fat: number[] = [];
  const data: Buffer[] = [];
  const store = (bytes: Uint8Array): number => {
    const start = fat.length;
    const count = Math.max(1, Math.ceil(bytes.length / SECTOR));
    for (let i = 0; i < count; i++) fat.push(i + 1 < count ? start + i + 1 : END);
    data.push(Buffer.concat([bytes, Buffer.alloc(count * SECTOR - bytes.length)]));
    return start;
  };
  const entries: Buffer[] = [];
  const addEntry = (name: string, type: number, start: number, size: number): number => {
    const entry = Buffer.alloc(128);
    entry.write(name, 0, 'utf16le');
    entry.writeUInt16LE((name.length + 1) * 2, 64);
    entry[66] = type;
    entry[67] = 1;
    for (const at of [68, 72, 76]) entry.writeUInt32LE(FREE, at);
    entry.writeUInt32LE(start, 116);
    entry.writeUInt32LE(size, 120);
    return entries.push(entry) - 1;
  };
  const fill = (storage: Storage, index: number): void => {
    let last = FREE;
    for (const stream of storage.streams) {
      const child = addEntry(stream.name, 2, store(stream.bytes), stream.bytes.length);
      entries[child]!.writeUInt32LE(last, 72);
      last = child;
    }
    for (const inner of storage.storages) {
      const child = addEntry(inner.name, 1, 0, 0);
      entries[child]!.writeUInt32LE(last, 72);
      last = child;
      fill(inner, child);
    }
    entries[index]!.writeUInt32LE(last, 76);
  };
  fill(root, addEntry(root.name, 5, END, 0));
  const directory = store(Buffer.concat(entries));
  const fatSectors = Math.ceil((fat.length + 1) / (SECTOR / 4 - 1)) + 1;
  const fatStart = fat.length;
  for (let i = 0; i < fatSectors; i++) fat.push(0xfffffffd);
  const table = Buffer.alloc(fatSectors * SECTOR, 0xff);
  for (const [i, next] of fat.entries()) table.writeUInt32LE(next >>> 0, i * 4);
  const header = Buffer.alloc(SECTOR);
  header.set(Buffer.from('d0cf11e0a1b11ae1', 'hex'));
  header.writeUInt16LE(0x3e, 24);
  header.writeUInt16LE(3, 26);
  header.writeUInt16LE(0xfffe, 28);
  header.writeUInt16LE(9, 30);
  header.writeUInt16LE(6, 32);
  header.writeUInt32LE(fatSectors, 44);
  header.writeUInt32LE(directory, 48);
  // Every stream is "large": nothing lives in the mini stream.
  header.writeUInt32LE(0, 56);
  header.writeUInt32LE(END, 60);
  header.writeUInt32LE(END, 68);
  for (let i = 0; i < 109; i++) header.writeUInt32LE(i < fatSectors ? fatStart + i : FREE, 76 + i * 4);
  return Buffer.concat([header, ...data, table]);
}

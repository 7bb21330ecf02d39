/** Compound files ([MS-CFB]), the container of Outlook's .msg: storages and streams by path. Bounded, never throws. */
const SIGNATURE = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const END = 0xfffffffa;
const ENTRIES_MAX = 20_000;
const MINI_SECTOR = 64;

export interface CompoundEntry {
  readonly name: string;
  readonly kind: 'storage' | 'stream';
  readonly children: readonly CompoundEntry[];
  /** Content of a stream; empty for a storage. */
  read(): Uint8Array;
}

export function looksLikeCompoundFile(bytes: Uint8Array): boolean {
  return bytes.length >= 512 && SIGNATURE.equals(bytes.subarray(0, 8));
}

/** The root storage, or null when the file cannot be read. */
export function readCompoundFile(bytes: Uint8Array): CompoundEntry | null {
  try {
    return looksLikeCompoundFile(bytes) ? new CompoundFile(bytes).root() : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

interface DirectoryEntry {
  readonly name: string;
  readonly type: number;
  readonly left: number;
  readonly right: number;
  readonly child: number;
  readonly start: number;
  readonly size: number;
}

class CompoundFile {
  private readonly view: Buffer;
  private readonly sectorSize: number;
  private readonly fat: number[] = [];
  private readonly miniFat: readonly number[];
  private readonly miniCutoff: number;
  private readonly entries: DirectoryEntry[] = [];
  private miniStream: Uint8Array | null = null;
  private readonly seen = new Set<number>();

  constructor(bytes: Uint8Array) {
    this.view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const shift = this.view.readUInt16LE(30);
    if (shift !== 9 && shift !== 12) throw new RangeError('sector size');
    this.sectorSize = 1 << shift;
    this.miniCutoff = this.view.readUInt32LE(56);
    this.readFat();
    this.miniFat = this.numbers(this.chain(this.view.readUInt32LE(60), this.fat));
    for (const sector of this.chain(this.view.readUInt32LE(48), this.fat)) {
      for (let at = this.offset(sector); at + 128 <= this.offset(sector) + this.sectorSize; at += 128) {
        if (at + 128 > this.view.length || this.entries.length >= ENTRIES_MAX) break;
        this.entries.push(this.entry(at));
      }
    }
  }

  root(): CompoundEntry | null {
    return this.entries.length === 0 ? null : this.open(0);
  }

  private entry(at: number): DirectoryEntry {
    const nameLength = Math.min(64, this.view.readUInt16LE(at + 64));
    return {
      name: this.view.toString('utf16le', at, at + Math.max(0, nameLength - 2)),
      type: this.view[at + 66] as number,
      left: this.view.readUInt32LE(at + 68),
      right: this.view.readUInt32LE(at + 72),
      child: this.view.readUInt32LE(at + 76),
      start: this.view.readUInt32LE(at + 116),
      size: this.view.readUInt32LE(at + 120),
    };
  }

  private open(index: number): CompoundEntry {
    const entry = this.entries[index] as DirectoryEntry;
    this.seen.add(index);
    const children: CompoundEntry[] = [];
    // Siblings form a tree; walked with a list, each entry once, so that a loop in the file ends.
    const queue = entry.type === 2 ? [] : [entry.child];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (next >= this.entries.length || this.seen.has(next) || this.seen.size > ENTRIES_MAX) continue;
      const sibling = this.entries[next] as DirectoryEntry;
      queue.push(sibling.left, sibling.right);
      children.push(this.open(next));
    }
    return {
      name: entry.name,
      kind: entry.type === 2 ? 'stream' : 'storage',
      children,
      read: () => (entry.type === 2 ? this.content(entry) : new Uint8Array(0)),
    };
  }

  private content(entry: DirectoryEntry): Uint8Array {
    if (entry.size >= this.miniCutoff) return this.join(this.chain(entry.start, this.fat), entry.size);
    const root = this.entries[0] as DirectoryEntry;
    this.miniStream ??= this.join(this.chain(root.start, this.fat), root.size);
    const out = Buffer.alloc(Math.min(entry.size, this.miniStream.length));
    let at = 0;
    for (const sector of this.chain(entry.start, this.miniFat)) {
      if (at >= out.length) break;
      const from = sector * MINI_SECTOR;
      out.set(this.miniStream.subarray(from, Math.min(from + MINI_SECTOR, from + out.length - at)), at);
      at += MINI_SECTOR;
    }
    return out;
  }

  private join(sectors: readonly number[], size: number): Uint8Array {
    const bounded = Math.min(size, sectors.length * this.sectorSize, this.view.length);
    return Buffer.concat(
      sectors.map((sector) => this.view.subarray(this.offset(sector), this.offset(sector) + this.sectorSize)),
    ).subarray(0, bounded);
  }

  /** Sector numbers from `start` to the end of its chain; each once. */
  private chain(start: number, table: readonly number[]): number[] {
    const out: number[] = [];
    const met = new Set<number>();
    for (
      let sector = start;
      sector < END && sector < table.length && !met.has(sector);
      sector = table[sector] as number
    ) {
      met.add(sector);
      out.push(sector);
    }
    return out;
  }

  private numbers(sectors: readonly number[]): number[] {
    const out: number[] = [];
    for (const sector of sectors) {
      const from = this.offset(sector);
      for (let at = from; at + 4 <= Math.min(from + this.sectorSize, this.view.length); at += 4)
        out.push(this.view.readUInt32LE(at));
    }
    return out;
  }

  private readFat(): void {
    const sectors: number[] = [];
    for (let i = 0; i < 109; i++) {
      const sector = this.view.readUInt32LE(76 + i * 4);
      if (sector < END) sectors.push(sector);
    }
    const met = new Set<number>();
    for (let next = this.view.readUInt32LE(68); next < END && !met.has(next); ) {
      met.add(next);
      const from = this.offset(next);
      if (from + this.sectorSize > this.view.length) break;
      for (let i = 0; i < this.sectorSize / 4 - 1; i++) {
        const sector = this.view.readUInt32LE(from + i * 4);
        if (sector < END) sectors.push(sector);
      }
      next = this.view.readUInt32LE(from + this.sectorSize - 4);
    }
    for (const sector of sectors) {
      const from = this.offset(sector);
      if (from + this.sectorSize > this.view.length) continue;
      for (let at = from; at < from + this.sectorSize; at += 4) this.fat.push(this.view.readUInt32LE(at));
    }
  }

  private offset(sector: number): number {
    return (sector + 1) * this.sectorSize;
  }
}

/** Frames between the desk and a child, cut anywhere. */
import { describe, expect, it } from 'vitest';
import { FRAME_BYTES_MAX, FrameReader, frameOf } from './frames.ts';

const values = [
  { type: 'ready' },
  { type: 'read', bytes: new Uint8Array([0, 1, 255]), more: [new Map([['a', 1n]]), null, 'ü'] },
  { type: 'reading', text: 'x'.repeat(200_000) },
];

describe('frames', () => {
  it('arrive whole and in order, however the pipe cuts them', () => {
    const stream = Buffer.concat(values.flatMap(frameOf));
    for (const size of [1, 3, 4, 5, 1_000, 65_536, stream.length]) {
      const taken: unknown[] = [];
      const reader = new FrameReader((value) => taken.push(value));
      for (let at = 0; at < stream.length; at += size) reader.push(stream.subarray(at, at + size));
      expect(taken, `cut every ${size} bytes`).toEqual(values);
    }
  });

  it('that claim to be endless, or are no value, are refused', () => {
    const endless = Buffer.alloc(4);
    endless.writeUInt32LE(FRAME_BYTES_MAX + 1);
    expect(() => new FrameReader(() => {}).push(endless)).toThrow('a frame of');
    const noise = Buffer.from([3, 0, 0, 0, 1, 2, 3]);
    expect(() => new FrameReader(() => {}).push(noise)).toThrow();
  });
});

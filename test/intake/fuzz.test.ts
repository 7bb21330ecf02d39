/**
 * Hostile mail through the real reading room: whole messages with damaged structure, dates and archives, each beside an
 * everyday one. None throws, none costs a child its limit, and the neighbour is read every time. The seed is fixed, so
 * that a red run is the same run again; `RESCIND_FUZZ_SEED` and `RESCIND_FUZZ_RUNS` choose another and a longer one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { packedElsewhere } from '../../src/foundation/containers/fixtures.ts';
import { at } from '../../src/foundation/time/time.ts';
import { createReadingRoom } from '../../src/stages/evidence/room/room.ts';
import { receiptMarks, trustOfHost } from '../../src/stages/intake/marks.ts';

const seed = Number(process.env.RESCIND_FUZZ_SEED ?? 20_260_302);
const numRuns = Number(process.env.RESCIND_FUZZ_RUNS ?? 150);

const folder = new URL('../corpus/mail/', import.meta.url);
const corpus = readdirSync(folder).map((name) => readFileSync(new URL(name, folder)));
const archives = Object.values(packedElsewhere).map((text) => Buffer.from(text, 'base64'));
const now = at('2026-03-02T10:00:00Z');
const room = createReadingRoom({ identity: async () => null, size: 2 });
afterAll(() => room.close());

const read = (bytes: Uint8Array) =>
  room.read({ bytes, sealed: false, keyId: null, reportId: 'fuzz', receivedAt: now }, async () => []);

/** Some bytes other than they were, and the end missing. */
const edits = fc.record({
  values: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 12 }),
  cut: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(2_000)),
});
const damaged = (bytes: Uint8Array, { values, cut }: { values: [number, number][]; cut: number }): Buffer => {
  const copy = Buffer.from(bytes);
  for (const [place, value] of values) if (copy.length > 0) copy[place % copy.length] = value;
  return copy.subarray(0, Math.max(0, copy.length - (cut % (copy.length + 1))));
};

/** Dates as mail has them and as it should not. */
const date = fc.oneof(
  fc.constantFrom(
    ...['', 'garbage', 'Thu, 1 Jan 1970 00:00:00 +0000', 'Sat, 31 Feb 2026 25:61:61 +9999', '1 Jan 0000 00:00 K'],
    ...['Mon, 2 Mar 2026 10:00:00 (((', '2026-03-02', `Mon, ${'9'.repeat(400)} Mar 2026 10:00:00 +0000`, '\u0000'],
  ),
  fc.string({ maxLength: 60, unit: 'binary' }).map((text) => text.replace(/[\r\n]/g, ' ')),
  fc
    .tuple(fc.integer({ min: -9, max: 99 }), fc.constantFrom('Jan', 'mar', 'XII'), fc.integer({ min: 0, max: 99_999 }))
    .map(([day, month, year]) => `Mon, ${day} ${month} ${year} 10:00:00 +0530`),
);

const mail = fc
  .record({ which: fc.nat(corpus.length - 1), edits })
  .map((one) => damaged(corpus[one.which]!, one.edits));

const wrapped = fc
  .record({
    archive: fc.nat(archives.length - 1),
    edits,
    date,
    received: date,
    name: fc.constantFrom('keys.zip', 'a.7z', 'b.tar.xz', 'c', 'report.pdf', 'x.docx', 'winmail.dat', 'm.msg', 'k.p12'),
    type: fc.constantFrom('application/octet-stream', 'application/zip', 'application/ms-tnef', 'message/rfc822'),
  })
  .map(({ archive, edits: change, date: written, received, name, type }) =>
    Buffer.from(
      [
        `Received: from a.example by mx.ca.example; ${received}`,
        `Date: ${written}`,
        'From: a@x.example',
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        '',
        'pass phrase: secret',
        '--b',
        `Content-Type: ${type}; name="${name}"`,
        'Content-Transfer-Encoding: base64',
        `Content-Disposition: attachment; filename="${name}"`,
        '',
        damaged(archives[archive]!, change).toString('base64').replace(/.{76}/g, '$&\r\n'),
        '--b--',
      ].join('\r\n'),
      'latin1',
    ),
  );

it(`damaged mail, dates and archives never throw and never keep the next message (seed ${seed}, ${numRuns} runs)`, async () => {
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(mail, wrapped), { minLength: 1, maxLength: 6 }), async (hostile) => {
      const words = `everyday mail number ${number++}`;
      const everyday = Buffer.from(`From: b@x.example\r\nSubject: hello\r\n\r\n${words}\r\n`);
      const [next, ...readings] = await Promise.all([read(everyday), ...hostile.map(read)]);
      expect(next.message.texts.map((block) => block.text)).toEqual([words]);
      for (const { message, problems } of readings) {
        // A child that ran into its limit or broke says so; a reader that threw says `reader_`.
        expect(problems.filter((problem) => problem === 'reading_limit' || problem.startsWith('reader_'))).toEqual([]);
        const acceptance = { source: 'own-acceptance', at: now, detail: '' } as const;
        const marks = receiptMarks({ message, acceptance, trust: trustOfHost('mx.ca.example') });
        // Whatever it says of itself, the clock starts no later than our own acceptance.
        expect(marks.some((mark) => mark.trusted && Temporal.Instant.compare(mark.at, now) <= 0)).toBe(true);
      }
    }),
    { seed, numRuns, endOnFailure: true },
  );
}, 240_000);

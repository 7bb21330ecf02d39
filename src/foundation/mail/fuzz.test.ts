/** Reading never throws, never stalls the next message and never forgets to say that something is missing. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeMessage } from './compose.ts';
import { splitMbox } from './mbox.ts';
import type { Message } from './message.ts';
import { readMessage } from './read-message.ts';

const folder = new URL('../../../test/corpus/mail/', import.meta.url);
const corpus = readdirSync(folder).map((name) => readFileSync(new URL(name, folder)));

const crashed = (message: Message): boolean => message.problems.some((problem) => problem.startsWith('reader_'));

describe('fuzzing', () => {
  it('arbitrary bytes are read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        expect(crashed(await readMessage(bytes))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('structures put together at random are read, and keep their sender', async () => {
    const leaf = fc.record({
      type: fc.constantFrom(
        'text/plain',
        'text/html',
        'application/octet-stream',
        'message/rfc822',
        'text/calendar',
        'message/delivery-status',
        'application/pkcs7-mime',
        'application/ms-tnef',
        '',
      ),
      encoding: fc.constantFrom('', '7bit', 'base64', 'quoted-printable', 'x-uuencode', 'nonsense'),
      charset: fc.constantFrom('', 'utf-8', 'us-ascii', 'iso-2022-jp', 'utf-7', 'utf-16', 'gb18030', 'x-none'),
      body: fc.oneof(
        fc.string({ maxLength: 200 }),
        fc.constantFrom('--b0', '--b1--', '', '\r\n\r\n', '> quoted', 'begin 644 x', '=ybegin name=x'),
      ),
    });
    const { part } = fc.letrec<{ part: { text: string } }>((tie) => ({
      part: fc.oneof(
        { maxDepth: 5 },
        leaf.map(({ type, encoding, charset, body }) => ({
          text: `Content-Type: ${type}; charset=${charset}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`,
        })),
        fc
          .tuple(
            fc.constantFrom(
              'mixed',
              'alternative',
              'report; report-type=delivery-status',
              'signed',
              'encrypted',
              'digest',
              'related',
            ),
            fc.integer({ min: 0, max: 2 }),
            fc.array(tie('part'), { maxLength: 4 }),
            fc.boolean(),
          )
          .map(([kind, boundary, parts, closed]) => ({
            text: `Content-Type: multipart/${kind}; boundary=b${boundary}\r\n\r\n${parts.map((one) => `--b${boundary}\r\n${one.text}\r\n`).join('')}${closed ? `--b${boundary}--\r\n` : ''}`,
          })),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(part, async ({ text }) => {
        const message = await readMessage(Buffer.from(`From: a@x.example\r\n${text}`));
        expect(crashed(message)).toBe(false);
        expect(message.from).toHaveLength(1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('real mail, damaged anywhere, is read', async () => {
    const damage = fc.record({
      which: fc.nat(corpus.length - 1),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      how: fc.constantFrom('cut', 'flip', 'insert', 'drop', 'repeat'),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ which, at, how, bytes }) => {
        const original = corpus[which]!;
        const place = Math.floor(at * original.length);
        const head = original.subarray(0, place);
        const tail = original.subarray(place);
        const damaged =
          how === 'cut'
            ? head
            : how === 'insert'
              ? Buffer.concat([head, bytes, tail])
              : how === 'drop'
                ? Buffer.concat([head, tail.subarray(bytes.length)])
                : how === 'repeat'
                  ? Buffer.concat([head, tail, tail])
                  : Buffer.concat([
                      head,
                      Buffer.from(tail.subarray(0, 1).map((byte) => byte ^ 0x20)),
                      tail.subarray(1),
                    ]);
        expect(crashed(await readMessage(damaged))).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('what is composed is read back as it was', async () => {
    const word = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .map((text) => text.replace(/\p{C}|\s+/gu, ' ').trim());
    await fc.assert(
      fc.asyncProperty(word, word, fc.uint8Array({ maxLength: 300 }), async (subject, text, bytes) => {
        const raw = composeMessage({
          from: { name: '', address: 'a@x.example' },
          to: [],
          subject,
          text: `x ${text}`,
          date: null,
          messageId: null,
          headers: [],
          attachments: [{ fileName: 'f.bin', mediaType: 'application/x-test', bytes }],
        });
        const message = await readMessage(raw);
        expect(message.subject.replace(/\s+/g, ' ')).toBe(subject.replace(/\s+/g, ' '));
        expect(message.texts[0]!.text).toBe(`x ${text}`.trim());
        expect(Buffer.from(message.attachments[0]!.bytes)).toEqual(Buffer.from(bytes));
        expect(message.problems).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('an mbox of any messages gives them back, however it is cut into chunks', () => {
    const body = fc.array(
      fc.constantFrom('', 'From here on', '>From', 'words', 'Subject: x', 'From a@b Sat Aug 31 2024'),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 5 }), (messages) => {
        const texts = messages.map((lines) => `Subject: x\n\n${lines.join('\n')}\n`);
        const mbox = texts
          .map((text) => `From a@b Sat Aug 31 17:49:00 2024\n${text.replace(/^(>*From )/gm, '>$1')}\n`)
          .join('');
        expect(splitMbox(Buffer.from(mbox)).map((message) => Buffer.from(message.bytes).toString())).toEqual(texts);
      }),
    );
  });
});

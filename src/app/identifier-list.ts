/**
 * Lists of certificates, as people attach them: a CSV with a header, or one identifier a line. Read line by line, in
 * linear time and apart from triage, because a mass revocation brings a hundred thousand of them.
 */
import type { Message } from '../foundation/mail/message.ts';

export interface IdentifierList {
  readonly fingerprints: readonly string[];
  readonly serials: readonly string[];
}

/** Lines read of all lists of one message. */
const linesMax = 2_000_000;
const bytesMax = 64 * 1024 * 1024;
/** Fewer lines than this are triage's to read. */
const linesMin = 20;

export function identifierLists(message: Message): IdentifierList {
  const fingerprints = new Set<string>();
  const serials = new Set<string>();
  let budget = linesMax;
  for (const { bytes, mediaType, fileName } of message.attachments) {
    if (
      bytes.length === 0 ||
      bytes.length > bytesMax ||
      (!/^text\/|csv/.test(mediaType) && !/\.(csv|txt|tsv|list)$/i.test(fileName))
    )
      continue;
    const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1').split(/\r?\n/, budget);
    if (lines.length < linesMin) continue;
    budget -= lines.length;
    readLines(lines, fingerprints, serials);
  }
  return { fingerprints: [...fingerprints], serials: [...serials] };
}

function readLines(lines: readonly string[], fingerprints: Set<string>, serials: Set<string>): void {
  const header = lines[0] ?? '';
  const serialColumn = header.split(/[,;\t]/).findIndex((cell) => /serial/i.test(cell));
  for (const line of lines) {
    const cells = line
      .split(/[,;\t]/, 50)
      .map((cell) => cell.trim().replaceAll(/^"|"$/g, '').replaceAll(':', '').toLowerCase());
    for (const [column, cell] of cells.entries()) {
      if (/^[0-9a-f]{64}$/.test(cell)) fingerprints.add(cell);
      else if (column === serialColumn || cells.length === 1) addSerial(cell, serials);
    }
  }
}

function addSerial(cell: string, serials: Set<string>): void {
  const hex = cell
    .replace(/^0x/, '')
    .replace(/^(?:00)+(?=..)/, '')
    .replace(/^0(?=.)/, '');
  if (/^[0-9a-f]{4,40}$/.test(hex)) serials.add(hex);
}

/** Longest stretch of running text that recognition reads of one part; a list of 80,000 lines says nothing more after. */
const blockMax = 100_000;

/** The message as recognition needs it: every part, none of them endless. */
export function forRecognition(message: Message): Message {
  if (message.texts.every((block) => block.text.length <= blockMax)) return message;
  return {
    ...message,
    texts: message.texts.map((block) =>
      block.text.length <= blockMax ? block : { ...block, text: block.text.slice(0, blockMax) },
    ),
  };
}

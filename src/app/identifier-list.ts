/**
 * Lists of certificates, as people attach them: a CSV with a header, or one identifier a line. Read line by line, in
 * linear time and apart from triage, because a mass revocation brings a hundred thousand of them.
 */
import type { Message } from '../foundation/mail/message.ts';

export interface IdentifierList {
  readonly fingerprints: readonly string[];
  readonly serials: readonly string[];
  readonly names: readonly string[];
}

/** Lines read of all lists of one message. */
const linesMax = 2_000_000;
const bytesMax = 64 * 1024 * 1024;
/** Fewer lines than this are triage's to read. */
const linesMin = 20;

export function identifierLists(message: Message): IdentifierList {
  const fingerprints = new Set<string>();
  const serials = new Set<string>();
  const names = new Set<string>();
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
    readLines(lines, { fingerprints, serials, names });
  }
  return { fingerprints: [...fingerprints], serials: [...serials], names: [...names] };
}

interface Found {
  readonly fingerprints: Set<string>;
  readonly serials: Set<string>;
  readonly names: Set<string>;
}

function readLines(lines: readonly string[], { fingerprints, serials, names }: Found): void {
  const header = lines[0] ?? '';
  const serialColumn = header.split(/[,;\t]/).findIndex((cell) => /serial/i.test(cell));
  for (const line of lines) {
    const cells = line
      .split(/[,;\t]/, 50)
      .map((cell) => cell.trim().replaceAll(/^"|"$/g, '').replaceAll(':', '').toLowerCase());
    for (const [column, cell] of cells.entries()) {
      if (/^[0-9a-f]{64}$/.test(cell)) fingerprints.add(cell);
      else if (cells.length === 1 && hostNameOnly.test(cell)) names.add(cell);
      else if (column === serialColumn || cells.length === 1) addSerial(cell, serials);
    }
  }
}

const hostNameOnly = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.){1,10}[a-z]{2,24}$/;

function addSerial(cell: string, serials: Set<string>): void {
  const hex = cell
    .replace(/^0x/, '')
    .replace(/^(?:00)+(?=..)/, '')
    .replace(/^0(?=.)/, '');
  if (/^[0-9a-f]{4,40}$/.test(hex)) serials.add(hex);
}

/** Words of one message that are tried as serial numbers of ours. */
const wordsMax = 20_000;
/** Shorter ones are years, ports and house numbers. */
const hexWord = /(?<![0-9a-z])(?:0x)?[0-9a-f]{6,40}(?![0-9a-z])/gi;
const decimalWord = /(?<![0-9a-z])[0-9]{7,48}(?![0-9a-z])/gi;

/**
 * Every word that *could* be a serial number, however the writer introduced it: hex, and decimal converted. Only the
 * inventory can say which are; a serial has 64 random bits (TLS BR 7.1), so a word that is one by accident is not met.
 */
export function serialWords(message: Message): readonly string[] {
  const words = new Set<string>();
  for (const { text } of [{ text: message.subject }, ...message.texts]) {
    for (const [word] of text.matchAll(hexWord)) {
      if (words.size >= wordsMax) return [...words];
      addSerial(word.toLowerCase(), words);
    }
    for (const [word] of text.matchAll(decimalWord)) {
      if (words.size >= wordsMax) return [...words];
      words.add(BigInt(word).toString(16));
    }
  }
  return [...words];
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

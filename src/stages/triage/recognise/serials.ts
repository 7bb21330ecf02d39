/**
 * Serial numbers of certificates in every notation people use: hex with or without colons, 0x, decimal, a sign bit's
 * leading 00, in prose of sixteen languages, in tables and in JSON. Returned as lower-case hex without leading zeros.
 */
import { columnAbove } from './hex.ts';

export interface SerialFinding {
  readonly value: string;
  readonly at: number;
}

/** RFC 5280 4.1.2.2 allows 20 octets; one more for a sign octet. */
const hexDigitsMax = 42;
/** Entries of one list. */
const listMax = 200_000;

const word =
  '(?:serial[\\s_-]*(?:number|numbers|no\\.?|nr\\.?|num|#)?s?|s/n|ser\\.?\\s?no\\.?|seriennummern?|serien-?nr\\.?|num[ée]ros? de s[ée]rie|n[°º] de s[ée]rie|n[úu]meros? de s[ée]rie|n[úu]m\\. de serie|numer[oi] (?:di serie|seriale|seriali)|seriale|n\\. di serie|serienummers?|numer\\p{L}* seryjn\\p{L}+|nr seryjn\\p{L}+|серийн\\p{L}+ номер\\p{L}*|sn|seri\\s?(?:numaras\\p{L}+|no\\p{L}*)|क्रम(?:ांक| संख्या)|सीरियल(?: नंबर| संख्या| नम्बर)?|シリアル(?:番号|ナンバー)?|일련\\s?번호|시리얼(?:\\s?번호|\\s?넘버)?|序列[号號]|الرقم التسلسلي|رقم تسلسلي|(?:الأرقام|أرقام) التسلسلية|s[ốo] (?:s[êe]-?\\s?ri|serial|seri)|s[êe]-ri)';
const bridge =
  '(?:["\'»”）)]|\\s|[:=#–—-]|is|was|ist|es|est|è|sind|are|（|\\(|of the (?:leaf|certificate|cert)|in (?:hex|dec\\w*)|hex(?:adecimal)?|dec(?:imal)?|dezimal|[は为為은는が]|هو|है|[«“„]){0,12}';
const value =
  '((?:0x)?(?:[0-9A-Fa-f]{2}(?:[:\\- ]|=?\\r?\\n[ \\t>]*)){3,20}[0-9A-Fa-f]{2}(?![0-9A-Za-z:])|0x[0-9A-Fa-f]{2,42}(?![0-9A-Za-z])|[0-9A-Fa-f]{8,50}(?![0-9A-Za-z])|\\d{4,50}(?![0-9A-Za-z]))';
const worded = new RegExp(`(?<![\\p{L}\\p{N}])${word}${bridge}${value}`, 'giu');
/** A list that goes on after the first: commas, "and", line breaks, bullets. */
const next = new RegExp(
  `^(?:["'\`\\]]|\\s|,|;|/|&|\\+|•|\\*|-|and|und|et|y|e|en|i|и|ve|और|と|、|및|和|و|và|\\(.{0,40}?\\)){1,24}["'\`]?${value}`,
  'iu',
);
/** In a table or list below a heading that says serial. */
const heading = new RegExp(`(?<![\\p{L}\\p{N}])${word}[^\\n:]{0,40}:?[ \\t]*\\r?\\n`, 'giu');
const listLine =
  /^[ \t>|*•\-–"'\d.)]*?((?:[0-9A-Fa-f]{2}:){7,20}[0-9A-Fa-f]{2}|(?:0x)?[0-9A-Fa-f]{16,42}|\d{14,50})(?![0-9A-Za-z:])/;

export function findSerials(text: string): SerialFinding[] {
  const found = new Map<string, number>();
  const add = (raw: string, at: number, around: string) => {
    const serial = toSerial(raw, around);
    if (serial !== null && !found.has(serial)) found.set(serial, at);
  };

  for (const match of text.matchAll(worded)) {
    let raw = match[1]!;
    let at = match.index + match[0].length - raw.length;
    // "Serial Number: 4660 (0x1234)" names one number twice; the hex form decides.
    const inParentheses = /^\s*\(0x([0-9A-Fa-f]+)\)/.exec(text.slice(at + raw.length, at + raw.length + 60));
    if (inParentheses) {
      add(`0x${inParentheses[1]}`, at, 'hex');
      continue;
    }
    for (let count = 0; count < listMax; count++) {
      add(raw, at, text.slice(Math.max(0, at - 60), at) + text.slice(at + raw.length, at + raw.length + 24));
      const after = next.exec(text.slice(at + raw.length, at + raw.length + 160));
      // The same number in the other base, or a hash of another length, ends the list.
      if (!after || !sameShape(raw, after[1]!)) break;
      at += raw.length + after[0].length - after[1]!.length;
      raw = after[1]!;
    }
  }

  for (const match of text.matchAll(heading)) {
    let at = match.index + match[0].length;
    let blanks = 0;
    for (let rows = 0; rows < listMax && at < text.length; rows++) {
      const end = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
      const line = text.slice(at, end);
      const one = listLine.exec(line);
      if (one) {
        if (one[1]!.replace(/[^0-9A-Fa-f]/g, '').length <= hexDigitsMax || /^\d+$/.test(one[1]!))
          add(one[1]!, at, match[0]);
      } else if (line.replace(/[>\s]/g, '') === '') {
        if (++blanks > 1) break;
      } else break;
      at = end + 1;
    }
  }

  // Tables: the column says what it is.
  for (const match of text.matchAll(
    /(?<![0-9A-Za-z:])((?:[0-9A-Fa-f]{2}:){7,20}[0-9A-Fa-f]{2}|(?:0x)?[0-9A-Fa-f]{14,42}|\d{14,50})(?![0-9A-Za-z:])/g,
  )) {
    const lineStart = text.lastIndexOf('\n', match.index - 1) + 1;
    if (!/[,;\t|]/.test(text.slice(Math.max(0, lineStart - 400), match.index + match[0].length + 1))) continue;
    const column = columnAbove(text, lineStart, match.index);
    if (column !== null && new RegExp(word, 'iu').test(column)) add(match[1]!, match.index, column);
  }

  findBare(text, add);
  return [...found].map(([value, at]) => ({ value, at })).sort((a, b) => a.at - b.at);
}

/** Words that make a message one about certificates, in the languages we know; enough to take a bare number for a serial. */
const aboutCertificates =
  /cert|zert|sertif|ssl\b|tls\b|revo[ckq]|widerr|sperr|private key|署名|证书|憑證|證書|証明書|인증서|сертиф|प्रमाणपत्र|सर्टिफिकेट|شهاد|chứng|issued by/i;
/** What else is written as a row of hex digits. */
const otherNumbers =
  /md5|sha-?1\b|etag|nonce|modul|token|session|ticket|uuid|guid|trace|request|checksum|hash|commit|\bgit|thumbprint|fingerprint|finger|key ?id|tx\b|wallet|device|license|licence|api.?key|message.?id|build|digest|spki|ski\b|aki\b|jti|salt|\biv\b/i;

/** Without any word beside it: digits alone on a line or in brackets, as people paste them from a portal or a log. */
function findBare(text: string, add: (raw: string, at: number, around: string) => void): void {
  if (!aboutCertificates.test(text)) return;
  for (const match of text.matchAll(
    /(?<![0-9A-Za-z:/=_.+-])((?:[0-9A-Fa-f]{2}:){15,19}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{30,40})(?![0-9A-Za-z:/=_+-])/g,
  )) {
    const raw = match[1]!;
    const digits = raw.replaceAll(':', '');
    if (!/[a-f]/i.test(digits) || !/\d/.test(digits)) continue;
    const before = text.slice(Math.max(0, match.index - 90), match.index);
    const line = before.slice(before.lastIndexOf('\n') + 1);
    if (otherNumbers.test(line.trim().length >= 3 ? line : before)) continue;
    // Twenty octets are a SHA-1 as often as a serial number: only beside the word for a certificate.
    if (digits.length >= 39 && !aboutCertificates.test(line)) continue;
    add(raw, match.index, 'hex');
  }
}

function sameShape(one: string, other: string): boolean {
  const shape = (raw: string) => `${raw.includes(':')}${/^\d+$/.test(raw)}`;
  const digits = (raw: string) => raw.replace(/^0x/i, '').replace(/[^0-9A-Fa-f]/g, '').length;
  return (
    (shape(one) === shape(other) || !/^\d+$/.test(one + other)) &&
    digits(other) <= hexDigitsMax &&
    Math.abs(digits(one) - digits(other)) <= 8 &&
    digits(other) >= 8
  );
}

/** Null when the characters cannot be a certificate's serial number. */
export function toSerial(raw: string, around: string): string | null {
  const separated = /[:\- \n]/.test(raw.trim());
  const digits = raw.replace(/^0x/i, '').replace(/[^0-9A-Fa-f]/g, '');
  if (digits === '') return null;
  const decimal = !separated && !/^0x/i.test(raw) && /^\d+$/.test(digits) && !saysHex(around, digits);
  const hex = decimal ? BigInt(digits).toString(16) : digits.toLowerCase().replace(/^0+(?=.)/, '');
  if (hex.length > hexDigitsMax || (separated && digits.length % 2 === 1)) return null;
  if (!decimal && /^(?:[0-9]{8}|20\d{6})$/.test(digits) && !separated) return null;
  return hex;
}

/** Digits only: a number in base ten, unless the text says hex, or it begins with a zero as no decimal does. */
function saysHex(around: string, digits: string): boolean {
  if (/\bdec(?:imal)?\b|dezimal|décimal|десятич|ondalık|十进制|10進/i.test(around)) return false;
  if (/\bhex|0x|sechzehn|hexad|шестнадц|16進|十六/i.test(around)) return true;
  return digits.startsWith('0');
}

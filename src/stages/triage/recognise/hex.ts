/**
 * SHA-256 values written out in a message, told apart by what stands around them: a certificate's fingerprint, a
 * hash of its public key (SPKI), or the hash of some file. Only the first identifies a certificate by itself.
 */

export interface HashFinding {
  readonly kind: 'fingerprint' | 'spki' | 'other';
  readonly value: string;
  readonly at: number;
}

const separator = '[ \\t]*(?:[:\\-.]?=?\\r?\\n[ \\t>|*]*|[:\\-.]|[ \\t])[ \\t]*';
/** 32 pairs with one separator between them (colon, blank, dash), and a line break with a quote sign after or instead of it. */
const paired = new RegExp(
  `(?<!(?<![0-9A-Za-z])[0-9A-Fa-f]{2}:|[0-9A-Fa-f])[0-9A-Fa-f]{2}(?:${separator}[0-9A-Fa-f]{2}){31}(?![0-9A-Fa-f]|:[0-9A-Fa-f]{2})`,
  'g',
);
/** Blocks of four or eight digits. */
const grouped =
  /(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{4}(?:[ :-]|\r?\n[ \t>]*)){15}[0-9A-Fa-f]{4}(?![0-9A-Fa-f])|(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{8}(?:[ :-]|\r?\n[ \t>]*)){7}[0-9A-Fa-f]{8}(?![0-9A-Fa-f])|(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{16}(?:[ :-]|\r?\n[ \t>]*)){3}[0-9A-Fa-f]{16}(?![0-9A-Fa-f])/g;
const plain = /(?<![0-9A-Za-z])(?:0x)?([0-9A-Fa-f]{64})(?![0-9A-Za-z])/g;
/** One break inside, as mail programs make it: the two halves must add up to 64. */
const broken =
  /(?<![0-9A-Za-z])([0-9A-Fa-f]{8,63})(?:=?\r?\n[ \t>|]*|[ \t]+\\?\r?\n[ \t>|]*|-\r?\n[ \t>|]*)([0-9A-Fa-f]{1,56})(?![0-9A-Za-z])/g;

const spkiWords =
  /spki|pub(?:lic)?[\s_-]?key|public[\s_-]?key|key[\s_-]?(?:hash|id|pin|sha)|pin(?:-|\b)|pinned|schl(?:ü|ue)ssel-?(?:hash|pin)|clé publique|clave pública|chiave pubblica|chave pública|publieke sleutel|klucz(?:a)? publiczn|открыт\S* ключ|公開鍵|公钥|公鑰|공개\s?키|المفتاح العام|khóa công khai|açık anahtar|सार्वजनिक कुंजी/i;
const certificateWords =
  /\bcert(?:ificate|\.|s|\b)|fingerprint|thumbprint|leaf|zertifikat|certificat|certificad|certyfikat|сертификат|отпечат|sertifika|证书|證書|証明書|인증서|प्रमाणपत्र|شهادة|chứng (?:chỉ|thư)|fingerabdruck|empreinte|huella|impronta|vingerafdruk|odcisk|parmak izi|拇印|指纹|指紋|지문|بصمة|vân tay|crt\.sh|censys/i;
/** What else has a hash of this size: files, commits, transactions. */
const otherWords =
  /sample|malware|file|binary|image|iso|apk|exe|dll|installer|archive|zip|tarball|download|payload|dropper|datei|fichier|archivo|ficheiro|arquivo|bestand|plik|файл|dosya|文件|ファイル|파일|tệp|ملف|container|docker|layer|commit|attachment|firmware|build|package|artifact|screenshot|pdf|evidence bag|\btx\b|txid|transaction|wallet|block hash|token|nonce|checksum|\.(?:exe|zip|bin|iso|apk|dll|pdf|msi|tar|gz|7z|docx?|xlsx?|img)\b/i;

/** All SHA-256-sized values in the order they stand; each once. */
export function findHashes(text: string): HashFinding[] {
  const found: { value: string; at: number; end: number }[] = [];
  const taken = new Uint8Array(text.length);
  const add = (value: string, at: number, end: number) => {
    if (taken[at] === 1 || taken[end - 1] === 1) return;
    taken.fill(1, at, end);
    if (/^(.)\1*$/.test(value)) return;
    found.push({ value: value.toLowerCase(), at, end });
  };
  for (const match of text.matchAll(plain)) add(match[1]!, match.index, match.index + match[0].length);
  for (const regex of [paired, grouped]) {
    for (const match of text.matchAll(regex))
      add(match[0].replace(/[^0-9A-Fa-f]/g, ''), match.index, match.index + match[0].length);
  }
  for (const match of text.matchAll(broken)) {
    const value = match[1]! + match[2]!;
    // Two serial numbers under each other are 32 + 32 digits too; without a word that says "hash" they stay two.
    const listed = match[1]!.length === match[2]!.length;
    if (value.length !== 64) continue;
    if (
      listed &&
      !/sha.?256|fingerprint|thumbprint|finger|empreinte|huella|指紋|指纹/i.test(
        text.slice(Math.max(0, match.index - 60), match.index),
      )
    )
      continue;
    add(value, match.index, match.index + match[0].length);
  }
  const hashes: HashFinding[] = found
    .sort((a, b) => a.at - b.at)
    .map((one) => ({ kind: kindOf(text, one.at, one.end), value: one.value, at: one.at }));
  for (const match of text.matchAll(
    /(?:sha256\/|pin-sha256\s*=\s*["']?|sha256:|(?:spki|\bpin\b)[^\n]{0,40}?[\s:="'])\s*([A-Za-z0-9+/]{43}=)/gi,
  )) {
    hashes.push({ kind: 'spki', value: Buffer.from(match[1]!, 'base64').toString('hex'), at: match.index });
  }
  return hashes;
}

function kindOf(text: string, at: number, end: number): HashFinding['kind'] {
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const before = text.slice(Math.max(lineStart, at - 90), at);
  const after = text.slice(end, Math.min(end + 40, (text.indexOf('\n', end) + 1 || text.length + 1) - 1));
  const inUrl = /(\S*)$/.exec(before)?.[1] ?? '';
  if (/spkisha256=|spki=|public_?key|pubkey/i.test(inUrl)) return 'spki';
  if (/sha256=|[?&]q=|censys\S*\/certificates\/|crt\.sh/i.test(inUrl)) return 'fingerprint';
  const column = columnAbove(text, lineStart, at);
  if (column !== null) {
    if (spkiWords.test(column)) return 'spki';
    if (/file|sample|malware/i.test(column)) return 'other';
    if (/sha|finger|thumb|cert|leaf/i.test(column)) return 'fingerprint';
  }
  const near = before.length >= 4 ? before : text.slice(Math.max(0, at - 90), at);
  const nearest = lastOf(near, [spkiWords, certificateWords, otherWords]);
  if (nearest === 0) return 'spki';
  if (nearest === 1) return 'fingerprint';
  if (nearest === 2) return 'other';
  if (/^[^\w\n]{0,4}\((?:spki|public key|key hash)/i.test(after)) return 'spki';
  if (/^\s*[("*]*\s*(?:\S+\.(?:exe|zip|bin|iso|apk|dll|pdf|msi|tar|gz|7z|docx?|img)\b)/i.test(after)) return 'other';
  // A bare list: the nearest heading above decides, and a hash nobody explains is taken for a certificate's.
  const heading = text.slice(Math.max(0, lineStart - 240), lineStart);
  const above = lastOf(heading, [spkiWords, certificateWords]);
  if (above === 0 && /(?:spki|pin|hash|sha)[^\n]{0,60}[:\n]\s*(?:\S*[0-9a-fA-F]{40,}\S*\s*)*$/i.test(heading))
    return 'spki';
  return 'fingerprint';
}

/** Which of the patterns matches last (nearest to the value); -1 when none does. */
function lastOf(text: string, patterns: readonly RegExp[]): number {
  let best = -1;
  let place = -1;
  patterns.forEach((pattern, number) => {
    for (const match of text.matchAll(new RegExp(pattern.source, 'gi'))) {
      const end = match.index + match[0].length;
      if (end > place) {
        place = end;
        best = number;
      }
    }
  });
  return best;
}

/** The heading of the column a value stands in, for comma, semicolon, tab or pipe separated tables. */
export function columnAbove(text: string, lineStart: number, at: number): string | null {
  const table = tablesOf(text).get(lineStart);
  if (!table) return null;
  let column = 0;
  for (let place = lineStart; place < at; place++) if (text[place] === table.sign) column++;
  return table.cells[column]?.trim() ?? null;
}

interface Table {
  readonly sign: string;
  readonly cells: readonly string[];
}

const headingCell =
  /^\s*"?\s*(?:sha-?256|serial|serial.?number|fingerprint|thumbprint|spki\S*|crt\.?sh.*|host(?:name)?|domain|subject|issuer|seriennummer|sha256.*|cn|san|pubkey\S*|cert\S*|leaf\S*)\s*"?\s*$/i;

let readText = '';
let readTables: ReadonlyMap<number, Table> = new Map();

/** The table that every line belongs to, by where the line starts: read once per text, so that long lists stay cheap. */
function tablesOf(text: string): ReadonlyMap<number, Table> {
  if (text === readText) return readTables;
  const tables = new Map<number, Table>();
  let current: Table | null = null;
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    // A line of a table is short; a long one is prose or a blob.
    const line = end - start > 4_000 ? '' : text.slice(start, end).replace(/\r$/, '');
    if (current !== null && line.includes(current.sign)) tables.set(start, current);
    else current = headingOf(line);
    start = end + 1;
  }
  readText = text;
  readTables = tables;
  return tables;
}

function headingOf(line: string): Table | null {
  for (const sign of [',', ';', '\t', '|']) {
    if (!line.includes(sign)) continue;
    const cells = line.split(sign);
    if (cells.some((cell) => headingCell.test(cell))) return { sign, cells };
  }
  return null;
}

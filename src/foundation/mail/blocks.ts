/**
 * Running text taken apart by who speaks: the writer, the one quoted, the one forwarded, a signature. The writer's
 * own words weigh more in triage, and the header lines of an inline forward are a candidate for the clock. One pass
 * over the lines; every test per line is bounded.
 */
import { parseAddresses } from './addresses.ts';
import { TEXT_BLOCKS_MAX } from './bounds.ts';
import { parseDisplayedDate } from './dates.ts';
import {
  attribution,
  deviceSignature,
  forwardMarkers,
  type HeaderLabel,
  headerLabels,
  replyMarkers,
} from './languages.ts';
import type { InnerMessage, TextRole } from './message.ts';

export interface RoleText {
  readonly role: TextRole;
  readonly text: string;
}

export interface SplitText {
  readonly blocks: readonly RoleText[];
  readonly forwards: readonly InnerMessage[];
}

/** Characters of a line that the markers are looked for in. */
const LINE_LOOK_CHARS = 400;
const FORWARDS_MAX = 50;

/**
 * Splits one text. `base` is the role of its unquoted words (`own` at the top, `forwarded` inside a forward);
 * `subject` tells a reply from a forward where the header lines alone do not.
 */
export function splitText(text: string, base: TextRole, subject: string, path: string): SplitText {
  const lines = text.split(/\r\n|\n|\r/);
  const blocks: { role: TextRole; lines: string[] }[] = [];
  const forwards: InnerMessage[] = [];
  let role: TextRole = base;
  let encoded = false;
  /** Header lines up to here have been looked at together and were none. */
  let looked = 0;

  const put = (as: TextRole, line: string): void => {
    const last = blocks.at(-1);
    if (last !== undefined && (last.role === as || line.trim() === '' || blocks.length >= TEXT_BLOCKS_MAX)) {
      last.lines.push(line);
    } else blocks.push({ role: as, lines: [line] });
  };

  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const unquoted = stripQuoteMarks(line);
    // Inside an armoured block nothing is a marker: base64 has no quotation, and dashes belong to it.
    if (/^-----BEGIN [A-Z0-9 ]{3,60}-----/.test(unquoted.text)) encoded = true;
    else if (/^-----END [A-Z0-9 ]{3,60}-----/.test(unquoted.text)) encoded = false;
    else if (!encoded && unquoted.text.length <= LINE_LOOK_CHARS) {
      const found = mayTurn(unquoted.text, i < looked) ? turnAt(lines, i, subject) : null;
      const turn = typeof found === 'number' ? null : found;
      if (typeof found === 'number') looked = found;
      if (turn !== null) {
        const speaker: TextRole = turn.kind === 'forward' ? 'forwarded' : 'quoted';
        if (turn.kind === 'forward' && forwards.length < FORWARDS_MAX) {
          forwards.push(inlineForward(turn.header, path));
        }
        role = role === 'forwarded' && speaker === 'quoted' ? 'quoted' : speaker;
        for (const headerLine of lines.slice(i, turn.next)) put(role, headerLine);
        i = turn.next - 1;
        continue;
      }
      if (unquoted.depth === 0 && mayAttribute(lines, i) && isAttribution(lines, i)) {
        put('quoted', line);
        if (!attribution.test(line.slice(0, LINE_LOOK_CHARS).trim())) put('quoted', lines[++i] as string);
        continue;
      }
      if (unquoted.depth === 0 && role === base && isSignatureStart(line)) role = 'signature';
    }
    put(unquoted.depth > 0 ? 'quoted' : role, unquoted.depth > 0 ? unquoted.text : line);
  }
  const out: RoleText[] = [];
  for (const block of blocks) {
    const joined = block.lines.join('\n').replace(/^\n+|\s+$/g, '');
    if (joined !== '') out.push({ role: block.role, text: joined });
  }
  return { blocks: out, forwards };
}

/** `> > text` to its depth and text. Also the full-width mark of Japanese mailers and `| `. */
function stripQuoteMarks(line: string): { depth: number; text: string } {
  const marks = /^(?:[ \t]{0,2}(?:>|＞))+ ?|^(?:\| )+/.exec(line)?.[0];
  if (marks === undefined) return { depth: 0, text: line };
  return { depth: marks.replace(/[^>＞|]/g, '').length, text: line.slice(marks.length) };
}

/** A cheap look that most lines do not pass: a rule or a colon, without which nothing turns. */
function mayTurn(text: string, looked: boolean): boolean {
  const trimmed = text.trim();
  if (/^[-_=*─—–]/.test(trimmed) || /[:：]$/.test(trimmed)) return true;
  return !looked && /[:：]/.test(trimmed.slice(0, 40));
}

interface Turn {
  readonly kind: 'forward' | 'reply';
  readonly header: ReadonlyMap<HeaderLabel, string>;
  /** First line behind the marker and its header lines. */
  readonly next: number;
}

/**
 * A marker line, or header lines standing on their own (Outlook writes them under a rule without words). A number
 * says that the lines up to there look like header lines and are none.
 */
function turnAt(lines: readonly string[], at: number, subject: string): Turn | number | null {
  const plain = stripQuoteMarks(lines[at] as string)
    .text.trim()
    .replace(/^[-_=*─—–\s>]{1,80}|[-_=*─—–\s]{1,80}$/g, '')
    .replace(/[:：]$/, '')
    .trim()
    .toLowerCase();
  if (plain === '') return null;
  const marked = plain.length <= 140 ? markerKind(plain) : null;
  if (marked !== null) {
    const header = headerLines(lines, at + 1);
    if (marked === 'forward' || header.found.size >= 2) {
      const kind = marked === 'forward' || isForwardSubject(subject) ? 'forward' : 'reply';
      return { kind, header: header.found, next: header.found.size > 0 ? header.next : at + 1 };
    }
    return { kind: 'reply', header: header.found, next: at + 1 };
  }
  if (labelOf(lines[at] as string) === null) return null;
  const header = headerLines(lines, at);
  const complete = header.found.has('from') && header.found.has('date') && header.found.size >= 3;
  if (!complete) return Math.max(header.next, at + 1);
  return { kind: isReplySubject(subject) ? 'reply' : 'forward', header: header.found, next: header.next };
}

function markerKind(plain: string): 'forward' | 'reply' | null {
  if (forwardMarkers.some((marker) => marker.test(plain))) return 'forward';
  return replyMarkers.some((marker) => marker.test(plain)) ? 'reply' : null;
}

export const isForwardSubject = (subject: string): boolean =>
  /^\s*(?:\[[^\]]{0,80}\]\s*)?(?:fwd?|wg|tr|rv|enc|i|doorst|pd|fs|ilt|hl|転送|转发|轉寄|전달|πρθ|vs|továbbítás|перес)\s*[:：]/i.test(
    subject.slice(0, LINE_LOOK_CHARS),
  );

export const isReplySubject = (subject: string): boolean =>
  /^\s*(?:\[[^\]]{0,80}\]\s*)?(?:re|aw|sv|antw|odp|ynt|rif|res|回复|回覆|答复|返信|답장|отв|رد|απ|vast|vá)\s*(?:\[\d+\])?\s*[:：]/i.test(
    subject.slice(0, LINE_LOOK_CHARS),
  );

/** Header lines that one block may have, blank lines between them included. */
const HEADER_LINES_MAX = 16;

function headerLines(
  lines: readonly string[],
  from: number,
): { found: ReadonlyMap<HeaderLabel, string>; next: number } {
  const found = new Map<HeaderLabel, string>();
  let next = from;
  let last: HeaderLabel | null = null;
  for (let i = from; i < Math.min(lines.length, from + HEADER_LINES_MAX); i++) {
    const line = stripQuoteMarks(lines[i] as string).text.slice(0, 2_000);
    if (line.trim() === '') {
      if (found.size > 0) break;
      continue;
    }
    const labelled = labelOf(line);
    if (labelled === null) {
      // A continued address list, or an unknown label between known ones.
      if (last !== null && /^\s+\S/.test(line)) found.set(last, `${found.get(last)} ${line.trim()}`);
      else if (!/^[\p{L} *-]{2,30}[:：]/u.test(line)) break;
      next = i + 1;
      continue;
    }
    if (!found.has(labelled.label)) found.set(labelled.label, labelled.value);
    last = labelled.label;
    next = i + 1;
  }
  return { found, next };
}

/** `*Von:* x`, `From : x`, `差出人：x`. */
function labelOf(line: string): { label: HeaderLabel; value: string } | null {
  const found = /^[\s*_>]{0,8}([\p{L}\p{M} ]{1,24}?)\s{0,3}[*_]{0,2}\s?[:：][*_]{0,2}\s{0,4}(\S.{0,1500})?$/u.exec(
    stripQuoteMarks(line).text.slice(0, 1_800),
  );
  if (found === null) return null;
  const label = headerLabels.get((found[1] as string).trim().toLowerCase());
  return label === undefined ? null : { label, value: (found[2] ?? '').trim() };
}

function inlineForward(header: ReadonlyMap<HeaderLabel, string>, path: string): InnerMessage {
  const from = header.get('from');
  const date = header.get('date');
  return {
    kind: 'inline-forward',
    path,
    confidence: 'words',
    from: from === undefined ? null : (parseAddresses(from.replace(/\[mailto:([^\]]{1,320})\]/i, '<$1>'))[0] ?? null),
    to: parseAddresses(header.get('to') ?? ''),
    subject: header.get('subject') ?? '',
    date: date === undefined ? null : parseDisplayedDate(date),
    received: [],
    messageId: null,
  };
}

const endsInColon = (line: string | undefined): boolean => line !== undefined && /[:：]\s*$/.test(line.slice(-8));

const mayAttribute = (lines: readonly string[], at: number): boolean =>
  endsInColon(lines[at]) || endsInColon(lines[at + 1]);

/** The line (or the pair of lines, wrapped) above a quotation that says who wrote it. */
function isAttribution(lines: readonly string[], at: number): boolean {
  const line = (lines[at] as string).trim();
  if (line === '' || line.length > LINE_LOOK_CHARS) return false;
  const quotedBelow = (from: number): boolean => {
    for (let i = from; i < Math.min(lines.length, from + 3); i++) {
      if (stripQuoteMarks(lines[i] as string).depth > 0) return true;
      if ((lines[i] as string).trim() !== '') return false;
    }
    return false;
  };
  if (attribution.test(line)) return quotedBelow(at + 1);
  const next = (lines[at + 1] ?? '').trim();
  return next.length <= LINE_LOOK_CHARS && attribution.test(next) && /\d/.test(line) && quotedBelow(at + 2);
}

function isSignatureStart(line: string): boolean {
  return /^(?:-- ?|—)$/.test(line) || (line.length <= 120 && deviceSignature.test(line.trim()));
}

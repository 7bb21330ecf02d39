/**
 * The MIME tree (RFC 2045, 2046), in one pass over the bytes and without recursion. postal-mime serves ordinary mail
 * well, but it refuses a message nested deeper than 256, flattens parts so that a path into the message is lost, and
 * hands forwarded messages back as text without their Received chain; the clock and the evidence need all three.
 */
import { withoutControls } from '../text.ts';
import { type Budget, DEPTH_MAX } from './bounds.ts';
import { latin1 } from './charset.ts';
import { decodeHeader, type HeaderField, type Parameterised, readHeaders, readParameters } from './headers.ts';
import { decodeTransfer } from './transfer.ts';

export interface Part {
  /** IMAP-like: `1`, `2.1`. Empty for a root that has parts. */
  path: string;
  readonly fields: readonly HeaderField[];
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** `attachment`, `inline` or empty. */
  readonly disposition: string;
  readonly fileName: string;
  readonly encoding: string;
  /** Transfer-encoded body. For containers: everything inside. */
  body: Uint8Array;
  readonly children: Part[];
  /** Text before the first and after the last boundary, when it says anything. */
  stray: string;
}

export interface Tree {
  readonly root: Part;
  readonly problems: readonly string[];
}

interface Open {
  readonly part: Part;
  readonly bodyAt: number;
  /** Null for a message/rfc822 container, which ends with what surrounds it. */
  readonly boundary: string | null;
  strayFrom: number;
}

const identity = new Set(['', '7bit', '8bit', 'binary']);

/** Splits `bytes` into its parts. Never throws; `budget.parts` bounds the number of parts over all calls. */
export function readTree(bytes: Uint8Array, budget: Budget, defaultType = 'text/plain'): Tree {
  const problems = new Set<string>();
  const stack: Open[] = [];
  const depthOf = new Map<string, number[]>();
  let leaf: { part: Part; bodyAt: number } | null = null;

  const begin = (at: number, fallback: string): { part: Part; next: number } => {
    let first: Part | null = null;
    let parent = stack.at(-1)?.part ?? null;
    let position = at;
    let kind = fallback;
    for (;;) {
      const headers = readHeaders(bytes, position, bytes.length);
      if (headers.problem !== null) problems.add(headers.problem);
      const part = newPart(headers.fields, kind);
      budget.parts--;
      parent?.children.push(part);
      first ??= part;
      const deep = stack.length >= DEPTH_MAX || budget.parts <= 0;
      if (deep) problems.add(budget.parts <= 0 ? 'too_many_parts' : 'mime_too_deep');
      const boundary = part.type.startsWith('multipart/') && !deep ? boundaryOf(part, bytes, headers.bodyAt) : null;
      if (part.type.startsWith('multipart/') && !deep && boundary === null) problems.add('mime_no_boundary');
      if (boundary !== null) {
        open(part, headers.bodyAt, boundary);
        return { part: first, next: headers.bodyAt };
      }
      if (isMessage(part.type) && identity.has(part.encoding) && !deep) {
        open(part, headers.bodyAt, null);
        parent = part;
        position = headers.bodyAt;
        kind = 'text/plain';
        continue;
      }
      leaf = { part, bodyAt: headers.bodyAt };
      return { part: first, next: headers.bodyAt };
    }
  };

  const open = (part: Part, bodyAt: number, boundary: string | null): void => {
    stack.push({ part, bodyAt, boundary, strayFrom: bodyAt });
    if (boundary === null) return;
    const depths = depthOf.get(boundary);
    if (depths === undefined) depthOf.set(boundary, [stack.length - 1]);
    else depths.push(stack.length - 1);
  };

  /** Ends everything from stack position `from` upwards, and the open leaf, at `end`. */
  const close = (from: number, end: number): void => {
    if (leaf !== null) {
      leaf.part.body = bytes.subarray(leaf.bodyAt, Math.max(leaf.bodyAt, end));
      leaf = null;
    }
    while (stack.length > from) {
      const top = stack.pop() as Open;
      top.part.body = bytes.subarray(top.bodyAt, Math.max(top.bodyAt, end));
      if (top.boundary !== null) {
        keepStray(top, bytes, end);
        const depths = depthOf.get(top.boundary) as number[];
        depths.pop();
        if (depths.length === 0) depthOf.delete(top.boundary);
      }
    }
  };

  const { part: root, next } = begin(0, defaultType);
  let at = next;
  while (stack.length > 0) {
    const line = nextDelimiterLine(bytes, at);
    if (line === null) break;
    at = line.next;
    const found = findBoundary(line.text, depthOf);
    if (found === null) continue;
    const level = found.depth;
    close(level + 1, line.bodyEnd);
    const owner = stack[level] as Open;
    if (owner.strayFrom >= 0) keepStray(owner, bytes, line.bodyEnd);
    if (found.last) {
      owner.strayFrom = line.next;
      // The boundary is over: a later line that looks like it opens nothing (RFC 2046 5.1.1), unless mail reuses it.
      continue;
    }
    owner.strayFrom = -1;
    at = begin(line.next, owner.part.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain').next;
  }
  if (leaf !== null && stack.some((level) => level.boundary !== null && level.strayFrom < 0)) {
    problems.add('mime_unclosed');
  }
  close(0, bytes.length);
  if (budget.parts <= 0) problems.add('too_many_parts');
  number(root);
  return { root, problems: [...problems] };
}

export const isMessage = (type: string): boolean =>
  type === 'message/rfc822' || type === 'message/global' || type === 'message/news';

/** The decoded bytes of a leaf. */
export function contentOf(part: Part): Uint8Array {
  return decodeTransfer(part.body, part.encoding);
}

function newPart(fields: readonly HeaderField[], fallback: string): Part {
  const first = (name: string): string | undefined => fields.find((field) => field.name === name)?.raw;
  const type: Parameterised = readParameters(first('content-type'));
  const disposition = readParameters(first('content-disposition'));
  const named = disposition.parameters.get('filename') ?? type.parameters.get('name') ?? '';
  return {
    path: '',
    fields,
    type: normalType(type.value, fallback),
    parameters: type.parameters,
    disposition: disposition.value === 'attachment' ? 'attachment' : disposition.value === 'inline' ? 'inline' : '',
    fileName: cleanFileName(named),
    encoding: (first('content-transfer-encoding') ?? '')
      .replace(/[;(].*$/, '')
      .trim()
      .toLowerCase(),
    body: new Uint8Array(0),
    children: [],
    stray: '',
  };
}

function normalType(value: string, fallback: string): string {
  if (/^[a-z0-9!#$&^_.+-]{1,80}\/[a-z0-9!#$&^_.+-]{1,120}$/.test(value)) return value;
  if (value === 'text') return 'text/plain';
  if (value === '') return fallback;
  return 'application/octet-stream';
}

/** The last path segment without controls: a name for people, never a path to write to. */
export function cleanFileName(name: string): string {
  const plain = withoutControls(decodeHeader(name));
  return plain.slice(Math.max(plain.lastIndexOf('/'), plain.lastIndexOf('\\')) + 1).slice(0, 255);
}

/** Where to look for the first delimiter when the header names no boundary. */
const BOUNDARY_SEARCH_BYTES = 4_096;

function boundaryOf(part: Part, bytes: Uint8Array, bodyAt: number): string | null {
  const declared = part.parameters.get('boundary');
  if (declared !== undefined && declared !== '') return declared.slice(0, 1_000).trimEnd();
  const head = latin1(bytes.subarray(bodyAt, bodyAt + BOUNDARY_SEARCH_BYTES));
  return (
    /^--([^\s-][^\r\n]{0,199}|-{2,}[^\s-][^\r\n]{0,199})\r?\n(?:Content-|\r?\n)/im.exec(head)?.[1]?.trimEnd() ?? null
  );
}

interface DelimiterLine {
  /** Without the leading dashes and trailing blanks. */
  readonly text: string;
  /** Where the body before it ends: the line break belongs to the delimiter. */
  readonly bodyEnd: number;
  readonly next: number;
}

const DASH = 0x2d;
/** Boundaries have at most 70 characters (RFC 2046); longer ones are met, but not without end. */
const DELIMITER_LINE_MAX = 1_100;
const DELIMITER = Buffer.from('\n--');

/** The next line at or after `from` that starts with `--`. */
function nextDelimiterLine(bytes: Uint8Array, from: number): DelimiterLine | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = from;
  if (!(bytes[from] === DASH && bytes[from + 1] === DASH && (from === 0 || bytes[from - 1] === 0x0a))) {
    const found = buffer.indexOf(DELIMITER, Math.max(0, from - 1));
    if (found < 0) return null;
    start = found + 1;
  }
  const lineEnd = buffer.indexOf(0x0a, start);
  const end = lineEnd < 0 ? bytes.length : lineEnd;
  const text = end - start > DELIMITER_LINE_MAX ? '' : buffer.toString('latin1', start + 2, end).trimEnd();
  let bodyEnd = start;
  if (bodyEnd > 0 && bytes[bodyEnd - 1] === 0x0a) bodyEnd--;
  if (bodyEnd > 0 && bytes[bodyEnd - 1] === 0x0d) bodyEnd--;
  return { text, bodyEnd: Math.max(bodyEnd, 0), next: lineEnd < 0 ? bytes.length : lineEnd + 1 };
}

function findBoundary(
  text: string,
  depthOf: ReadonlyMap<string, readonly number[]>,
): { depth: number; last: boolean } | null {
  const exact = depthOf.get(text)?.at(-1);
  if (exact !== undefined) return { depth: exact, last: false };
  if (!text.endsWith('--')) return null;
  const ending = depthOf.get(text.slice(0, -2).trimEnd())?.at(-1);
  return ending === undefined ? null : { depth: ending, last: true };
}

const STRAY_CHARS_MAX = 256 * 1024;
const courtesy = /^(?:\s*|.{0,200}\b(?:MIME|multi-?part)\b.{0,200}|.*(?:S\/MIME|OpenPGP).*)$/i;

/** Text outside the parts is invisible in mail programs; whatever is more than the usual courtesy line is kept. */
function keepStray(level: Open, bytes: Uint8Array, end: number): void {
  if (level.strayFrom < 0 || end <= level.strayFrom) return;
  const text = latin1(bytes.subarray(level.strayFrom, Math.min(end, level.strayFrom + STRAY_CHARS_MAX)));
  level.strayFrom = -1;
  const said = text.split('\n').filter((line) => line.length > 500 || !courtesy.test(line.trim()));
  if (said.length > 0) level.part.stray += `${said.join('\n')}\n`;
}

/** Paths without recursion: a chain of three hundred containers is an ordinary attack. */
function number(root: Part): void {
  const queue: Part[] = [root];
  root.path = root.children.length === 0 || isMessage(root.type) ? '1' : '';
  for (let part = queue.pop(); part !== undefined; part = queue.pop()) {
    for (const [i, child] of part.children.entries()) {
      child.path = part.path === '' ? `${i + 1}` : `${part.path}.${i + 1}`;
      queue.push(child);
    }
  }
}

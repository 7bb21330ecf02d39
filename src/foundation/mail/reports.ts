/** Machine-readable reports inside mail: delivery status (RFC 3464), feedback (RFC 5965, X-ARF), read receipts (RFC 8098). */
import { parseDate } from './dates.ts';
import { decodeHeader, readHeaders } from './headers.ts';
import type { DeliveryFailure, Feedback } from './message.ts';

type Fields = ReadonlyMap<string, readonly string[]>;

/** Groups of fields separated by empty lines that are read from one report. */
const GROUPS_MAX = 1_000;

function fieldGroups(bytes: Uint8Array): readonly Fields[] {
  const groups: Fields[] = [];
  let at = 0;
  while (at < bytes.length && groups.length < GROUPS_MAX) {
    const block = readHeaders(bytes, at, bytes.length);
    if (block.fields.length > 0) groups.push(collect(block.fields));
    if (block.bodyAt <= at) break;
    at = block.problem === 'header_malformed' ? nextLine(bytes, block.bodyAt) : block.bodyAt;
  }
  return groups;
}

function nextLine(bytes: Uint8Array, from: number): number {
  const lf = bytes.indexOf(0x0a, from);
  return lf < 0 ? bytes.length : lf + 1;
}

function collect(fields: readonly { name: string; raw: string }[]): Fields {
  const out = new Map<string, string[]>();
  for (const field of fields) {
    const values = out.get(field.name);
    if (values === undefined) out.set(field.name, [decodeHeader(field.raw)]);
    else values.push(decodeHeader(field.raw));
  }
  return out;
}

const typed = (value: string): string => value.replace(/^[a-z0-9-]{1,30}\s*;\s*/i, '').trim();

/** Reads a message/delivery-status body. */
export function readDeliveryStatus(bytes: Uint8Array): readonly DeliveryFailure[] {
  const groups = fieldGroups(bytes);
  const arrival = groups[0]?.get('arrival-date')?.[0];
  const arrivalDate = arrival === undefined ? null : parseDate(arrival);
  const out: DeliveryFailure[] = [];
  for (const group of groups) {
    const recipient = group.get('final-recipient')?.[0] ?? group.get('original-recipient')?.[0];
    if (recipient === undefined) continue;
    const status = /\d\.\d{1,3}\.\d{1,3}/.exec(group.get('status')?.[0] ?? '')?.[0] ?? '';
    const action = (group.get('action')?.[0] ?? 'failed').trim().toLowerCase().slice(0, 40);
    out.push({
      recipient: typed(recipient).toLowerCase().slice(0, 320),
      action,
      status,
      permanent: action === 'failed' && !status.startsWith('4'),
      diagnostic: typed(group.get('diagnostic-code')?.[0] ?? '').slice(0, 1_000),
      arrivalDate,
    });
  }
  return out;
}

/**
 * Bounces of software that writes no delivery status (qmail, old Exim, some appliances): recipients and status codes
 * from the words. Called only for messages already known to be bounces.
 */
export function readBounceWords(text: string): readonly DeliveryFailure[] {
  const head = text.slice(0, 16_384);
  const original = head.search(
    /^-{2,}\s?(?:Below this line|This is a copy|Original message|The following|Returned message)/im,
  );
  const said = original >= 0 ? head.slice(0, original) : head;
  const recipients = new Set<string>();
  for (const line of said.split('\n')) {
    const found = /^\s{0,8}<?([^\s<>"']{1,128}@[A-Za-z0-9.-]{1,190})>?\s?:?\s*(?:$|\S)/.exec(line.slice(0, 400));
    if (found !== null) recipients.add((found[1] as string).toLowerCase());
    if (recipients.size >= 50) break;
  }
  const code = /(?<![\d.])([45]\.\d{1,2}\.\d{1,2})(?!\.?\d)/.exec(said)?.[1] ?? '';
  const reply = /(?<!\d)([45])[0-5]\d[ -]/.exec(said)?.[1] ?? '';
  const temporary =
    code.startsWith('4') ||
    (code === '' && reply === '4') ||
    /\b(?:will (?:keep trying|be retried)|delayed|still trying|not yet been delivered)\b/i.test(said);
  return [...recipients].map((recipient) => ({
    recipient,
    action: temporary ? 'delayed' : 'failed',
    status: code,
    permanent: !temporary,
    diagnostic: (said.split('\n').find((line) => /(?<!\d)[45]\d\d[ -]/.test(line.slice(0, 400))) ?? '')
      .trim()
      .slice(0, 1_000),
    arrivalDate: null,
  }));
}

/** Reads a message/feedback-report body (RFC 5965 section 3). */
export function readFeedback(bytes: Uint8Array): Feedback {
  const merged = new Map<string, string[]>();
  for (const group of fieldGroups(bytes)) {
    for (const [name, values] of group) merged.set(name, [...(merged.get(name) ?? []), ...values]);
  }
  return { format: 'arf', type: (merged.get('feedback-type')?.[0] ?? '').toLowerCase(), fields: merged };
}

/** X-ARF: JSON (v0.2 and v4) or the YAML-like `Key: value` of v0.1. Null when the bytes are neither. */
export function readXArf(text: string): Feedback | null {
  const fields = new Map<string, readonly string[]>();
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(trimmed);
    } catch {
      return null;
    }
    flatten(parsed, '', fields, 0);
  } else {
    for (const line of trimmed.split('\n').slice(0, 2_000)) {
      const found = /^\s{0,8}(?:- )?([A-Za-z][A-Za-z0-9_-]{0,60}):\s{0,4}(.{0,2000})$/.exec(line.trimEnd());
      if (found !== null) {
        const name = (found[1] as string).toLowerCase();
        fields.set(name, [...(fields.get(name) ?? []), (found[2] as string).replace(/^["']|["']$/g, '')]);
      }
    }
  }
  const type =
    fields.get('report-type')?.[0] ??
    fields.get('reporttype')?.[0] ??
    fields.get('report.reporttype')?.[0] ??
    fields.get('type')?.[0] ??
    fields.get('category')?.[0];
  return fields.size === 0 || type === undefined ? null : { format: 'x-arf', type: type.toLowerCase(), fields };
}

const FLATTEN_DEPTH_MAX = 8;
const FLATTEN_FIELDS_MAX = 2_000;

function flatten(value: unknown, name: string, into: Map<string, readonly string[]>, depth: number): void {
  if (depth > FLATTEN_DEPTH_MAX || into.size > FLATTEN_FIELDS_MAX) return;
  if (Array.isArray(value)) for (const item of value) flatten(item, name, into, depth + 1);
  else if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) {
      flatten(inner, name === '' ? key.toLowerCase() : `${name}.${key.toLowerCase()}`, into, depth + 1);
    }
  } else if (value !== null && value !== undefined) into.set(name, [...(into.get(name) ?? []), String(value)]);
}

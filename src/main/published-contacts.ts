/**
 * The places in which the CA tells the world how to report, read and compared with what the desk hears. When a
 * difference was first seen is kept, because the CCADB's 14 days run from then and not from the last look.
 */
import { readFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  auditContacts,
  type ContactFinding,
  type Place,
  type Reading,
  readPlace,
} from '../assurance/contacts/index.ts';
import { Fault } from '../foundation/fault.ts';
import { htmlToText } from '../foundation/mail/html.ts';
import { at, type Instant } from '../foundation/time/time.ts';
import { type Fetch, getBytes } from '../stages/inventory/sources/http.ts';
import type { Config } from './config.ts';
import type { Desk } from './wiring.ts';

/** An address of the web, or a file on this machine. */
const where = z
  .string()
  .min(1)
  .refine((text) => !/^[a-z]+:/i.test(text) || /^https?:\/\//i.test(text), 'an address of the web, or a file');

export const publishedShape = z.strictObject({
  /** The practice statement as text or HTML; its sections 1.5.2 and 4.9.12 are read. */
  cps: where.nullable().default(null),
  /** The CCADB report “All Problem Reporting Mechanisms” as CSV. */
  ccadb: where.nullable().default(null),
  webPage: where.nullable().default(null),
  securityTxt: where.nullable().default(null),
  acmeDirectory: where.nullable().default(null),
  /** Further addresses that people read, without a test report of their own. */
  alsoRead: z.array(z.string()).default([]),
});

/** The CCADB's report has some hundred rows; a practice statement is a few megabytes at most. */
const bytesMax = 20_000_000;

export interface ContactAudit {
  readonly places: readonly Place[];
  readonly readings: readonly Reading[];
  readonly findings: readonly ContactFinding[];
}

export async function auditPublished(
  desk: Pick<Desk, 'pool' | 'canaries' | 'config'>,
  fetch: Fetch,
  now: Instant,
): Promise<ContactAudit> {
  const wanted = placesOf(desk.config);
  const readings = await Promise.all(wanted.map((w) => readOne(w.place, w.where, desk.config.ca.owner, fetch, now)));
  const health = await desk.canaries.health(now);
  const dead = health.filter(({ state }) => state === 'lost' || state === 'silent').map(({ path }) => path);
  const findings = auditContacts({
    readings,
    places: wanted.map((w) => w.place),
    monitored: monitoredBy(desk.config),
    deadAddresses: dead.map((path) => path.toLowerCase()),
    firstSeen: await firstSeen(desk.pool),
    now,
  });
  await keep(desk.pool, findings, now);
  return { places: wanted.map((w) => w.place), readings, findings };
}

function placesOf({ published }: Config): readonly { readonly place: Place; readonly where: string }[] {
  const all: readonly (readonly [Place, string | null])[] = [
    ['cps-1.5.2', published.cps],
    ['cps-4.9.12', published.cps],
    ['ccadb', published.ccadb],
    ['web-page', published.webPage],
    ['security-txt', published.securityTxt],
    ['acme-directory', published.acmeDirectory],
  ];
  return all.flatMap(([place, from]) => (from === null ? [] : [{ place, where: from }]));
}

/** Only an address through which a test report goes is known to be read. */
function monitoredBy(config: Config): readonly string[] {
  return [...config.canaries.map((canary) => canary.address), ...config.published.alsoRead].map((a) => a.toLowerCase());
}

async function readOne(place: Place, from: string, owner: string, fetch: Fetch, now: Instant): Promise<Reading> {
  try {
    const bytes = /^https?:/i.test(from) ? await getBytes(from, bytesMax, { fetch }) : await readFile(from);
    if (bytes.length > bytesMax) throw new Fault('place_too_large', `${from} is larger than 20 MB.`);
    const raw = Buffer.from(bytes).toString('utf8');
    const text = /<html|<!doctype/i.test(raw.slice(0, 2_000)) ? htmlToText(raw).text : raw;
    return readPlace({ place, url: from, text }, owner, now, csvRows);
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'it cannot be read';
    return { place, url: from, readAt: now, ok: false, problem };
  }
}

/** RFC 4180, whole: the database's report is small. */
export function csvRows(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',' || c === '\n') {
      rows.at(-1)?.push(cell.replace(/\r$/, ''));
      cell = '';
      if (c === '\n') rows.push([]);
    } else cell += c;
  }
  rows.at(-1)?.push(cell);
  return rows.filter((row) => row.length > 1 || row[0] !== '');
}

async function firstSeen(pool: Pool): Promise<ReadonlyMap<string, Instant>> {
  const { rows } = await pool.query<{ id: string; since: string }>(
    `select id, to_char(since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as since from watch.contact_finding`,
  );
  return new Map(rows.map((row) => [row.id, at(row.since)]));
}

/** What is no longer found is forgotten: should it come back, it is new. */
async function keep(pool: Pool, findings: readonly ContactFinding[], now: Instant): Promise<void> {
  const ids = findings.map((finding) => finding.id);
  await pool.query('delete from watch.contact_finding where not (id = any($1))', [ids]);
  await pool.query(
    `insert into watch.contact_finding (id, since, seen_at) select unnest($1::text[]), $2, $2
     on conflict (id) do update set seen_at = excluded.seen_at`,
    [ids, now.toString()],
  );
}

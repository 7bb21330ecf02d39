/**
 * Drills that arrive like real reports: mail through the published address, with a key made for it alone, so that
 * nothing can be revoked by it. How long recognising, routing, taking and deciding took is read from the case it became.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { DrillPlan, DrillRun } from '../assurance/drill/index.ts';
import type { Event } from '../desk/events.ts';
import type { Label, Team } from '../desk/facts.ts';
import { at, type Instant } from '../foundation/time/time.ts';
import { type EnclosedFile, type Messenger, messageIdOf } from '../stages/outreach/messenger.ts';

type DrillKind = DrillPlan['kind'];

/** What can be sent, with what it truly is. Two of them are no reports: crying wolf is a mistake as well. */
export const drillStories = {
  key: {
    label: 'key-compromise',
    subject: 'private key of a certificate of yours',
    text: 'Hello,\n\nI came across the enclosed private key in a public container image. It belongs to a TLS certificate. Please revoke it, and tell me when that is done.\n',
  },
  misuse: {
    label: 'misuse',
    subject: 'phishing under one of your certificates',
    text: 'Hi team,\n\nthe site https://login.drill-bank.example/ copies the log-in page of a bank and uses a certificate that you issued. People lose money tonight. Can you revoke it?\n',
  },
  invoice: {
    label: 'not-a-report',
    subject: 'Question about my invoice',
    text: 'Dear support,\n\nour invoice for the certificate renewal of last month shows the old company address. Could you send a corrected one? There is no hurry.\n',
  },
} as const satisfies Record<string, { label: Label; subject: string; text: string }>;
export type DrillStory = keyof typeof drillStories;

export interface StoredDrill {
  readonly drillId: string;
  readonly kind: DrillKind;
  readonly at: Instant;
  readonly by: string;
  readonly remark: string;
  readonly trueLabel: Label | null;
  readonly messageId: string | null;
}

/** Recorded first and then sent: one that could not be sent is not forgotten. */
export async function injectDrill(
  parts: { readonly pool: Pool; readonly messenger: Messenger; readonly mailDomain: string },
  wanted: { readonly story: DrillStory; readonly to: string; readonly by: string },
  now: Instant,
): Promise<{ readonly drillId: string; readonly sent: boolean; readonly problem: string | null }> {
  const { label, subject, text } = drillStories[wanted.story];
  const drillId = `drill-${randomUUID()}`;
  await keepDrill(parts.pool, {
    ...{ drillId, kind: 'report', at: now, by: wanted.by, remark: '', trueLabel: label },
    messageId: messageIdOf(drillId, parts.mailDomain),
  });
  const [outcome] = await parts.messenger.send([
    {
      ...{ letterId: drillId, to: wanted.to, subject, text, html: null, language: 'en', automatic: 'no' },
      ...{ inReplyTo: null, references: [], enclosed: wanted.story === 'key' ? [freshKey()] : [] },
    },
  ]);
  const problem = outcome === undefined || outcome.outcome === 'accepted' ? null : outcome.problem;
  return { drillId, sent: problem === null, problem };
}

/** A drill that people held by themselves: the mass-revocation plan, a hand-over, a round of calls. */
export async function keepDrill(pool: Pool, drill: StoredDrill): Promise<void> {
  await pool.query(
    `insert into watch.drill (drill_id, kind, at, by, remark, true_label, message_id) values ($1, $2, $3, $4, $5, $6, $7)`,
    [drill.drillId, drill.kind, drill.at.toString(), drill.by, drill.remark, drill.trueLabel, drill.messageId],
  );
}

export async function drillsHeld(pool: Pool): Promise<readonly StoredDrill[]> {
  const { rows } = await pool.query<Omit<StoredDrill, 'at'> & { at: string }>(
    `select drill_id as "drillId", kind, by, remark, true_label as "trueLabel", message_id as "messageId",
       to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
     from watch.drill order by at desc limit 1000`,
  );
  return rows.map((row) => ({ ...row, at: at(row.at) }));
}

/** What became of a drill. `events` are those of the case it became, oldest first; empty when it became none. */
export function drillRun(
  drill: StoredDrill,
  reportId: string | null,
  filedAt: Instant | null,
  events: readonly Event[],
): DrillRun {
  const of = (type: Event['type']) =>
    events.find((e) => e.type === type && (!('reportId' in e) || e.reportId === reportId));
  const proposed = of('TriageProposed');
  const routed = events.find((e) => e.type === 'CaseRouted');
  const taken = events.find((e) => e.type === 'HandOffTaken');
  const confirmed = of('TriageConfirmed');
  const dismissed = of('ReportDismissed');
  const decided = confirmed ?? dismissed;
  const team: Team = routed?.type === 'CaseRouted' ? routed.team : 'pki-support';
  return {
    ...{ drillId: drill.drillId, team, person: decided?.by ?? taken?.by ?? null, injectedAt: drill.at },
    trueLabel: drill.trueLabel ?? 'not-a-report',
    recognisedAt: proposed?.at ?? filedAt,
    routedAt: routed?.at ?? null,
    takenAt: taken?.at ?? null,
    decidedAt: decided?.at ?? filedAt,
    decidedLabel:
      confirmed?.type === 'TriageConfirmed'
        ? confirmed.label
        : dismissed !== undefined || filedAt !== null
          ? 'not-a-report'
          : null,
  };
}

function freshKey(): EnclosedFile {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const content = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { fileName: 'server.key', mediaType: 'application/x-pem-file', content };
}

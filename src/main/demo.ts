/** `rescind demo`: the incident of August 2024 through this desk, as a readable timeline, ending at a screen. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { sentenceOf } from '../api/present/sentences.ts';
import { loadCase } from '../app/change-case.ts';
import { eventFromJson } from '../app/event-json.ts';
import type { Log } from '../app/ports.ts';
import type { Case } from '../desk/case.ts';
import type { CaseId } from '../foundation/brand.ts';
import { hours, type Instant, rfc3339 } from '../foundation/time/time.ts';
import { ensureConsole } from './console-build.ts';
import { incidentMarkdown } from './port/incident.ts';
import { type Replay, runScenario } from './scenario/run.ts';
import { readScenario, type Scenario } from './scenario/schema.ts';
import { serveWeb } from './web.ts';

export const demoFaults = ['connector-down', 'wrong-key'] as const;
export type DemoFault = (typeof demoFaults)[number];

export interface DemoOptions {
  readonly exit: boolean;
  readonly json: boolean;
  readonly fault: DemoFault | null;
  readonly port: number;
  readonly log: Log;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly signal: AbortSignal;
}

interface DemoResult {
  readonly scenario: string;
  readonly clockStart: string | null;
  readonly due: string | null;
  readonly recognisedAt: string | null;
  readonly verifiedAt: string | null;
  readonly preliminaryReportAt: string | null;
  readonly revokedAt: string | null;
  readonly publishedAt: string | null;
  readonly late: boolean;
  readonly certificates: readonly {
    readonly serial: string;
    readonly crl: string;
    readonly ocsp: string;
    readonly reason: string | null;
  }[];
  readonly incidentReport: string | null;
  readonly console: string | null;
}

const scenarioFile = fileURLToPath(new URL('../../test/replays/emsign-2024-key-compromise.json', import.meta.url));
/** Zone in which the people of this story look at their watches. */
const localZone = 'Asia/Kolkata';

/** A CA that refuses for ever would be asked for thirty days; the story is told a day after the limit has passed. */
const downLongest = hours(48);

/** Returns the exit code: 1 when the case ended late. */
export async function demo(options: DemoOptions): Promise<number> {
  const scenario = await demoScenario(options.fault);
  const say = options.json ? options.err : options.out;
  say('A researcher mails four leaked private keys to the help desk of a CA. It is Saturday night.');
  say('Real SMTP, PostgreSQL, reading room, lab CA, CRL and OCSP; only the clock is virtual.\n');
  let result: DemoResult | null = null;
  const outcome = await runScenario(scenario, {
    log: options.log,
    ...(options.fault === 'connector-down' ? { longest: downLongest } : {}),
    before: async (replay) => {
      result = await look(replay, options, say);
    },
  });
  if (result === null) throw new Error('the demo ended without a result');
  const finished: DemoResult = { ...(result as DemoResult), late: outcome.late };
  if (options.json) options.out(JSON.stringify(finished));
  return finished.late ? 1 : 0;
}

async function demoScenario(fault: DemoFault | null): Promise<Scenario> {
  const json = JSON.parse(await readFile(scenarioFile, 'utf8')) as {
    fixtures: Record<string, unknown>[];
    events: Record<string, unknown>[];
  };
  if (fault === 'wrong-key') {
    // The fourth file claims to be the fourth certificate's key, and is another key's private part.
    json.fixtures = json.fixtures.map((f) =>
      f.ref === 'P4'
        ? { ref: 'P4', build: 'forged-key', claims: 'K4', variant: 'private-foreign', encoding: 'pkcs8-pem' }
        : f,
    );
    // Whoever telephones with the subscriber reads from the desk, and the desk speaks of three certificates.
    json.events = json.events.map(withoutSubject('C4'));
  }
  if (fault === 'connector-down') {
    const data = { fault: { component: 'revocation', mode: 'refuse' } };
    json.events = [
      {
        seq: 0,
        at: '2024-08-31T17:48:00Z',
        channel: 'ca-system',
        feed: true,
        text: 'The CA refuses every order.',
        data,
      },
      ...json.events,
    ];
  }
  const read = readScenario(json);
  if (!read.ok) throw new Error(read.problem);
  return read.scenario;
}

/** The first mail still names all four; what people later say about it names what was proven. */
function withoutSubject(ref: string): (event: Record<string, unknown>) => Record<string, unknown> {
  return (event) => {
    const data = event.data as { about?: unknown; subjects?: readonly string[] } | undefined;
    if (data?.about === undefined || data.subjects === undefined) return event;
    return { ...event, data: { ...data, subjects: data.subjects.filter((s) => s !== ref) } };
  };
}

async function look(replay: Replay, options: DemoOptions, say: (line: string) => void): Promise<DemoResult> {
  const { desk } = replay;
  const current = await mainCase(replay);
  await timeline(replay, current, say);
  const certificates = await certificateRows(replay, current);
  say('\n  serial      name                     CRL       OCSP      reason');
  for (const row of certificates)
    say(
      `  ${row.serial.padEnd(12)}${row.name.padEnd(25)}${row.crl.padEnd(10)}${row.ocsp.padEnd(10)}${row.reason ?? ''}`,
    );
  const matter = current.matters[0] ?? null;
  const report = current.reports[0] ?? null;
  if (matter?.dueAt != null && matter.publishedAt !== null)
    say(`\n  ${span(matter.publishedAt, matter.dueAt)} left to the deadline ${rfc3339(matter.dueAt)}.`);
  if (current.incidentAt !== null) say(`\n  The incident was opened at ${rfc3339(current.incidentAt)}.`);
  const events = (await desk.store.cases.load(current.caseId)).map((e) =>
    eventFromJson({ ...(e.data as Record<string, unknown>), type: e.type, at: e.at.toString(), by: e.by }),
  );
  const incidentReport = await incidentMarkdown(desk, current, events);
  const address = await showConsole(replay, options, say);
  const proven = await publishedOf(replay, current);
  return {
    scenario: replay.world.scenario.id,
    clockStart: text(matter?.startAt ?? report?.startAt ?? null),
    due: text(matter?.dueAt ?? null),
    recognisedAt: text(events.find((e) => e.type === 'TriageConfirmed')?.at ?? null),
    verifiedAt: text(report?.verdictAt ?? null),
    preliminaryReportAt: text(report?.preliminaryAt ?? null),
    revokedAt: text(proven.acceptedAt),
    publishedAt: text(proven.publishedAt),
    late: false,
    certificates: certificates.map(({ serial, crl, ocsp, reason }) => ({ serial, crl, ocsp, reason })),
    incidentReport,
    console: address,
  };
}

async function mainCase(replay: Replay): Promise<Case> {
  const reportId = replay.doors.reportOf('1');
  const caseId = reportId === null ? null : await replay.desk.readings.caseOf([reportId]);
  const current = caseId === null ? null : await loadCase(replay.desk.parts.cases, caseId as CaseId);
  if (current === null) throw new Error('the report of the demo opened no case');
  return current;
}

async function timeline(replay: Replay, current: Case, say: (line: string) => void): Promise<void> {
  say('  local time         UTC                what happened');
  for (const stored of await replay.desk.store.cases.load(current.caseId)) {
    const event = eventFromJson({
      ...(stored.data as Record<string, unknown>),
      type: stored.type,
      at: stored.at.toString(),
      by: stored.by,
    });
    const local = event.at.toZonedDateTimeISO(localZone);
    say(
      `  ${local.toPlainDateTime().toString({ smallestUnit: 'minute' }).replace('T', ' ')}   ${rfc3339(event.at).slice(0, 16).replace('T', ' ')}   ${sentenceOf(event)}`,
    );
  }
}

/** Status as the probes read it over HTTP; what no probe has seen yet is asked now. */
async function certificateRows(
  replay: Replay,
  current: Case,
): Promise<readonly { serial: string; name: string; crl: string; ocsp: string; reason: string | null }[]> {
  const { desk, world } = replay;
  const all = [...world.certificates.values()].filter((c) => !c.ref.includes('~'));
  await desk.lookAtNow(
    all.map((c) => c.fingerprint),
    current.matters[0]?.reason ?? 'keyCompromise',
  );
  const probes = new Map((await desk.readings.probes(all.map((c) => c.fingerprint))).map((p) => [p.fingerprint, p]));
  return all.map((c) => {
    const probe = probes.get(c.fingerprint);
    return {
      serial: c.serial,
      name: c.names[0] ?? '',
      crl: probe?.crl ?? 'unknown',
      ocsp: probe?.ocsp ?? 'unknown',
      reason: probe?.reason ?? null,
    };
  });
}

async function publishedOf(
  replay: Replay,
  current: Case,
): Promise<{ acceptedAt: Instant | null; publishedAt: Instant | null }> {
  const matter = current.matters.find((m) => m.published > 0);
  if (matter === undefined) return { acceptedAt: null, publishedAt: null };
  const rows = await replay.desk.parts.sets.page(matter.set.setId, null, 100);
  const last = (pick: (row: (typeof rows)[number]) => Instant | null): Instant | null =>
    rows
      .flatMap((r) => pick(r) ?? [])
      .sort(Temporal.Instant.compare)
      .at(-1) ?? null;
  return { acceptedAt: last((r) => r.acceptedAt), publishedAt: last((r) => r.publishedAt) };
}

/** The console over the finished case. Kept open until Ctrl-C unless `--exit`. */
async function showConsole(replay: Replay, options: DemoOptions, say: (line: string) => void): Promise<string | null> {
  if (!options.exit) await ensureConsole(options.err);
  const web = await serveWeb(replay.desk, {
    host: '127.0.0.1',
    port: options.exit ? 0 : options.port,
    virtualTime: true,
  });
  try {
    if (options.exit) return web.url;
    say(`\n  Look at it: ${web.url}   (Ctrl-C ends the demo)`);
    if (!options.signal.aborted)
      await new Promise<void>((resolve) => options.signal.addEventListener('abort', () => resolve()));
    return web.url;
  } finally {
    await web.close();
  }
}

function span(from: Instant, to: Instant): string {
  const { hours, minutes } = to.since(from).round({ largestUnit: 'hours', smallestUnit: 'minutes' });
  return `${hours} h ${minutes} min`;
}

function text(instant: Instant | null): string | null {
  return instant === null ? null : rfc3339(instant);
}

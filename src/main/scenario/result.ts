/**
 * The result of a replay, read from the desk and from what relying parties saw; nothing in here knows what was
 * expected. Field by field as SCHEMA.md, "The result a runner prints".
 */
import { loadCase } from '../../app/change-case.ts';
import { type Case, isOpened, type Matter } from '../../desk/case.ts';
import { type EvidenceItem, reasonCodes, type Verdict, verdicts } from '../../desk/facts.ts';
import type { CaseId, Fingerprint } from '../../foundation/brand.ts';
import { keyHashes } from '../../foundation/pki/spki.ts';
import { hasCome, type Instant, isBefore, latest, rfc3339 } from '../../foundation/time/time.ts';
import type { Replay } from './run.ts';
import type { Fixture } from './schema.ts';
import type { WorldCertificate } from './world.ts';

export interface ResultItem {
  readonly ref: string;
  readonly verdict: Verdict | null;
  readonly clockStart: string | null;
  readonly due: string | null;
  readonly publishedAt: string | null;
  readonly revoked: boolean | 'part' | null;
}

export interface ScenarioResult {
  readonly id: string;
  readonly classification: string | null;
  readonly clockStart: string | null;
  readonly due: string | null;
  readonly deadlineHours: number | null;
  readonly routedAt: string | null;
  readonly acknowledgedAt: string | null;
  readonly preliminaryReportAt: string | null;
  readonly verdictAt: string | null;
  readonly revokedAt: string | null;
  readonly publishedAt: string | null;
  readonly late: boolean;
  readonly revoked: readonly string[];
  readonly revokedCount: number;
  readonly heldCount: number;
  readonly reasonCode: number | null;
  readonly cases: number;
  readonly blockedKeys: readonly string[];
  readonly items: readonly ResultItem[];
  readonly scaled: { readonly from: number; readonly to: number } | null;
  readonly alarmAt: string | null;
  readonly acknowledgeLanguage: string | null;
  readonly preliminaryReportTo: readonly string[];
}

/** One certificate of one matter, with what became of it. */
interface Row {
  readonly fingerprint: Fingerprint;
  readonly matter: Matter;
  readonly current: Case;
  readonly acceptedAt: Instant | null;
  readonly publishedAt: Instant | null;
}

interface Facts {
  readonly cases: readonly Case[];
  readonly rows: ReadonlyMap<Fingerprint, readonly Row[]>;
  readonly items: readonly EvidenceItem[];
}

export async function resultOf(replay: Replay): Promise<ScenarioResult> {
  const facts = await factsOf(replay);
  const leading = leadingOf(facts);
  const report =
    leading.current?.reports.find((r) => r.reportId === leading.matter?.reportId) ??
    leading.current?.reports[0] ??
    null;
  const { matter, current } = leading;
  const startAt = matter?.startAt ?? report?.startAt ?? null;
  const dueAt = matter?.dueAt ?? null;
  const own = matter === null ? [] : [...facts.rows.values()].flat().filter((r) => sameClock(r.matter, matter));
  const held = heldAtDue(matter, dueAt);
  const done = own.filter(
    (r) => dueAt === null || held === 0 || r.acceptedAt === null || !isBefore(dueAt, r.acceptedAt),
  );
  const published = [...facts.rows]
    .filter(([, rows]) => rows.some((r) => r.publishedAt !== null))
    .map(([fingerprint]) => fingerprint);
  const probe =
    own[0] === undefined
      ? undefined
      : (await replay.desk.readings.probes(own.slice(0, 1).map((r) => r.fingerprint)))[0];
  const first = current?.reports[0] ?? null;
  return {
    id: replay.world.scenario.id,
    classification: matter?.label === undefined ? (report?.label ?? null) : labelShown(current, matter),
    clockStart: text(startAt),
    due: text(dueAt),
    deadlineHours: dueAt === null || startAt === null ? null : Math.round(dueAt.since(startAt).total('hours')),
    routedAt: text(current === null ? null : (replay.pagedAt.get(current.caseId) ?? null)),
    acknowledgedAt: text(first?.acknowledgedAt ?? null),
    preliminaryReportAt: text(first?.preliminaryAt ?? null),
    verdictAt: text(first?.verdictAt ?? null),
    revokedAt: text(latestOf(await recordedAt(replay, done))),
    publishedAt: text(latestOf(done.map((r) => r.publishedAt))),
    late: isLate(facts, replay),
    revoked: published.flatMap((f) => singleRef(replay, f)).sort(),
    revokedCount: published.length,
    heldCount: held,
    reasonCode:
      probe?.crl === 'revoked'
        ? probe.reason === null || probe.reason === 'unspecified'
          ? null
          : reasonCodes[probe.reason as keyof typeof reasonCodes]
        : null,
    cases: facts.cases.filter(wasOpened).length,
    blockedKeys: await blockedKeys(replay),
    items: itemsOf(replay, facts),
    scaled: replay.world.scaled,
    alarmAt: text(replay.alarmAt),
    acknowledgeLanguage: first?.acknowledgedAt == null ? null : first.reporter.language,
    preliminaryReportTo: [
      ...(first?.preliminaryAt == null ? [] : ['reporter']),
      ...(current?.matters.some((m) => m.subscriberPreliminaryAt !== null && m.subscriberToldAt !== null)
        ? ['subscriber']
        : []),
    ],
  };
}

/**
 * When the CA recorded each revocation: its own record, not its answer, since a worker that takes orders and does nothing
 * answers as one that revokes. A reason that was raised keeps its old date there; then it is the answer to our order.
 */
async function recordedAt({ ca, world }: Replay, rows: readonly Row[]): Promise<(Instant | null)[]> {
  const instants: (Instant | null)[] = [];
  for (const { fingerprint, acceptedAt } of rows) {
    const serial = world.byFingerprint(fingerprint)?.serial;
    const record = acceptedAt === null || serial === undefined ? null : await ca.revocations.look(serial);
    const revokedAt = record?.revocation?.revokedAt ?? null;
    instants.push(acceptedAt === null || revokedAt === null ? null : latest(acceptedAt, revokedAt));
  }
  return instants;
}

async function factsOf(replay: Replay): Promise<Facts> {
  const { desk } = replay;
  const cases: Case[] = [];
  for (let after: Awaited<ReturnType<typeof desk.store.cases.summaries>>[number] | undefined; ; ) {
    const page = await desk.store.cases.summaries({ limit: 500, ...(after === undefined ? {} : { after }) });
    for (const { caseId } of page) {
      const current = await loadCase(desk.parts.cases, caseId as CaseId);
      if (current !== null) cases.push(current);
    }
    after = page.at(-1);
    if (page.length < 500) break;
  }
  cases.sort((a, b) => Temporal.Instant.compare(a.receivedAt, b.receivedAt) || (startOf(a) < startOf(b) ? -1 : 1));
  const rows = new Map<Fingerprint, Row[]>();
  for (const current of cases) {
    for (const matter of current.matters) {
      for (let after: string | null = null; ; ) {
        const page = await desk.parts.sets.page(matter.set.setId, after, 5_000);
        for (const { fingerprint, acceptedAt, publishedAt } of page)
          rows.set(fingerprint, [
            ...(rows.get(fingerprint) ?? []),
            { fingerprint, matter, current, acceptedAt, publishedAt },
          ]);
        after = page.at(-1)?.fingerprint ?? null;
        if (after === null || page.length < 5_000) break;
      }
    }
  }
  return { cases, rows, items: cases.flatMap((c) => c.reports.flatMap((r) => r.evidence)) };
}

function startOf(current: Case): string {
  return current.reports[0]?.startAt.toString() ?? '';
}

/** The case and matter with the earliest clock under which something was revoked; if nothing was, those of the first case. */
function leadingOf({ cases }: Facts): { readonly current: Case | null; readonly matter: Matter | null } {
  const all = cases.flatMap((current) => current.matters.map((matter) => ({ current, matter })));
  const revoked = all.filter(({ matter }) => matter.published > 0);
  const [earliest] = revoked.sort(
    (a, b) => Temporal.Instant.compare(a.matter.startAt, b.matter.startAt) || dueOrder(a.matter, b.matter),
  );
  if (earliest !== undefined) return earliest;
  const first = cases.find(wasOpened) ?? cases[0] ?? null;
  const [matter = null] = [...(first?.matters ?? [])].sort(dueOrder);
  return { current: first, matter };
}

function dueOrder(a: Matter, b: Matter): number {
  return (
    (a.dueAt?.epochMilliseconds ?? Number.POSITIVE_INFINITY) - (b.dueAt?.epochMilliseconds ?? Number.POSITIVE_INFINITY)
  );
}

function sameClock(a: Matter, b: Matter): boolean {
  return a.startAt.equals(b.startAt) && dueOrder(a, b) === 0;
}

/** What the case is called: the confirmed label of the report behind the matter, or what proof made of it. */
function labelShown(current: Case | null, matter: Matter): string {
  const report = current?.reports.find((r) => r.reportId === matter.reportId);
  return report?.confirmed === true && report.label !== null ? report.label : matter.label;
}

function wasOpened(current: Case): boolean {
  return isOpened(current) || current.reports.some((r) => r.confirmed) || current.matters.length > 0;
}

function heldAtDue(matter: Matter | null, dueAt: Instant | null): number {
  if (matter === null || dueAt === null) return 0;
  return matter.holds.reduce(
    (sum, h) => sum + (h.releasedAt === null || isBefore(dueAt, h.releasedAt) ? h.count : 0),
    0,
  );
}

/** A duty missed that could still be met when the desk first knew; court holds and limits past before do not count. */
function isLate({ cases, rows }: Facts, replay: Replay): boolean {
  const firstInput = replay.items[0]?.at ?? null;
  const couldMeet = (dueAt: Instant): boolean => firstInput === null || !isBefore(dueAt, firstInput);
  for (const current of cases) {
    if (
      current.reports.some(
        (r) => r.preliminaryMissed && r.dismissed === null && couldMeet(r.startAt.add({ hours: 24 })),
      )
    )
      return true;
  }
  for (const list of rows.values()) {
    for (const { matter, publishedAt } of list) {
      const { dueAt } = matter;
      if (dueAt === null || matter.basis === 'claim' || matter.closed !== null || !couldMeet(dueAt)) continue;
      const missed = publishedAt === null ? hasCome(dueAt, replay.time.now()) : isBefore(dueAt, publishedAt);
      if (missed && heldAtDue(matter, dueAt) === 0) return true;
    }
  }
  for (const current of cases) {
    for (const matter of current.matters) {
      const held = heldAtDue(matter, matter.dueAt);
      if (held === 0 || matter.dueAt === null) continue;
      const own = [...rows.values()].flat().filter((r) => r.matter.matterId === matter.matterId);
      const after = own.filter((r) => r.publishedAt === null || isBefore(matter.dueAt!, r.publishedAt)).length;
      if (after > held) return true;
    }
  }
  return false;
}

function singleRef(replay: Replay, fingerprint: Fingerprint): string[] {
  const certificate = replay.world.byFingerprint(fingerprint);
  // `~` marks what the runner added by itself (the second certificate of a shared prime): the file has no name for it.
  const single = certificate !== undefined && replay.world.certificates.has(certificate.ref);
  return single && !certificate.ref.includes('~') ? [certificate.ref] : [];
}

async function blockedKeys(replay: Replay): Promise<string[]> {
  const names = replay.world.keyNames.filter((n) => !n.includes('~'));
  const blocked: string[] = [];
  for (const name of names)
    if (await replay.desk.isBlocked(keyHashes(replay.world.key(name).spki).canonical)) blocked.push(name);
  return blocked.sort();
}

function itemsOf(replay: Replay, facts: Facts): ResultItem[] {
  const { world } = replay;
  const items: ResultItem[] = [];
  const named = namedFingerprints(facts);
  for (const certificate of world.certificates.values()) {
    if (
      facts.rows.has(certificate.fingerprint) ||
      named.has(certificate.fingerprint) ||
      sharesKey(world.certificates, certificate, facts, named)
    ) {
      if (!certificate.ref.includes('~')) items.push(certificateItem(certificate, facts));
    }
  }
  for (const population of world.populations.values()) {
    if (!population.members.some((m) => facts.rows.has(m.fingerprint))) continue;
    items.push(groupItem(population.ref, population.members, facts));
    for (const tag of population.tags.keys())
      items.push(groupItem(`${population.ref}#${tag}`, world.select(`${population.ref}#${tag}`), facts));
  }
  for (const item of replay.items.filter((i) => i.name.includes('/'))) {
    items.push(
      groupItem(
        item.name,
        item.data.subjects.flatMap((ref) => world.select(ref)),
        facts,
      ),
    );
  }
  for (const fixture of world.scenario.fixtures) {
    const item = evidenceItem(replay, fixture, facts);
    if (item !== null) items.push(item);
  }
  return items;
}

function namedFingerprints(facts: Facts): ReadonlySet<Fingerprint> {
  return new Set(facts.items.flatMap((i) => [...i.matches, ...i.refutedFor]));
}

function sharesKey(
  all: ReadonlyMap<string, WorldCertificate>,
  certificate: WorldCertificate,
  facts: Facts,
  named: ReadonlySet<Fingerprint>,
): boolean {
  return [...all.values()].some(
    (other) => other.key === certificate.key && (facts.rows.has(other.fingerprint) || named.has(other.fingerprint)),
  );
}

function certificateItem(certificate: WorldCertificate, facts: Facts): ResultItem {
  const rows = facts.rows.get(certificate.fingerprint) ?? [];
  const earliest = earliestRow(rows);
  const publishedAt = latestOf(rows.map((r) => r.publishedAt));
  return {
    ref: certificate.ref,
    verdict: verdictOf(certificate, rows, facts),
    clockStart: text(earliest?.matter.startAt ?? null),
    due: text(earliest?.matter.dueAt ?? null),
    publishedAt: text(publishedAt),
    revoked: publishedAt !== null,
  };
}

/** The clock that runs for a certificate: a claim that a person closed with a reason has none, unless it is all there is. */
function earliestRow(rows: readonly Row[]): Row | undefined {
  const live = rows.filter((r) => r.matter.closed === null);
  return [...(live.length > 0 ? live : rows)].sort((a, b) => dueOrder(a.matter, b.matter))[0];
}

function verdictOf(certificate: WorldCertificate, rows: readonly Row[], facts: Facts): Verdict | null {
  const own = facts.items
    .filter((i) => i.matches.includes(certificate.fingerprint) || i.refutedFor.includes(certificate.fingerprint))
    .map((i) => i.verdict);
  return strongest([...own, ...rows.flatMap((r) => r.matter.verdict ?? [])]);
}

function strongest(found: readonly Verdict[]): Verdict | null {
  return verdicts.find((v) => v !== 'clean' && found.includes(v)) ?? null;
}

function groupItem(ref: string, members: readonly WorldCertificate[], facts: Facts): ResultItem {
  const rows = members.flatMap((m) => facts.rows.get(m.fingerprint) ?? []);
  const earliest = earliestRow(rows);
  const published = members.filter(
    (m) => facts.rows.get(m.fingerprint)?.some((r) => r.publishedAt !== null) === true,
  ).length;
  const verdictsFound = new Set(
    members.slice(0, 5_000).map((m) => verdictOf(m, facts.rows.get(m.fingerprint) ?? [], facts)),
  );
  const dueAt = earliest?.matter.dueAt ?? null;
  const held = heldAtDue(earliest?.matter ?? null, dueAt);
  const counted =
    held === 0 || dueAt === null ? rows : rows.filter((r) => r.publishedAt === null || !isBefore(dueAt, r.publishedAt));
  return {
    ref,
    verdict: verdictsFound.size === 1 ? [...verdictsFound][0]! : null,
    clockStart: text(earliest?.matter.startAt ?? null),
    due: text(dueAt),
    publishedAt: text(latestOf((counted.length > 0 ? counted : rows).map((r) => r.publishedAt))),
    revoked: members.length === 0 ? null : published === members.length ? true : published === 0 ? false : 'part',
  };
}

const evidenceBuilds: readonly Fixture['build'][] = ['private-key', 'encrypted-key', 'forged-key', 'csr', 'statement'];

/** A piece of evidence that was submitted: its own verdict, found again by the key it is about and what it is. */
function evidenceItem(replay: Replay, fixture: Fixture, facts: Facts): ResultItem | null {
  if (!evidenceBuilds.includes(fixture.build)) return null;
  const name = fixture.build === 'forged-key' ? fixture.claims : 'key' in fixture ? fixture.key : '';
  const population = replay.world.populations.has(name);
  const keys = population ? replay.world.select(name).map((m) => m.key) : [name];
  const hashes = new Set<string>(keys.slice(0, 5_000).map((k) => keyHashes(replay.world.key(k).spki).canonical));
  const own = facts.items.filter(
    (i) => i.spkiSha256 !== null && hashes.has(i.spkiSha256) && formOf(fixture.build, i.form),
  );
  if (own.length === 0 && fixture.build === 'forged-key') {
    // A forged exponent makes another public key of the file; what it claims is known by the victim's certificates.
    const victims = [...replay.world.certificates.values()].filter((c) => c.key === name).map((c) => c.fingerprint);
    own.push(...facts.items.filter((i) => i.verdict === 'refuted' && victims.some((v) => i.refutedFor.includes(v))));
  }
  if (own.length === 0) return null;
  const refuted = own.filter((i) => i.verdict === 'refuted');
  const chosen =
    fixture.build === 'forged-key' && refuted.length > 0 ? refuted : own.filter((i) => i.verdict !== 'refuted');
  return {
    ref: fixture.ref,
    verdict: strongest((chosen.length > 0 ? chosen : own).map((i) => i.verdict)),
    clockStart: null,
    due: null,
    publishedAt: null,
    revoked: null,
  };
}

function formOf(build: Fixture['build'], form: string): boolean {
  if (build === 'csr') return form.includes('csr');
  if (build === 'statement') return form.includes('statement');
  return form.includes('key');
}

function latestOf(instants: readonly (Instant | null)[]): Instant | null {
  return instants.reduce<Instant | null>(
    (max, i) => (i !== null && (max === null || isBefore(max, i)) ? i : max),
    null,
  );
}

function text(instant: Instant | null): string | null {
  return instant === null ? null : rfc3339(instant);
}

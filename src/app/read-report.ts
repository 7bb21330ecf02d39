/**
 * From stored bytes to a case: open in the reading room, recognise, look up, prove, say which certificates are
 * concerned and on what ground. Runs for every message of every source, before any queue is chosen.
 */
import { createHash } from 'node:crypto';
import type { Case } from '../desk/case.ts';
import type { MatterFacts, Reporter, ReportFacts } from '../desk/events.ts';
import type { CertificateFacts, EvidenceItem, Triage } from '../desk/facts.ts';
import { type Authority, type Group, identify } from '../desk/identify.ts';
import type { CaseId, Fingerprint } from '../foundation/brand.ts';
import { earliest, type Instant } from '../foundation/time/time.ts';
import { certificateSet } from './certificate-set.ts';
import { changeCase, loadCase } from './change-case.ts';
import type { CertificateSets, CoreParts, SetPlace } from './ports.ts';

/** What was read of one message, before anybody decides. */
export interface ReadReport {
  readonly report: ReportFacts;
  readonly triage: Triage;
  readonly evidence: readonly EvidenceItem[];
  readonly named: readonly CertificateFacts[];
  readonly byKey: readonly CertificateFacts[];
  readonly authority?: Authority | null;
  /** Addresses to look at, or null. */
  readonly awaiting: string | null;
  /** The case this message belongs to by thread, or null. */
  readonly thread: CaseId | null;
}

/** Opens a case for the report or joins it to the one that is about the same thing. Returns the case. */
export async function fileReport(parts: CoreParts, read: ReadReport): Promise<Case> {
  const now = parts.time.now();
  const scope = scopeOf(parts, read, now);
  const concerned = scope.flatMap((g) => g.certificates.map((c) => c.fingerprint));
  const overlap = await overlapOf(parts, concerned);
  const tested = await testedBefore(parts, read, scope);
  const joins = joinOf(read, overlap) ?? tested.joins;
  // A plea about certificates of a case alleges nothing new; it is answered, and the case goes on.
  const groups = joins !== null && isPlea(read.report.asksFor) ? [] : tested.groups;
  // Made from the report's id: reading a receipt again after a crash finds its own case and opens no second one.
  const caseId = joins?.caseId ?? (`case-${read.report.reportId}` as CaseId);
  const before = await loadCase(parts.cases, caseId);
  if (before?.reports.some((r) => r.reportId === read.report.reportId)) return before;
  const drafts = await newMatters(parts, caseId, read.report, groups, overlap, now);
  const because = joins?.because ?? (before === null ? null : 'It was read before.');
  const result = await changeCase(
    parts,
    caseId,
    (current) => ({
      do: 'receive',
      report: read.report,
      triage: listedOnly(read.triage),
      evidence: read.evidence,
      awaiting: read.awaiting,
      matters: drafts,
      touches: touchedBy(current, overlap, caseId),
      joins: because,
    }),
    { now, by: actorOf(read.report.reporter), known: before },
  );
  if ('refused' in result) throw new Error(`a report was refused: ${result.code}`);
  await parts.refutations.noteRefuted(
    caseId,
    read.evidence.flatMap((e) => e.refutedFor),
  );
  return result;
}

/** Identifiers an event spells out; the certificates themselves are in the frozen set. */
const artifactsMax = 200;

function listedOnly(triage: Triage): Triage {
  const cut = <T>(list: readonly T[]): readonly T[] => list.slice(0, artifactsMax);
  const a = triage.artifacts;
  return {
    ...triage,
    because: triage.because.slice(0, 50),
    artifacts: {
      ...a,
      fingerprintsSha256: cut(a.fingerprintsSha256),
      serials: cut(a.serials),
      crtshIds: cut(a.crtshIds),
      spkiSha256: cut(a.spkiSha256),
      domains: cut(a.domains),
      urls: cut(a.urls),
      derivedFingerprintsSha256: cut(a.derivedFingerprintsSha256),
      derivedSerials: cut(a.derivedSerials),
    },
  };
}

export function actorOf(reporter: Reporter): string {
  if (reporter.subscriber !== null) return `subscriber:${reporter.subscriber}`;
  return reporter.kind === 'staff' ? `person:${reporter.address ?? 'staff'}` : 'reporter';
}

export function scopeOf(parts: Pick<CoreParts, 'policy'>, read: ReadReport, now: Instant): readonly Group[] {
  const { triage, evidence, named, byKey, report } = read;
  if (triage.label === 'not-a-report' && !evidence.some((e) => e.matches.length > 0)) return [];
  return identify(
    {
      label: triage.label,
      trigger: triage.trigger,
      hoursAtMost: triage.deadlineHours,
      reporter: report.reporter,
      asksFor: report.asksFor,
      evidence,
      named,
      byKey,
      authority: read.authority ?? null,
      now,
    },
    parts.policy.chooseRule,
  );
}

/** The same for a report whose case exists already: evidence that was fetched later, a label that a person confirmed. */
export async function newMattersFor(
  parts: CoreParts,
  current: Case,
  report: Pick<ReportFacts, 'reportId' | 'marks'>,
  groups: readonly Group[],
  now: Instant,
): Promise<{ readonly matters: readonly MatterFacts[]; readonly touches: readonly string[] }> {
  const overlap = await overlapOf(
    parts,
    groups.flatMap((g) => g.certificates.map((c) => c.fingerprint)),
  );
  const matters = await newMatters(parts, current.caseId, report, groups, overlap, now);
  return { matters, touches: touchedBy(current, overlap, current.caseId) };
}

/**
 * Talk about a key that was tested and failed proves nothing new: it joins the case that tested it. Only new proof makes a
 * matter of such a certificate (FM17).
 */
async function testedBefore(
  parts: CoreParts,
  read: ReadReport,
  scope: readonly Group[],
): Promise<{
  readonly groups: readonly Group[];
  readonly joins: { readonly caseId: CaseId; readonly because: string } | null;
}> {
  if (read.triage.label !== 'key-compromise' && read.triage.label !== 'weak-key') return { groups: scope, joins: null };
  if (read.report.asksFor === 'revoke') return { groups: scope, joins: null };
  const talk = scope.filter((g) => g.basis === 'claim' || g.basis === 'records');
  const refuted = await parts.refutations.refuted(talk.flatMap((g) => g.certificates.map((c) => c.fingerprint)));
  const [first] = refuted;
  if (first === undefined) return { groups: scope, joins: null };
  const tested = new Set(refuted.map((r) => r.fingerprint));
  const groups = scope
    .map((g) =>
      talk.includes(g) ? { ...g, certificates: g.certificates.filter((c) => !tested.has(c.fingerprint)) } : g,
    )
    .filter((g) => g.certificates.length > 0);
  return {
    groups,
    joins: { caseId: first.caseId, because: 'It speaks of a key that this case has tested and refuted.' },
  };
}

function isPlea(asksFor: string | null): boolean {
  return asksFor === 'more-time' || asksFor === 'hold' || asksFor === 'no-action';
}

interface Overlap {
  /** Open sets in which certificates of this report already are. */
  readonly bySet: ReadonlyMap<string, { readonly caseId: CaseId; readonly fingerprints: ReadonlySet<Fingerprint> }>;
}

/** More fingerprints than this are not compared one by one: a mass list is its own case unless threaded. */
const overlapMax = 100_000;

async function overlapOf(parts: CoreParts, fingerprints: readonly Fingerprint[]): Promise<Overlap> {
  const all = fingerprints.length === 0 ? [] : await parts.sets.places(fingerprints.slice(0, overlapMax));
  const places = await ofExistingCases(parts, all);
  const bySet = new Map<string, { caseId: CaseId; fingerprints: Set<Fingerprint> }>();
  for (const { setId, caseId, fingerprint } of places) {
    const entry = bySet.get(setId) ?? { caseId, fingerprints: new Set<Fingerprint>() };
    entry.fingerprints.add(fingerprint);
    bySet.set(setId, entry);
  }
  return { bySet };
}

/** A set whose case was never opened is the rest of an attempt that died; the same reading makes it again. */
async function ofExistingCases(parts: CoreParts, places: readonly SetPlace[]): Promise<readonly SetPlace[]> {
  const exists = new Map<CaseId, boolean>();
  for (const caseId of new Set(places.map((p) => p.caseId)))
    exists.set(caseId, (await loadCase(parts.cases, caseId)) !== null);
  return places.filter((p) => exists.get(p.caseId) === true);
}

/** Evidence beats the thread: a hijacked thread about other certificates is another case (intake-and-cases b.3, 29). */
function joinOf(read: ReadReport, overlap: Overlap): { readonly caseId: CaseId; readonly because: string } | null {
  const cases = new Set([...overlap.bySet.values()].map((p) => p.caseId));
  if (read.thread !== null && cases.has(read.thread))
    return { caseId: read.thread, because: 'It answers this case and names the same certificates.' };
  const [first] = cases;
  if (first !== undefined) return { caseId: first, because: 'It is about certificates of this case.' };
  const nothingNew = read.named.length === 0 && read.byKey.length === 0 && read.evidence.length === 0;
  if (read.thread !== null && nothingNew) return { caseId: read.thread, because: 'It answers a letter of this case.' };
  return null;
}

function touchedBy(current: Case | null, overlap: Overlap, caseId: CaseId): string[] {
  if (current === null) return [];
  const sets = [...overlap.bySet].filter(([, place]) => place.caseId === caseId).map(([setId]) => setId);
  return current.matters.filter((m) => m.closed === null && sets.includes(m.set.setId)).map((m) => m.matterId);
}

/**
 * A matter for what is new: certificates that no open matter covers, and certificates whose open matter is only a claim
 * while this report proves. The proof of an open claim keeps the claim's earlier start (never later, promise 2).
 */
async function newMatters(
  parts: CoreParts,
  caseId: CaseId,
  report: Pick<ReportFacts, 'reportId' | 'marks'>,
  groups: readonly Group[],
  overlap: Overlap,
  now: Instant,
): Promise<MatterFacts[]> {
  const open = await openMatters(parts, overlap);
  const startAt = startOf(report);
  const matters: MatterFacts[] = [];
  for (const group of groups) {
    const fresh = group.certificates.filter(
      (c) => !open.some((o) => o.fingerprints.has(c.fingerprint) && !improves(group, o)),
    );
    if (fresh.length === 0) continue;
    const covered = open.filter((o) => fresh.some((c) => o.fingerprints.has(c.fingerprint)));
    const start = earliest(startAt, ...covered.map((o) => o.startAt));
    matters.push(
      await createMatter(parts.sets, { caseId, report, group: { ...group, certificates: fresh }, startAt: start, now }),
    );
  }
  return matters;
}

interface OpenMatter {
  readonly basis: string;
  readonly startAt: Instant;
  readonly fingerprints: ReadonlySet<Fingerprint>;
}

async function openMatters(parts: CoreParts, overlap: Overlap): Promise<OpenMatter[]> {
  const open: OpenMatter[] = [];
  const cases = new Map<CaseId, Case | null>();
  for (const [setId, place] of overlap.bySet) {
    if (!cases.has(place.caseId)) cases.set(place.caseId, await loadCase(parts.cases, place.caseId));
    const matter = cases.get(place.caseId)?.matters.find((m) => m.set.setId === setId);
    if (matter !== undefined && matter.closed === null)
      open.push({ basis: matter.basis, startAt: matter.startAt, fingerprints: place.fingerprints });
  }
  return open;
}

/** Authority beats none, and proof beats everything. */
function improves(group: Group, open: OpenMatter): boolean {
  const rank = { proof: 3, 'root-program': 2, subscriber: 2, records: 1, claim: 0 } as const;
  return rank[group.basis] > rank[open.basis as keyof typeof rank];
}

export async function createMatter(
  sets: CertificateSets,
  input: {
    readonly caseId: CaseId;
    readonly report: Pick<ReportFacts, 'reportId'>;
    readonly group: Group;
    readonly startAt: Instant;
    readonly now: Instant;
  },
): Promise<MatterFacts> {
  const { caseId, report, group, startAt } = input;
  const set = certificateSet(group.certificates);
  const matterId = `m-${createHash('sha256').update(`${report.reportId}|${group.basis}|${group.rule.id}|${group.reason}|${set.digest}`).digest('hex').slice(0, 16)}`;
  const setId = `${caseId}/${matterId}`;
  await sets.create(setId, caseId, group.certificates);
  return {
    matterId,
    reportId: report.reportId,
    label: group.label,
    basis: group.basis,
    verdict: group.verdict,
    rule: group.rule,
    profile: group.profile,
    reason: group.reason,
    startAt,
    dueAt: group.rule.limitSeconds === null ? null : startAt.add({ seconds: group.rule.limitSeconds }),
    keys: group.keys,
    set: { ...set, setId },
  };
}

function startOf(report: Pick<ReportFacts, 'marks'>): Instant {
  const trusted = report.marks.filter((m) => m.trusted).map((m) => m.at);
  const [first, ...others] = trusted;
  if (first === undefined) throw new Error('intake always adds its own acceptance as a trusted mark');
  return earliest(first, ...others);
}

/**
 * What people do to a case. Each act names who and why, is checked by the desk, and can be done twice without harm.
 * Rows follow the decision and never lead it: a refused hold has touched no certificate.
 */
import { randomUUID } from 'node:crypto';
import { type Case, type Matter, matterOf, outstanding, reportOf } from '../desk/case.ts';
import { decide } from '../desk/decide.ts';
import type { Answer } from '../desk/events.ts';
import type { CertificateFacts, Label, Team } from '../desk/facts.ts';
import { isRefusal, type Refusal, refuse } from '../desk/refusal.ts';
import type { CaseId, Fingerprint } from '../foundation/brand.ts';
import type { Instant } from '../foundation/time/time.ts';
import { changeCase, loadCase } from './change-case.ts';
import { digestOf } from './perform/revoke.ts';
import type { CoreParts } from './ports.ts';
import { cascade, type WeakParts, weakAmong } from './read-message.ts';
import { newMattersFor, scopeOf } from './read-report.ts';

export interface By {
  /** `person:<id>`; several where the policy asks for more than one. */
  readonly people: readonly string[];
  readonly because: string;
}

export type Acted = Case | Refusal;

export async function approve(parts: CoreParts, caseId: CaseId, matterId: string, by: By): Promise<Acted> {
  let result: Acted = refuse('person_missing', 'An approval has a name.');
  for (const person of by.people) {
    result = await changeCase(
      parts,
      caseId,
      { do: 'approve', matterId, person, because: by.because },
      { now: parts.time.now(), by: person },
    );
    if (isRefusal(result)) return result;
  }
  return result;
}

export function closeMatter(parts: CoreParts, caseId: CaseId, matterId: string, by: By): Promise<Acted> {
  return change(parts, caseId, { do: 'close-matter', matterId, because: by.because, people: by.people }, by);
}

export function dismissReport(parts: CoreParts, caseId: CaseId, reportId: string, by: By): Promise<Acted> {
  return change(parts, caseId, { do: 'dismiss', reportId, because: by.because }, by);
}

export function takeCase(parts: CoreParts, caseId: CaseId, team: Team, by: By): Promise<Acted> {
  return change(parts, caseId, { do: 'take', team }, by);
}

export function handOff(parts: CoreParts, caseId: CaseId, to: Team, by: By): Promise<Acted> {
  return change(parts, caseId, { do: 'hand-off', to, because: by.because }, by);
}

export function addNote(parts: CoreParts, caseId: CaseId, text: string, by: By): Promise<Acted> {
  return change(parts, caseId, { do: 'note', text }, by);
}

export function recordAnswer(
  parts: CoreParts,
  caseId: CaseId,
  matterId: string,
  subscriber: string,
  answer: Answer,
  by: By,
): Promise<Acted> {
  return change(parts, caseId, { do: 'answer', matterId, reportId: null, subscriber, answer }, by);
}

/** Staff say when the CA first knew; a mark that they bear out moves the start, and only ever earlier. */
export function confirmFirstKnown(
  parts: CoreParts,
  caseId: CaseId,
  reportId: string,
  at: Instant,
  by: By,
): Promise<Acted> {
  const mark = { source: 'staff-first-heard', at, trusted: true, detail: by.because } as const;
  return change(parts, caseId, { do: 'first-known', reportId, mark, because: by.because }, by);
}

/**
 * A person says what a report is. `subjects` are certificates they name beside those the message names; what the
 * evidence refutes stays out whatever anybody says.
 */
export async function confirmReport(
  parts: CoreParts & WeakParts,
  caseId: CaseId,
  input: {
    readonly reportId: string;
    readonly label: Label;
    readonly named: readonly CertificateFacts[];
    readonly asksFor?: string | null;
  },
  by: By,
): Promise<Acted> {
  const now = parts.time.now();
  const current = await loadCase(parts.cases, caseId);
  const report = current === null ? undefined : reportOf(current, input.reportId);
  if (current === null || report === undefined || report.triage === null)
    return refuse('report_unknown', 'This case has no such report. Reload the case.');
  const same = report.triage.label === input.label;
  const triage = same ? report.triage : { ...report.triage, label: input.label, trigger: null, deadlineHours: null };
  // Certificates that a person names have keys of their own to look at (FM23); what the report brought was judged before.
  const weak = (await weakAmong(parts, input.label, input.named)).filter(
    (item) => !report.evidence.some((e) => e.spkiSha256 === item.spkiSha256 && e.form === item.form),
  );
  if (weak.length > 0) {
    const found = {
      do: 'add-evidence',
      reportId: input.reportId,
      evidence: weak,
      matters: [],
      touches: [],
      awaiting: null,
    } as const;
    const added = await change(parts, caseId, found, { people: ['desk'], because: by.because });
    if (isRefusal(added)) return added;
  }
  const read = {
    report: { ...report, asksFor: input.asksFor ?? report.asksFor },
    triage,
    evidence: [...report.evidence, ...weak],
    named: input.named,
    byKey: await cascade(parts, weak),
    awaiting: null,
    thread: null,
  };
  const groups = scopeOf(parts, read, now);
  const { matters } = await newMattersFor(parts, current, report, groups, now);
  // A matter that only waited under another label is replaced by what the person confirms; proof is never replaced.
  const named = new Set(input.named.map((c) => c.fingerprint));
  const replaces = current.matters
    .filter((m) => m.reportId === input.reportId && m.closed === null && m.basis === 'claim' && matters.length > 0)
    .filter((m) => m.set.listed.some((c) => named.has(c.fingerprint)))
    .map((m) => m.matterId);
  return change(
    parts,
    caseId,
    { do: 'confirm', reportId: input.reportId, label: input.label, because: by.because, matters, replaces },
    by,
  );
}

export type Part = 'all' | readonly Fingerprint[];

/** These certificates not before an instant, inside the limit: the order of work, never an extension. */
export async function scheduleRevocation(
  parts: CoreParts,
  caseId: CaseId,
  matterId: string,
  which: Part,
  notBeforeAt: Instant,
  by: By,
): Promise<Acted> {
  const chosen = await membersOf(parts, caseId, matterId, which);
  if (isRefusal(chosen)) return chosen;
  const { matter, fingerprints } = chosen;
  const command = {
    do: 'schedule',
    matterId,
    count: fingerprints.length,
    digest: digestOf(fingerprints),
    notBeforeAt,
    people: by.people,
    because: by.because,
  } as const;
  const refused = await wouldRefuse(parts, caseId, command, by);
  if (refused !== null) return refused;
  await parts.sets.schedule(matter.set.setId, fingerprints, notBeforeAt);
  return change(parts, caseId, command, by);
}

/** A recorded hold on exactly these certificates (FM31). The rest goes on, and the limit does not move. */
export async function placeHold(
  parts: CoreParts,
  caseId: CaseId,
  matterId: string,
  which: Part,
  hold: { readonly untilAt: Instant; readonly basis: string },
  by: By,
): Promise<Acted> {
  const chosen = await membersOf(parts, caseId, matterId, which);
  if (isRefusal(chosen)) return chosen;
  const { matter, fingerprints } = chosen;
  const holdId = `hold-${randomUUID()}`;
  const base = {
    do: 'hold',
    matterId,
    holdId,
    untilAt: hold.untilAt,
    basis: hold.basis,
    people: by.people,
    because: by.because,
  } as const;
  const refused = await wouldRefuse(
    parts,
    caseId,
    { ...base, count: Math.min(fingerprints.length, outstanding(matter)), digest: digestOf(fingerprints) },
    by,
  );
  if (refused !== null) return refused;
  const count = await parts.sets.hold(matter.set.setId, fingerprints, holdId, parts.time.now());
  if (count === 0) return refuse('nothing_to_hold', 'All of these certificates are already revoked or held.');
  return change(parts, caseId, { ...base, count, digest: digestOf(fingerprints) }, by);
}

export async function releaseHolds(parts: CoreParts, caseId: CaseId, matterId: string, by: By): Promise<Acted> {
  const current = await loadCase(parts.cases, caseId);
  const matter = current === null ? undefined : matterOf(current, matterId);
  if (current === null || matter === undefined)
    return refuse('matter_unknown', 'This case has no such matter. Reload the case.');
  let result: Acted = current;
  for (const hold of matter.holds.filter((h) => h.releasedAt === null)) {
    await parts.sets.release(matter.set.setId, hold.holdId, parts.time.now());
    result = await change(
      parts,
      caseId,
      { do: 'release', matterId, holdId: hold.holdId, people: by.people, because: by.because },
      by,
    );
  }
  return result;
}

async function change(
  parts: CoreParts,
  caseId: CaseId,
  command: Parameters<typeof changeCase>[2],
  by: By,
): Promise<Acted> {
  return changeCase(parts, caseId, command, { now: parts.time.now(), by: by.people[0] ?? 'desk' });
}

async function wouldRefuse(
  parts: CoreParts,
  caseId: CaseId,
  command: Parameters<typeof decide>[1],
  by: By,
): Promise<Refusal | null> {
  const current = await loadCase(parts.cases, caseId);
  const decision = decide(current, command, { now: parts.time.now(), by: by.people[0] ?? 'desk' });
  return isRefusal(decision) ? decision : null;
}

async function membersOf(
  parts: CoreParts,
  caseId: CaseId,
  matterId: string,
  which: Part,
): Promise<{ readonly matter: Matter; readonly fingerprints: readonly Fingerprint[] } | Refusal> {
  const current = await loadCase(parts.cases, caseId);
  const matter = current === null ? undefined : matterOf(current, matterId);
  if (matter === undefined) return refuse('matter_unknown', 'This case has no such matter. Reload the case.');
  if (which !== 'all') {
    const places = await parts.sets.places(which);
    return { matter, fingerprints: places.filter((p) => p.setId === matter.set.setId).map((p) => p.fingerprint) };
  }
  const all: Fingerprint[] = [];
  for (let after: string | null = null; ; ) {
    const page: readonly { readonly fingerprint: Fingerprint }[] = await parts.sets.page(
      matter.set.setId,
      after,
      5_000,
    );
    all.push(...page.map((p) => p.fingerprint));
    after = page.at(-1)?.fingerprint ?? null;
    if (after === null || page.length < 5_000) return { matter, fingerprints: all };
  }
}

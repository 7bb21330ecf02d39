/**
 * The scripted staff of SCHEMA.md: a duty officer who acts fifteen minutes after each page, sees only what the desk
 * shows, confirms what it proposes, and answers from the event where it proposes nothing. Never confirms what evidence
 * refutes, nor a revocation on a bare word.
 */
import * as act from '../../app/act.ts';
import { loadCase } from '../../app/change-case.ts';
import type { Case } from '../../desk/case.ts';
import { type Label, labels } from '../../desk/facts.ts';
import { questions } from '../../desk/questions.ts';
import { isRefusal } from '../../desk/refusal.ts';
import type { CaseId, Fingerprint } from '../../foundation/brand.ts';
import { at, type Instant, isBefore, minutes } from '../../foundation/time/time.ts';
import type { Desk } from '../wiring.ts';
import type { Item } from './deliver.ts';
import type { World } from './world.ts';

export const staffReactsAfter = minutes(15);
export const secondPersonAfter = minutes(5);

const officer = 'person:duty-officer';
const second = 'person:second-officer';

export interface StaffParts {
  readonly desk: Desk;
  readonly world: World;
  /** The event behind a report, if the runner fed it. */
  readonly itemOf: (reportId: string) => Item | null;
  /** Asks the runner to come back to a case at an instant. */
  readonly comeBack: (caseId: CaseId, at: Instant, who: 'officer' | 'second') => void;
}

/** One visit: everything the desk asks about this case right now. */
export async function visit(parts: StaffParts, caseId: CaseId, who: 'officer' | 'second'): Promise<void> {
  const { desk } = parts;
  for (let round = 0; round < 20; round++) {
    const current = await loadCase(desk.parts.cases, caseId);
    if (current === null) return;
    await confirmEarlierStarts(parts, current, who);
    const asked = questions(current, desk.parts.policy);
    let done = 0;
    for (const question of asked) if (await answer(parts, current, question, who)) done++;
    if (done === 0) return;
  }
}

type Asked = ReturnType<typeof questions>[number];

async function answer(parts: StaffParts, current: Case, question: Asked, who: 'officer' | 'second'): Promise<boolean> {
  const { desk } = parts;
  const by = { people: [who === 'officer' ? officer : second], because: 'Checked against our own records.' };
  const { caseId } = current;
  switch (question.ask) {
    case 'take':
      return ok(await act.takeCase(desk.parts, caseId, question.team, by));
    case 'approve-revocation': {
      if (question.peopleGiven.includes(by.people[0]!)) return false;
      const result = ok(await act.approve(desk.parts, caseId, question.matterId, by));
      if (result && question.peopleGiven.length + 1 < question.peopleNeeded)
        parts.comeBack(caseId, desk.time.now().add(secondPersonAfter), 'second');
      return result;
    }
    case 'close-claim': {
      const because = 'Nothing proves it. The reporter is asked for proof.';
      return ok(await act.closeMatter(desk.parts, caseId, question.matterId, { ...by, because }));
    }
    case 'is-it-a-report':
      return isItAReport(parts, current, question.reportId, question.proposal, by);
    case 'which-certificates':
      return whichCertificates(parts, current, question.reportId, by);
  }
}

async function isItAReport(
  parts: StaffParts,
  current: Case,
  reportId: string,
  proposal: Label | null,
  by: act.By,
): Promise<boolean> {
  const item = parts.itemOf(reportId);
  const label = proposal ?? labelOf(item?.data.claims);
  if (label === null || label === 'not-a-report') {
    return ok(
      await act.dismissReport(parts.desk.parts, current.caseId, reportId, {
        ...by,
        because: 'Read by a person: nothing is owed.',
      }),
    );
  }
  const fingerprints = proposal === null ? subjectsOf(parts, item) : identified(current, reportId);
  const named = await parts.desk.bulk.byFingerprints(fingerprints.length > 0 ? fingerprints : subjectsOf(parts, item));
  return ok(
    await act.confirmReport(
      parts.desk.parts,
      current.caseId,
      { reportId, label, named, asksFor: item?.data.asksFor ?? null },
      by,
    ),
  );
}

async function whichCertificates(parts: StaffParts, current: Case, reportId: string, by: act.By): Promise<boolean> {
  const item = parts.itemOf(reportId);
  const report = current.reports.find((r) => r.reportId === reportId);
  const named = await parts.desk.bulk.byFingerprints(subjectsOf(parts, item));
  const label = labelOf(item?.data.claims) ?? report?.label ?? 'other-problem';
  if (named.length === 0 || label === 'not-a-report') {
    return ok(
      await act.dismissReport(parts.desk.parts, current.caseId, reportId, {
        ...by,
        because: 'No certificate of ours is concerned.',
      }),
    );
  }
  const asksFor = item?.data.asksFor ?? null;
  const result = await act.confirmReport(parts.desk.parts, current.caseId, { reportId, label, named, asksFor }, by);
  if (isRefusal(result) || result.matters.length > current.matters.length) return ok(result);
  // All of them are in hand already: this report adds nothing that is owed.
  const because = 'It concerns certificates that are already dealt with.';
  return ok(await act.dismissReport(parts.desk.parts, current.caseId, reportId, { ...by, because }));
}

/** Staff bear out from a log when the CA first knew. Only ever earlier. */
async function confirmEarlierStarts(parts: StaffParts, current: Case, who: 'officer' | 'second'): Promise<void> {
  if (who !== 'officer') return;
  for (const report of current.reports) {
    const known = parts.itemOf(report.reportId)?.data.firstKnownAt;
    if (known == null || !isBefore(at(known), report.startAt)) continue;
    await act.confirmFirstKnown(parts.desk.parts, current.caseId, report.reportId, at(known), {
      people: [officer],
      because: 'Borne out by our own log.',
    });
  }
}

/** `staff` of an event: what two named people decide at that instant. */
export async function staffAct(parts: StaffParts, item: Item): Promise<void> {
  const { staff } = item.data;
  if (staff === undefined) return;
  const { desk, world } = parts;
  const by: act.By = {
    people: [officer, second].slice(0, Math.max(1, staff.people)),
    because: item.text.slice(0, 200) || staff.action,
  };
  const fingerprints = staff.subjects.flatMap((ref) => world.select(ref).map((c) => c.fingerprint));
  for (const [caseId, matterIds] of await mattersWith(desk, fingerprints)) {
    for (const matterId of matterIds) {
      const result = await perform(desk, staff, caseId, matterId, fingerprints, by);
      if (result !== null && isRefusal(result)) desk.log.warn({ caseId, code: result.code }, result.message);
    }
  }
}

async function perform(
  desk: Desk,
  staff: NonNullable<Item['data']['staff']>,
  caseId: CaseId,
  matterId: string,
  fingerprints: readonly Fingerprint[],
  by: act.By,
): Promise<act.Acted | null> {
  switch (staff.action) {
    case 'schedule':
      return staff.notBefore === undefined
        ? null
        : act.scheduleRevocation(desk.parts, caseId, matterId, fingerprints, at(staff.notBefore), by);
    case 'hold': {
      const untilAt = staff.until === undefined ? desk.time.now().add({ hours: 24 * 7 }) : at(staff.until);
      return act.placeHold(
        desk.parts,
        caseId,
        matterId,
        fingerprints,
        { untilAt, basis: staff.basis ?? 'recorded by staff' },
        by,
      );
    }
    case 'release':
      return act.releaseHolds(desk.parts, caseId, matterId, by);
    case 'submit':
      return act.approve(desk.parts, caseId, matterId, by);
  }
}

/** The live matters that contain these certificates. */
export async function mattersWith(
  desk: Desk,
  fingerprints: readonly Fingerprint[],
): Promise<ReadonlyMap<CaseId, readonly string[]>> {
  const found = new Map<CaseId, string[]>();
  const sets = new Set<string>();
  for (const place of await desk.parts.sets.places(fingerprints)) {
    if (sets.has(place.setId)) continue;
    sets.add(place.setId);
    const current = await loadCase(desk.parts.cases, place.caseId);
    const matter = current?.matters.find((m) => m.set.setId === place.setId && m.closed === null);
    if (matter !== undefined) found.set(place.caseId, [...(found.get(place.caseId) ?? []), matter.matterId]);
  }
  return found;
}

/** What the desk already shows for a report it proposes a label for. */
function identified(current: Case, reportId: string): Fingerprint[] {
  return current.matters.filter((m) => m.reportId === reportId).flatMap((m) => m.set.listed.map((c) => c.fingerprint));
}

function subjectsOf(parts: StaffParts, item: Item | null): Fingerprint[] {
  if (item === null) return [];
  return item.data.subjects.flatMap((ref) => parts.world.select(ref).map((c) => c.fingerprint));
}

function labelOf(text: string | null | undefined): Label | null {
  return (labels as readonly string[]).includes(text ?? '') ? (text as Label) : null;
}

function ok(result: act.Acted): boolean {
  return !isRefusal(result);
}

/** The policy editor's side of the desk: what is in force, what a change would do to open cases, and putting it in force. */
import type * as c from '../../api/contract/index.ts';
import type { DeskPort, HouseAct, Principal } from '../../api/port.ts';
import { titleOf } from '../../api/present/present-case.ts';
import { deskPolicy } from '../../app/desk-policy.ts';
import type { DeskPolicy } from '../../app/ports.ts';
import type { Case, Matter } from '../../desk/case.ts';
import { comparePolicies } from '../../desk/policy/compare.ts';
import { approvalActs, defaultPolicy, type Policy, policyBounds, policyOf } from '../../desk/policy/cps-overlay.ts';
import { ladderNames } from '../../desk/policy/ladder.ts';
import { rulebooks } from '../../desk/policy/rulebooks/index.ts';
import { type Refusal, refuse } from '../../desk/refusal.ts';
import { hasCome, type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { Overlay, StoredVersion } from '../policy-book.ts';
import type { Desk } from '../wiring.ts';

type PolicyPort = Pick<DeskPort, 'policy' | 'previewPolicy' | 'publishPolicy' | 'decidePolicy'>;

const historyMax = 50;
const affectedMax = 200;

export function deskPolicyPort(parts: {
  readonly desk: Pick<Desk, 'policies' | 'time' | 'config' | 'wake'>;
  readonly openCases: () => Promise<readonly { readonly current: Case }[]>;
  readonly record: (act: HouseAct) => Promise<void>;
}): PolicyPort {
  const { desk, openCases, record } = parts;
  const { policies } = desk;
  const now = (): Instant => desk.time.now();
  const document = `${desk.config.ca.owner} CPS`;

  const made = (overlay: c.PolicyOverlay) => policyOf({ ...(overlay as Overlay), document, version: 'proposed' });
  const differences = (after: Policy) => comparePolicies(policies.policy, after, limitRows());

  const publish = async (
    overlay: c.PolicyOverlay,
    because: string,
    by: Principal,
  ): Promise<c.PolicyPublished | Refusal> => {
    const proposed = made(overlay);
    if (!proposed.ok) {
      const [first] = proposed.problems;
      return refuse('policy_refused', `${first?.path}: ${first?.message}`);
    }
    const changes = differences(proposed.policy);
    if (changes.length === 0) return refuse('nothing_changes', 'This is the policy in force already.');
    const looser = changes.some((change) => change.looser);
    const version = ((await policies.versions(1))[0]?.version ?? 0) + 1;
    const added = await policies.add({
      ...{ version, state: looser ? 'waiting' : 'accepted', overlay: overlay as Overlay, by: by.id, at: now() },
      ...{ because, agreedBy: null, changes: changes.map(sentence) },
    });
    if (!added) return refuse('case_changed', 'Somebody else published a policy meanwhile. Reload and look again.');
    await record({
      type: looser ? 'PolicyProposed' : 'PolicyPublished',
      by: by.id,
      because,
      about: { version, changes: changes.map(sentence) },
    });
    desk.wake.nudge();
    return {
      now: rfc3339(now()),
      version,
      state: looser ? 'waits-for-second-person' : 'in-force',
      text: looser
        ? 'Laxer than what is in force: a second person has to agree.'
        : 'In force. Open cases follow within a minute.',
    };
  };

  return {
    async policy() {
      await policies.follow();
      const versions = await policies.versions(historyMax);
      const waiting = versions.find((v) => v.state === 'waiting');
      return {
        now: rfc3339(now()),
        version: policies.version,
        document: policies.policy.document,
        overlay: policies.overlay as c.PolicyOverlay,
        silenceSeconds: policies.policy.silenceSeconds,
        publishMarginSeconds: policies.policy.publishMarginSeconds,
        bounds: policyBounds,
        limits: limitRows().map((row) => ({
          ...{ id: row.id, document: row.document, section: row.section, says: row.says, bookSeconds: row.seconds },
          seconds: Math.min(row.seconds, policies.policy.limits[row.id] ?? row.seconds),
        })),
        approvals: approvalActs.map((act) => ({
          act,
          people: policies.policy.approvals[act],
          least: defaultPolicy.approvals[act],
        })),
        ladders: ladderNames.map((name) => ({
          name,
          steps: policies.policy.ladders[name].map((s) => ({ ...s, skipWhen: [...s.skipWhen] })),
          shipped: defaultPolicy.ladders[name].map((s) => ({ ...s, skipWhen: [...s.skipWhen] })),
        })),
        history: versions.map((v) => presentVersion(v, policies.version)),
        waiting: waiting === undefined ? null : presentVersion(waiting, policies.version),
      };
    },
    async previewPolicy(overlay) {
      await policies.follow();
      const proposed = made(overlay);
      const cases = await openCases();
      const nothing = { changes: [], looser: false, affectedTotal: 0, affected: [] };
      const base = { now: rfc3339(now()), openCases: cases.length };
      if (!proposed.ok) return { ...base, ...nothing, problems: proposed.problems.map((p) => ({ ...p })) };
      const changes = differences(proposed.policy);
      const [before, after] = [deskPolicy(() => policies.policy), deskPolicy(() => proposed.policy)];
      const affected = cases
        .flatMap(({ current }) => current.matters.map((matter) => ({ current, matter })))
        .flatMap(({ current, matter }) => effectOn(current, matter, before, after, now()) ?? [])
        .sort((a, b) => (a.cutOffAfter < b.cutOffAfter ? -1 : 1));
      return {
        ...base,
        problems: [],
        changes: changes.map((change) => ({ ...change })),
        looser: changes.some((change) => change.looser),
        affectedTotal: affected.length,
        affected: affected.slice(0, affectedMax),
      };
    },
    async publishPolicy({ overlay, because, basedOn }, by) {
      await policies.follow();
      if (basedOn !== policies.version)
        return refuse(
          'case_changed',
          `Version ${policies.version} is in force, not ${basedOn}. Reload and look again.`,
        );
      if ((await policies.versions(historyMax)).some((v) => v.state === 'waiting'))
        return refuse('policy_waits', 'Another version waits for a second person. Agree to it or decline it first.');
      return publish(overlay, because, by);
    },
    async decidePolicy(version, { decision, because }, by) {
      const found = (await policies.versions(historyMax)).find((v) => v.version === version && v.state === 'waiting');
      if (found === undefined) return null;
      if (decision === 'agree' && found.by === by.id)
        return refuse('same_person', 'You published this yourself; another person has to agree.');
      const agreed = decision === 'agree';
      // Decided first: of two who agree at the same time one stands in the log.
      if (!(await policies.decide(version, agreed ? 'accepted' : 'declined', by.id))) return null;
      await record({
        ...{ type: agreed ? 'PolicyPublished' : 'PolicyDeclined', by: by.id, because },
        about: { version, proposedBy: found.by },
      });
      desk.wake.nudge();
      return {
        now: rfc3339(now()),
        version,
        state: agreed ? 'in-force' : 'declined',
        text: agreed ? 'In force. Open cases follow within a minute.' : 'Declined. Nothing changes.',
      };
    },
  };
}

/** Rules and duties whose limit an operator may shorten, each once, newest wording. */
function limitRows() {
  const rows = rulebooks.flatMap((book) =>
    book.versions.flatMap((v) => [
      ...v.rules.map((r) => ({ ...r, says: r.trigger, seconds: r.limitSeconds, bound: 'at-most' as const })),
      ...v.duties.map((d) => ({ ...d, says: `${d.fromEvent} to ${d.toEvent}`, seconds: d.limitSeconds })),
    ]),
  );
  const byId = Map.groupBy(
    rows.filter((row) => row.bound === 'at-most' && row.seconds !== null),
    (row) => row.id,
  );
  return [...byId.values()].map((same) => {
    const newest = same.at(-1)!;
    const { id, document, section, says } = newest;
    return { id, document, section, says, seconds: Math.min(...same.map((row) => row.seconds ?? 0)) };
  });
}

function effectOn(
  current: Case,
  matter: Matter,
  before: DeskPolicy,
  after: DeskPolicy,
  now: Instant,
): c.PolicyPreview['affected'][number] | null {
  if (matter.closed !== null || matter.publishedAt !== null) return null;
  const [was, is] = [before.cutOffAt(matter), after.cutOffAt(matter)];
  const steps = movedSteps(before.ladder(matter), after.ladder(matter));
  const moreApprovals = after.approvalsNeeded(matter) - before.approvalsNeeded(matter);
  const cutOffMoves = Temporal.Instant.compare(was, is) !== 0;
  if (!cutOffMoves && steps.length === 0 && !(moreApprovals > 0 || moreApprovals < 0)) return null;
  const atOnce = hasCome(is, now) && !hasCome(was, now);
  const says = [
    ...(cutOffMoves ? [`Revocation without an answer goes ahead at ${rfc3339(is)} instead of ${rfc3339(was)}.`] : []),
    ...(steps.length > 0
      ? [`${steps.length === 1 ? 'One ladder step moves' : `${steps.length} ladder steps move`}.`]
      : []),
    ...(moreApprovals > 0 ? [`It needs ${moreApprovals} more to approve.`] : []),
    ...(moreApprovals < 0 ? [`It needs ${-moreApprovals} fewer to approve.`] : []),
  ].join(' ');
  return {
    caseId: current.caseId,
    matterId: matter.matterId,
    title: titleOf(current),
    dueAt: matter.dueAt === null ? null : rfc3339(matter.dueAt),
    cutOffBefore: rfc3339(was),
    cutOffAfter: rfc3339(is),
    atOnce,
    says,
  };
}

function movedSteps(
  before: ReturnType<DeskPolicy['ladder']>,
  after: ReturnType<DeskPolicy['ladder']>,
): readonly string[] {
  const was = new Map(before.map((s) => [s.step, s.at]));
  const moved = after.filter((s) => {
    const at = was.get(s.step);
    return at === undefined || Temporal.Instant.compare(at, s.at) !== 0;
  });
  return moved.map((s) => s.step);
}

function sentence(change: { what: string; before: string; after: string }): string {
  return `${change.what}: ${change.after} instead of ${change.before}.`;
}

function presentVersion(v: StoredVersion, inForce: number): c.PolicyVersion {
  const states = { waiting: 'waits-for-second-person', declined: 'declined' } as const;
  return {
    version: v.version,
    state: v.state === 'accepted' ? (v.version === inForce ? 'in-force' : 'replaced') : states[v.state],
    by: v.by,
    at: rfc3339(v.at),
    because: v.because,
    agreedBy: v.agreedBy,
    changes: [...v.changes],
  };
}

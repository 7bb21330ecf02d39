/** What people and programs ask to happen, through the same operations the command line and the replays use. */
import { randomBytes } from 'node:crypto';
import type * as c from '../../api/contract/index.ts';
import type { CommandContext, DeskPort } from '../../api/port.ts';
import * as act from '../../app/act.ts';
import { loadCase } from '../../app/change-case.ts';
import type { ApprovalAct } from '../../desk/policy/cps-overlay.ts';
import { isRefusal, type Refusal, refuse } from '../../desk/refusal.ts';
import type { CaseId, Fingerprint } from '../../foundation/brand.ts';
import { at, hours, rfc3339 } from '../../foundation/time/time.ts';
import { findAny } from '../../stages/inventory/index.ts';
import { postgresProposals, type StoredProposal } from '../approvals-store.ts';
import type { Desk } from '../wiring.ts';
import { noteCall } from './contacts.ts';

type Commands = Pick<DeskPort, 'proposals' | 'command' | 'decideProposal'>;

/** A proposal nobody answered lapses; the first person can ask again. */
const proposalLapsesAfter = hours(2);

export function deskCommands(desk: Desk): Commands {
  const proposals = postgresProposals(desk.pool);
  const now = () => desk.time.now();

  /** How many people an act needs is policy; where it is two, the first proposes and another agrees. */
  const needsTwo = (command: c.CaseCommand): boolean => {
    const act = actOf(command);
    return act !== null && desk.policies.policy.approvals[act] >= 2;
  };

  const answer = async (caseId: string, result: act.Acted, text: string): Promise<c.CommandAnswer | Refusal> => {
    if (isRefusal(result)) return result;
    desk.wake.nudge();
    return { now: rfc3339(now()), seq: result.seq, state: 'done', proposalId: null, text: `${text} (${caseId})` };
  };

  return {
    async proposals() {
      const rows = (await proposals.open(now())).map(({ person: _, byName, at: made, lapsesAt, ...rest }) => ({
        ...rest,
        ...{ by: byName, at: rfc3339(made), lapsesAt: rfc3339(lapsesAt) },
      }));
      return { now: rfc3339(now()), rows };
    },
    async command(caseId, command, context) {
      const current = await loadCase(desk.parts.cases, caseId as CaseId);
      if (current === null) return null;
      if (context.expectedSeq !== null && context.expectedSeq !== current.seq) {
        return refuse('case_changed', 'Somebody else changed this case. Reload it and look again.');
      }
      if (!needsTwo(command))
        return answer(caseId, await perform(desk, caseId as CaseId, command, [context.by.id]), sentence(command));
      const proposal: StoredProposal = {
        ...{ proposalId: `p-${randomBytes(6).toString('hex')}`, caseId, command, byName: context.by.name },
        ...{ person: context.by.id, at: now(), lapsesAt: now().add(proposalLapsesAfter), text: sentence(command) },
      };
      if (!(await proposals.add(proposal)))
        return refuse('too_many_proposals', 'Too many proposals wait for a second person.');
      return {
        ...{ now: rfc3339(now()), seq: current.seq, state: 'waits-for-second-person' },
        ...{ proposalId: proposal.proposalId, text: 'A second person has to agree.' },
      };
    },
    async decideProposal(proposalId, decision, context) {
      const waiting = (await proposals.open(now())).find((p) => p.proposalId === proposalId);
      if (waiting?.person === context.by.id)
        return refuse('same_person', 'You proposed this yourself; another person has to agree.');
      const proposal = await proposals.take(proposalId, context.by.id, now());
      if (proposal === null) return null;
      if (decision.decision === 'decline')
        return answer(proposal.caseId, await decline(desk, proposal, context, decision.because), 'Declined.');
      return answer(
        proposal.caseId,
        await perform(desk, proposal.caseId as CaseId, proposal.command, [proposal.person, context.by.id]),
        proposal.text,
      );
    },
  };
}

/** The act of the policy that a command is; null for those that one person does alone or that count by themselves. */
function actOf(command: c.CaseCommand): ApprovalAct | null {
  switch (command.do) {
    case 'hold':
      return 'place-hold';
    case 'release':
      return 'release-hold';
    case 'close-matter':
      return 'close-claim';
    case 'first-known':
      return 'back-dated-receipt';
    default:
      return null;
  }
}

function decline(desk: Desk, proposal: StoredProposal, context: CommandContext, because: string): Promise<act.Acted> {
  return act.addNote(desk.parts, proposal.caseId as CaseId, `Declined: ${proposal.text} ${because}`, {
    people: [context.by.id],
    because,
  });
}

async function perform(
  desk: Desk,
  caseId: CaseId,
  command: c.CaseCommand,
  people: readonly string[],
): Promise<act.Acted> {
  const by: act.By = { people, because: 'because' in command ? command.because : '' };
  const { parts } = desk;
  switch (command.do) {
    case 'confirm':
      return act.confirmReport(
        parts,
        caseId,
        { reportId: command.reportId, label: command.label, named: await namedIn(desk, caseId, command.reportId) },
        by,
      );
    case 'name-certificates': {
      const current = await loadCase(parts.cases, caseId);
      const label = current?.reports.find((r) => r.reportId === command.reportId)?.label ?? 'other-problem';
      return act.confirmReport(
        parts,
        caseId,
        { reportId: command.reportId, label, named: await lookUp(desk, command.identifiers) },
        by,
      );
    }
    case 'dismiss':
      return act.dismissReport(parts, caseId, command.reportId, by);
    case 'close-matter':
      return act.closeMatter(parts, caseId, command.matterId, by);
    case 'approve':
      return act.approve(parts, caseId, command.matterId, by);
    case 'schedule':
      return act.scheduleRevocation(
        parts,
        caseId,
        command.matterId,
        partOf(command.certificates),
        at(command.notBeforeAt),
        by,
      );
    case 'hold':
      return act.placeHold(
        parts,
        caseId,
        command.matterId,
        partOf(command.certificates),
        { untilAt: at(command.untilAt), basis: command.basis },
        by,
      );
    case 'release':
      return act.releaseHolds(parts, caseId, command.matterId, by);
    case 'take':
      return act.takeCase(parts, caseId, command.team, by);
    case 'hand-off':
      return act.handOff(parts, caseId, command.to, by);
    case 'answer':
      return act.recordAnswer(parts, caseId, command.matterId, command.subscriber, command.answer, by);
    case 'first-known':
      return act.confirmFirstKnown(parts, caseId, command.reportId, at(command.at), {
        ...by,
        because: `${command.detail} ${by.because}`.trim(),
      });
    case 'called':
      return noteCall(desk, caseId, command, by);
    case 'note':
      return act.addNote(parts, caseId, command.text, by);
  }
}

/** Certificates that the desk itself identified for a report whose label a person confirms. */
async function namedIn(desk: Desk, caseId: CaseId, reportId: string) {
  const current = await loadCase(desk.parts.cases, caseId);
  const report = current?.reports.find((r) => r.reportId === reportId);
  const artifacts = report?.triage?.artifacts;
  if (artifacts === undefined) return [];
  return [
    ...(await desk.bulk.byFingerprints([
      ...artifacts.fingerprintsSha256,
      ...artifacts.derivedFingerprintsSha256,
    ] as Fingerprint[])),
    ...(await desk.bulk.bySerials([...artifacts.serials, ...artifacts.derivedSerials])),
  ];
}

async function lookUp(desk: Desk, identifiers: readonly string[]) {
  const found = [];
  for (const identifier of identifiers)
    found.push(...(await findAny(desk.inventory, identifier, 100)).matches.map((m) => m.certificate));
  return found;
}

function partOf(selection: c.Selection): act.Part {
  return 'all' in selection ? 'all' : (selection.fingerprints as unknown as Fingerprint[]);
}

function sentence(command: c.CaseCommand): string {
  switch (command.do) {
    case 'confirm':
      return `Confirmed as ${command.label}.`;
    case 'hold':
      return `Hold until ${command.untilAt} on the ground of ${command.basis}.`;
    case 'approve':
      return 'Revocation approved.';
    default:
      return `Done: ${command.do}.`;
  }
}

import { expect, test } from 'vitest';
import {
  aMatter,
  anItem,
  aPolicy,
  aReceive,
  aReport,
  aTriage,
  at,
  caseId,
  received,
} from '../../../test/support/desk-builders.ts';
import type { Case } from '../../desk/case.ts';
import type { Command } from '../../desk/commands.ts';
import { decide } from '../../desk/decide.ts';
import type { Event } from '../../desk/events.ts';
import { evolve } from '../../desk/evolve.ts';
import { defaultPolicy } from '../../desk/policy/cps-overlay.ts';
import { isRefusal } from '../../desk/refusal.ts';
import type { Fingerprint, SpkiHash } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';
import { BoardRow, CaseView, InboxItem, Ladders } from '../contract/index.ts';
import { presentLadders } from './ladders.ts';
import { presentBoardRow, presentCase, presentInboxItem } from './present-case.ts';

interface Told {
  readonly current: Case;
  readonly events: readonly { readonly seq: number; readonly event: Event }[];
}

/** Runs commands through the real desk and keeps the events, as the store would. */
function tell(...commands: readonly (Command | [Command, Instant])[]): Told {
  const events: Event[] = [];
  let current: Case | null = null;
  for (const each of commands) {
    const [command, now] = Array.isArray(each) ? each : [each, received];
    const decision = decide(current, command, { now, by: 'person:ann' });
    if (isRefusal(decision)) throw new Error(decision.code);
    events.push(...decision);
    for (const event of decision) current = evolve(caseId, current, event);
  }
  if (current === null) throw new Error('nothing was told');
  return { current, events: events.map((event, n) => ({ seq: 100 + n, event })) };
}

const letters = { letters: [], lettersTotal: 0 };
const view = (told: Told, now: Instant) => presentCase({ ...told, ...letters, policy: aPolicy, now });
const row = (told: Told, now: Instant) =>
  presentBoardRow({ current: told.current, last: told.events.at(-1)!.event, policy: aPolicy, now });

test('a case of the real desk is a case of the contract, on the page and on the board', () => {
  const hash = 'ab'.repeat(32);
  const item = anItem({ spkiSha256: hash as SpkiHash, matches: [hash as Fingerprint] });
  const told = tell(aReceive({ report: aReport({ contentSha256: hash }), evidence: [item] }));
  const shown = view(told, received);
  expect(CaseView.safeParse(shown).error).toBeUndefined();
  expect(BoardRow.safeParse(row(told, received)).error).toBeUndefined();
  expect(shown.clocks.map((k) => k.kind).sort()).toEqual(['preliminary-report', 'revocation']);
  expect(shown.timeline.map((e) => e.seq)).toEqual(told.events.map((e) => e.seq));
});

test('the mark with which the clock starts is the chosen one, and only one is', () => {
  const marks = [
    { source: 'date-header' as const, at: at('2024-08-31T16:00:00Z'), trusted: false, detail: 'Date' },
    { source: 'own-acceptance' as const, at: received, trusted: true, detail: 'mx' },
    { source: 'internal-date' as const, at: at('2024-08-31T18:00:00Z'), trusted: true, detail: 'imap' },
  ];
  const shown = view(tell(aReceive({ report: aReport({ marks }) })), received);
  const chosen = shown.reports[0]?.marks.filter((m) => m.chosen);
  expect(chosen?.map((m) => m.source)).toEqual(['own-acceptance']);
  expect(shown.reports[0]?.receivedAt).toBe(chosen?.[0]?.at);
});

test('what happens by itself names the cut-off at its instant, and later steps after it', () => {
  const told = tell(aReceive({ matters: [aMatter()] }));
  const { next, matters } = view(told, received);
  const cutOff = next.find((s) => s.what.includes('An answer is not awaited'));
  expect(cutOff?.at ?? null).toBe(matters[0]?.cutOffAt ?? null);
  const times = next.flatMap((s) => s.at ?? []);
  expect(times).toEqual([...times].sort());
});

test('a matter that needs a person promises no cut-off and asks; when approved it has one', () => {
  const waiting = tell(aReceive({ matters: [aMatter({ basis: 'records', verdict: null })] }));
  expect(view(waiting, received).matters[0]?.cutOffAt).toBeNull();
  expect(row(waiting, received).questions).toBe(1);
  const approved = tell(aReceive({ matters: [aMatter({ basis: 'records', verdict: null })] }), {
    do: 'approve',
    matterId: 'm1',
    person: 'person:ann',
    because: 'Our records say so.',
  });
  expect(view(approved, received).matters[0]?.cutOffAt).not.toBeNull();
  expect(row(approved, received).questions).toBe(0);
});

test('a bare claim shows no running limit, because nothing may be revoked on it', () => {
  const shown = view(tell(aReceive({ matters: [aMatter({ basis: 'claim', verdict: 'claim-only' })] })), received);
  const clock = shown.clocks.find((k) => k.kind === 'revocation');
  expect(clock).toMatchObject({ state: 'no-limit', dueAt: null, cutOffAt: null });
  expect(clock?.why).toContain('If it comes to be shown');
  expect(shown.matters[0]?.approvalsNeeded).toBeGreaterThanOrEqual(0);
});

test('a message nobody has read is on the board with a clock of an hour and in the inbox with its reasons', () => {
  const triage = aTriage({ action: 'human-review', score: 0.46, label: 'other-problem' });
  const told = tell(aReceive({ triage, evidence: [], matters: [] }));
  const shown = row(told, received);
  expect(shown.stage).toBe('review');
  expect(shown.clocks[0]).toMatchObject({ kind: 'review', dueAt: '2024-08-31T18:49:00Z' });
  expect(shown.next).toMatchObject({ by: expect.any(String) });
  const item = presentInboxItem(told.current, told.current.reports[0]!);
  expect(InboxItem.safeParse(item).error).toBeUndefined();
  expect(item.proposal).toBe('unknown');
});

test('a missed limit is shown as missed and stays on the board', () => {
  const told = tell(aReceive({ matters: [aMatter()] }));
  const matter = told.current.matters[0]!;
  const dueAt = matter.dueAt!;
  const late = dueAt.add({ seconds: 1 });
  const missed: Event = {
    type: 'DeadlineMissed',
    at: late,
    by: 'desk',
    clock: 'revocation',
    matterId: matter.matterId,
    reportId: null,
    dueAt,
    missing: 1,
  };
  const incident: Event = { type: 'IncidentOpened', at: dueAt, by: 'desk', because: 'late' };
  const after = tell(aReceive({ matters: [aMatter()] }), [{ do: 'record', events: [incident, missed] }, late]);
  expect(row(after, late)).toMatchObject({ missed: true });
  expect(view(after, late).clocks.find((k) => k.kind === 'revocation')).toMatchObject({ state: 'missed' });
  expect(view(after, late).incident).toMatchObject({ because: 'late' });
});

test('every ladder of the policy can be simulated, and no step lies after its limit', () => {
  const ladders = presentLadders(defaultPolicy, received, received);
  expect(Ladders.safeParse(ladders).error).toBeUndefined();
  for (const ladder of ladders.rows)
    for (const step of ladder.steps)
      if (ladder.dueAt !== null) expect(step.at <= ladder.dueAt, `${ladder.name} ${step.id}`).toBe(true);
});

/**
 * How fast people recognise, route, take and decide, measured in drills that arrive like real reports. Figures are for
 * teams first; a person sees their own, and nobody is ranked.
 */
import type { Label, Team } from '../../desk/facts.ts';
import { type Instant, isBefore } from '../../foundation/time/time.ts';

export interface DrillRun {
  readonly drillId: string;
  readonly team: Team;
  readonly person: string | null;
  readonly trueLabel: Label;
  readonly injectedAt: Instant;
  readonly recognisedAt: Instant | null;
  readonly routedAt: Instant | null;
  readonly takenAt: Instant | null;
  readonly decidedAt: Instant | null;
  readonly decidedLabel: Label | null;
}

export const phases = ['recognised', 'routed', 'taken', 'decided'] as const;
export type Phase = (typeof phases)[number];

/** What is good enough, in seconds from injection; the ladder's own times. */
export const targets: Readonly<Record<Phase, number>> = {
  recognised: 5 * 60,
  routed: 5 * 60,
  taken: 20 * 60,
  decided: 60 * 60,
};

export interface PhaseFigures {
  readonly phase: Phase;
  readonly reached: number;
  /** Runs in which it never happened. */
  readonly never: number;
  readonly medianSeconds: number | null;
  readonly slowestSeconds: number | null;
  readonly withinTarget: number;
}

export interface Scoreboard {
  readonly runs: number;
  readonly phases: readonly PhaseFigures[];
  /** Decided as something that owes less than the truth: the mistake that costs. */
  readonly underestimated: readonly string[];
  readonly rightLabel: number;
}

export function scoreboard(runs: readonly DrillRun[]): Scoreboard {
  return {
    runs: runs.length,
    phases: phases.map((phase) => figures(phase, runs)),
    underestimated: runs
      .filter((r) => r.trueLabel !== 'not-a-report' && r.decidedLabel === 'not-a-report')
      .map((r) => r.drillId),
    rightLabel: runs.filter((r) => r.decidedLabel === r.trueLabel).length,
  };
}

/** Boards by team, in the order of the names. */
export function byTeam(runs: readonly DrillRun[]): ReadonlyMap<Team, Scoreboard> {
  const grouped = Map.groupBy(runs, (r) => r.team);
  return new Map([...grouped].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([team, own]) => [team, scoreboard(own)]));
}

function figures(phase: Phase, runs: readonly DrillRun[]): PhaseFigures {
  const at = (run: DrillRun) => run[`${phase}At`];
  const seconds = runs
    .flatMap((run) => {
      const reached = at(run);
      return reached === null ? [] : [run.injectedAt.until(reached).total('seconds')];
    })
    .toSorted((a, b) => a - b);
  const middle = Math.floor(seconds.length / 2);
  const median = seconds.length % 2 === 1 ? seconds[middle] : ((seconds[middle - 1] ?? 0) + (seconds[middle] ?? 0)) / 2;
  return {
    phase,
    reached: seconds.length,
    never: runs.length - seconds.length,
    medianSeconds: seconds.length === 0 ? null : (median ?? null),
    slowestSeconds: seconds.at(-1) ?? null,
    withinTarget: seconds.filter((s) => s <= targets[phase]).length,
  };
}

export interface DrillPlan {
  readonly kind: 'report' | 'mass-revocation' | 'contact' | 'handover';
  readonly everyDays: number;
  /** Why it is owed. */
  readonly because: string;
}

/** TLS BR 5.7.1.2: the mass-revocation plan is tested each year, without revoking a live certificate. */
export const drillPlans: readonly DrillPlan[] = [
  {
    kind: 'report',
    everyDays: 30,
    because: 'Recognition fades without practice; misses are measured with seeded messages.',
  },
  { kind: 'mass-revocation', everyDays: 365, because: 'TLS BR 5.7.1.2 wants the plan tested each year.' },
  { kind: 'contact', everyDays: 182, because: 'Subscribers are reached twice a year before they have to be.' },
  { kind: 'handover', everyDays: 90, because: 'Every duty has two holders, and the second has done it.' },
];

export interface DrillDue {
  readonly kind: DrillPlan['kind'];
  readonly dueAt: Instant | null;
  /** Null `dueAt` means never done: due now. */
  readonly overdue: boolean;
  readonly because: string;
}

/** Drills with the instant by which the next has to happen, soonest first. */
export function drillsDue(
  done: readonly { readonly kind: DrillPlan['kind']; readonly at: Instant }[],
  now: Instant,
  plans: readonly DrillPlan[] = drillPlans,
): readonly DrillDue[] {
  return plans
    .map((plan): DrillDue => {
      const last = done
        .filter((d) => d.kind === plan.kind)
        .map((d) => d.at)
        .reduce<Instant | null>((a, b) => (a === null || isBefore(a, b) ? b : a), null);
      const dueAt = last === null ? null : last.add({ hours: plan.everyDays * 24 });
      return { kind: plan.kind, dueAt, overdue: dueAt === null || isBefore(dueAt, now), because: plan.because };
    })
    .toSorted((a, b) => (a.dueAt?.epochMilliseconds ?? 0) - (b.dueAt?.epochMilliseconds ?? 0));
}

/**
 * A policy while it is edited: what is in force, and on top of it what somebody has changed in this browser. Only what
 * differs from the rulebooks goes into the overlay, so that a later rulebook is not frozen by accident.
 */
import type { PolicyOverlay, PolicyStep, PolicyView } from '../../../api/contract/index.ts';

export type LadderName = PolicyView['ladders'][number]['name'];

export interface Draft {
  readonly silenceSeconds: number;
  readonly publishMarginSeconds: number;
  /** Rule id to seconds. */
  readonly limits: Readonly<Record<string, number>>;
  readonly approvals: Readonly<Record<string, number>>;
  readonly ladders: Readonly<Partial<Record<LadderName, readonly PolicyStep[]>>>;
}

export function draftOf(policy: PolicyView): Draft {
  return {
    silenceSeconds: policy.silenceSeconds,
    publishMarginSeconds: policy.publishMarginSeconds,
    limits: Object.fromEntries(policy.limits.map((l) => [l.id, l.seconds])),
    approvals: Object.fromEntries(policy.approvals.map((a) => [a.act, a.people])),
    ladders: Object.fromEntries(policy.ladders.map((l) => [l.name, l.steps])),
  };
}

export function overlayOf(policy: PolicyView, draft: Draft): PolicyOverlay {
  const limits = Object.fromEntries(
    policy.limits.flatMap((l) => (draft.limits[l.id] === l.bookSeconds ? [] : [[l.id, draft.limits[l.id] ?? l.bookSeconds]])),
  );
  const approvals = Object.fromEntries(
    policy.approvals.flatMap((a) =>
      draft.approvals[a.act] === a.people && policy.overlay.approvals?.[a.act] === undefined
        ? []
        : [[a.act, draft.approvals[a.act] ?? a.people]],
    ),
  );
  const ladders = Object.fromEntries(
    policy.ladders.flatMap(({ name, shipped }) => {
      const steps = draft.ladders[name] ?? shipped;
      return JSON.stringify(steps) === JSON.stringify(shipped) ? [] : [[name, [...steps]]];
    }),
  );
  const own = policy.overlay;
  return {
    ...(draft.silenceSeconds === policy.silenceSeconds && own.silenceSeconds === undefined
      ? {}
      : { silenceSeconds: draft.silenceSeconds }),
    ...(draft.publishMarginSeconds === policy.publishMarginSeconds && own.publishMarginSeconds === undefined
      ? {}
      : { publishMarginSeconds: draft.publishMarginSeconds }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(approvals).length === 0 ? {} : { approvals }),
    ...(Object.keys(ladders).length === 0 ? {} : { ladders }),
  };
}

export function isSame(policy: PolicyView, draft: Draft): boolean {
  return JSON.stringify(draftOf(policy)) === JSON.stringify(draft);
}

/** `6:30` or `6` hours, as people write them, in seconds; null when it is neither. */
export function readHours(text: string): number | null {
  const m = /^(\d{1,4})(?::([0-5]\d))?$/.exec(text.trim());
  return m === null ? null : Number(m[1]) * 3600 + Number(m[2] ?? 0) * 60;
}

export function hours(seconds: number): string {
  const h = Math.floor(seconds / 3600);
  const m = Math.round((seconds % 3600) / 60);
  return `${h}:${String(m).padStart(2, '0')}`;
}

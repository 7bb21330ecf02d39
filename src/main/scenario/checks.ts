/** Holds a finished result against `expected`: one check for each key, in the order of the file. */
import { at, isBefore, latest } from '../../foundation/time/time.ts';
import type { ResultItem, ScenarioResult } from './result.ts';
import type { Replay } from './run.ts';
import { populationMax } from './world.ts';

export interface CheckResult {
  readonly name: string;
  /** Null: for a person to judge, with the facts. */
  readonly ok: boolean | null;
  readonly detail: string;
}

type Judge = (
  wanted: unknown,
  result: ScenarioResult,
  replay: Replay,
) => { readonly ok: boolean; readonly detail: string };

const same =
  (field: keyof ScenarioResult): Judge =>
  (wanted, result) => ({
    ok: JSON.stringify(wanted) === JSON.stringify(result[field]),
    detail: `${JSON.stringify(result[field])}`,
  });

const within =
  (field: 'routedAt' | 'acknowledgedAt' | 'verdictAt'): Judge =>
  (wanted, result, replay) => {
    const reached = result[field];
    const first = replay.items[0]?.at;
    if (reached === null || result.clockStart === null || first === undefined)
      return { ok: false, detail: `${field} is ${reached}` };
    const from = latest(at(result.clockStart), first);
    const minutes = at(reached).since(from).total('minutes');
    return { ok: minutes <= Number(wanted), detail: `${minutes.toFixed(1)} minutes` };
  };

const notAfter =
  (field: 'preliminaryReportAt' | 'publishedAt'): Judge =>
  (wanted, result) => {
    const reached = result[field];
    return { ok: reached !== null && !isBefore(at(String(wanted)), at(reached)), detail: String(reached) };
  };

/** Counts of a scaled replay are those of the smaller run; every part of a population was rounded up by less than one. */
function counted(field: 'revokedCount' | 'heldCount'): Judge {
  return (wanted, result, replay) => {
    const { scaled } = result;
    const found = result[field];
    const parts = [...replay.world.populations.values()].reduce((sum, p) => sum + 1 + p.tags.size, 0);
    const meant = scaled === null ? Number(wanted) : (Number(wanted) * populationMax) / scaled.from;
    const ok = scaled === null ? found === wanted : Math.abs(found - meant) <= parts + replay.world.certificates.size;
    return {
      ok,
      detail: scaled === null ? String(found) : `${found} of a run scaled from ${scaled.from} to ${scaled.to}`,
    };
  };
}

const judges: Readonly<Record<string, Judge>> = {
  classification: (wanted, result) => ({
    ok: (Array.isArray(wanted) ? wanted : [wanted]).includes(result.classification),
    detail: String(result.classification),
  }),
  clockStart: same('clockStart'),
  deadlineHours: same('deadlineHours'),
  routedWithinMinutes: within('routedAt'),
  acknowledgeWithinMinutes: within('acknowledgedAt'),
  evidenceVerdictWithinMinutes: within('verdictAt'),
  acknowledgeLanguage: same('acknowledgeLanguage'),
  preliminaryReportBy: notAfter('preliminaryReportAt'),
  preliminaryReportTo: (wanted, result) => ({
    ok: (wanted as string[]).every((to) => result.preliminaryReportTo.includes(to)),
    detail: result.preliminaryReportTo.join(', '),
  }),
  revokeBy: notAfter('publishedAt'),
  revokeRefs: (wanted, result) => ({
    ok: JSON.stringify([...(wanted as string[])].sort()) === JSON.stringify(result.revoked),
    detail: result.revoked.join(', ') || 'none',
  }),
  revokeCount: counted('revokedCount'),
  heldCount: counted('heldCount'),
  mustNotRevoke: (wanted, result) => {
    const wrong = (wanted as string[]).filter((ref) => result.revoked.includes(ref) || anyRevoked(itemOf(result, ref)));
    return { ok: wrong.length === 0, detail: wrong.length === 0 ? 'none of them' : `revoked: ${wrong.join(', ')}` };
  },
  reasonCode: same('reasonCode'),
  caseCount: (wanted, result) => ({ ok: result.cases === wanted, detail: String(result.cases) }),
  perItem: (wanted, result) => {
    const wrong = (wanted as Record<string, unknown>[]).flatMap((item) =>
      itemProblems(item, itemOf(result, String(item.ref))),
    );
    return { ok: wrong.length === 0, detail: wrong.slice(0, 10).join('; ') || 'all as expected' };
  },
  alarmWithinMinutes: (wanted, result, replay) => {
    const began = replay.faults.beganAt;
    if (result.alarmAt === null || began === null) return { ok: false, detail: `alarm at ${result.alarmAt}` };
    const minutes = at(result.alarmAt).since(began).total('minutes');
    return { ok: minutes <= Number(wanted), detail: `${minutes.toFixed(1)} minutes` };
  },
  blockedKeys: (wanted, result) => ({
    ok: JSON.stringify([...(wanted as string[])].sort()) === JSON.stringify(result.blockedKeys),
    detail: result.blockedKeys.join(', ') || 'none',
  }),
  lateUnavoidable: (wanted, result, replay) => {
    const first = replay.items[0]?.at;
    const past = result.due !== null && first !== undefined && isBefore(at(result.due), first);
    return { ok: past === wanted, detail: `due ${result.due}, first input ${first}` };
  },
};

export function check(
  result: ScenarioResult,
  expected: Readonly<Record<string, unknown>>,
  replay: Replay,
): readonly CheckResult[] {
  return Object.entries(expected).flatMap(([name, wanted]): CheckResult[] => {
    if (name === 'mustDo' || name === 'mustNot') {
      return (wanted as string[]).map((sentence, i) => ({
        name: `${name}[${i}]`,
        ok: null,
        detail: `${sentence} (for a person: ${factsLine(result)})`,
      }));
    }
    const judge = judges[name];
    if (judge === undefined) return [{ name, ok: false, detail: `unknown expectation "${name}"` }];
    return [{ name, ...judge(wanted, result, replay) }];
  });
}

function itemOf(result: ScenarioResult, ref: string): ResultItem | undefined {
  return result.items.find((i) => i.ref === ref);
}

function anyRevoked(item: ResultItem | undefined): boolean {
  return item !== undefined && (item.revoked === true || item.revoked === 'part');
}

function itemProblems(wanted: Record<string, unknown>, item: ResultItem | undefined): string[] {
  const ref = String(wanted.ref);
  // What no case names or finds was not revoked and has no clock.
  const actual: ResultItem = item ?? {
    ref,
    verdict: null,
    clockStart: null,
    due: null,
    publishedAt: null,
    revoked: false,
  };
  const problems: string[] = [];
  for (const field of ['verdict', 'clockStart', 'due', 'revoked'] as const) {
    if (field in wanted && wanted[field] !== actual[field])
      problems.push(`${ref}.${field} is ${JSON.stringify(actual[field])}`);
  }
  if (wanted.revoked === true && typeof wanted.due === 'string') {
    const inTime = actual.publishedAt !== null && !isBefore(at(wanted.due), at(actual.publishedAt));
    if (!inTime) problems.push(`${ref} was published ${actual.publishedAt}`);
  }
  return problems;
}

function factsLine(result: ScenarioResult): string {
  return `clock ${result.clockStart} to ${result.due}, paged ${result.routedAt}, reported ${result.preliminaryReportAt}, published ${result.publishedAt}, ${result.revokedCount} revoked, ${result.heldCount} held`;
}

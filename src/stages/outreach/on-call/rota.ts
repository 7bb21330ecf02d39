/**
 * Who is on call at an instant. A rota has levels (first, second, …); each level rotates through its people at a local
 * wall-clock time, so that hand-over stays at nine in the morning when clocks change. Overrides come first, the latest
 * made one winning, and name who made them and why.
 */
import { hasCome, type Instant, isBefore } from '../../../foundation/time/time.ts';

export interface Level {
  /** In order of turns. */
  readonly people: readonly string[];
  /** First hand-over, with time zone: `2026-01-05T09:00[Europe/Zurich]`. */
  readonly from: string;
  readonly turnDays: number;
}

export interface Override {
  readonly level: number;
  readonly person: string;
  readonly from: Instant;
  /** Exclusive. */
  readonly until: Instant;
  readonly by: string;
  readonly because: string;
}

export interface Rota {
  readonly levels: readonly Level[];
  readonly overrides: readonly Override[];
}

export interface OnCall {
  /** 0 is paged first. */
  readonly level: number;
  readonly person: string;
  readonly because: 'turn' | 'override';
}

export interface Shift extends OnCall {
  readonly from: Instant;
  readonly until: Instant;
}

/** Bounds of what is configured. */
const levelsMax = 9;
const turnDaysMax = 92;

/** Everybody on call at `at`, first level first. A level without anybody is left out; see `gaps`. */
export function onCallAt(rota: Rota, at: Instant): readonly OnCall[] {
  return rota.levels.flatMap((level, index): OnCall[] => {
    const override = rota.overrides.findLast((o) => o.level === index && covers(o, at));
    if (override !== undefined) return [{ level: index, person: override.person, because: 'override' }];
    const person = turnAt(level, at)?.person;
    return person === undefined ? [] : [{ level: index, person, because: 'turn' }];
  });
}

/** Who has which level between two instants, in order; what a calendar shows. Neighbouring equal shifts are one. */
export function shifts(rota: Rota, from: Instant, until: Instant): readonly Shift[] {
  return rota.levels.flatMap((_, level) => {
    const edges = edgesOf(rota, level, from, until);
    const pieces = edges.slice(0, -1).flatMap((start, index): Shift[] => {
      const found = onCallAt(rota, start).find((o) => o.level === level);
      return found === undefined ? [] : [{ ...found, from: start, until: edges[index + 1] as Instant }];
    });
    return pieces.reduce<Shift[]>((joined, piece) => {
      const before = joined.at(-1);
      const goesOn =
        before?.person === piece.person && before.because === piece.because && before.until.equals(piece.from);
      if (before !== undefined && goesOn) joined[joined.length - 1] = { ...before, until: piece.until };
      else joined.push(piece);
      return joined;
    }, []);
  });
}

export interface Gap {
  readonly level: number;
  readonly from: Instant;
  readonly until: Instant;
}

/** Spans in which nobody has a level. TLS BR 4.9.3 wants somebody day and night, so the first level may have none. */
export function gaps(rota: Rota, from: Instant, until: Instant): readonly Gap[] {
  return rota.levels.flatMap((_, level) => {
    const edges = edgesOf(rota, level, from, until);
    return edges
      .slice(0, -1)
      .flatMap((start, index): Gap[] =>
        onCallAt(rota, start).some((o) => o.level === level)
          ? []
          : [{ level, from: start, until: edges[index + 1] as Instant }],
      );
  });
}

export interface RotaProblem {
  readonly path: string;
  readonly message: string;
}

/** What is wrong with a rota; empty when it may be used. One person is not a rota (FM08). */
export function rotaProblems(rota: Rota): readonly RotaProblem[] {
  const problems: RotaProblem[] = [];
  if (rota.levels.length < 2)
    problems.push({ path: 'levels', message: 'A rota has at least two levels: someone to fall back on.' });
  if (rota.levels.length > levelsMax)
    problems.push({ path: 'levels', message: `A rota has at most ${levelsMax} levels.` });
  const everybody = new Set(rota.levels.flatMap((level) => level.people));
  if (everybody.size < 2)
    problems.push({ path: 'levels', message: 'A rota needs at least two people; one can be ill.' });
  rota.levels.forEach((level, index) => {
    if (level.people.length === 0)
      problems.push({ path: `levels[${index}].people`, message: 'Nobody is in this level.' });
    if (!Number.isInteger(level.turnDays) || level.turnDays < 1 || level.turnDays > turnDaysMax) {
      problems.push({ path: `levels[${index}].turnDays`, message: `A turn is 1 to ${turnDaysMax} whole days.` });
    }
    if (zoned(level.from) === null) {
      problems.push({
        path: `levels[${index}].from`,
        message: 'A hand-over is written like 2026-01-05T09:00[Europe/Zurich].',
      });
    }
  });
  rota.overrides.forEach((override, index) => {
    if (!isBefore(override.from, override.until))
      problems.push({ path: `overrides[${index}]`, message: 'It ends before it begins.' });
    if (override.because.trim() === '')
      problems.push({ path: `overrides[${index}].because`, message: 'An override says why.' });
  });
  return problems;
}

function covers(span: { readonly from: Instant; readonly until: Instant }, at: Instant): boolean {
  return hasCome(span.from, at) && isBefore(at, span.until);
}

interface Turn {
  readonly person: string;
  readonly from: Temporal.ZonedDateTime;
  readonly until: Temporal.ZonedDateTime;
}

/** The turn that holds `at`; null before the first hand-over. Days are calendar days of the level's own zone. */
function turnAt(level: Level, at: Instant): Turn | null {
  const first = zoned(level.from);
  if (first === null || level.people.length === 0 || isBefore(at, first.toInstant())) return null;
  const local = at.toZonedDateTimeISO(first.timeZoneId);
  const days = first.until(local, { largestUnit: 'days' }).days;
  const turn = Math.floor(days / level.turnDays);
  const person = level.people[turn % level.people.length];
  if (person === undefined) return null;
  return {
    person,
    from: first.add({ days: turn * level.turnDays }),
    until: first.add({ days: (turn + 1) * level.turnDays }),
  };
}

/** Instants at which a level may change hands between two others, both ends included. */
function edgesOf(rota: Rota, level: number, from: Instant, until: Instant): readonly Instant[] {
  const own = rota.levels[level];
  const edges = [from, until];
  for (const override of rota.overrides) if (override.level === level) edges.push(override.from, override.until);
  const first = own === undefined ? null : zoned(own.from);
  if (own !== undefined && first !== null) {
    edges.push(first.toInstant());
    let turn = turnAt(own, from);
    for (let n = 0; n < 1_000; n++) {
      const next = turn === null ? first.add({ days: n * own.turnDays }) : turn.until;
      if (!isBefore(next.toInstant(), until)) break;
      edges.push(next.toInstant());
      turn = turnAt(own, next.toInstant());
    }
  }
  const inside = edges.filter((edge) => !isBefore(edge, from) && !isBefore(until, edge));
  const sorted = inside.toSorted((a, b) => Temporal.Instant.compare(a, b));
  return sorted.filter((edge, index) => index === 0 || !edge.equals(sorted[index - 1] as Instant));
}

function zoned(text: string): Temporal.ZonedDateTime | null {
  try {
    return Temporal.ZonedDateTime.from(text);
  } catch {
    return null;
  }
}

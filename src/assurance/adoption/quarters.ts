/** What earlier quarters showed, kept so that a report has a trend and nobody can draw it anew afterwards. */
import type { Pool } from 'pg';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { Figures, Readiness } from './figures.ts';
import type { Earlier } from './report.ts';

export const adoptionMigrations = [
  {
    id: '001-quarters',
    sql: `
      CREATE SCHEMA adoption;
      CREATE TABLE adoption.quarter (
        label text PRIMARY KEY,
        at timestamptz NOT NULL,
        overall jsonb NOT NULL,
        readiness jsonb NOT NULL
      );
    `,
  },
] as const;

type StoredFigures = Omit<Figures, 'medianReplacement'> & { readonly medianReplacementSeconds: number | null };

/** `2026 Q3`, in UTC; sorts by time. */
export function quarterOf(at: Instant): string {
  const { year, month } = at.toZonedDateTimeISO('UTC');
  return `${year} Q${Math.ceil(month / 3)}`;
}

/** Quarters before `label`, oldest first. */
export async function earlierQuarters(pool: Pool, label: string, most: number): Promise<readonly Earlier[]> {
  const { rows } = await pool.query<{
    label: string;
    overall: StoredFigures;
    readiness: Readonly<Record<Readiness, number>>;
  }>('SELECT label, overall, readiness FROM adoption.quarter WHERE label < $1 ORDER BY label DESC LIMIT $2', [
    label,
    most,
  ]);
  return rows
    .reverse()
    .map(({ label: name, overall: { medianReplacementSeconds: seconds, ...figures }, readiness }) => ({
      label: name,
      overall: { ...figures, medianReplacement: seconds === null ? null : Temporal.Duration.from({ seconds }) },
      readiness,
    }));
}

/** The current quarter may be written again until it is over; its last state is what the trend shows. */
export async function keepQuarter(pool: Pool, entry: Earlier, now: Instant): Promise<void> {
  const { medianReplacement, ...figures } = entry.overall;
  const overall: StoredFigures = {
    ...figures,
    medianReplacementSeconds: medianReplacement?.total('seconds') ?? null,
  };
  await pool.query(
    `INSERT INTO adoption.quarter (label, at, overall, readiness) VALUES ($1, $2, $3, $4)
     ON CONFLICT (label) DO UPDATE SET at = excluded.at, overall = excluded.overall, readiness = excluded.readiness`,
    [entry.label, rfc3339(now), JSON.stringify(overall), JSON.stringify(entry.readiness)],
  );
}

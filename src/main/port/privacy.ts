/** What is kept about one person or one reporter, for those who have to answer that question. */
import type * as c from '../../api/contract/index.ts';
import type { DeskPort, HouseAct } from '../../api/port.ts';
import { sentenceOf } from '../../api/present/sentences.ts';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import { eventFrom } from '../../platform/store/case-store.ts';
import type { Desk } from '../wiring.ts';
import { typed } from './case-reader.ts';
import { houseSentence, houseStream } from './house-log.ts';

const reportsMax = 1_000;
const lettersMax = 1_000;
const textMax = 200_000;

interface KeptReport {
  readonly report_id: string;
  readonly case_id: string;
  readonly read_at: Instant;
  readonly message: { readonly subject?: string; readonly texts?: readonly { readonly text: string }[] };
  readonly triage: { readonly label?: string };
}

export function deskPrivacy(
  desk: Pick<Desk, 'pool' | 'time'>,
  record: (act: HouseAct) => Promise<void>,
): Pick<DeskPort, 'reporterData' | 'actsOf'> {
  const { pool } = desk;
  return {
    async reporterData(address, because, by) {
      const wanted = address.toLowerCase();
      const reports = await pool.query<KeptReport>(
        `select report_id, coalesce(case_id, '') as case_id, read_at, message, triage from reading.message m
         where exists (select 1 from json_array_elements(m.message->'from') f where lower(f->>'address') = $1)
         order by read_at limit $2`,
        [wanted, reportsMax],
      );
      const letters = await pool.query<{
        case_id: string;
        letter_id: string;
        at: Instant;
        subject: string;
        body: string;
        state: string;
      }>(
        'select case_id, letter_id, at, subject, body, state from outreach.letter where lower(recipient) = $1 order by at limit $2',
        [wanted, lettersMax],
      );
      await record({
        ...{ type: 'ReporterDataExported', by: by.id, because },
        about: { reports: reports.rows.length, letters: letters.rows.length },
      });
      return {
        now: rfc3339(desk.time.now()),
        address: wanted,
        reports: reports.rows.map((row) => ({
          ...{ caseId: row.case_id === '' ? 'filed' : row.case_id, reportId: row.report_id },
          receivedAt: rfc3339(row.read_at),
          subject: row.message.subject ?? '',
          text: (row.message.texts ?? [])
            .map((t) => t.text)
            .join('\n\n')
            .slice(0, textMax),
          label: row.triage.label ?? null,
        })),
        letters: letters.rows.map((row) => ({
          ...{ caseId: row.case_id, letterId: row.letter_id, at: rfc3339(row.at) },
          ...{ subject: row.subject, text: row.body, state: row.state },
        })),
        kept: 'Problem reports and what was done about them are records of the CA that its audits ask for (TLS BR 5.5.2: two years). They are used to investigate and to answer, and for nothing else.',
      };
    },
    async actsOf(personId, limit) {
      const by = `person:${personId}`;
      const like = `%"by":${JSON.stringify(by).replaceAll(/[%_\\]/g, '\\$&')}%`;
      const { rows } = await pool.query<{ global_seq: string | number; body: string; total: string }>(
        `select global_seq, body, count(*) over () as total from store.event where body like $1
         order by global_seq desc limit $2`,
        [like, limit],
      );
      const acts = rows
        .map((row) => eventFrom(JSON.parse(row.body), Number(row.global_seq)))
        .map((e): c.PersonExport['acts'][number] => ({
          ...{ seq: e.globalSeq, at: rfc3339(e.at), type: e.type, caseId: e.caseId === houseStream ? null : e.caseId },
          text: e.caseId === houseStream ? houseSentence(e) : sentenceOf(typed(e)),
        }));
      return { acts, actsTotal: Number(rows[0]?.total ?? 0) };
    },
  };
}

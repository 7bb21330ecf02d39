/** IR23: nothing is closed that is not done. */
import { sectionOf, tableOf } from '../read-report.ts';
import { type Doc, error, type Finding } from './finding.ts';

export function closable({ report, context }: Doc): Finding[] {
  const { closing } = context;
  if (closing === undefined) return [];
  const found: Finding[] = [];
  const section = sectionOf(report, 'Action Items');
  const table = section === undefined ? null : tableOf(section);
  const column = table?.header.cells.findIndex((cell) => /^status$/i.test(cell)) ?? -1;
  for (const row of table?.rows ?? []) {
    const status = row.cells[column] ?? '';
    if (status !== 'Complete' && status !== 'Canceled') {
      found.push(
        error('IR23', row.line, `Closure is asked for, but this Action Item is ${status || 'without a status'}.`),
      );
    }
  }
  if (closing.unansweredComments > 0) {
    found.push(error('IR23', 1, `${closing.unansweredComments} comment(s) have no answer yet.`));
  }
  if (!closing.needinfoSet) {
    found.push(error('IR23', 1, 'Set "Request information from" to the CCADB, or nobody is asked to close it.'));
  }
  return found;
}

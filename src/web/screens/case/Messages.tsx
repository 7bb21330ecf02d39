import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { CaseView, Message, ReportView } from '../../../api/contract/index.ts';
import { call } from '../../link/api.ts';
import { MessageText } from './MessageText.tsx';
import { Section } from './Section.tsx';

/** What was written to us, as the reading room left it: keys are replaced by their hash, nothing in it can act. */
export function Messages({ shown }: { shown: CaseView }) {
  return (
    <Section id="messages" title={shown.reports.length === 1 ? 'The message' : 'The messages'}>
      {shown.reports.map((r) => (
        <OneMessage key={r.reportId} caseId={shown.caseId} report={r} open={shown.stage === 'review'} />
      ))}
    </Section>
  );
}

function OneMessage({ caseId, report, open }: { caseId: string; report: ReportView; open: boolean }) {
  const [shown, setShown] = useState(open);
  const message = useMessage(caseId, report.reportId, shown);
  return (
    <div style={{ marginBottom: 12 }}>
      <p>
        <strong>{report.subject === '' ? '(no subject)' : report.subject}</strong>
        <span className="faint">
          {' '}
          from {report.from.name === '' ? '' : `${report.from.name}, `}
          {report.from.address ?? 'unknown sender'} · {report.source} · {report.from.language}
        </span>
      </p>
      {report.because.length > 0 && (
        <ul className="small soft" style={{ margin: '4px 0 8px' }}>
          {report.because.map((b) => (
            <li key={`${b.signal} ${b.excerpt}`}>
              <span className="mono">
                {b.weight > 0 ? '+' : '−'}
                {Math.abs(b.weight).toFixed(1)}
              </span>{' '}
              {b.signal}
              {b.excerpt !== '' && <span className="faint">: {b.excerpt}</span>}
            </li>
          ))}
        </ul>
      )}
      {!shown ? (
        <button type="button" className="button" onClick={() => setShown(true)}>
          Read it
        </button>
      ) : message.data === undefined ? (
        <p className="faint">{message.isError ? message.error.message : 'Reading …'}</p>
      ) : (
        <MessageText message={message.data} />
      )}
    </div>
  );
}

export function useMessage(caseId: string, reportId: string, enabled = true) {
  return useQuery<Message>({
    queryKey: ['message', caseId, reportId],
    queryFn: ({ signal }) => call('getMessage', { path: { caseId, reportId }, signal }),
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { CaseView } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { Mark } from '../../instrument/Verdict.tsx';
import { call } from '../../link/api.ts';
import { tell } from '../../shell/acts.tsx';
import { Section } from './Section.tsx';

/** The incident report writes itself from the events; a person completes it. */
export function IncidentSection({ shown }: { shown: CaseView }) {
  const [open, setOpen] = useState(false);
  const draft = useQuery({
    queryKey: ['incident', shown.caseId],
    queryFn: ({ signal }) => call('getIncident', { path: { caseId: shown.caseId }, signal }),
    enabled: open,
  });
  return (
    <Section id="incident" title="Incident report">
      {shown.incident === null ? (
        <p className="soft">No incident is open. The desk opens one by itself before a limit can pass.</p>
      ) : (
        <p>
          <Mark kind="bad">
            opened <Moment at={shown.incident.openedAt} zone />
          </Mark>{' '}
          {shown.incident.because}
        </p>
      )}
      <p style={{ display: 'flex', gap: 8, margin: '8px 0' }}>
        <button type="button" className="button" onClick={() => setOpen(!open)}>
          {open ? 'Hide the draft' : 'Read the draft'}
        </button>
        {draft.data !== undefined && open && (
          <button
            type="button"
            className="button"
            onClick={() =>
              void navigator.clipboard.writeText(draft.data.markdown).then(
                () => tell('Copied.'),
                () => tell('The browser did not let us copy.', 'problem'),
              )
            }
          >
            Copy Markdown
          </button>
        )}
      </p>
      {open &&
        (draft.data === undefined ? (
          <p className="faint">{draft.isError ? draft.error.message : 'Writing …'}</p>
        ) : (
          <pre className="incident-text">{draft.data.markdown}</pre>
        ))}
    </Section>
  );
}

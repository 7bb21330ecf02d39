import { Modal } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { CaseView, LetterSummary } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { call } from '../../link/api.ts';
import { Section } from './Section.tsx';
import { UpcomingLetters } from './UpcomingLetters.tsx';

const rowsShown = 12;

/** Who was told what and when, and whether it arrived. A bounce counts as not told. */
export function Letters({ shown }: { shown: CaseView }) {
  const [open, setOpen] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const letters = [...shown.letters].sort((a, b) => (a.at < b.at ? 1 : -1));
  const failed = letters.filter((l) => l.state === 'bounced' || l.state === 'failed').length;
  return (
    <Section
      id="letters"
      title="Letters"
      aside={
        <span className="faint">
          {number(shown.lettersTotal)} written{failed > 0 && <>, </>}
          {failed > 0 && <strong className="soft">{failed} did not arrive</strong>}
        </span>
      }
    >
      {letters.length === 0 ? (
        <p className="soft">No letter yet.</p>
      ) : (
        <div className="scroll-x">
          <table className="plain stack">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">To</th>
                <th scope="col">Subject</th>
                <th scope="col">Arrived</th>
              </tr>
            </thead>
            <tbody>
              {letters.slice(0, all ? undefined : rowsShown).map((l) => (
                <tr key={l.letterId}>
                  <td>
                    <Moment at={l.at} />
                  </td>
                  <td>
                    {l.to}
                    <span className="small faint" style={{ display: 'block' }}>
                      {l.audience}
                    </span>
                  </td>
                  <td>
                    <button type="button" className="linklike" onClick={() => setOpen(l.letterId)}>
                      {l.subject}
                    </button>
                    <span className="small faint" style={{ display: 'block' }}>
                      {l.kind}
                    </span>
                  </td>
                  <td className="small">
                    <Arrived letter={l} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {letters.length > rowsShown && !all && (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show {letters.length - rowsShown} more
        </button>
      )}
      {shown.closedAt === null && <UpcomingLetters caseId={shown.caseId} seq={shown.seq} />}
      {open !== null && <LetterDialog caseId={shown.caseId} letterId={open} close={() => setOpen(null)} />}
    </Section>
  );
}

function Arrived({ letter }: { letter: LetterSummary }) {
  if (letter.state === 'sent') return <span className="soft">accepted</span>;
  if (letter.state === 'queued') return <span className="faint">waiting to be sent</span>;
  return <Mark kind="bad">{letter.problem ?? letter.state}</Mark>;
}

function LetterDialog(props: { caseId: string; letterId: string; close: () => void }) {
  const letter = useQuery({
    queryKey: ['letter', props.caseId, props.letterId],
    queryFn: ({ signal }) => call('getLetter', { path: { caseId: props.caseId, letterId: props.letterId }, signal }),
  });
  return (
    <Modal
      opened
      onClose={props.close}
      title={letter.data?.subject ?? 'Letter'}
      size="xl"
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {letter.data === undefined ? (
        <p className="faint">{letter.isError ? letter.error.message : 'Reading …'}</p>
      ) : (
        <>
          <p className="soft" style={{ marginBottom: 12 }}>
            To {letter.data.to}, <Moment at={letter.data.at} zone />
          </p>
          <pre className="letter-text">{letter.data.text}</pre>
        </>
      )}
    </Modal>
  );
}

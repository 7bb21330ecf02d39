import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { call } from '../../link/api.ts';

const steps: Readonly<Record<string, string>> = {
  acknowledge: 'Acknowledgement',
  'report-to-reporter': 'Preliminary report',
  decline: 'Refusal of more time',
  notice: 'Notice',
  'last-call': 'Last call',
  'second-channel': 'Notice at the second address',
};

/** What will leave by itself, written as it would read now; asked for only when somebody wants to see it. */
export function UpcomingLetters({ caseId, seq }: { caseId: string; seq: number }) {
  const [open, setOpen] = useState(false);
  const upcoming = useQuery({
    queryKey: ['upcoming-letters', caseId, seq],
    queryFn: ({ signal }) => call('getUpcomingLetters', { path: { caseId }, signal }),
    enabled: open,
  });
  return (
    <div className="upcoming-letters">
      <button type="button" className="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? 'Hide the next letters' : 'Preview the next letters'}
      </button>
      {open && upcoming.data === undefined && (
        <p className="faint" role="status">
          {upcoming.isError ? upcoming.error.message : 'Writing …'}
        </p>
      )}
      {upcoming.data?.steps.length === 0 && <p className="soft">No letter is due: everybody has been told what there is.</p>}
      {open &&
        upcoming.data?.steps.map((step) => (
          <section key={`${step.step} ${step.at}`} aria-label={steps[step.step] ?? step.step}>
            <h3 className="small">
              {steps[step.step] ?? step.step}{' '}
              <span className="faint">
                to {step.audience === 'reporter' ? 'the reporter' : `${number(step.count)} subscriber${step.count === 1 ? '' : 's'}`},{' '}
                {step.at === null ? 'at once' : <Moment at={step.at} />}
              </span>
            </h3>
            {step.letters.map((letter) => (
              <details key={letter.to}>
                <summary>
                  {letter.to}: {letter.subject}
                </summary>
                <pre className="letter-text">{letter.text}</pre>
              </details>
            ))}
            {step.count > step.letters.length && (
              <p className="faint small">{number(step.count - step.letters.length)} more say the same to others.</p>
            )}
          </section>
        ))}
    </div>
  );
}

import './case.css';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { CaseView, ClockView } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { TimeLeft } from '../../instrument/TimeLeft.tsx';
import { span } from '../../instrument/time.ts';
import { Mark, VerdictMark } from '../../instrument/Verdict.tsx';
import { clockWords, labelWords, people, teamWords } from '../../instrument/words.ts';
import { caseQuery } from '../../link/api.ts';
import { useNow } from '../../link/server-time.ts';
import { useKeys } from '../../shell/keys.ts';
import { ActDialog, type Asked } from './ActDialog.tsx';
import { Certificates } from './Certificates.tsx';
import { Evidence } from './Evidence.tsx';
import { Contacts } from './Contacts.tsx';
import { IncidentSection } from './IncidentSection.tsx';
import { LadderScale } from './LadderScale.tsx';
import { Letters } from './Letters.tsx';
import { Messages } from './Messages.tsx';
import { NextSteps } from './NextSteps.tsx';
import { PresenceLine } from './Presence.tsx';
import { Questions } from './Questions.tsx';
import { ReceiptLadder } from './ReceiptLadder.tsx';
import { Section } from './Section.tsx';
import { Timeline } from './Timeline.tsx';

/** One case on one page: how long is left, what happens by itself, what is shown, and everything that happened. */
export function CaseScreen() {
  const { caseId } = useParams({ from: '/cases/$caseId' });
  const found = useQuery(caseQuery(caseId));
  if (found.isPending) return <p className="page faint">Reading {caseId} …</p>;
  if (found.isError)
    return (
      <div className="page">
        <h1>{caseId}</h1>
        <p>
          {found.error.message} <Link to="/">Back to the board.</Link>
        </p>
      </div>
    );
  return <CaseOnScreen key={caseId} shown={found.data} />;
}

function CaseOnScreen({ shown }: { shown: CaseView }) {
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Asked | null>(null);
  const lead = leadClock(shown.clocks);
  const jump = (id: string): void => {
    const section = document.getElementById(id);
    section?.scrollIntoView({ block: 'start' });
    section?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true });
  };
  const matter = shown.matters.find((m) => m.closed === null) ?? shown.matters[0];
  useKeys([
    { keys: 'Escape', words: 'Back to the board', act: () => void navigate({ to: '/' }) },
    { keys: 't', words: 'Timeline', act: () => jump('timeline') },
    { keys: 'c', words: 'Certificates', act: () => jump('certificates') },
    { keys: 'd', words: 'Evidence', act: () => jump('evidence') },
    { keys: 'l', words: 'Letters', act: () => jump('letters') },
    { keys: 'p', words: 'Incident report', act: () => jump('incident') },
    { keys: 'n', words: 'Write a note', act: () => setAsked({ what: 'note' }) },
    { keys: 'a', words: 'Hand to another team', act: () => setAsked({ what: 'hand-off' }) },
    ...(shown.team === null || shown.takenAt !== null
      ? []
      : [{ keys: 'i', words: 'Take this case', act: () => setAsked({ what: 'take' }) }]),
    ...(matter === undefined
      ? []
      : [
          {
            keys: 'v',
            words: 'Approve the revocation',
            act: () => setAsked({ what: 'approve', matterId: matter.matterId }),
          },
          {
            keys: 'h',
            words: 'Hold certificates (moves no deadline)',
            act: () => setAsked({ what: 'hold', matterId: matter.matterId }),
          },
        ]),
  ]);
  return (
    <article className="case" aria-labelledby="case-title">
      <header className="case-head">
        <div>
          <p className="faint">
            <Link to="/">Now</Link> / <span className="mono">{shown.caseId}</span>
          </p>
          <h1 id="case-title">{shown.title}</h1>
        </div>
        {lead !== null && (
          <div className="lead">
            {lead.state === 'met' ? (
              <Mark kind="seen">
                {clockWords[lead.kind]} done {lead.metAt !== null && <Moment at={lead.metAt} zone />}
                {lead.metAt !== null && lead.dueAt !== null && lead.metAt <= lead.dueAt && (
                  <>, {span(Date.parse(lead.dueAt) - Date.parse(lead.metAt))} before the limit</>
                )}
              </Mark>
            ) : (
              <TimeLeft startAt={lead.startAt} dueAt={lead.dueAt} big />
            )}
          </div>
        )}
        <p className="facts">
          <span>{labelOf(shown)}</span>
          {matter?.verdict != null && <VerdictMark verdict={matter.verdict} />}
          <span>
            {shown.team === null ? 'no team yet' : teamWords[shown.team]}
            {shown.takenAt === null
              ? ', not taken'
              : shown.takenBy === null
                ? ', taken'
                : `, taken by ${people(shown.takenBy)}`}
          </span>
          <span>
            received <Moment at={shown.receivedAt} zone />
          </span>
          <PresenceLine caseId={shown.caseId} acting={asked !== null} />
          {shown.incident !== null && <Mark kind="bad">incident open</Mark>}
          {shown.closedAt !== null && (
            <span>
              closed <Moment at={shown.closedAt} zone />
            </span>
          )}
        </p>
        {lead?.dueAt != null && lead.state !== 'met' && <DueLine clock={lead} dueAt={lead.dueAt} />}
      </header>
      {shown.matters.map((m) => (m.dueAt === null ? null : <LadderScale key={m.matterId} matter={m} />))}
      <div className="case-grid">
        <div>
          {shown.stage === 'review' && <Messages shown={shown} />}
          {shown.evidence.length > 0 && <Evidence shown={shown} />}
          {shown.matters.map((m) => (
            <Certificates
              key={m.matterId}
              caseId={shown.caseId}
              matter={m}
              only={shown.matters.length === 1}
              ask={setAsked}
            />
          ))}
          {shown.matters.length > 0 && <Contacts shown={shown} ask={setAsked} />}
          <Letters shown={shown} />
          <Timeline shown={shown} />
          {shown.stage !== 'review' && shown.reports.length > 0 && <Messages shown={shown} />}
          <IncidentSection shown={shown} />
        </div>
        <div className="rail">
          {shown.questions.length > 0 && <Questions shown={shown} ask={setAsked} />}
          <NextSteps shown={shown} />
          <Section id="clocks" title="Clocks">
            <ul>
              {shown.clocks.map((c) => (
                <ClockLine key={c.clockId} clock={c} />
              ))}
            </ul>
          </Section>
          {shown.reports.map((r, n) => (
            <ReceiptLadder
              key={r.reportId}
              report={r}
              of={shown.reports.length === 1 ? null : `report ${n + 1} of ${shown.reports.length}`}
            />
          ))}
        </div>
      </div>
      {asked !== null && <ActDialog shown={shown} asked={asked} close={() => setAsked(null)} />}
    </article>
  );
}

function DueLine({ clock, dueAt }: { clock: ClockView; dueAt: string }) {
  const now = useNow();
  const what = clockWords[clock.kind];
  return (
    <p className="lead soft">
      {Date.parse(dueAt) < now ? `${what} was due` : `until ${what} is due`}, <Moment at={dueAt} seconds zone />
    </p>
  );
}

function ClockLine({ clock }: { clock: ClockView }) {
  return (
    <li style={{ padding: '4px 0' }}>
      <div style={{ display: 'flex', justifyContent: 'space-between', gap: 12 }}>
        <span className="strong">{clockWords[clock.kind]}</span>
        {clock.state === 'met' ? (
          <Mark kind="seen">done {clock.metAt !== null && <Moment at={clock.metAt} />}</Mark>
        ) : (
          <TimeLeft startAt={clock.startAt} dueAt={clock.dueAt} />
        )}
      </div>
      <p className="small faint">
        {clock.rule !== null && `${clock.rule.document} ${clock.rule.version}, ${clock.rule.section}. `}
        {clock.why}
      </p>
    </li>
  );
}

/** The running clock that ends first; a met one only when nothing runs. */
function leadClock(clocks: readonly ClockView[]): ClockView | null {
  const running = clocks.filter((c) => c.state !== 'met' && c.dueAt !== null);
  const sorted = [...(running.length > 0 ? running : clocks)].sort((a, b) =>
    (a.dueAt ?? '9') < (b.dueAt ?? '9') ? -1 : 1,
  );
  return sorted[0] ?? null;
}

function labelOf(shown: CaseView): string {
  const label = shown.matters[0]?.label ?? shown.reports[0]?.label ?? null;
  if (shown.stage === 'review') return 'not yet confirmed as a report';
  return label === null ? 'not yet known' : labelWords[label];
}

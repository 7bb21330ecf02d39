import './inbox.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import type { CaseCommand, InboxItem, Label } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { TimeLeft } from '../../instrument/TimeLeft.tsx';
import { VerdictMark } from '../../instrument/Verdict.tsx';
import { labelWords } from '../../instrument/words.ts';
import { call, inboxQuery } from '../../link/api.ts';
import { actWithUndo } from '../../shell/acts.tsx';
import { useKeys } from '../../shell/keys.ts';
import { useMessage } from '../case/Messages.tsx';
import { MessageText } from '../case/MessageText.tsx';
import { ProposalsList } from './ProposalsList.tsx';

/** Messages that no machine may dismiss, oldest first. Read, decide with one key, take it back within ten seconds. */
export function InboxScreen() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const inbox = useQuery(inboxQuery);
  const [decided, setDecided] = useState<ReadonlySet<string>>(new Set());
  const [openId, setOpenId] = useState<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const rows = (inbox.data?.rows ?? []).filter((r) => !decided.has(r.reportId));
  const at = Math.max(
    0,
    rows.findIndex((r) => r.reportId === openId),
  );
  const open = rows[at];

  const decide = (item: InboxItem, words: string, command: CaseCommand): void => {
    // One key for this decision, kept when the page is left or the line is lost.
    const idempotencyKey = crypto.randomUUID();
    setDecided((d) => new Set(d).add(item.reportId));
    setOpenId(rows[at + 1]?.reportId ?? rows[at - 1]?.reportId ?? null);
    actWithUndo(
      words,
      async (leaving) => {
        await call('commandCase', {
          path: { caseId: item.caseId },
          body: command,
          ifMatch: item.seq,
          idempotencyKey,
          keepalive: leaving,
        });
        await client.invalidateQueries({ queryKey: ['inbox'] });
      },
      () => {
        setDecided((d) => new Set([...d].filter((id) => id !== item.reportId)));
        setOpenId(item.reportId);
      },
    );
  };
  const report = (label: Label): void => {
    if (open !== undefined)
      decide(open, `Report: ${labelWords[label]}.`, {
        do: 'confirm',
        reportId: open.reportId,
        label,
        because: 'Read and confirmed in the inbox.',
      });
  };
  const move = (by: number): void => {
    const to = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    if (to === undefined) return;
    setOpenId(to.reportId);
    list.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(to.reportId)}"] button`)?.focus();
  };
  const proposed: Label =
    open?.label === null || open?.label === 'not-a-report' || open === undefined ? 'other-problem' : open.label;
  const dismiss = (): void => {
    if (open !== undefined)
      decide(open, 'Not a report.', {
        do: 'dismiss',
        reportId: open.reportId,
        because: 'Read by a person: not a certificate problem report.',
      });
  };
  useKeys([
    { keys: 'j', words: 'Next message', act: () => move(1) },
    { keys: 'k', words: 'Previous message', act: () => move(-1) },
    { keys: '1', words: `Certificate problem (${labelWords[proposed]})`, act: () => report(proposed) },
    { keys: '2', words: 'Key compromise', act: () => report('key-compromise') },
    { keys: '3', words: 'Not a report', act: dismiss },
    {
      keys: '4',
      words: 'Open the case, decide there',
      act: () => open !== undefined && void navigate({ to: '/cases/$caseId', params: { caseId: open.caseId } }),
    },
  ]);

  if (inbox.isPending) return <p className="page faint">Reading the inbox …</p>;
  if (inbox.isError) return <p className="page">{inbox.error.message}</p>;
  return (
    <div className="inbox">
      <div className="inbox-list" ref={list}>
        <header>
          <h1>Inbox</h1>
          <p className="soft">
            {rows.length === 0
              ? 'Nothing waits to be read.'
              : `${rows.length} ${rows.length === 1 ? 'message waits' : 'messages wait'} for a person`}
          </p>
        </header>
        <ul>
          {rows.map((r) => (
            <li key={r.reportId} data-id={r.reportId} className={r === open ? 'inbox-item open' : 'inbox-item'}>
              <span className="line2">
                <button
                  type="button"
                  className="title clip"
                  onClick={() => setOpenId(r.reportId)}
                  aria-current={r === open}
                >
                  {r.subject === '' ? '(no subject)' : r.subject}
                </button>
                <TimeLeft startAt={r.receivedAt} dueAt={r.dueAt} />
              </span>
              <span className="line2 small faint">
                <span className="clip">{r.from}</span>
                <Moment at={r.receivedAt} zone />
              </span>
              <span className="small soft">{proposalWords(r)}</span>
            </li>
          ))}
        </ul>
        <ProposalsList />
      </div>
      {open === undefined ? (
        <div className="reader soft">
          <p>Nothing is filed without a person or a clear rule; what was filed can be read in the log.</p>
        </div>
      ) : (
        <article className="reader" aria-labelledby="reader-title">
          <h1 id="reader-title">{open.subject === '' ? '(no subject)' : open.subject}</h1>
          <p className="soft">
            {open.from} · {open.source} · {open.language} · received <Moment at={open.receivedAt} zone far /> ·{' '}
            <Link to="/cases/$caseId" params={{ caseId: open.caseId }}>
              {open.caseId}
            </Link>
          </p>
          <div className="decide">
            <button type="button" className="button main" onClick={() => report(proposed)}>
              Report: {labelWords[proposed]} <kbd>1</kbd>
            </button>
            {proposed !== 'key-compromise' && (
              <button type="button" className="button" onClick={() => report('key-compromise')}>
                Key compromise <kbd>2</kbd>
              </button>
            )}
            <button type="button" className="button" onClick={dismiss}>
              Not a report <kbd>3</kbd>
            </button>
            <Link to="/cases/$caseId" params={{ caseId: open.caseId }} className="button">
              Decide in the case <kbd>4</kbd>
            </Link>
          </div>
          <Reader item={open} />
        </article>
      )}
    </div>
  );
}

function Reader({ item }: { item: InboxItem }) {
  const message = useMessage(item.caseId, item.reportId);
  return (
    <div className="reader-grid">
      <div>
        {message.data === undefined ? (
          <p className="faint">{message.isError ? message.error.message : 'Opening …'}</p>
        ) : (
          <MessageText key={item.reportId} message={message.data} />
        )}
      </div>
      <aside>
        <h2>Why it is here</h2>
        <p className="soft">{proposalWords(item)}</p>
        {item.because.map((b) => (
          <div key={`${b.signal} ${b.excerpt}`} className="why-bar small">
            <span className="mono">
              {b.weight > 0 ? '+' : '−'}
              {Math.abs(b.weight).toFixed(1)}
            </span>
            <span>
              {b.signal.replaceAll('-', ' ')}
              <span className="faint" style={{ display: 'block', overflowWrap: 'anywhere' }}>
                {b.excerpt}
              </span>
            </span>
          </div>
        ))}
        <h2 style={{ marginTop: 16 }}>Found in it</h2>
        {item.verdict !== null && <VerdictMark verdict={item.verdict} />}
        {item.artifacts.length === 0 && <p className="faint">Nothing that names a certificate.</p>}
        <ul>
          {item.artifacts.map((a) => (
            <li key={`${a.kind} ${a.value}`} style={{ overflowWrap: 'anywhere' }}>
              <Link to="/search" search={{ q: a.value }}>
                {a.value}
              </Link>{' '}
              <span className="small faint">
                {a.kind}
                {a.ours === true ? ', ours' : a.ours === false ? ', not ours' : ''}
              </span>
            </li>
          ))}
        </ul>
      </aside>
    </div>
  );
}

function proposalWords(item: InboxItem): string {
  const score = item.score === null ? '' : ` (${Math.round(item.score * 100)} in 100)`;
  if (item.proposal === 'report')
    return `Looks like ${item.label === null ? 'a report' : labelWords[item.label]}${score}.`;
  if (item.proposal === 'not-a-report') return `Probably no report${score}, but it names something of ours.`;
  return `The desk does not know${score}.`;
}

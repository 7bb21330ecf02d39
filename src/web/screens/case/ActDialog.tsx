import { Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { ApiProblem } from '../../../api/client.ts';
import type { CaseCommand, CaseView, Label, MatterView, Team } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { callWords, labelWords, teamWords } from '../../instrument/words.ts';
import { call } from '../../link/api.ts';
import { useLine } from '../../link/feed.ts';
import { nowMs } from '../../link/server-time.ts';
import { tell } from '../../shell/acts.tsx';

/** What a person wants to do; the dialog asks for the rest and always for the reason. */
export type Asked =
  | { readonly what: 'confirm'; readonly reportId: string; readonly label: Label | null }
  | { readonly what: 'dismiss'; readonly reportId: string }
  | { readonly what: 'name-certificates'; readonly reportId: string }
  | { readonly what: 'approve' | 'close-matter' | 'schedule' | 'hold'; readonly matterId: string }
  | { readonly what: 'release'; readonly matterId: string; readonly holdId: string }
  | { readonly what: 'take' | 'hand-off' | 'note' }
  | { readonly what: 'called'; readonly subscriber: string; readonly phone: string | null };

const titles: Record<Asked['what'], string> = {
  confirm: 'It is a report',
  dismiss: 'Conclude with a reason',
  'name-certificates': 'Name the certificates',
  approve: 'Approve the revocation',
  'close-matter': 'Close with a reason',
  schedule: 'Schedule inside the limit',
  hold: 'Hold certificates',
  release: 'Release a hold',
  take: 'Take this case',
  'hand-off': 'Hand to another team',
  note: 'Write a note',
  called: 'Note a call',
};
const confirmWords: Record<Asked['what'], string> = {
  confirm: 'Confirm',
  dismiss: 'Conclude',
  'name-certificates': 'Add them',
  approve: 'Approve',
  'close-matter': 'Close it',
  schedule: 'Schedule',
  hold: 'Ask for the hold',
  release: 'Ask for the release',
  take: 'Take it',
  'hand-off': 'Hand over',
  note: 'Write it down',
  called: 'Note it',
};
/** Irreversible towards the outside; not possible while the page is stale. */
const weighty = new Set<Asked['what']>(['approve', 'hold', 'release', 'schedule', 'close-matter', 'dismiss']);

export function ActDialog(props: { shown: CaseView; asked: Asked; close: () => void }) {
  const { shown, asked } = props;
  const client = useQueryClient();
  const line = useLine();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  // One key for this dialog: pressing twice, or again after a lost answer, is one act.
  const key = useRef(crypto.randomUUID());
  const matter = 'matterId' in asked ? shown.matters.find((m) => m.matterId === asked.matterId) : undefined;
  const stale = line === 'stale' && weighty.has(asked.what);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const command = commandOf(asked, new FormData(event.currentTarget), shown);
    if (typeof command === 'string') return setProblem(command);
    setBusy(true);
    setProblem(null);
    try {
      const answer = await call('commandCase', {
        path: { caseId: shown.caseId },
        body: command,
        ifMatch: shown.seq,
        idempotencyKey: key.current,
      });
      tell(answer.text);
      props.close();
      await client.invalidateQueries({ queryKey: ['case', shown.caseId] });
      await client.invalidateQueries({ queryKey: ['contacts', shown.caseId] });
      await client.invalidateQueries({ queryKey: ['proposals'] });
    } catch (error) {
      if (error instanceof ApiProblem && error.problem.status < 500) key.current = crypto.randomUUID();
      if (error instanceof ApiProblem && error.problem.status === 412)
        await client.invalidateQueries({ queryKey: ['case', shown.caseId] });
      setProblem(
        error instanceof ApiProblem
          ? error.problem.detail
          : 'No answer. It may have happened; press again, it happens at most once.',
      );
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={props.close}
      title={titles[asked.what]}
      size="lg"
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form className="form" onSubmit={(event) => void submit(event)}>
        {fields(asked, shown, matter)}
        {problem !== null && (
          <p role="alert" className="strong" style={{ color: 'var(--last)' }}>
            {problem}
          </p>
        )}
        {stale && <p className="strong">The page is not live. This can be done when the line is back.</p>}
        <div className="acts">
          <button type="button" className="button" onClick={props.close}>
            Cancel
          </button>
          <button type="submit" className="button main" disabled={busy || stale}>
            {busy ? 'Waiting for the desk …' : confirmWords[asked.what]}
          </button>
        </div>
      </form>
    </Modal>
  );
}

function fields(asked: Asked, shown: CaseView, matter: MatterView | undefined): ReactNode {
  switch (asked.what) {
    case 'confirm':
      return (
        <>
          <Choice
            name="label"
            title="What is it about?"
            value={asked.label ?? ''}
            options={Object.entries(labelWords).filter(([l]) => l !== 'not-a-report')}
          />
          <Because />
        </>
      );
    case 'dismiss':
      return (
        <>
          <p className="soft">
            The reporter gets an answer with this reason. The message and its clock stay on record.
          </p>
          <Because />
        </>
      );
    case 'name-certificates':
      return (
        <>
          <label>
            <span>Serials, SHA-256 fingerprints or crt.sh links, one a line</span>
            <textarea name="identifiers" rows={5} required className="mono" />
          </label>
          <Because />
        </>
      );
    case 'approve':
      return (
        <>
          {matter !== undefined && <DryRun matter={matter} />}
          <Because />
        </>
      );
    case 'close-matter':
      return (
        <>
          {matter !== undefined && (
            <p className="soft">
              {number(matter.certificates.total)} certificates stay valid. The report is answered either way.
            </p>
          )}
          <Because />
        </>
      );
    case 'schedule':
    case 'hold':
      return (
        <>
          <p className="soft">
            {asked.what === 'hold'
              ? 'A hold is the recorded act of two named people, for example under a court order. It moves no deadline: if the limit passes, an incident says so.'
              : 'A schedule orders the work inside the limit. It cannot move past it.'}{' '}
            A second person has to agree.
          </p>
          <label>
            <span>Certificates</span>
            <textarea
              name="fingerprints"
              rows={3}
              className="mono"
              placeholder="SHA-256 fingerprints, one a line; empty means all"
            />
          </label>
          <label>
            <span>{asked.what === 'hold' ? 'Until' : 'Not before'} (UTC)</span>
            <input
              type="datetime-local"
              name="at"
              required
              defaultValue={new Date(nowMs() + 7_200_000).toISOString().slice(0, 16)}
              max={matter?.dueAt?.slice(0, 16)}
            />
          </label>
          {asked.what === 'hold' && (
            <label>
              <span>Basis</span>
              <input name="basis" required minLength={3} placeholder="Court, number, served when" />
            </label>
          )}
          <Because />
        </>
      );
    case 'release': {
      const hold = matter?.holds.find((h) => h.holdId === asked.holdId);
      return (
        <>
          {hold !== undefined && (
            <p className="soft">
              {number(hold.count)} certificates held under “{hold.basis}” are revoked at once when a second person
              agrees.
            </p>
          )}
          <Because />
        </>
      );
    }
    case 'take':
      return (
        <p className="soft">
          You take this case for {shown.team === null ? 'your team' : teamWords[shown.team]}. Pages about it stop until
          something is late again.
        </p>
      );
    case 'hand-off':
      return (
        <>
          <Choice name="to" title="To" value="" options={Object.entries(teamWords).filter(([t]) => t !== shown.team)} />
          <Because />
        </>
      );
    case 'note':
      return (
        <label>
          <span>Note, kept in the timeline</span>
          <textarea name="text" rows={5} required data-autofocus />
        </label>
      );
    case 'called':
      return (
        <>
          <p className="soft">No answer does not stop or delay the revocation.</p>
          <label>
            <span>Number</span>
            <input name="to" required minLength={3} maxLength={40} defaultValue={asked.phone ?? ''} />
          </label>
          <Choice name="result" title="What came of it" value="" options={Object.entries(callWords)} />
          <label>
            <span>What was said</span>
            <textarea name="remark" rows={2} maxLength={500} />
          </label>
        </>
      );
  }
}

/** What approving does, in figures, before it is done. */
function DryRun({ matter }: { matter: MatterView }) {
  const { certificates } = matter;
  const now =
    certificates.total - certificates.expired - certificates.accepted - certificates.held - certificates.scheduled;
  return (
    <table className="plain">
      <tbody>
        <tr>
          <td className="faint">Revokes</td>
          <td>
            <strong>{number(Math.max(0, now))}</strong> of {number(certificates.total)} certificates
            {certificates.held > 0 && `, ${number(certificates.held)} stay held`}
            {certificates.scheduled > 0 && `, ${number(certificates.scheduled)} as scheduled`}
          </td>
        </tr>
        <tr>
          <td className="faint">Reason</td>
          <td className="mono">{matter.reason}</td>
        </tr>
        <tr>
          <td className="faint">Rule</td>
          <td>
            {matter.rule.document} {matter.rule.version}, {matter.rule.section}
          </td>
        </tr>
        <tr>
          <td className="faint">When</td>
          <td>
            {matter.cutOffAt === null ? (
              'at once'
            ) : (
              <>
                at the cut-off, <Moment at={matter.cutOffAt} zone far />
              </>
            )}
          </td>
        </tr>
        <tr>
          <td className="faint">Approvals</td>
          <td>
            {matter.approvals.length} of {Math.max(1, matter.approvalsNeeded)}
            {matter.approvals.length > 0 && `: ${matter.approvals.map((p) => p.replace('person:', '')).join(', ')}`}
          </td>
        </tr>
        <tr>
          <td className="faint">Set</td>
          <td className="mono small">{matter.digest.slice(0, 32)}</td>
        </tr>
      </tbody>
    </table>
  );
}

function Because() {
  return (
    <label>
      <span>Why</span>
      <textarea name="because" rows={3} required minLength={3} maxLength={2000} data-autofocus />
    </label>
  );
}

function Choice(props: { name: string; title: string; value: string; options: [string, string][] }) {
  return (
    <label>
      <span>{props.title}</span>
      <select name={props.name} required defaultValue={props.value}>
        <option value="" disabled>
          choose
        </option>
        {props.options.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The command, or what is still missing. */
function commandOf(asked: Asked, data: FormData, shown: CaseView): CaseCommand | string {
  const text = (name: string): string => String(data.get(name) ?? '').trim();
  const because = text('because');
  const lines = (name: string): string[] =>
    text(name)
      .split(/[\s,]+/)
      .filter((l) => l !== '');
  const instant = (): string => `${text('at')}:00Z`;
  const selection = () => {
    const fingerprints = lines('fingerprints').map((f) => f.toLowerCase().replaceAll(':', ''));
    return fingerprints.length === 0 ? { all: true as const } : { fingerprints };
  };
  switch (asked.what) {
    case 'confirm':
      return { do: 'confirm', reportId: asked.reportId, label: text('label') as Label, because };
    case 'dismiss':
      return { do: 'dismiss', reportId: asked.reportId, because };
    case 'name-certificates':
      return { do: 'name-certificates', reportId: asked.reportId, identifiers: lines('identifiers'), because };
    case 'approve':
      return { do: 'approve', matterId: asked.matterId, because };
    case 'close-matter':
      return { do: 'close-matter', matterId: asked.matterId, because };
    case 'schedule':
      return { do: 'schedule', matterId: asked.matterId, certificates: selection(), notBeforeAt: instant(), because };
    case 'hold':
      return {
        do: 'hold',
        matterId: asked.matterId,
        certificates: selection(),
        untilAt: instant(),
        basis: text('basis'),
        because,
      };
    case 'release':
      return { do: 'release', matterId: asked.matterId, holdId: asked.holdId, because };
    case 'take':
      return shown.team === null ? 'This case has no team yet.' : { do: 'take', team: shown.team };
    case 'hand-off':
      return { do: 'hand-off', to: text('to') as Team, because };
    case 'note':
      return { do: 'note', text: text('text') };
    case 'called':
      return {
        do: 'called',
        subscriber: asked.subscriber,
        to: text('to'),
        result: text('result') as Extract<CaseCommand, { do: 'called' }>['result'],
        remark: text('remark'),
      };
  }
}

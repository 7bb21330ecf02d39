import { Modal } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { Proposal } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { people } from '../../instrument/words.ts';
import { call, meQuery, proposalsQuery } from '../../link/api.ts';
import { useLine } from '../../link/feed.ts';
import { tell } from '../../shell/acts.tsx';

/** Acts that wait for a second person: who asked, for what, why. */
export function ProposalsList() {
  const proposals = useQuery(proposalsQuery);
  const me = useQuery(meQuery);
  const [open, setOpen] = useState<Proposal | null>(null);
  const rows = proposals.data?.rows ?? [];
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="second-person">
      <header style={{ padding: '20px 20px 4px' }}>
        <h2 id="second-person">Waits for a second person</h2>
      </header>
      <ul>
        {rows.map((p) => (
          <li key={p.proposalId} className="inbox-item">
            <span className="strong">{p.text}</span>
            <span className="small soft">
              “{p.command.do === 'note' ? '' : 'because' in p.command ? p.command.because : ''}”
            </span>
            <span className="line2 small faint">
              <span>
                {people(p.by)}, <Moment at={p.at} zone />
              </span>
              <span>
                lapses <Moment at={p.lapsesAt} far />
              </span>
            </span>
            <span style={{ position: 'relative', zIndex: 1, marginTop: 6 }}>
              {me.data?.person === p.by ? (
                <span className="small faint">Another person has to decide.</span>
              ) : (
                <button type="button" className="button" onClick={() => setOpen(p)}>
                  Decide …
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
      {open !== null && <DecideDialog proposal={open} close={() => setOpen(null)} />}
    </section>
  );
}

function DecideDialog({ proposal, close }: { proposal: Proposal; close: () => void }) {
  const client = useQueryClient();
  const line = useLine();
  const [problem, setProblem] = useState<string | null>(null);
  const [key] = useState(() => crypto.randomUUID());
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const submitter = (event.nativeEvent as SubmitEvent).submitter as HTMLButtonElement | null;
    const decision = submitter?.value === 'agree' ? 'agree' : 'decline';
    const because = String(new FormData(event.currentTarget).get('because') ?? '');
    try {
      const answer = await call('decideProposal', {
        path: { proposalId: proposal.proposalId },
        body: { decision, because },
        idempotencyKey: `${key}-${decision}`,
      });
      tell(answer.text);
      close();
      await client.invalidateQueries({ queryKey: ['proposals'] });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : 'No answer.');
    }
  };
  return (
    <Modal
      opened
      onClose={close}
      title="Second person"
      size="lg"
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form className="form" onSubmit={(event) => void submit(event)}>
        <p className="strong">{proposal.text}</p>
        <p className="soft">
          Asked for by {people(proposal.by)}, <Moment at={proposal.at} zone far />. Case{' '}
          <Link to="/cases/$caseId" params={{ caseId: proposal.caseId }}>
            {proposal.caseId}
          </Link>
          .
        </p>
        <label>
          <span>Why</span>
          <textarea name="because" rows={3} required minLength={3} data-autofocus />
        </label>
        {problem !== null && (
          <p role="alert" className="strong" style={{ color: 'var(--last)' }}>
            {problem}
          </p>
        )}
        <div className="acts">
          <button type="submit" className="button" value="decline">
            Decline
          </button>
          <button type="submit" className="button main" value="agree" disabled={line === 'stale'}>
            Agree and do it
          </button>
        </div>
      </form>
    </Modal>
  );
}

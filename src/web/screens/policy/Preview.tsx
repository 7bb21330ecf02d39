import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useDeferredValue, useState } from 'react';
import type { PolicyPreview, PolicyView } from '../../../api/contract/index.ts';
import { utc } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { call } from '../../link/api.ts';
import { useLine } from '../../link/feed.ts';
import { useNow } from '../../link/server-time.ts';
import { tell } from '../../shell/acts.tsx';
import { type Draft, overlayOf } from './draft.ts';

/** What the draft would do to the cases that are open now, before anybody puts it in force. */
export function Preview(props: {
  policy: PolicyView;
  draft: Draft;
  same: boolean;
  may: boolean;
  discard: () => void;
}) {
  const { policy, same, may, discard } = props;
  const draft = useDeferredValue(props.draft);
  const overlay = overlayOf(policy, draft);
  const preview = useQuery({
    queryKey: ['policy-preview', policy.version, JSON.stringify(overlay)],
    queryFn: ({ signal }) => call('previewPolicy', { body: { overlay }, signal }),
    enabled: !same,
    placeholderData: (before) => before,
  });
  return (
    <aside className="preview" aria-labelledby="preview-title" aria-live="polite">
      <h2 id="preview-title">What it would change</h2>
      {same && <p className="soft">Nothing yet. Change a field on the left.</p>}
      {!same && preview.isError && <p>{preview.error.message}</p>}
      {!same && preview.data !== undefined && (
        <>
          <Changes preview={preview.data} />
          <Affected preview={preview.data} />
          <Publish policy={policy} overlay={overlay} preview={preview.data} may={may} discard={discard} />
        </>
      )}
    </aside>
  );
}

function Changes({ preview }: { preview: PolicyPreview }) {
  return (
    <>
      {preview.problems.map((p) => (
        <p key={`${p.path} ${p.message}`}>
          <Mark kind="bad">{p.message}</Mark>
          <span className="small faint block mono">{p.path}</span>
        </p>
      ))}
      <ul className="changes">
        {preview.changes.map((change) => (
          <li key={change.what}>
            {change.what}
            <span className="small soft block">
              {change.before} → <strong>{change.after}</strong>
              {change.looser && ' · laxer than now'}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Affected({ preview }: { preview: PolicyPreview }) {
  const now = useNow();
  const { affected, affectedTotal, openCases } = preview;
  if (affectedTotal === 0)
    return <p className="soft">{openCases === 0 ? 'No case is open.' : `Nothing moves in the ${openCases} open cases.`}</p>;
  return (
    <>
      <p className="strong">
        {affectedTotal} {affectedTotal === 1 ? 'matter' : 'matters'} in {openCases} open cases
      </p>
      <ul className="affected">
        {affected.map((a) => (
          <li key={a.matterId}>
            <Link to="/cases/$caseId" params={{ caseId: a.caseId }}>
              {a.title}
            </Link>
            <span className="small block">
              <span className="faint">{utc(a.cutOffBefore, now)}</span> → <strong>{utc(a.cutOffAfter, now)} UTC</strong>
              {a.atOnce && <strong className="at-once"> at once, when published</strong>}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Publish(props: {
  policy: PolicyView;
  overlay: ReturnType<typeof overlayOf>;
  preview: PolicyPreview;
  may: boolean;
  discard: () => void;
}) {
  const { policy, overlay, preview, may, discard } = props;
  const queries = useQueryClient();
  const line = useLine();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const because = String(new FormData(event.currentTarget).get('because'));
    setBusy(true);
    try {
      const answer = await call('publishPolicy', { body: { overlay, because, basedOn: policy.version } });
      tell(answer.text);
      await queries.invalidateQueries({ queryKey: ['policy'] });
      if (answer.state !== 'in-force') discard();
    } catch (error) {
      tell(error instanceof Error ? error.message : 'It did not work.', 'problem');
    } finally {
      setBusy(false);
    }
  };
  const atOnce = preview.affected.filter((a) => a.atOnce).length;
  return (
    <form className="form" onSubmit={(event) => void submit(event)}>
      <label>
        <span>Why</span>
        <textarea name="because" rows={2} required minLength={3} maxLength={2000} />
      </label>
      {preview.looser && <p className="soft">It is laxer than now, so another person has to agree.</p>}
      <div className="acts">
        <button type="button" className="button" onClick={discard}>
          Discard
        </button>
        <button
          type="submit"
          className="button main"
          disabled={busy || !may || line === 'stale' || preview.problems.length > 0}
          title={may ? '' : 'You may not publish a policy.'}
        >
          {preview.looser ? 'Propose' : atOnce > 0 ? `Put in force, ${atOnce} at once` : 'Put in force'}
        </button>
      </div>
    </form>
  );
}

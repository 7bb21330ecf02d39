import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { PolicyVersion } from '../../../api/contract/index.ts';
import { people } from '../../instrument/words.ts';
import { call } from '../../link/api.ts';
import { tell } from '../../shell/acts.tsx';

/** A laxer policy holds when a second person has agreed; until then the stricter one stays. */
export function Waiting({ version, may }: { version: PolicyVersion; may: boolean }) {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const decide = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget, (event.nativeEvent as SubmitEvent).submitter);
    setBusy(true);
    try {
      const answer = await call('decidePolicy', {
        path: { version: String(version.version) },
        body: { decision: form.get('decision') as 'agree' | 'decline', because: String(form.get('because')) },
      });
      tell(answer.text);
      await queries.invalidateQueries({ queryKey: ['policy'] });
    } catch (error) {
      tell(error instanceof Error ? error.message : 'It did not work.', 'problem');
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="section waiting" aria-labelledby="waiting-title">
      <header>
        <h2 id="waiting-title">Version {version.version} waits for a second person</h2>
        <span className="soft">
          {people(version.by)}: {version.because}
        </span>
      </header>
      <ul className="changes">
        {version.changes.map((change) => (
          <li key={change}>{change}</li>
        ))}
      </ul>
      <form className="form row" onSubmit={(event) => void decide(event)}>
        <label className="wide">
          <span>Why</span>
          <input name="because" required minLength={3} maxLength={2000} />
        </label>
        <button type="submit" name="decision" value="agree" className="button main" disabled={busy || !may}>
          Agree
        </button>
        <button type="submit" name="decision" value="decline" className="button" disabled={busy || !may}>
          Decline
        </button>
      </form>
    </section>
  );
}

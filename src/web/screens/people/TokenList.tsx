import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Scope } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { people } from '../../instrument/words.ts';
import { call } from '../../link/api.ts';
import { tell } from '../../shell/acts.tsx';

const scopes: readonly [Scope, string][] = [
  ['read', 'read everything'],
  ['act', 'act on cases'],
  ['report', 'send reports'],
  ['blocked-keys', 'ask for blocked keys'],
  ['automation-policy', 'ask what accounts owe to automation'],
  ['audit', 'see people and exports'],
  ['policy', 'publish a stricter policy'],
  ['administer', 'administer'],
];

/** Programs that call the API. A secret is shown once; only its hash is kept. */
export function TokenList() {
  const client = useQueryClient();
  const list = useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => call('getTokens', { signal }) });
  const [secret, setSecret] = useState<string | null>(null);
  const changed = () => client.invalidateQueries({ queryKey: ['tokens'] });
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    try {
      const added = await call('addToken', {
        body: {
          name: String(data.get('name')),
          scopes: data.getAll('scope') as Scope[],
          days: Number(data.get('days')),
          because: '',
        },
      });
      setSecret(added.secret);
      form.reset();
      await changed();
    } catch (error) {
      tell(error instanceof Error ? error.message : 'It did not work.', 'problem');
    }
  };
  const remove = async (tokenId: string): Promise<void> => {
    await call('removeToken', { path: { tokenId } }).catch((error: Error) => tell(error.message, 'problem'));
    await changed();
  };
  return (
    <section className="section" aria-labelledby="tokens-title">
      <header>
        <h2 id="tokens-title">API tokens</h2>
      </header>
      {list.data?.rows.length === 0 ? (
        <p className="soft">No program has a token.</p>
      ) : (
      <table className="plain stack">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">May</th>
            <th scope="col">Made by</th>
            <th scope="col">Lapses</th>
            <th scope="col">Last used</th>
            <th scope="col">
              <span className="visually-hidden">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {(list.data?.rows ?? []).map((t) => (
            <tr key={t.tokenId}>
              <td>{t.name}</td>
              <td>{t.scopes.join(', ')}</td>
              <td>{people(t.by)}</td>
              <td>
                <Moment at={t.lapsesAt} />
              </td>
              <td>{t.usedAt === null ? <span className="faint">never</span> : <Moment at={t.usedAt} far />}</td>
              <td>
                <button type="button" className="button" onClick={() => void remove(t.tokenId)}>
                  Remove
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      )}
      {secret !== null && (
        <p className="shown-once" role="status">
          Shown once: <code>{secret}</code>
        </p>
      )}
      <form className="form row" onSubmit={(event) => void submit(event)}>
        <label>
          <span>Name</span>
          <input name="name" required maxLength={100} />
        </label>
        <label>
          <span>Days</span>
          <input name="days" type="number" min={1} max={366} defaultValue={90} required />
        </label>
        <fieldset>
          <legend>May</legend>
          {scopes.map(([scope, words]) => (
            <label key={scope} className="check">
              <input type="checkbox" name="scope" value={scope} /> {words}
            </label>
          ))}
        </fieldset>
        <button type="submit" className="button main">
          Make a token
        </button>
      </form>
    </section>
  );
}

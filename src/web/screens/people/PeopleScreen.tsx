import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Role, Scope } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { people } from '../../instrument/words.ts';
import { call, meQuery } from '../../link/api.ts';
import { tell } from '../../shell/acts.tsx';

const roles: readonly [Role, string][] = [
  ['pki-team', 'PKI team'],
  ['pki-support', 'PKI support'],
  ['ssl-support', 'SSL support'],
  ['compliance', 'Compliance'],
  ['auditor', 'Auditor, reads'],
  ['reader', 'Reads only'],
  ['administrator', 'Administrator'],
];
const scopes: readonly [Scope, string][] = [
  ['read', 'read everything'],
  ['act', 'act on cases'],
  ['report', 'send reports'],
  ['blocked-keys', 'ask for blocked keys'],
  ['administer', 'people and tokens'],
];

/** Who may work here, and which programs. A link or a secret is shown once. */
export function PeopleScreen() {
  const me = useQuery(meQuery);
  if (me.data === undefined) return null;
  if (me.data.signIn === 'none')
    return (
      <div className="page">
        <h1>People and tokens</h1>
        <p className="soft">
          This desk runs without sign-in: everyone who reaches its port is “{me.data.name}”. That is for an evaluation
          on one machine. Set <code>access: link</code> in the configuration and open the one-time link that{' '}
          <code>rescind serve</code> prints.
        </p>
      </div>
    );
  if (!me.data.may.administer)
    return (
      <div className="page">
        <h1>People and tokens</h1>
        <p className="soft">Only administrators see this page. You are {me.data.name}.</p>
      </div>
    );
  return (
    <div className="page">
      <h1>People and tokens</h1>
      <PeopleList />
      <TokenList />
    </div>
  );
}

function PeopleList() {
  const client = useQueryClient();
  const list = useQuery({ queryKey: ['people'], queryFn: ({ signal }) => call('getPeople', { signal }) });
  const [made, setMade] = useState<{ name: string; link: string; lapsesAt: string } | null>(null);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    try {
      const added = await call('addPerson', {
        body: {
          name: String(data.get('name')),
          email: String(data.get('email')),
          roles: data.getAll('role') as Role[],
        },
      });
      setMade({ name: added.person.name, link: added.link, lapsesAt: added.lapsesAt });
      form.reset();
      await client.invalidateQueries({ queryKey: ['people'] });
    } catch (error) {
      tell(error instanceof Error ? error.message : 'It did not work.', 'problem');
    }
  };
  return (
    <section className="section" aria-labelledby="people-title" style={{ marginTop: 16 }}>
      <header>
        <h2 id="people-title">People</h2>
      </header>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Roles</th>
            <th scope="col">Added</th>
            <th scope="col">Last seen</th>
          </tr>
        </thead>
        <tbody>
          {(list.data?.rows ?? []).map((p) => (
            <tr key={p.personId}>
              <td>
                {p.name}
                <span className="small faint" style={{ display: 'block' }}>
                  {p.email}
                </span>
              </td>
              <td>{p.roles.join(', ')}</td>
              <td>
                <Moment at={p.addedAt} />
              </td>
              <td>{p.seenAt === null ? <span className="faint">never</span> : <Moment at={p.seenAt} far />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {made !== null && (
        <p className="strong" role="status" style={{ margin: '12px 0' }}>
          Give this link to {made.name}; it works once, until <Moment at={made.lapsesAt} zone />:{' '}
          <code style={{ overflowWrap: 'anywhere' }}>{made.link}</code>
        </p>
      )}
      <form className="form row" onSubmit={(event) => void submit(event)}>
        <label>
          <span>Name</span>
          <input name="name" required maxLength={200} />
        </label>
        <label>
          <span>E-mail</span>
          <input name="email" type="email" required maxLength={320} />
        </label>
        <fieldset>
          <legend>Roles</legend>
          {roles.map(([role, words]) => (
            <label key={role} className="check">
              <input type="checkbox" name="role" value={role} /> {words}
            </label>
          ))}
        </fieldset>
        <button type="submit" className="button main">
          Add and make a link
        </button>
      </form>
    </section>
  );
}

function TokenList() {
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
      <table className="plain">
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
      {secret !== null && (
        <p className="strong" role="status" style={{ margin: '12px 0' }}>
          Shown once: <code style={{ overflowWrap: 'anywhere' }}>{secret}</code>
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

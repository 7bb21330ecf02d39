import './people.css';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../../link/api.ts';
import { Exports } from './Exports.tsx';
import { PeopleList } from './PeopleList.tsx';
import { Sessions } from './Sessions.tsx';
import { TokenList } from './TokenList.tsx';
import { WebhookList } from './WebhookList.tsx';

/** Who may work here, by which browser or program, and what is kept about whom. A link or a secret is shown once. */
export function PeopleScreen() {
  const me = useQuery(meQuery);
  if (me.data === undefined) return null;
  const { may, signIn, name } = me.data;
  if (signIn === 'none')
    return (
      <div className="page">
        <h1>People and access</h1>
        <p className="soft">
          This desk runs without sign-in: everyone who reaches its port is “{name}”. That is for an evaluation on one
          machine. Set <code>http.access: link</code> in the configuration and open the one-time link that{' '}
          <code>rescind serve</code> prints.
        </p>
      </div>
    );
  return (
    <div className="page">
      <h1>People and access</h1>
      <p className="soft">
        You are {name}. Your passkeys and sessions are on <a href="/account">your own page</a>.
        {!may.audit && !may.administer && ' Only auditors and administrators see more here.'}
      </p>
      {(may.audit || may.administer) && <PeopleList administer={may.administer} />}
      {may.audit && <Sessions administer={may.administer} />}
      {may.administer && <TokenList />}
      {may.administer && <WebhookList />}
      {may.audit && <Exports />}
    </div>
  );
}

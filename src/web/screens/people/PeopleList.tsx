import { Modal } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Person, Role } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { call } from '../../link/api.ts';
import { tell } from '../../shell/acts.tsx';

const roles: readonly (readonly [Role, string])[] = [
  ['pki-team', 'PKI team'],
  ['pki-support', 'PKI support'],
  ['ssl-support', 'SSL support'],
  ['compliance', 'Compliance'],
  ['auditor', 'Auditor, reads'],
  ['reader', 'Reads only'],
  ['administrator', 'Administrator'],
];
const roleWords = new Map<string, string>(roles);

type Act = 'change' | 'link' | 'remove';
interface Made {
  readonly name: string;
  readonly link: string;
  readonly lapsesAt: string;
}

/** People of the four teams, auditors and administrators. Every change says why, and goes into the event log. */
export function PeopleList({ administer }: { administer: boolean }) {
  const client = useQueryClient();
  const list = useQuery({ queryKey: ['people'], queryFn: ({ signal }) => call('getPeople', { signal }) });
  const [made, setMade] = useState<Made | null>(null);
  const [acting, setActing] = useState<{ readonly act: Act; readonly person: Person } | null>(null);
  const changed = () => client.invalidateQueries({ queryKey: ['people'] });
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
          because: '',
        },
      });
      setMade({ name: added.person.name, link: added.link, lapsesAt: added.lapsesAt });
      form.reset();
      await changed();
    } catch (error) {
      tell(error instanceof Error ? error.message : 'It did not work.', 'problem');
    }
  };
  return (
    <section className="section" aria-labelledby="people-title">
      <header>
        <h2 id="people-title">People</h2>
      </header>
      <div className="scroll-x">
        <table className="plain stack">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Roles</th>
              <th scope="col">Passkeys</th>
              <th scope="col">Added</th>
              <th scope="col">Last seen</th>
              {administer && (
                <th scope="col">
                  <span className="visually-hidden">Acts</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {(list.data?.rows ?? []).map((p) => (
              <tr key={p.personId} className={p.removedAt === null ? '' : 'faint'}>
                <td>
                  {p.name}
                  <span className="small faint block">{p.email}</span>
                </td>
                <td>{p.roles.map((role) => roleWords.get(role) ?? role).join(', ')}</td>
                <td className={p.passkeys === 0 ? 'soft' : 'mono'}>{p.passkeys === 0 ? 'none yet' : p.passkeys}</td>
                <td>
                  <Moment at={p.addedAt} />
                </td>
                <td>
                  {p.removedAt !== null ? (
                    <>
                      removed <Moment at={p.removedAt} zone />
                    </>
                  ) : p.seenAt === null ? (
                    <span className="faint">never</span>
                  ) : (
                    <Moment at={p.seenAt} far />
                  )}
                </td>
                {administer && (
                  <td>
                    {p.removedAt === null && (
                      <span className="row-acts">
                        {(['change', 'link', 'remove'] as const).map((act) => (
                          <button
                            key={act}
                            type="button"
                            className="button"
                            onClick={() => setActing({ act, person: p })}
                          >
                            {{ change: 'Change …', link: 'New link …', remove: 'Remove …' }[act]}
                          </button>
                        ))}
                      </span>
                    )}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {made !== null && (
        <p className="shown-once" role="status">
          Give this link to {made.name}; it works once, until <Moment at={made.lapsesAt} zone />: <code>{made.link}</code>
        </p>
      )}
      {administer && (
        <form className="form row" onSubmit={(event) => void submit(event)}>
          <label>
            <span>Name</span>
            <input name="name" required maxLength={200} />
          </label>
          <label>
            <span>E-mail</span>
            <input name="email" type="email" required maxLength={320} />
          </label>
          <Roles chosen={[]} />
          <button type="submit" className="button main">
            Add and make a link
          </button>
        </form>
      )}
      {acting !== null && (
        <ActOn
          act={acting.act}
          person={acting.person}
          close={() => setActing(null)}
          done={async (link) => {
            setMade(link);
            await changed();
          }}
        />
      )}
    </section>
  );
}

function Roles({ chosen }: { chosen: readonly Role[] }) {
  return (
    <fieldset>
      <legend>Roles</legend>
      {roles.map(([role, words]) => (
        <label key={role} className="check">
          <input type="checkbox" name="role" value={role} defaultChecked={chosen.includes(role)} /> {words}
        </label>
      ))}
    </fieldset>
  );
}

const actWords: Record<Act, readonly [string, string]> = {
  change: ['Change', 'It holds at once, in every browser.'],
  link: ['Make a new link for', 'For somebody who lost every passkey. It works once.'],
  remove: ['Remove', 'Sessions, passkeys and links end at once. What was done stays in the log.'],
};

function ActOn(props: { act: Act; person: Person; close: () => void; done: (made: Made | null) => Promise<void> }) {
  const { act, person, close, done } = props;
  const [busy, setBusy] = useState(false);
  const [words, says] = actWords[act];
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const because = String(data.get('because'));
    const path = { personId: person.personId };
    setBusy(true);
    try {
      if (act === 'remove') await call('removePerson', { path, body: { because } });
      if (act === 'change')
        await call('changePerson', {
          path,
          body: {
            name: String(data.get('name')),
            email: String(data.get('email')),
            roles: data.getAll('role') as Role[],
            because,
          },
        });
      const link = act === 'link' ? await call('addPersonLink', { path, body: { because } }) : null;
      await done(link === null ? null : { name: person.name, link: link.link, lapsesAt: link.lapsesAt });
      close();
    } catch (error) {
      tell(error instanceof Error ? error.message : 'It did not work.', 'problem');
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={close}
      title={`${words} ${person.name}`}
      closeButtonProps={{ "aria-label": "Close" }}
      transitionProps={{ duration: 0 }}
    >
      <form className="form" onSubmit={(event) => void submit(event)}>
        <p className="soft">{says}</p>
        {act === 'change' && (
          <>
            <label>
              <span>Name</span>
              <input name="name" required maxLength={200} defaultValue={person.name} />
            </label>
            <label>
              <span>E-mail</span>
              <input name="email" type="email" required maxLength={320} defaultValue={person.email} />
            </label>
            <Roles chosen={person.roles} />
          </>
        )}
        <label>
          <span>Why</span>
          <textarea name="because" rows={2} required minLength={3} maxLength={2000} data-autofocus />
        </label>
        <div className="acts">
          <button type="button" className="button" onClick={close}>
            Leave it
          </button>
          <button type="submit" className="button main" disabled={busy}>
            {words}
          </button>
        </div>
      </form>
    </Modal>
  );
}

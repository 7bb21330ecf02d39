import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Moment } from '../../instrument/Moment.tsx';
import { people } from '../../instrument/words.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { call } from '../../link/api.ts';
import { tell } from '../../shell/acts.tsx';

/** Where changes are pushed to, signed. What a receiver did not take is sent again until it does. */
export function WebhookList() {
  const client = useQueryClient();
  const list = useQuery({ queryKey: ['webhooks'], queryFn: ({ signal }) => call('getWebhooks', { signal }) });
  const [secret, setSecret] = useState<string | null>(null);
  const changed = () => client.invalidateQueries({ queryKey: ['webhooks'] });
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const types = String(data.get('types')).split(/[\s,]+/).filter((type) => type !== '');
    try {
      const added = await call('addWebhook', { body: { url: String(data.get('url')), types, because: '' } });
      setSecret(added.secret);
      form.reset();
      await changed();
    } catch (error) {
      tell(error instanceof Error ? error.message : 'It did not work.', 'problem');
    }
  };
  const remove = async (webhookId: string): Promise<void> => {
    await call('removeWebhook', { path: { webhookId } }).catch((error: Error) => tell(error.message, 'problem'));
    await changed();
  };
  return (
    <section className="section" aria-labelledby="webhooks-title">
      <header>
        <h2 id="webhooks-title">Outgoing webhooks</h2>
      </header>
      <div className="scroll-x">
        <table className="plain stack">
          <thead>
            <tr>
              <th scope="col">Address</th>
              <th scope="col">Events</th>
              <th scope="col">Delivery</th>
              <th scope="col">Made by</th>
              <th scope="col">
                <span className="visually-hidden">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {(list.data?.rows ?? []).map((w) => (
              <tr key={w.webhookId}>
                <td>{w.url}</td>
                <td className="soft">{w.types.length === 0 ? 'all' : w.types.join(', ')}</td>
                <td>
                  {w.problem === null ? (
                    w.deliveredAt === null ? (
                      <Mark kind="open">nothing to deliver yet</Mark>
                    ) : (
                      <>
                        <Mark kind="seen">taken</Mark> <Moment at={w.deliveredAt} far />
                      </>
                    )
                  ) : (
                    <>
                      <Mark kind="bad">{w.problem}</Mark>
                      {w.nextAttemptAt !== null && (
                        <span className="small faint block">
                          again <Moment at={w.nextAttemptAt} far />
                        </span>
                      )}
                    </>
                  )}
                </td>
                <td>{people(w.by)}</td>
                <td>
                  <button type="button" className="button" onClick={() => void remove(w.webhookId)}>
                    Remove
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {secret !== null && (
        <p className="shown-once" role="status">
          Shown once, to check the signature with: <code>{secret}</code>
        </p>
      )}
      <form className="form row" onSubmit={(event) => void submit(event)}>
        <label className="wide">
          <span>Address</span>
          <input name="url" type="url" required maxLength={2000} placeholder="https://" />
        </label>
        <label className="wide">
          <span>Event types, all when empty</span>
          <input name="types" placeholder="RevocationPublished, IncidentOpened" />
        </label>
        <button type="submit" className="button main">
          Add a webhook
        </button>
      </form>
    </section>
  );
}

import { useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import type { Adoption } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { number, span } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { call } from '../../link/api.ts';

type Figures = Pick<Adoption['overall'], 'certificates' | 'acme' | 'api' | 'manual' | 'unknown' | 'polling'>;
type Readiness = Adoption['rows'][number]['readiness'];

const readinessWords: Record<Readiness, string> = {
  shown: 'replaced in time',
  failed: 'did not',
  open: 'still has time',
  untried: 'never asked',
};
const kindOf: Record<Readiness, 'seen' | 'bad' | 'open'> = { shown: 'seen', failed: 'bad', open: 'open', untried: 'open' };

/** Who would replace in time if it had to be tonight: measured when renewal was advised, not asked. */
export function AdoptionSection() {
  const [q, setQ] = useState('');
  const wanted = useDeferredValue(q.trim());
  const adoption = useInfiniteQuery({
    queryKey: ['adoption', wanted],
    queryFn: ({ signal, pageParam }) =>
      call('getAdoption', {
        query: { limit: 50, ...(wanted === '' ? {} : { q: wanted }), ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
  const first = adoption.data?.pages[0];
  if (first === undefined) return null;
  const rows = adoption.data?.pages.flatMap((page) => page.rows) ?? [];
  const { overall, readiness, subscribers, limitSeconds } = first;
  return (
    <section className="section" aria-labelledby="adoption-title">
      <header>
        <h2 id="adoption-title">Who would replace in time</h2>
        <span className="soft">
          {number(overall.certificates)} valid certificates of {number(subscribers)} subscribers; within{' '}
          {span(limitSeconds * 1000)} of the advice, since <Moment at={first.since} zone />
        </span>
        <span className="grow" />
        <input
          className="find"
          type="search"
          placeholder="Narrow by subscriber"
          aria-label="Narrow by subscriber"
          value={q}
          onChange={(event) => setQ(event.currentTarget.value)}
        />
      </header>
      <div className="adoption-charts">
        <Bars
          title="How certificates are ordered"
          whole={overall.certificates}
          rows={[
            ['ACME', overall.acme],
            ['own software', overall.api],
            ['by hand', overall.manual],
            ['unknown', overall.unknown],
          ]}
        />
        <Bars
          title="Listens to renewal information"
          whole={overall.certificates}
          rows={[['asked within two days', overall.polling]]}
        >
          <p className="small soft">
            {overall.advised === 0
              ? 'Nobody was advised to renew in this time.'
              : `${number(overall.replaced)} of ${number(overall.advised)} advised were replaced${
                  overall.medianReplacementSeconds === null
                    ? '; more than half were not'
                    : `, half of them within ${span(overall.medianReplacementSeconds * 1000)}`
                }.`}
          </p>
        </Bars>
        <Bars
          title="Subscribers when they were asked"
          whole={subscribers}
          rows={(['shown', 'open', 'untried', 'failed'] as const).map((k) => [readinessWords[k], readiness[k]])}
        />
      </div>
      {rows.length > 0 && (
        <div className="scroll-x">
          <table className="plain stack">
            <thead>
              <tr>
                <th scope="col">Subscriber</th>
                <th scope="col">When asked</th>
                <th scope="col">Certificates</th>
                <th scope="col">Ordered</th>
                <th scope="col">Replaced</th>
                <th scope="col">Half within</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((r) => (
                <tr key={r.subscriber}>
                  <td>{r.subscriber}</td>
                  <td>
                    <Mark kind={kindOf[r.readiness]}>{readinessWords[r.readiness]}</Mark>
                  </td>
                  <td className="mono">{number(r.certificates)}</td>
                  <td className="small soft">{ordered(r)}</td>
                  <td>
                    {r.advised === 0 ? (
                      <span className="faint">–</span>
                    ) : (
                      <>
                        <span className="mono">{number(r.replaced)}</span>{' '}
                        <span className="faint">of {number(r.advised)}</span>
                      </>
                    )}
                  </td>
                  <td className="mono small">
                    {r.medianReplacementSeconds === null ? '–' : span(r.medianReplacementSeconds * 1000)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {adoption.hasNextPage && (
        <button type="button" className="button" onClick={() => void adoption.fetchNextPage()}>
          Show more
        </button>
      )}
    </section>
  );
}

function ordered({ certificates, acme, api, manual, polling }: Figures): string {
  const parts = [
    acme > 0 ? `${number(acme)} by ACME` : '',
    api > 0 ? `${number(api)} by software` : '',
    manual > 0 ? `${number(manual)} by hand` : '',
  ].filter((part) => part !== '');
  const listens = polling >= certificates ? 'all listen' : polling === 0 ? 'none listens' : `${number(polling)} listen`;
  return [...parts, listens].join(', ');
}

/** Bars against one whole, the figures beside them; ink only, because none of it is time left or a verdict. */
function Bars(props: {
  title: string;
  whole: number;
  rows: readonly (readonly [string, number])[];
  children?: React.ReactNode;
}) {
  const whole = Math.max(1, props.whole);
  return (
    <div>
      <h3 className="small">{props.title}</h3>
      <dl className="bars">
        {props.rows.map(([words, value]) => (
          <div key={words}>
            <dt className="soft">{words}</dt>
            <dd className="bar" aria-hidden="true">
              <i style={{ width: `${(value / whole) * 100}%` }} />
            </dd>
            <dd className="mono">{number(value)}</dd>
          </div>
        ))}
      </dl>
      {props.children}
    </div>
  );
}

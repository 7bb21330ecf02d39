import { useQueries, useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState } from 'react';
import type {
  CertificateRow,
  CertificateState,
  CertificatesPage,
  MatterView,
  Seen,
} from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { basisWords, stateWords } from '../../instrument/words.ts';
import { call } from '../../link/api.ts';
import type { Asked } from './ActDialog.tsx';
import { Section } from './Section.tsx';

const pageRows = 200;
const rowHeight = 32;
const states: readonly CertificateState[] = [
  'failing',
  'valid',
  'held',
  'scheduled',
  'ordered',
  'accepted',
  'published',
  'expired',
];

/**
 * The frozen set of one matter. Only what is in sight is fetched and drawn: a position names the same row for good, so
 * a jump to row 80,000 fetches one page.
 */
export function Certificates(props: {
  caseId: string;
  matter: MatterView;
  only: boolean;
  ask: (asked: Asked) => void;
}) {
  const { caseId, matter } = props;
  const [state, setState] = useState<CertificateState | null>(null);
  const first = useQuery({
    queryKey: ['certificates', caseId, matter.matterId, state, 0],
    queryFn: ({ signal }) => fetchPage(caseId, matter.matterId, state, 0, signal),
    placeholderData: (before) => before,
  });
  const counts = first.data?.counts;
  const total = first.data?.total ?? 0;
  const { certificates } = matter;
  const owed = matter.closed === null && certificates.published + certificates.expired < certificates.total;
  return (
    <Section
      id={props.only ? 'certificates' : `certificates-${matter.matterId}`}
      title={props.only ? 'Certificates' : `Certificates of ${matter.matterId}`}
      aside={
        <>
          <span className="soft">
            {certificates.published >= certificates.total - certificates.expired ? (
              <Mark kind="seen">all {number(certificates.published)} seen as revoked</Mark>
            ) : (
              `${number(certificates.published)} of ${number(certificates.total)} seen as revoked, reason ${matter.reason}`
            )}
          </span>
          <span className="grow" />
          {matter.holds.some((h) => h.releasedAt === null) && (
            <button
              type="button"
              className="button"
              onClick={() =>
                props.ask({
                  what: 'release',
                  matterId: matter.matterId,
                  holdId: matter.holds.find((h) => h.releasedAt === null)?.holdId ?? '',
                })
              }
            >
              Release hold …
            </button>
          )}
          {owed && (
            <>
          <button
            type="button"
            className="button"
            onClick={() => props.ask({ what: 'schedule', matterId: matter.matterId })}
          >
            Schedule …
          </button>
          <button
            type="button"
            className="button"
            onClick={() => props.ask({ what: 'hold', matterId: matter.matterId })}
          >
            Hold …
          </button>
            </>
          )}
        </>
      }
    >
      {matter.holds.map((h) => (
        <p key={h.holdId} className="small soft" style={{ marginBottom: 6 }}>
          <strong>{number(h.count)} held</strong> until <Moment at={h.untilAt} zone />: {h.basis}. Decided by{' '}
          {h.people.map((p) => p.replace('person:', '')).join(' and ')}.{' '}
          {h.releasedAt === null ? 'The limit stands.' : 'Released.'}
        </p>
      ))}
      {counts !== undefined && (
        <fieldset
          className="cert-filters small"
          aria-label="State"
          style={{ border: 0, margin: '0 0 4px', padding: 0 }}
        >
          <button type="button" aria-pressed={state === null} onClick={() => setState(null)}>
            all {number(certificates.total)}
          </button>
          {states
            .filter((s) => (counts[s] ?? 0) > 0)
            .map((s) => (
              <button key={s} type="button" aria-pressed={state === s} onClick={() => setState(s)}>
                {stateWords[s]} {number(counts[s] ?? 0)}
              </button>
            ))}
        </fieldset>
      )}
      <Rows caseId={caseId} matterId={matter.matterId} state={state} total={total} />
      <p className="small faint" style={{ marginTop: 6 }}>
        Authority: {basisWords[matter.basis]}. Set {matter.setId}, digest <span className="mono">{matter.digest.slice(0, 16)}</span>. What was decided about is
        what is revoked.
      </p>
    </Section>
  );
}

function Rows(props: { caseId: string; matterId: string; state: CertificateState | null; total: number }) {
  const { caseId, matterId, state, total } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const firstPage = Math.floor((items[0]?.index ?? 0) / pageRows);
  const lastPage = Math.floor((items.at(-1)?.index ?? 0) / pageRows);
  const wanted = Array.from({ length: lastPage - firstPage + 1 }, (_, n) => firstPage + n);
  const pages = useQueries({
    queries: wanted.map((page) => ({
      queryKey: ['certificates', caseId, matterId, state, page],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchPage(caseId, matterId, state, page * pageRows, signal),
      placeholderData: (before: CertificatesPage | undefined) => before,
    })),
  });
  const rowAt = (index: number): CertificateRow | undefined => {
    const page = pages[Math.floor(index / pageRows) - firstPage]?.data;
    return page?.from === Math.floor(index / pageRows) * pageRows ? page.rows[index % pageRows] : undefined;
  };
  return (
    <div
      className="certs"
      ref={scroller}
      role="table"
      aria-label="Certificates"
      aria-rowcount={total + 1}
      tabIndex={0}
      style={total < 15 ? { height: 'auto' } : undefined}
    >
      <div role="rowgroup">
        <div role="row" className="heads">
          {['No.', 'Name', 'Serial', 'State', 'CRL', 'OCSP', 'Replacement'].map((h) => (
            <span role="columnheader" key={h}>
              {h}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" style={{ height: total * rowHeight, position: 'relative' }}>
        {items.map(({ index, start }) => (
          <CertificateLine key={index} n={index} top={start} row={rowAt(index)} />
        ))}
      </div>
    </div>
  );
}

function CertificateLine({ n, top, row }: { n: number; top: number; row: CertificateRow | undefined }) {
  return (
    <div role="row" aria-rowindex={n + 2} className="cert" style={{ transform: `translateY(${top}px)` }}>
      <span role="cell" className="faint mono small">
        {number(n + 1)}
      </span>
      <span role="cell" className="clip" title={row?.name}>
        {row?.name ?? '…'}
        {row !== undefined && row.names > 1 && <span className="faint"> +{row.names - 1}</span>}
      </span>
      <span role="cell" className="mono small clip" title={row?.serial}>
        {row?.serial}
      </span>
      <span role="cell" className="small clip" title={row?.problem ?? undefined}>
        {row === undefined ? null : <StateMark row={row} />}
      </span>
      <span role="cell" className="small">
        <SeenAs seen={row?.crl ?? null} />
      </span>
      <span role="cell" className="small">
        <SeenAs seen={row?.ocsp ?? null} />
      </span>
      <span role="cell" className="small faint">
        {row === undefined ? '' : row.replaced ? 'seen' : 'none yet'}
      </span>
    </div>
  );
}

function StateMark({ row }: { row: CertificateRow }) {
  if (row.state === 'published') return <Mark kind="seen">{stateWords.published}</Mark>;
  if (row.state === 'failing') return <Mark kind="bad">{row.problem ?? stateWords.failing}</Mark>;
  return <Mark kind="open">{stateWords[row.state]}</Mark>;
}

function SeenAs({ seen }: { seen: Seen | null }) {
  if (seen === null) return <span className="faint">–</span>;
  return (
    <span className={seen.state === 'revoked' ? '' : 'faint'}>
      {seen.state} <Moment at={seen.at} />
    </span>
  );
}

function fetchPage(
  caseId: string,
  matterId: string,
  state: CertificateState | null,
  from: number,
  signal: AbortSignal,
) {
  return call('getCertificates', {
    path: { caseId, matterId },
    query: { from, limit: pageRows, ...(state === null ? {} : { state }) },
    signal,
  });
}

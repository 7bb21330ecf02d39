import { Link, useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import type { BoardRow, RecentCase } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { Scale } from '../../instrument/Scale.tsx';
import { TimeLeft } from '../../instrument/TimeLeft.tsx';
import { number } from '../../instrument/time.ts';
import { Mark, VerdictMark } from '../../instrument/Verdict.tsx';
import { clockWords, labelWords, subscriberWords, teamWords } from '../../instrument/words.ts';
import { Recent } from './Recent.tsx';
import { useKeys } from '../../shell/keys.ts';

const heads = [
  'Time left',
  'Case',
  'Receipt to limit',
  'Seen as revoked',
  'Evidence, subscriber',
  'Next, by itself or by whom',
  'Team',
];

/** One case, one line. j and k move, Enter opens; the browser's own focus is the selection. */
export function BoardTable(props: {
  rows: readonly BoardRow[];
  total: number;
  recent: readonly RecentCase[];
  more: () => void;
}) {
  const { rows, total, more } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useNarrow();
  const wall = document.querySelector('.desk.wall') !== null;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (narrow ? 132 : wall ? 92 : 60),
    overscan: narrow ? rows.length : 12,
  });
  const wanted = useRef<number | null>(null);
  const navigate = useNavigate();
  const current = (): number =>
    Number((document.activeElement?.closest('[data-n]') as HTMLElement | null)?.dataset.n ?? -1);
  const move = (by: number): void => {
    const to = Math.min(rows.length - 1, Math.max(0, current() + by));
    wanted.current = to;
    virtual.scrollToIndex(to, { align: 'auto' });
    focusWanted();
  };
  const focusWanted = (): void => {
    const link = scroller.current?.querySelector<HTMLElement>(`[data-n="${wanted.current}"] a.open`);
    if (link === null || link === undefined) return;
    wanted.current = null;
    link.focus();
  };
  useEffect(() => {
    if (wanted.current !== null) focusWanted();
  });
  useKeys([
    { keys: 'j', words: 'Next case', act: () => move(1) },
    { keys: 'k', words: 'Previous case', act: () => move(-1) },
    {
      keys: 'o',
      words: 'Open the case',
      act: () => {
        const row = rows[current()];
        if (row !== undefined) void navigate({ to: '/cases/$caseId', params: { caseId: row.caseId } });
      },
    },
  ]);
  const size = narrow ? 132 : wall ? 92 : 60;
  const lastInSight = virtual.getVirtualItems().at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length < total && lastInSight > rows.length - 60) more();
  }, [lastInSight, rows.length, total, more]);
  const items = narrow ? rows.map((_, index) => ({ index, start: index * size })) : virtual.getVirtualItems();
  return (
    <div className="board" ref={scroller} tabIndex={0} role="group" aria-label="Board">
    <div role="table" aria-label="Open cases by time left" aria-rowcount={total + 1}>
      <div role="rowgroup">
        <div className="heads" role="row" aria-rowindex={1}>
          {heads.map((h, n) => (
            <span key={h} role="columnheader" className={n === 2 || n === 4 || n === 6 ? 'hide-narrow hide-wall' : ''}>
              {h}
            </span>
          ))}
        </div>
      </div>
      <div className="rows" role="rowgroup" style={{ height: rows.length * size }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          return row === undefined ? null : <Row key={row.caseId} row={row} n={index} top={start} />;
        })}
      </div>
    </div>
    {rows.length >= total && <Recent rows={props.recent} />}
    </div>
  );
}

function Row({ row, n, top }: { row: BoardRow; n: number; top: number }) {
  const clock = row.clocks[0];
  const others = row.clocks.slice(1);
  return (
    <div role="row" className="row" data-n={n} aria-rowindex={n + 2} style={{ transform: `translateY(${top}px)` }}>
      <div role="cell" className="c-left two">
        {clock === undefined ? (
          <span className="faint">no clock</span>
        ) : (
          <TimeLeft startAt={clock.startAt} dueAt={clock.dueAt} />
        )}
        {clock?.dueAt != null && (
          <span className="small faint">
            due <Moment at={clock.dueAt} zone />
          </span>
        )}
      </div>
      <div role="cell" className="c-what two">
        <Link to="/cases/$caseId" params={{ caseId: row.caseId }} className="open clip">
          {row.title}
        </Link>
        <span className="small faint clip">
          {row.label === null ? 'not yet known' : labelWords[row.label]}
          {clock !== undefined && ` · ${clockWords[clock.kind]}`}
          {clock?.rule != null && clock.kind !== 'review' && ` · ${clock.rule.document} ${clock.rule.section}`}
          {others.length > 0 && ` · also ${others.map((o) => clockWords[o.kind]).join(', ')}`}
        </span>
      </div>
      <div role="cell" className="hide-narrow hide-wall">
        {clock !== undefined && <Scale startAt={clock.startAt} dueAt={clock.dueAt} cutOffAt={row.cutOffAt} />}
      </div>
      <div role="cell" className="c-seen two">
        <SeenCount row={row} />
      </div>
      <div role="cell" className="two small hide-narrow hide-wall">
        {row.verdict !== null && <VerdictMark verdict={row.verdict} />}
        {row.subscriber !== 'none' && (
          <span className={row.subscriber === 'unreachable' ? 'soft strong' : 'faint'}>
            {subscriberWords[row.subscriber]}
          </span>
        )}
      </div>
      <div role="cell" className="c-next small">
        {row.next === null ? (
          <span className="faint">nothing is owed</span>
        ) : (
          <span className="two-lines">
            <span className={row.next.by === 'person' ? 'waits' : ''}>{row.next.what}</span>
            {row.next.at !== null && (
              <span className="faint">
                {' '}
                <Moment at={row.next.at} far />
              </span>
            )}
          </span>
        )}
      </div>
      <div role="cell" className="two small hide-narrow hide-wall">
        <span>{row.team === null ? 'nobody' : teamWords[row.team]}</span>
        <span className="faint">{row.takenAt === null ? 'not taken' : 'taken'}</span>
      </div>
    </div>
  );
}

function SeenCount({ row }: { row: BoardRow }) {
  const { total, published, expired, failing, held } = row.certificates;
  if (total === 0) return <span className="faint small">no certificate yet</span>;
  const owed = total - expired;
  const aside = [failing > 0 ? `${number(failing)} failing` : null, held > 0 ? `${number(held)} held` : null]
    .filter(Boolean)
    .join(', ');
  return (
    <>
      {published >= owed ? (
        <Mark kind="seen">all {number(owed)}</Mark>
      ) : (
        <span className="nowrap">
          <span className="mono">{number(published)}</span>
          <span className="faint"> of {number(owed)}</span>
        </span>
      )}
      {aside === '' ? (
        <span className="meter">
          <i className="seen" style={{ width: `${(published / Math.max(1, owed)) * 100}%` }} />
        </span>
      ) : (
        <span className="small soft clip">{aside}</span>
      )}
    </>
  );
}

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => window.matchMedia('(max-width: 760px)').matches);
  useEffect(() => {
    const query = window.matchMedia('(max-width: 760px)');
    const change = (): void => setNarrow(query.matches);
    query.addEventListener('change', change);
    return () => query.removeEventListener('change', change);
  }, []);
  return narrow;
}

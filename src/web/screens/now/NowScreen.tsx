import './now.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useState } from 'react';
import type { Team } from '../../../api/contract/index.ts';
import { number } from '../../instrument/time.ts';
import { teamWords } from '../../instrument/words.ts';
import { boardQuery } from '../../link/api.ts';
import { BoardTable } from './BoardTable.tsx';
import { Horizon } from './Horizon.tsx';
import { QuietProof } from './QuietProof.tsx';
import { Recent } from './Recent.tsx';

const teams = Object.keys(teamWords) as Team[];

/** Every open case by time left: what is this, how long is left, what happens by itself if nobody acts. */
export function NowScreen() {
  const navigate = useNavigate({ from: '/' });
  const { team, q } = useSearch({ from: '/' });
  const [words, setWords] = useState(q ?? '');
  const wanted = useDeferredValue(words);
  const board = useInfiniteQuery(boardQuery({ team, q: wanted === '' ? undefined : wanted }));
  useEffect(() => {
    void navigate({ search: (s) => ({ ...s, q: wanted === '' ? undefined : wanted }) as typeof s, replace: true });
  }, [wanted, navigate]);
  if (board.isPending) return <p className="page faint">Reading the clocks …</p>;
  if (board.isError) return <p className="page">{board.error.message}</p>;
  const first = board.data.pages[0];
  if (first === undefined) return null;
  const { total, waiting, quiet } = first;
  const rows = board.data.pages.flatMap((page) => page.rows);
  const filtered = team !== undefined || wanted !== '';
  return (
    <div className="now">
      <div className="now-head">
        <h1>Now</h1>
        <span className="soft">
          {number(total)} open {total === 1 ? 'case' : 'cases'}
          {waiting > 0 && (
            <>
              {', '}
              <strong>{number(waiting)}</strong> {waiting === 1 ? 'waits' : 'wait'} for a person
            </>
          )}
        </span>
        <span className="grow" />
        <fieldset className="filters" aria-label="Team" style={{ border: 0, margin: 0, padding: 0 }}>
          <button
            type="button"
            aria-pressed={team === undefined}
            onClick={() => void navigate({ search: (s) => ({ ...s, team: undefined }) as typeof s })}
          >
            All teams
          </button>
          {teams.map((t) => (
            <button
              key={t}
              type="button"
              aria-pressed={team === t}
              onClick={() => void navigate({ search: (s) => ({ ...s, team: t }) })}
            >
              {teamWords[t]}
            </button>
          ))}
        </fieldset>
        <input
          className="find"
          type="search"
          placeholder="Narrow by name, case, label"
          aria-label="Narrow the board"
          value={words}
          onChange={(e) => setWords(e.currentTarget.value)}
        />
      </div>
      {total > 0 && <Horizon rows={rows} />}
      {total === 0 && !filtered ? (
        <div className="now-quiet">
          <QuietProof quiet={quiet} />
          <Recent rows={first.recent} />
        </div>
      ) : total === 0 ? (
        <p className="page soft">No open case fits. The board as a whole is not empty.</p>
      ) : (
        <BoardTable
          rows={rows}
          total={total}
          recent={first.recent}
          more={() => {
            if (board.hasNextPage && !board.isFetchingNextPage) void board.fetchNextPage();
          }}
        />
      )}
    </div>
  );
}

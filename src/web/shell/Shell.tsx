import { useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { ApiProblem } from '../../api/client.ts';
import { localTime } from '../instrument/time.ts';
import { inboxQuery, meQuery, nearestQuery, queryClient } from '../link/api.ts';
import { followChanges, useLine } from '../link/feed.ts';
import { useNow } from '../link/server-time.ts';
import { Notices } from './acts.tsx';
import { toggleContrast } from './contrast.ts';
import { KeyHelp } from './KeyHelp.tsx';
import { listenForKeys, useKeys } from './keys.ts';
import { Palette } from './Palette.tsx';
import { pages } from './pages.ts';
import { useTabSign } from './tab-sign.ts';

export function Shell() {
  const me = useQuery(meQuery);
  useEffect(listenForKeys, []);
  if (me.isPending) return <p className="page faint">Asking the desk …</p>;
  if (me.isError) return <Unreachable error={me.error} />;
  if (!me.data.may.read) return <SignedOut />;
  const { csrf, signIn, desk, name } = me.data;
  const signOut = (): void => {
    void fetch('/api/v1/sign-out', { method: 'POST', headers: { 'x-csrf-token': csrf ?? '' } }).finally(() => location.assign('/'));
  };
  return (
    <Desk name={desk.name} person={name} virtualTime={desk.virtualTime} signOut={signIn === 'link' ? signOut : null} />
  );
}

function Desk(props: { name: string; person: string; virtualTime: boolean; signOut: (() => void) | null }) {
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [open, setOpen] = useState<'palette' | 'keys' | null>(null);
  const wall = useRouterState({ select: (s) => (s.location.search as { wall?: boolean }).wall === true });
  const inbox = useQuery(inboxQuery);
  const nearest = useQuery(nearestQuery);
  useEffect(() => followChanges(queryClient), []);
  useTabSign(nearest.data?.rows[0]);
  const nextScheme = colorScheme === 'auto' ? 'dark' : colorScheme === 'dark' ? 'light' : 'auto';
  useKeys([
    ...pages.map((p) => ({ keys: p.keys, words: `Go to ${p.words}`, act: () => void navigate({ to: p.to }) })),
    { keys: 'mod+k', words: 'Command palette', act: () => setOpen('palette') },
    { keys: '/', words: 'Search', act: () => setOpen('palette') },
    { keys: '?', words: 'What the keys do', act: () => setOpen('keys') },
  ]);
  return (
    <div className={wall ? 'desk wall' : 'desk'}>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link to="/" className="mark" aria-label="Rescind, now board">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" strokeWidth="1.6" />
            <path d="M8 8V3A5 5 0 0 1 13 8z" fill="currentColor" />
          </svg>
          <span>Rescind</span>
        </Link>
        <span className="faint desk-name">{props.name}</span>
        <nav aria-label="Screens">
          {pages.map((p) => (
            <Link
              key={p.to}
              to={p.to}
              activeOptions={{ exact: p.to === '/', includeSearch: false }}
              activeProps={{ 'aria-current': 'page' }}
            >
              {p.name}
              {p.to === '/inbox' && (inbox.data?.total ?? 0) > 0 && <span className="count">{inbox.data?.total}</span>}
            </Link>
          ))}
        </nav>
        <span className="grow" />
        <LineState />
        <Clock virtual={props.virtualTime} />
        <button type="button" className="button bare" onClick={() => setOpen('palette')} aria-label="Ctrl K, command palette">
          <kbd>Ctrl K</kbd>
          <svg className="find-mark" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <circle cx="7" cy="7" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.6" />
            <path d="M10.4 10.4l4 4" stroke="currentColor" strokeWidth="1.6" />
          </svg>
        </button>
        <button
          type="button"
          className="button bare"
          onClick={() => setColorScheme(nextScheme)}
          title={`Colours: ${colorScheme}. Press for ${nextScheme}.`}
          aria-label={`Colours: ${colorScheme}`}
        >
          <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
            <circle cx="8" cy="8" r="6.4" fill="none" stroke="currentColor" strokeWidth="1.4" />
            <path d="M8 1.6a6.4 6.4 0 0 1 0 12.8z" fill="currentColor" />
          </svg>
        </button>
        {props.signOut === null ? (
          <span className="who faint">{props.person}</span>
        ) : (
          <span className="who">
            <a href="/account" title="Passkeys and sessions">
              {props.person}
            </a>{' '}
            <button type="button" className="button bare" onClick={props.signOut}>
              Sign out
            </button>
          </span>
        )}
      </header>
      <StaleBanner />
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Notices />
      {open === 'palette' && (
        <Palette close={() => setOpen(null)} contrast={toggleContrast} colours={() => setColorScheme(nextScheme)} />
      )}
      {open === 'keys' && <KeyHelp close={() => setOpen(null)} />}
    </div>
  );
}

function Clock({ virtual }: { virtual: boolean }) {
  const now = useNow();
  if (now === 0) return null;
  const iso = new Date(now).toISOString();
  return (
    <span className="clock mono" title={`${iso}\n${localTime(iso)}`}>
      {iso.slice(11, 19)} <span className="faint">UTC</span>
      {virtual && <span className="faint"> · replayed time</span>}
    </span>
  );
}

function LineState() {
  const line = useLine();
  const words = { connecting: 'connecting', live: 'live', stale: 'not live' }[line];
  return (
    <span
      className={`line ${line}`}
      title={line === 'live' ? 'Changes arrive as they happen.' : 'No word from the desk.'}
    >
      <i aria-hidden="true" />
      {words}
    </span>
  );
}

function StaleBanner() {
  const line = useLine();
  if (line !== 'stale') return null;
  return (
    <p className="banner" role="alert">
      No word from the desk for more than 10 seconds. What you see may be old; nothing irreversible can be done from
      this page until the line is back. Clocks keep running.
    </p>
  );
}

function Unreachable({ error }: { error: Error }) {
  const words = error instanceof ApiProblem ? error.problem.detail : 'The desk does not answer.';
  return (
    <div className="page">
      <h1>No answer</h1>
      <p>{words} This page asks again by itself. Clocks keep running without it.</p>
    </div>
  );
}

function SignedOut() {
  return (
    <div className="page">
      <h1>Not signed in</h1>
      <p>
        <a href="/sign-in">Sign in</a> with a passkey or by your house’s sign-in, or open your one-time link here. An
        administrator makes one under People, and <code>rescind serve</code> prints the first one when it starts.
      </p>
    </div>
  );
}

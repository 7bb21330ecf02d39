/**
 * Follows the change feed and lets what is on screen fetch itself again. The browser reconnects with `Last-Event-ID`,
 * so nothing is missed; while the line is down the screen says so and irreversible acts are disabled.
 */
import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { feedPath } from '../../api/contract/paths.ts';
import { setServerNow } from './server-time.ts';

/** Without a tick for this long the screen is called stale. */
const staleAfterMs = 10_000;
/** Changes arrive in bursts (a wave of revocations); the screen reads again at most this often. */
const refreshEveryMs = 400;

export type Line = 'connecting' | 'live' | 'stale';

let line: Line = 'connecting';
let heardAt = 0;
const readers = new Set<() => void>();

function say(next: Line): void {
  if (next === line) return;
  line = next;
  for (const read of readers) read();
}

export function useLine(): Line {
  return useSyncExternalStore(
    (read) => {
      readers.add(read);
      return () => readers.delete(read);
    },
    () => line,
  );
}

export function followChanges(client: QueryClient): () => void {
  const touched = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const flush = (): void => {
    timer = null;
    const cases = new Set(touched);
    touched.clear();
    void client.invalidateQueries({
      predicate: ({ queryKey }) => {
        const [what, caseId] = queryKey as [string, string?];
        if (what === 'me' || what === 'people' || what === 'tokens' || what === 'letter') return false;
        if (what === 'case' || what === 'certificates' || what === 'incident') return cases.has(caseId ?? '');
        return true;
      },
    });
  };
  const source = new EventSource(feedPath);
  const heard = (): void => {
    heardAt = performance.now();
    say('live');
  };
  source.addEventListener('tick', (event) => {
    heard();
    setServerNow((JSON.parse((event as MessageEvent<string>).data) as { now: string }).now);
  });
  source.addEventListener('change', (event) => {
    heard();
    const change = JSON.parse((event as MessageEvent<string>).data) as { caseId: string | null; at: string };
    touched.add(change.caseId ?? '');
    timer ??= setTimeout(flush, refreshEveryMs);
  });
  const watch = setInterval(() => {
    if (heardAt !== 0 && performance.now() - heardAt > staleAfterMs) say('stale');
  }, 1000);
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) say('stale');
  });
  return () => {
    clearInterval(watch);
    if (timer !== null) clearTimeout(timer);
    source.close();
  };
}

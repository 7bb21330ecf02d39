/** The console's one connection to the desk: the public API and its change feed, nothing else. */
import { infiniteQueryOptions, QueryClient, queryOptions } from '@tanstack/react-query';
import { createClient, type Input } from '../../api/client.ts';
import type { Answer } from '../../api/contract/endpoints.ts';
import type { Me } from '../../api/contract/index.ts';
import type { OperationName } from '../../api/contract/paths.ts';
import { setServerNow } from './server-time.ts';

let csrf: string | null = null;

const client = createClient({ baseUrl: '', csrf: () => csrf });

/** Every answer carries the server's `now`; the screen's clock follows it. */
export async function call<N extends OperationName>(name: N, input: Input<N>): Promise<Answer<N>> {
  const answer = await client(name, input);
  if (typeof answer === 'object' && answer !== null && 'now' in answer) setServerNow(String(answer.now));
  return answer;
}

export const queryClient = new QueryClient({
  defaultOptions: { queries: { staleTime: 30_000, retry: 1, refetchOnWindowFocus: true } },
});

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async (): Promise<Me> => {
    const me = await call('getMe', {});
    csrf = me.csrf;
    return me;
  },
});
/** The board in pages of 500, fetched as one scrolls: 10,000 open cases are no reason to wait for all of them. */
export const boardQuery = (q: { team?: string | undefined; q?: string | undefined }) =>
  infiniteQueryOptions({
    queryKey: ['board', q],
    queryFn: ({ signal, pageParam }) =>
      call('getBoard', { query: { ...(q as object), limit: 500, ...(pageParam === null ? {} : { cursor: pageParam }) }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
/** The case that is due first, for the sign in the browser's tab. */
export const nearestQuery = queryOptions({
  queryKey: ['nearest'],
  queryFn: ({ signal }) => call('getBoard', { query: { limit: 1 }, signal }),
});
export const caseQuery = (caseId: string) =>
  queryOptions({ queryKey: ['case', caseId], queryFn: ({ signal }) => call('getCase', { path: { caseId }, signal }) });
export const inboxQuery = queryOptions({
  queryKey: ['inbox'],
  queryFn: ({ signal }) => call('getInbox', { query: { limit: 200 }, signal }),
});
export const proposalsQuery = queryOptions({
  queryKey: ['proposals'],
  queryFn: ({ signal }) => call('getProposals', { signal }),
});

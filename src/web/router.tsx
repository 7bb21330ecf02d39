import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { NowScreen } from './screens/now/NowScreen.tsx';
import { Shell } from './shell/Shell.tsx';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => <p className="page">There is no such page.</p>,
});
const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

const now = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: NowScreen,
  validateSearch: (search: Record<string, unknown>): { team?: string; q?: string; wall?: boolean } => ({
    ...(typeof search.team === 'string' ? { team: search.team } : {}),
    ...(text(search.q) === undefined ? {} : { q: text(search.q) as string }),
    ...(search.wall === true || search.wall === 1 ? { wall: true } : {}),
  }),
});
const caseRoute = createRoute({
  getParentRoute: () => root,
  path: '/cases/$caseId',
  component: lazyRouteComponent(() => import('./screens/case/CaseScreen.tsx'), 'CaseScreen'),
});
const inbox = createRoute({
  getParentRoute: () => root,
  path: '/inbox',
  component: lazyRouteComponent(() => import('./screens/inbox/InboxScreen.tsx'), 'InboxScreen'),
});
const search = createRoute({
  getParentRoute: () => root,
  path: '/search',
  component: lazyRouteComponent(() => import('./screens/search/SearchScreen.tsx'), 'SearchScreen'),
  validateSearch: (s: Record<string, unknown>): { q?: string } =>
    text(s.q) === undefined ? {} : { q: text(s.q) as string },
});
const channels = createRoute({
  getParentRoute: () => root,
  path: '/channels',
  component: lazyRouteComponent(() => import('./screens/channels/ChannelsScreen.tsx'), 'ChannelsScreen'),
});
const keys = createRoute({
  getParentRoute: () => root,
  path: '/keys',
  component: lazyRouteComponent(() => import('./screens/keys/KeysScreen.tsx'), 'KeysScreen'),
});
const connectors = createRoute({
  getParentRoute: () => root,
  path: '/ca',
  component: lazyRouteComponent(() => import('./screens/connectors/ConnectorsScreen.tsx'), 'ConnectorsScreen'),
});
const log = createRoute({
  getParentRoute: () => root,
  path: '/log',
  component: lazyRouteComponent(() => import('./screens/log/LogScreen.tsx'), 'LogScreen'),
  validateSearch: (s: Record<string, unknown>): { caseId?: string } =>
    text(s.caseId) === undefined ? {} : { caseId: text(s.caseId) as string },
});
const ladder = createRoute({
  getParentRoute: () => root,
  path: '/ladder',
  component: lazyRouteComponent(() => import('./screens/ladder/LadderScreen.tsx'), 'LadderScreen'),
});
const policyRoute = createRoute({
  getParentRoute: () => root,
  path: '/policy',
  component: lazyRouteComponent(() => import('./screens/policy/PolicyScreen.tsx'), 'PolicyScreen'),
});
const rules = createRoute({
  getParentRoute: () => root,
  path: '/rules',
  component: lazyRouteComponent(() => import('./screens/rules/RulesScreen.tsx'), 'RulesScreen'),
});
const readiness = createRoute({
  getParentRoute: () => root,
  path: '/readiness',
  component: lazyRouteComponent(() => import('./screens/readiness/ReadinessScreen.tsx'), 'ReadinessScreen'),
});
const peopleRoute = createRoute({
  getParentRoute: () => root,
  path: '/people',
  component: lazyRouteComponent(() => import('./screens/people/PeopleScreen.tsx'), 'PeopleScreen'),
});

export const router = createRouter({
  routeTree: root.addChildren([now, caseRoute, inbox, search, channels, keys, connectors, log, ladder, policyRoute, rules, readiness, peopleRoute]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

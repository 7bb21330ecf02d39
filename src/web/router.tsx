import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { NowScreen } from './screens/now/NowScreen.tsx';
import { Shell } from './shell/Shell.tsx';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => <p className="page">There is no such page.</p>,
});
const now = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: NowScreen,
  validateSearch: (search: Record<string, unknown>): { team?: string; q?: string; wall?: boolean } => ({
    ...(typeof search.team === 'string' ? { team: search.team } : {}),
    ...(typeof search.q === 'string' ? { q: search.q } : {}),
    ...(search.wall === true || search.wall === 1 ? { wall: true } : {}),
  }),
});
const caseRoute = createRoute({
  getParentRoute: () => root,
  path: '/cases/$caseId',
  component: lazyRouteComponent(() => import('./screens/case/CaseScreen.tsx'), 'CaseScreen'),
});

export const router = createRouter({
  routeTree: root.addChildren([now, caseRoute]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

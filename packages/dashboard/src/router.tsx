// Long because it is a list: each page's address, search parameters and file, which the router types as a whole.
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router'
import { basePath } from './api/base-path.ts'
import { asProblem } from './api/problem.ts'
import { auditSearch } from './pages/audit/search.ts'
import { endpointSearch, endpointsSearch } from './pages/endpoints/search.ts'
import { failedSearch } from './pages/failed/search.ts'
import { liveSearch } from './pages/live/search.ts'
import { messageSearch } from './pages/messages/search.ts'
import { overviewSearch } from './pages/overview/search.ts'
import { systemSearch } from './pages/system/search.ts'
import { openSession, sessionQuery } from './session/session.ts'
import { SignInPage } from './session/sign-in-page.tsx'
import { Crashed, NoPage, PortalClosed } from './shell/dead-ends.tsx'
import { firstPage } from './shell/navigation.tsx'
import { Shell } from './shell/shell.tsx'
import { search } from './shell/search.ts'

interface Context {
  queryClient: QueryClient
  /** The pages stand under /portal, for one app. */
  portal: boolean
  portalToken: string | undefined
}

const root = createRootRouteWithContext<Context>()({ notFoundComponent: NoPage })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/signin',
  validateSearch: search({ to: 'path' }),
  component: SignInPage,
})

const closed = createRoute({ getParentRoute: () => root, path: '/closed', component: PortalClosed })

/** Its type is written out, since the redirects below ask for it before it is inferred. */
const scope: (given: Record<string, unknown>) => { app?: string | undefined } = search({
  app: 'text',
})

/** Everything that takes a session. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'in',
  component: Shell,
  errorComponent: Crashed,
  validateSearch: scope,
  search: { middlewares: [retainSearchParams(['app'])] },
  beforeLoad: async ({ context, location }) => {
    const { queryClient, portal } = context
    const token = context.portalToken
    context.portalToken = undefined
    try {
      if (token !== undefined)
        queryClient.setQueryData(sessionQuery.queryKey, await openSession(token))
      await queryClient.ensureQueryData(sessionQuery)
    } catch (error) {
      if (asProblem(error).status !== 401) throw error
      if (portal) throw redirect({ to: '/closed' })
      throw redirect({
        to: '/signin',
        search: location.href === '/' ? {} : { to: location.href },
      })
    }
  },
})

const home = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: ({ context }) => {
    const session = context.queryClient.getQueryData(sessionQuery.queryKey)
    throw redirect({ to: (session && firstPage(session)) ?? '/closed' })
  },
})

/** Each page comes when somebody goes there. */
function page<Path extends string, File extends object, Name extends keyof File & string>(
  path: Path,
  load: () => Promise<File>,
  name: Name,
) {
  return { getParentRoute: () => inside, path, component: lazyRouteComponent(load, name) }
}

const overview = createRoute({
  ...page('/overview', () => import('./pages/overview/overview-page.tsx'), 'OverviewPage'),
  validateSearch: overviewSearch,
})

const live = createRoute({
  ...page('/live', () => import('./pages/live/live-page.tsx'), 'LivePage'),
  validateSearch: liveSearch,
})

const messages = createRoute({
  ...page('/messages', () => import('./pages/messages/messages-page.tsx'), 'MessagesPage'),
  validateSearch: messageSearch,
})

const message = createRoute(
  page(
    '/messages/$appId/$messageId',
    () => import('./pages/messages/message-page.tsx'),
    'MessagePage',
  ),
)

const failed = createRoute({
  ...page('/failed', () => import('./pages/failed/failed-page.tsx'), 'FailedPage'),
  validateSearch: failedSearch,
})

const task = createRoute(
  page('/tasks/$taskId', () => import('./pages/tasks/task-page.tsx'), 'TaskPage'),
)

const endpoints = createRoute({
  ...page('/endpoints', () => import('./pages/endpoints/endpoints-page.tsx'), 'EndpointsPage'),
  validateSearch: endpointsSearch,
})

const newEndpoint = createRoute(
  page(
    '/endpoints/new',
    () => import('./pages/endpoints/new-endpoint-page.tsx'),
    'NewEndpointPage',
  ),
)

const endpoint = createRoute({
  ...page(
    '/endpoints/$appId/$endpointId',
    () => import('./pages/endpoints/endpoint-page.tsx'),
    'EndpointPage',
  ),
  validateSearch: endpointSearch,
})

const eventTypes = createRoute(
  page('/event-types', () => import('./pages/event-types/event-types-page.tsx'), 'EventTypesPage'),
)

const eventType = createRoute(
  page(
    '/event-types/$name',
    () => import('./pages/event-types/event-type-page.tsx'),
    'EventTypePage',
  ),
)

const apps = createRoute(page('/apps', () => import('./pages/apps/apps-page.tsx'), 'AppsPage'))

const keys = createRoute(page('/keys', () => import('./pages/keys/keys-page.tsx'), 'KeysPage'))

const tenants = createRoute(
  page('/tenants', () => import('./pages/tenants/tenants-page.tsx'), 'TenantsPage'),
)

const operational = createRoute(
  page('/operational', () => import('./pages/operational/operational-page.tsx'), 'OperationalPage'),
)

const sources = createRoute(
  page('/sources', () => import('./pages/sources/sources-page.tsx'), 'SourcesPage'),
)

const source = createRoute(
  page('/sources/$appId/$sourceId', () => import('./pages/sources/source-page.tsx'), 'SourcePage'),
)

const templates = createRoute(
  page('/templates', () => import('./pages/templates/templates-page.tsx'), 'TemplatesPage'),
)

const template = createRoute(
  page(
    '/templates/$templateId',
    () => import('./pages/templates/template-page.tsx'),
    'TemplatePage',
  ),
)

const portalSettings = createRoute(
  page(
    '/portal-settings',
    () => import('./pages/portal-settings/portal-settings-page.tsx'),
    'PortalSettingsPage',
  ),
)

const audit = createRoute({
  ...page('/audit', () => import('./pages/audit/audit-page.tsx'), 'AuditPage'),
  validateSearch: auditSearch,
})

const privacy = createRoute(
  page('/privacy', () => import('./pages/privacy/privacy-page.tsx'), 'PrivacyPage'),
)

const system = createRoute({
  ...page('/system', () => import('./pages/system/system-page.tsx'), 'SystemPage'),
  validateSearch: systemSearch,
})

const design = createRoute(
  page('/design', () => import('./pages/design/design-page.tsx'), 'DesignPage'),
)

const routeTree = root.addChildren([
  signIn,
  closed,
  inside.addChildren([
    home,
    overview,
    live,
    messages,
    message,
    failed,
    task,
    endpoints,
    newEndpoint,
    endpoint,
    eventTypes,
    eventType,
    apps,
    keys,
    tenants,
    operational,
    sources,
    source,
    templates,
    template,
    portalSettings,
    audit,
    privacy,
    system,
    design,
  ]),
])

export function makeRouter(context: Context) {
  return createRouter({
    routeTree,
    context,
    basepath: `${basePath}${context.portal ? '/portal' : '/'}`,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: Crashed,
    defaultNotFoundComponent: NoPage,
  })
}

/**
 * What the first page needs comes side by side, and not one after the other: its script and the session are asked for
 * while its words are on their way.
 */
export function startEarly(router: ReturnType<typeof makeRouter>): void {
  const { queryClient, portalToken } = router.options.context
  const matches = router.matchRoutes(router.latestLocation) as {
    routeId: keyof typeof router.routesById
  }[]
  const ids = matches.map(({ routeId }) => routeId)
  // A token is exchanged for the session that is asked for; who signs in has none.
  if (portalToken === undefined && ids.includes(inside.id))
    void queryClient.prefetchQuery(sessionQuery)
  for (const id of ids.at(-1) === home.id ? [overview.id] : ids)
    void router.loadRouteChunk(router.routesById[id])?.catch(() => undefined)
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}

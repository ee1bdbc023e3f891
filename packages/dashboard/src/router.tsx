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

const at = { getParentRoute: () => inside }

// Each page comes when somebody goes there.
const overview = createRoute({
  ...at,
  path: '/overview',
  validateSearch: overviewSearch,
  component: lazyRouteComponent(
    async () => await import('./pages/overview/overview-page.tsx'),
    'OverviewPage',
  ),
})

const live = createRoute({
  ...at,
  path: '/live',
  validateSearch: liveSearch,
  component: lazyRouteComponent(async () => await import('./pages/live/live-page.tsx'), 'LivePage'),
})

const messages = createRoute({
  ...at,
  path: '/messages',
  validateSearch: messageSearch,
  component: lazyRouteComponent(
    async () => await import('./pages/messages/messages-page.tsx'),
    'MessagesPage',
  ),
})

const message = createRoute({
  ...at,
  path: '/messages/$appId/$messageId',
  component: lazyRouteComponent(
    async () => await import('./pages/messages/message-page.tsx'),
    'MessagePage',
  ),
})

const failed = createRoute({
  ...at,
  path: '/failed',
  validateSearch: failedSearch,
  component: lazyRouteComponent(
    async () => await import('./pages/failed/failed-page.tsx'),
    'FailedPage',
  ),
})

const task = createRoute({
  ...at,
  path: '/tasks/$taskId',
  component: lazyRouteComponent(
    async () => await import('./pages/tasks/task-page.tsx'),
    'TaskPage',
  ),
})

const endpoints = createRoute({
  ...at,
  path: '/endpoints',
  validateSearch: endpointsSearch,
  component: lazyRouteComponent(
    async () => await import('./pages/endpoints/endpoints-page.tsx'),
    'EndpointsPage',
  ),
})

const newEndpoint = createRoute({
  ...at,
  path: '/endpoints/new',
  component: lazyRouteComponent(
    async () => await import('./pages/endpoints/new-endpoint-page.tsx'),
    'NewEndpointPage',
  ),
})

const endpoint = createRoute({
  ...at,
  path: '/endpoints/$appId/$endpointId',
  validateSearch: endpointSearch,
  component: lazyRouteComponent(
    async () => await import('./pages/endpoints/endpoint-page.tsx'),
    'EndpointPage',
  ),
})

const eventTypes = createRoute({
  ...at,
  path: '/event-types',
  component: lazyRouteComponent(
    async () => await import('./pages/event-types/event-types-page.tsx'),
    'EventTypesPage',
  ),
})

const eventType = createRoute({
  ...at,
  path: '/event-types/$name',
  component: lazyRouteComponent(
    async () => await import('./pages/event-types/event-type-page.tsx'),
    'EventTypePage',
  ),
})

const apps = createRoute({
  ...at,
  path: '/apps',
  component: lazyRouteComponent(async () => await import('./pages/apps/apps-page.tsx'), 'AppsPage'),
})

const keys = createRoute({
  ...at,
  path: '/keys',
  component: lazyRouteComponent(async () => await import('./pages/keys/keys-page.tsx'), 'KeysPage'),
})

const tenants = createRoute({
  ...at,
  path: '/tenants',
  component: lazyRouteComponent(
    async () => await import('./pages/tenants/tenants-page.tsx'),
    'TenantsPage',
  ),
})

const operational = createRoute({
  ...at,
  path: '/operational',
  component: lazyRouteComponent(
    async () => await import('./pages/operational/operational-page.tsx'),
    'OperationalPage',
  ),
})

const sources = createRoute({
  ...at,
  path: '/sources',
  component: lazyRouteComponent(
    async () => await import('./pages/sources/sources-page.tsx'),
    'SourcesPage',
  ),
})

const source = createRoute({
  ...at,
  path: '/sources/$appId/$sourceId',
  component: lazyRouteComponent(
    async () => await import('./pages/sources/source-page.tsx'),
    'SourcePage',
  ),
})

const templates = createRoute({
  ...at,
  path: '/templates',
  component: lazyRouteComponent(
    async () => await import('./pages/templates/templates-page.tsx'),
    'TemplatesPage',
  ),
})

const template = createRoute({
  ...at,
  path: '/templates/$templateId',
  component: lazyRouteComponent(
    async () => await import('./pages/templates/template-page.tsx'),
    'TemplatePage',
  ),
})

const portalSettings = createRoute({
  ...at,
  path: '/portal-settings',
  component: lazyRouteComponent(
    async () => await import('./pages/portal-settings/portal-settings-page.tsx'),
    'PortalSettingsPage',
  ),
})

const audit = createRoute({
  ...at,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyRouteComponent(
    async () => await import('./pages/audit/audit-page.tsx'),
    'AuditPage',
  ),
})

const privacy = createRoute({
  ...at,
  path: '/privacy',
  component: lazyRouteComponent(
    async () => await import('./pages/privacy/privacy-page.tsx'),
    'PrivacyPage',
  ),
})

const system = createRoute({
  ...at,
  path: '/system',
  validateSearch: systemSearch,
  component: lazyRouteComponent(
    async () => await import('./pages/system/system-page.tsx'),
    'SystemPage',
  ),
})

const design = createRoute({
  ...at,
  path: '/design',
  component: lazyRouteComponent(
    async () => await import('./pages/design/design-page.tsx'),
    'DesignPage',
  ),
})

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

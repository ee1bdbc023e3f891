import './styles/tokens.css'
import './styles/base.css'
import { CSPProvider } from '@base-ui/react/csp-provider'
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { basePath } from './api/base-path.ts'
import { asProblem } from './api/problem.ts'
import { Toasts } from './parts/toast.tsx'
import { makeRouter, startEarly } from './router.tsx'
import { takePortalToken } from './session/portal-token.ts'
import { applyTheme, currentTheme } from './shell/theme.ts'
import { Words } from './words/words.tsx'

applyTheme(currentTheme())

const queryClient = new QueryClient({
  queryCache: new QueryCache(),
  mutationCache: new MutationCache(),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What Pombo refused it will refuse again; what did not arrive may arrive.
      retry: (count, error) => count < 2 && [0, 502, 503, 504].includes(asProblem(error).status),
    },
  },
})

const portal = /^\/portal(\/|$)/.test(window.location.pathname.slice(basePath.length))
const router = makeRouter({
  queryClient,
  portal,
  portalToken: portal ? takePortalToken(window.location, window.history) : undefined,
})

startEarly(router)

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    {/* The policy allows no style element; the stylesheets have what these would say. */}
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <Words>
          <Toasts>
            <RouterProvider router={router} />
          </Toasts>
        </Words>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
)

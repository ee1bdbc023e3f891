import { queryOptions, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { basePath } from '../api/base-path.ts'
import { api, ask, bindSession } from '../api/client.ts'
import type { Session } from '../api/shapes.ts'

export type Role = Session['role']

const rank: Record<Role, number> = { read: 0, operate: 1, administer: 2 }

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async () => begin(await ask(api.GET('/api/v1/auth/session'))),
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
  retry: false,
})

/** Who is signed in. Below the shell there always is somebody. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data
}

export function useMay(): (role: Role) => boolean {
  const { role } = useSession()
  return (wanted) => rank[role] >= rank[wanted]
}

/** Exchanges a key, or a portal's token, for a session; neither is kept. */
export async function openSession(token: string): Promise<Session> {
  const embedded = window.self !== window.top
  const session = await ask(api.POST('/api/v1/auth/session', { body: { token, embedded } }))
  return begin(session)
}

export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient()
  return async () => {
    await ask(api.DELETE('/api/v1/auth/session'))
    queries.clear()
    // All that the page knew goes with the page.
    window.location.assign(`${basePath}/signin`)
  }
}

function begin(session: Session): Session {
  setEnded(false)
  bindSession(session.csrfToken, () => setEnded(true))
  return session
}

let ended = false
const listeners = new Set<() => void>()

function setEnded(to: boolean): void {
  ended = to
  for (const listener of listeners) listener()
}

/** The session was over at the last request: signed out elsewhere, its key revoked, or its time up. */
export function useSessionEnded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => ended,
  )
}

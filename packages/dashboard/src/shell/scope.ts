import { useNavigate, useSearch } from '@tanstack/react-router'
import { useSession } from '../session/session.ts'

/** The app that the pages are about, by id; undefined: all of them. It stands in the address. */
export function useScope(): string | undefined {
  const session = useSession()
  const { app } = useSearch({ strict: false })
  return session.app?.id ?? app
}

export function useSetScope(): (app: string | undefined) => void {
  const navigate = useNavigate()
  return (app) => void navigate({ to: '.', search: (before) => ({ ...before, app }) })
}

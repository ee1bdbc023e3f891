// What a portal and the page around it say to each other. Only pages that the operator lists can frame a portal, so
// whoever stands around it is one of them; and all that they can say is how it looks, and a fresh token for it.
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { applyTheme, type Theme, themes } from '../shell/theme.ts'
import { useLanguage } from '../words/language.ts'
import { type Language, languages } from '../words/languages.ts'
import { openSession, sessionQuery } from './session.ts'

interface Look {
  theme?: Theme | undefined
  language?: Language | undefined
}

export type Heard = { type: 'look'; look: Look } | { type: 'renew'; token: string }

/** What the page around it said last; it goes before the portal's settings. */
let wished: Look = {}

export function wishedLook(): Look {
  return wished
}

/** Of a message what is meant for a portal and makes sense; anything else is another's. */
export function readHeard(data: unknown): Heard | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const { type, theme, language, token } = data as Record<string, unknown>
  if (type === 'pombo:look')
    return {
      type: 'look',
      look: {
        theme: themes.find((one) => one === theme),
        language: languages.find((one) => one === language),
      },
    }
  if (type === 'pombo:renew' && typeof token === 'string' && token !== '')
    return { type: 'renew', token }
  return undefined
}

/** Tells the page around it; it is told nothing that anybody may not hear. */
export function tellAround(type: 'pombo:ready' | 'pombo:expired'): void {
  if (window.parent !== window) window.parent.postMessage({ type }, '*')
}

/** Listens to the page around it. `onRenewed`: what else is done when a new session has begun. */
export function useEmbedding(onRenewed?: () => void): void {
  const queries = useQueryClient()
  const { suggest } = useLanguage()
  useEffect(() => {
    if (window.parent === window) return
    const renew = async (token: string): Promise<void> => {
      const before = queries.getQueryData(sessionQuery.queryKey)
      const session = await openSession(token)
      // What is on the page is another's.
      if (before && before.app?.id !== session.app?.id) window.location.reload()
      queries.setQueryData(sessionQuery.queryKey, session)
      void queries.invalidateQueries()
      onRenewed?.()
    }
    const listen = ({ source, data }: MessageEvent<unknown>): void => {
      const heard = source === window.parent ? readHeard(data) : undefined
      if (heard?.type === 'look') {
        wished = heard.look
        if (wished.theme !== undefined) applyTheme(wished.theme)
        if (wished.language !== undefined) suggest(wished.language)
      }
      // A token that is over too: the page says so as before, and whoever is around it may try again.
      if (heard?.type === 'renew') renew(heard.token).catch(() => undefined)
    }
    window.addEventListener('message', listen)
    tellAround('pombo:ready')
    return () => window.removeEventListener('message', listen)
  }, [queries, suggest, onRenewed])
}

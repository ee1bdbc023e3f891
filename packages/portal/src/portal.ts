/** `<PomboPortal>`: Pombo's portal in a React application, around the same custom element. */
import { type CSSProperties, createElement, type ReactElement, useEffect, useRef } from 'react'
import {
  definePomboPortal,
  type GetPortalUrl,
  type PomboPortalElement,
  type PortalLanguage,
  type PortalTheme,
} from './element.ts'

export type { GetPortalUrl, PortalLanguage, PortalTheme }

export interface PomboPortalProps {
  /**
   * Asks your server for an address of the portal: at first, and again when its access is over. What is typed into the
   * portal stays. The latest function given is the one that is asked.
   */
  getUrl: GetPortalUrl
  /** Left out: as the portal's settings say. */
  theme?: PortalTheme
  language?: PortalLanguage
  /** Any length of CSS; 100 % of what is around it at first, and 30rem at least. */
  height?: string | number
  /** What the frame is called for who hears it; "Webhooks" at first. */
  title?: string
  /** No address could be had: your server did not answer, or not with one. */
  onError?: (error: unknown) => void
  className?: string
  style?: CSSProperties
}

/** The portal of one of your customers. Another customer: another `key`. */
export function PomboPortal(props: PomboPortalProps): ReactElement {
  const { theme, language, height, title, className, style } = props
  const element = useRef<PomboPortalElement>(null)
  const latest = useRef(props)
  useEffect(() => {
    latest.current = props
  })
  useEffect(() => {
    const portal = element.current
    if (portal === null) return
    const failed = (event: Event): void => {
      const { error } = (event as CustomEvent<{ error: unknown }>).detail
      latest.current.onError?.(error)
    }
    portal.addEventListener('error', failed)
    definePomboPortal()
    portal.getUrl = async () => await latest.current.getUrl()
    return () => portal.removeEventListener('error', failed)
  }, [])
  return createElement('pombo-portal', {
    ref: element,
    theme,
    language,
    title,
    height: typeof height === 'number' ? `${height}px` : height,
    class: className,
    style,
  })
}

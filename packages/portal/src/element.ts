/**
 * `<pombo-portal>`: Pombo's portal in a frame. It is given its address, or told where to get one; then it gets a new
 * one by itself when its access is over, and hands it to the frame, which stays as it is with what was typed into it.
 */

export type PortalTheme = 'auto' | 'light' | 'dark'
export type PortalLanguage = 'en' | 'pt-BR'

/** Gives a fresh address of the portal, as `POST /api/v1/auth/app-portal-access/{app}` answered your server. */
export type GetPortalUrl = () => string | Promise<string>

export interface PomboPortalElement extends HTMLElement {
  /**
   * Asked at first and whenever the access is over. Instead of it the attribute `from` names an address of yours, which
   * is asked by POST with the person's cookies and answers `{"url": "…"}`; or `url` is one address, without renewal.
   */
  getUrl: GetPortalUrl | undefined
}

/** What the frame says. */
type Said = 'pombo:ready' | 'pombo:expired'

/** Makes the element known to the browser, once; where there is no browser it does nothing. */
export function definePomboPortal(): void {
  if (typeof customElements === 'undefined' || customElements.get('pombo-portal')) return

  class PomboPortal extends HTMLElement implements PomboPortalElement {
    static observedAttributes = ['url', 'from', 'theme', 'language', 'height', 'title']
    #getUrl: GetPortalUrl | undefined
    #frame: HTMLIFrameElement | undefined
    /** Counts what was asked for, so that an answer that comes late is nobody's. */
    #asked = 0
    #renewing = false
    /** Whether the portal is there to be told anything. */
    #ready = false

    get getUrl(): GetPortalUrl | undefined {
      return this.#getUrl
    }

    set getUrl(given: GetPortalUrl | undefined) {
      const first = this.#getUrl === undefined
      this.#getUrl = given
      if (first && this.isConnected) this.#open()
    }

    connectedCallback(): void {
      addEventListener('message', this.#heard)
      if (getComputedStyle(this).display === 'inline') this.style.display = 'block'
      const height = this.getAttribute('height')
      if (height !== null) this.style.height = height
      this.#open()
    }

    disconnectedCallback(): void {
      removeEventListener('message', this.#heard)
      this.#close()
    }

    attributeChangedCallback(name: string, before: string | null, now: string | null): void {
      if (before === now || !this.isConnected) return
      if (name === 'height') this.style.height = now ?? ''
      else if (name === 'url' || name === 'from') this.#open()
      else this.#dress()
    }

    #open(): void {
      this.#close()
      void this.#ask().then((url) => {
        if (url !== undefined) this.#show(url)
      })
    }

    #close(): void {
      this.#asked += 1
      this.#renewing = false
      this.#ready = false
      this.#frame?.remove()
      this.#frame = undefined
    }

    /** Undefined: there is none, which `error` has said, or none is wanted any more. */
    async #ask(): Promise<URL | undefined> {
      const asked = ++this.#asked
      try {
        const given = await this.#addressGiver()?.()
        if (given === undefined || asked !== this.#asked) return undefined
        return new URL(given)
      } catch (error) {
        if (asked === this.#asked)
          this.dispatchEvent(new CustomEvent('error', { detail: { error } }))
        return undefined
      }
    }

    #addressGiver(): GetPortalUrl | undefined {
      if (this.#getUrl) return this.#getUrl
      const from = this.getAttribute('from')
      if (from) return async () => await urlFrom(from)
      const url = this.getAttribute('url')
      return url ? () => url : undefined
    }

    #show(url: URL): void {
      const frame = document.createElement('iframe')
      frame.referrerPolicy = 'no-referrer'
      frame.allow = 'clipboard-write'
      frame.style.cssText = 'display:block;border:0;width:100%;height:100%;min-height:30rem'
      frame.src = url.href
      this.#frame = frame
      this.#dress()
      this.append(frame)
    }

    /** Title, theme and language: what changes without the frame being loaded again. */
    #dress(): void {
      if (!this.#frame) return
      this.#frame.title = this.getAttribute('title') ?? 'Webhooks'
      const [theme, language] = [this.getAttribute('theme'), this.getAttribute('language')]
      this.#tell({ type: 'pombo:look', theme, language })
    }

    /** To the portal alone: should the frame have gone elsewhere, nobody hears it. */
    #tell(message: object): void {
      const frame = this.#frame
      if (this.#ready) frame?.contentWindow?.postMessage(message, new URL(frame.src).origin)
    }

    #heard = (event: MessageEvent<{ type?: Said } | null>): void => {
      const frame = this.#frame
      if (!frame || event.source !== frame.contentWindow) return
      if (event.origin !== new URL(frame.src).origin) return
      this.#ready = true
      if (event.data?.type === 'pombo:ready') this.#dress()
      if (event.data?.type === 'pombo:expired') void this.#renew()
    }

    async #renew(): Promise<void> {
      if (this.#renewing) return
      this.dispatchEvent(new CustomEvent('expired'))
      // One address that was given is over; a new one is set from outside.
      if (!this.#getUrl && !this.getAttribute('from')) return
      this.#renewing = true
      const url = await this.#ask()
      this.#renewing = false
      const token = url && new URLSearchParams(url.hash.slice(1)).get('token')
      if (token) this.#tell({ type: 'pombo:renew', token })
    }
  }

  customElements.define('pombo-portal', PomboPortal)
}

async function urlFrom(address: string): Promise<string> {
  const answer = await fetch(address, { method: 'POST', credentials: 'same-origin' })
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`)
  const { url } = (await answer.json()) as { url?: unknown }
  if (typeof url !== 'string') throw new Error(`${address} answered without a url`)
  return url
}

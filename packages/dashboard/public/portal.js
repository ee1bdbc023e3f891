// <pombo-portal url="…"></pombo-portal>: Pombo's portal in a page. The address is what
// POST /api/v1/auth/app-portal-access/{app} answered. `expired` is fired when its session is over; set a new url then.
class PomboPortal extends HTMLElement {
  static observedAttributes = ['url']
  #frame
  #heard = (event) => {
    if (event.source === this.#frame?.contentWindow && event.data?.type === 'pombo:expired')
      this.dispatchEvent(new CustomEvent('expired'))
  }

  connectedCallback() {
    addEventListener('message', this.#heard)
    if (getComputedStyle(this).display === 'inline') this.style.display = 'block'
    this.#show()
  }

  disconnectedCallback() {
    removeEventListener('message', this.#heard)
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#show()
  }

  #show() {
    const url = this.getAttribute('url')
    this.#frame?.remove()
    this.#frame = undefined
    if (!url) return
    // Made anew: a change after the # alone would load nothing.
    const frame = document.createElement('iframe')
    frame.title = this.getAttribute('title') ?? 'Webhooks'
    frame.referrerPolicy = 'no-referrer'
    frame.allow = 'clipboard-write'
    frame.style.cssText = 'border:0;width:100%;height:100%;min-height:30rem'
    frame.src = url
    this.append(frame)
    this.#frame = frame
  }
}

if (!customElements.get('pombo-portal')) customElements.define('pombo-portal', PomboPortal)

// A customer's product on a site of its own: pages that embed the portal, and the address that gives them its link.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'rolldown'

export interface Host {
  /** By its name and not its number, so that a browser takes it for another site than Pombo's. */
  origin: string
  /** By the number: the same pages, from an origin that no portal lists. */
  unlisted: string
  /** The address that the portal is asked from next. */
  link: () => Promise<string>
  close: () => Promise<void>
}

const react = `
import { createRoot } from 'react-dom/client'
import { createElement, useState } from 'react'
import { PomboPortal } from '${join(import.meta.dirname, '../../../portal/src/portal.ts')}'

const getUrl = async () => await (await fetch('/link', { method: 'POST' })).json().then(({ url }) => url)
function Host() {
  const [theme, setTheme] = useState('dark')
  return createElement('main', null,
    createElement('button', { onClick: () => setTheme('light') }, 'lights on'),
    createElement(PomboPortal, { getUrl, theme, language: 'pt-BR', height: 700, title: 'Webhooks of the shop' }))
}
createRoot(document.body.appendChild(document.createElement('div'))).render(createElement(Host))
`

/** `/react` uses the component, `/script` the plain script tag of the Pombo at `pomboUrl`. */
export async function startHost(pomboUrl: string): Promise<Host> {
  const bundle = await bundled()
  const pages: Record<string, [type: string, text: string]> = {
    '/react': [
      'text/html',
      '<!doctype html><title>Shop</title><script type="module" src="/host.js"></script>',
    ],
    '/script': [
      'text/html',
      `<!doctype html><title>Shop</title><script src="${pomboUrl}/portal.js" defer></script>
       <script src="${pomboUrl}/portal.js" defer></script>
       <pombo-portal from="/link" height="700px"></pombo-portal>`,
    ],
    '/host.js': ['text/javascript', bundle],
  }
  const host: Host = {
    origin: '',
    unlisted: '',
    link: () => Promise.reject(new Error('no link was set')),
    close: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
  const server: Server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/link') {
      host.link().then(
        (url) =>
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ url })),
        () => response.writeHead(500).end(),
      )
      return
    }
    const [type, text] = pages[request.url ?? ''] ?? ['text/plain', '']
    response
      .writeHead(text === '' ? 404 : 200, { 'content-type': `${type}; charset=utf-8` })
      .end(text)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  host.origin = `http://localhost:${port}`
  host.unlisted = `http://127.0.0.1:${port}`
  return host
}

async function bundled(): Promise<string> {
  const { output } = await build({
    input: 'host',
    write: false,
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    plugins: [
      {
        name: 'host',
        resolveId: (id) => (id === 'host' ? join(import.meta.dirname, 'host-page.js') : undefined),
        load: (id) => (id.endsWith('host-page.js') ? react : undefined),
      },
    ],
  })
  return output[0].code
}

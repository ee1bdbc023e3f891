// A Pombo in Svix’s place: the ids it shows have the form of Svix’s, 27 letters and digits, which Pombo’s never have.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SvixPlace {
  url: string
  /** An id as this server shows it. */
  shown: (id: string) => string
  close: () => Promise<void>
}

const shown = (text: string) => text.replaceAll(/\b((?:app|ep)_[0-9a-z]{26})\b/g, '$1X')
const own = (text: string) => text.replaceAll(/\b((?:app|ep)_[0-9a-z]{26})X/g, '$1')

export async function inSvixPlace(pomboUrl: string): Promise<SvixPlace> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => void passOn(request, Buffer.concat(chunks).toString(), response))
  })
  const passOn = async (request: IncomingMessage, text: string, response: ServerResponse) => {
    const { authorization = '' } = request.headers
    const answer = await fetch(pomboUrl + own(request.url ?? ''), {
      method: request.method!,
      headers: { authorization, 'content-type': 'application/json' },
      ...(text === '' ? {} : { body: own(text) }),
    })
    const type = answer.headers.get('content-type') ?? 'application/json'
    response.writeHead(answer.status, { 'content-type': type }).end(shown(await answer.text()))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    shown,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

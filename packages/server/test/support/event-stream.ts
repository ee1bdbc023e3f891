// A reader of server-sent events that can stop reading, as a slow viewer's browser does.
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'

export interface StreamedEvent {
  event: string
  id: string | undefined
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into events of all kinds
  data: any
}

export interface EventStream {
  status: number
  headers: IncomingMessage['headers']
  got: StreamedEvent[]
  /** The items of all `events` so far. */
  items: () => StreamedEvent['data'][]
  /** Reads nothing until it is resumed. */
  pause: () => void
  resume: () => void
  ended: Promise<void>
  close: () => void
}

export async function openStream(
  url: string,
  headers: Record<string, string>,
): Promise<EventStream> {
  const asked = request(url, { headers, agent: false })
  asked.end()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve)
    asked.once('error', reject)
  })
  const got: StreamedEvent[] = []
  let text = ''
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part
    const blocks = text.split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2)
      const event = field('event')
      if (event !== undefined)
        got.push({ event, id: field('id'), data: JSON.parse(field('data') ?? 'null') })
    }
  })
  response.on('error', () => {})
  asked.on('error', () => {})
  return {
    status: response.statusCode!,
    headers: response.headers,
    got,
    items: () => got.filter(({ event }) => event === 'events').flatMap(({ data }) => data),
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    ended: new Promise((resolve) => response.once('close', () => resolve())),
    close: () => asked.destroy(),
  }
}

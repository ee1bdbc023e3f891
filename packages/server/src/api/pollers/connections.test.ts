import { getEventListeners, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { showId, uuidv7 } from '../../core/id.ts'
import { asPages } from './connections.ts'

let server: WebSocketServer | undefined
afterEach(() => server?.close())

/** Both sides of a WebSocket. */
async function openPair(): Promise<{ ours: WebSocket; theirs: WebSocket }> {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const theirs = new WebSocket(`ws://127.0.0.1:${port}`)
  const [[ours]] = await Promise.all([
    once(server, 'connection') as Promise<[WebSocket]>,
    once(theirs, 'open'),
  ])
  return { ours, theirs }
}

const page = () => ({ data: ['{}'], ids: [], after: uuidv7(1), done: true })

test('a page that is ready after the consumer went away waits for nobody', async () => {
  const { ours, theirs } = await openPair()
  const connection = asPages(ours, async () => {})
  const closed = once(ours, 'close')
  theirs.terminate()
  await closed
  await connection.send(page())
  expect(connection.gone.aborted).toBe(true)
})

test('a consumer that goes away instead of acknowledging is not waited for', async () => {
  const { ours, theirs } = await openPair()
  const connection = asPages(ours, async () => {})
  theirs.on('message', () => theirs.terminate())
  await connection.send(page())
  expect(connection.gone.aborted).toBe(true)
})

test('pages that were acknowledged leave nothing behind', async () => {
  const { ours, theirs } = await openPair()
  const done: string[] = []
  const connection = asPages(ours, async (after) => void done.push(after))
  theirs.on('message', (text: Buffer) => {
    const { iterator } = JSON.parse(text.toString()) as { iterator: string }
    theirs.send(JSON.stringify({ iterator }))
  })
  const sent = Array.from({ length: 20 }, page)
  for (const one of sent) await connection.send(one)
  expect(done.map((after) => showId('message', after))).toEqual(
    sent.map(({ after }) => showId('message', after)),
  )
  expect(getEventListeners(connection.gone, 'abort')).toEqual([])
  theirs.terminate()
})

// A request that is given up, with its last bytes still in the kernel, does not reach its receiver later.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createSender } from '../../src/deliver/send/send.ts'
import { host } from '../support/bad-servers.ts'

const sender = createSender({ allowSubnets: [`${host}/32`], userAgent: 'pombo-test' })
const server = createServer()
const accepted: Socket[] = []
server.on('connection', (socket) => {
  // Neither the reset nor what is sent is read before the test says so.
  socket.pause()
  accepted.push(socket)
})

afterEach(async () => {
  for (const socket of accepted) socket.destroy()
  server.close()
  await sender.close()
})

test('a request whose lease is lost is taken back from the kernel, not only closed', async () => {
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const lease = new AbortController()
  // More than the two ends buffer, and so on its way when it is given up.
  const body = Buffer.alloc(32 * 1024 * 1024, 'a')
  const sent = sender.send({
    url: `http://${host}:${port}/`,
    headers: { 'content-type': 'text/plain' },
    body,
    timeoutMs: 60_000,
    signal: lease.signal,
  })
  await once(server, 'connection')
  // Until it has read some of it, nothing says that the request has begun.
  const [socket] = accepted
  socket!.resume()
  await once(socket!, 'data')
  socket!.pause()

  const ended = new Promise<Error | 'in good order'>((resolve) => {
    socket!.once('error', resolve)
    socket!.once('end', () => resolve('in good order'))
  })
  lease.abort()
  expect(await sent).toMatchObject({ kind: 'unreachable', reason: 'aborted' })
  socket!.resume()

  expect(await ended).toMatchObject({ code: 'ECONNRESET' })
  expect(socket!.bytesRead).toBeLessThan(body.length)
})

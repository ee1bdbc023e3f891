// An answer that comes while the client still sends reaches it, whatever it is written in.
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi({ maxBodyBytes: 100_000 })
})
afterAll(async () => await api?.stop())

const run = promisify(execFile)
const large = Buffer.alloc(8_000_000, 0x20)
const piece = large.subarray(0, 1_000_000)
// Asked once, and not for each of the refusals.
const has = (program: string) => spawnSync(program, ['--version']).status === 0
const [hasCurl, hasPython] = [has('curl'), has('python3')]

/** Refused before the body is read, each for its own reason. */
const refusals: [string, string, string, number][] = [
  ['too large', '/api/v1/app', 'application/json', 413],
  ['of no known key', '/ingest/baileys/x', 'application/json', 401],
  ['to nowhere', '/api/v1/nowhere', 'application/json', 413],
  ['of a path that cannot be decoded', '/api/v1/app/%ZZ', 'application/json', 400],
  // As one without a type.
  ['of a type that is no type', '/api/v1/app', 'nonsense', 413],
]

describe.each(refusals)('a large request %s', (_, path, type, status) => {
  const url = () => api.url + path

  test('by Node’s fetch', async () => {
    const answer = await fetch(url(), {
      method: 'POST',
      headers: { authorization: `Bearer ${api.key}x`, 'content-type': type },
      body: large,
    })
    expect(answer.status).toBe(status)
    expect(await answer.text()).toContain('detail')
  })

  test('by a client that reads nothing until it has sent everything', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
    socket.pause()
    const failed: unknown[] = []
    socket.on('error', (error) => failed.push(error))
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${large.length}\r\n\r\n`,
    )
    for (let sent = 0; sent < large.length; sent += 100_000)
      if (!socket.write(large.subarray(0, 100_000))) await once(socket, 'drain')
    const answered = once(socket, 'data')
    socket.resume()
    const [answer] = (await answered) as [Buffer]
    socket.destroy()
    expect(answer.toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(failed).toEqual([])
  })

  test.skipIf(!hasCurl).each([
    ['as it is', []],
    ['without Expect', ['-H', 'Expect:']],
    ['by pieces', ['-H', 'Transfer-Encoding: chunked']],
  ])('by curl, %s', async (_how, more) => {
    const child = run('curl', [
      '-sS',
      '-o',
      '-',
      '-w',
      '%{http_code}',
      '-X',
      'POST',
      url(),
      '-H',
      `Content-Type: ${type}`,
      '--data-binary',
      '@-',
      ...more,
    ])
    child.child.stdin!.on('error', () => {})
    child.child.stdin!.end(large)
    expect((await child).stdout).toMatch(new RegExp(`"detail".*${status}$`))
  })

  test.skipIf(!hasPython)('by Python’s urllib (left out where there is no python3)', async () => {
    const program = `
import sys, urllib.request, urllib.error
try:
  headers = {"Content-Type": sys.argv[2]}
  urllib.request.urlopen(urllib.request.Request(sys.argv[1], data=b" " * ${large.length}, headers=headers))
except urllib.error.HTTPError as error:
  print(error.code, error.read().decode())
`
    const { stdout } = await run('python3', ['-c', program, url(), type])
    expect(stdout).toMatch(new RegExp(`^${status} .*detail`))
  })
})

test('a file of 60 MB, sent by a client that reads nothing before its end, is answered', async () => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
  socket.pause()
  socket.write('POST /api/v1/app HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n')
  for (let sent = 0; sent < 60; sent++)
    await new Promise<void>((resolve, reject) =>
      socket.write(piece, (error) => (error ? reject(error) : resolve())),
    )
  const answered = once(socket, 'data')
  socket.resume()
  const [answer] = (await answered) as [Buffer]
  socket.destroy()
  expect(answer.toString()).toMatch(/^HTTP\/1.1 413 /)
})

test('a body that has no end is not read for ever: at a bound the connection is closed', async () => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
  socket.on('error', () => {})
  let answer = ''
  socket.on('data', (data) => (answer += data.toString()))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write('POST /api/v1/app HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n')
  // Its callback comes whatever becomes of the connection; `drain` does not where that is ending already.
  const send = () =>
    new Promise<boolean>((resolve) => socket.write(piece, (error) => resolve(!error)))
  let sent = 0
  // Far beyond the 128 MiB, and what the machine's buffers hold.
  while (sent < 400 && (await send())) sent++
  expect(sent).toBeLessThan(400)
  await closed
  // Closed with bytes on their way, a connection is reset, which may take the answer with it.
  if (answer !== '') expect(answer).toContain('HTTP/1.1 413')
})

test('the connection of a refused request serves the next one', async () => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => (answer += data.toString()))
  const body = large.subarray(0, 2_000_000)
  socket.write(`POST /api/v1/app HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`)
  socket.write(body)
  socket.write('GET /api/v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await once(socket, 'close')
  expect(answer).toMatch(/^HTTP\/1.1 413 [^]*HTTP\/1.1 204 /)
})

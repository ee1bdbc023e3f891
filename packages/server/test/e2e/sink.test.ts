import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { Webhook } from 'standardwebhooks'
import { afterEach, expect, test } from 'vitest'
import { endAll, pombo, type CliProcess } from './cli-process.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

afterEach(endAll)

async function sink(...args: string[]): Promise<{ process: CliProcess; url: string }> {
  const process = pombo(['sink', '--listen', '127.0.0.1:0', ...args])
  const [, url] = await process.printed(/Receiving at (http:\S+)/)
  return { process, url: url! }
}

async function send(
  url: string,
  id: string,
  options: { body?: string; sign?: string; timeoutMs?: number } = {},
): Promise<Response> {
  const { body = '{"a":1}', sign = secret, timeoutMs = 5_000 } = options
  const now = new Date()
  return await fetch(url, {
    method: 'POST',
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': new Webhook(sign).sign(id, now, body),
    },
    signal: AbortSignal.timeout(timeoutMs),
  })
}

test('it verifies signatures, counts messages, retries and repeats, and prints the sums at Ctrl-C', async () => {
  const { process, url } = await sink('--secret', secret)
  expect((await send(url, 'msg_1')).status).toBe(200)
  expect((await send(url, 'msg_2')).status).toBe(200)
  expect((await send(url, 'msg_2')).status).toBe(200)
  const forged = await send(url, 'msg_3', { sign: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })
  expect(forged.status).toBe(401)
  expect(await forged.text()).toContain('no signature fits')
  process.child.kill('SIGINT')
  expect(await process.ended()).toBe(1)
  expect(process.stdout()).toMatch(/200 valid {2}msg_1 {2}7 B {2}\{"a":1\}/)
  expect(process.stdout()).toMatch(/msg_2 again \(2\)/)
  expect(process.stdout()).toMatch(/401 bad signature \(no signature fits the secret\) {2}msg_3/)
  expect(process.stderr()).toContain(
    '4 requests for 3 messages: 3 accepted, 1 refused, 0 left hanging, 0 reset.',
  )
  expect(process.stderr()).toContain(
    '0 retries; 1 repeats of something already accepted; 1 bad signatures.',
  )
})

test('it fails with the status and Retry-After that it was told', async () => {
  const { process, url } = await sink(
    '--fail',
    '100%',
    '--status',
    '429',
    '--retry-after',
    '7',
    '--json',
  )
  const response = await send(url, 'msg_1')
  expect(response.status).toBe(429)
  expect(response.headers.get('retry-after')).toBe('7')
  process.child.kill('SIGTERM')
  expect(await process.ended()).toBe(0)
  const line = JSON.parse(process.stdout()) as Record<string, unknown>
  expect(line).toMatchObject({
    id: 'msg_1',
    time: 1,
    status: 429,
    signature: 'unchecked',
    body: '{"a":1}',
  })
})

test('it hangs and resets, and is gone after a count', async () => {
  const hanging = await sink('--hang', '100%', '--quiet')
  await expect(send(hanging.url, 'msg_1', { timeoutMs: 300 })).rejects.toThrow(/timeout|aborted/)
  hanging.process.child.kill('SIGINT')
  expect(await hanging.process.ended()).toBe(0)
  expect(hanging.process.stderr()).toContain('1 left hanging')
  expect(hanging.process.stdout()).toBe('')

  const resetting = await sink('--reset', '100%')
  await expect(send(resetting.url, 'msg_1')).rejects.toThrow()
  resetting.process.child.kill('SIGINT')
  expect(await resetting.process.ended()).toBe(0)
  expect(resetting.process.stderr()).toContain('1 reset')

  const going = await sink('--gone-after', '1')
  expect((await send(going.url, 'msg_1')).status).toBe(200)
  expect((await send(going.url, 'msg_2')).status).toBe(410)
})

test('two sinks with one seed make the same decisions', async () => {
  const decisions = async () => {
    const { url } = await sink('--fail', '50%', '--seed', '42', '--quiet')
    const statuses: number[] = []
    for (let index = 0; index < 20; index++) statuses.push((await send(url, `msg_${index}`)).status)
    return statuses
  }
  const first = await decisions()
  expect(await decisions()).toEqual(first)
  expect(new Set(first)).toEqual(new Set([200, 503]))
})

test('a taken port and wrong options are explained', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  const { port } = blocker.address() as AddressInfo
  const taken = pombo(['sink', '--listen', `127.0.0.1:${port}`])
  expect(await taken.ended()).toBe(1)
  expect(taken.stderr()).toContain(`Port ${port} on 127.0.0.1 is taken`)
  expect(taken.stderr()).toContain('--listen')
  blocker.close()

  const wrong = pombo(['sink', '--fail', '60%', '--hang', '50%'])
  expect(await wrong.ended()).toBe(2)
  expect(wrong.stderr()).toContain('together they can be 100% at most')
  const unfit = pombo(['sink', '--fail', '120%', '--secret', 'whsec_abc'])
  expect(await unfit.ended()).toBe(2)
  expect(unfit.stderr()).toContain('--fail cannot be "120%": it is more than 100%')
  expect(unfit.stderr()).toContain('--secret cannot be')
})

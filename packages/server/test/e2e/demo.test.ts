import { afterEach, expect, test } from 'vitest'
import { endAll, pombo } from './cli-process.ts'

afterEach(endAll)

test('demo --exit delivers everything in spite of the receivers, verified and retried', async () => {
  const demo = pombo(['demo', '--exit', '--count', '80', '--listen', '127.0.0.1:0'])
  expect(await demo.ended(), demo.stderr()).toBe(0)
  const out = demo.stdout()
  expect(out).toMatch(/^good +80 +80 +80 +0 +0 /m)
  const [, attempts, retries] = /^flaky +80 +80 +(\d+) +(\d+) +0 /m.exec(out)!
  expect(Number(attempts)).toBeGreaterThan(80)
  expect(Number(retries)).toBeGreaterThan(0)
  // How many probes went out before the line was printed, the machine decides.
  expect(out).toMatch(/down at first 0\/\d+ delivered, \d+ retries, circuit open/)
  expect(out).toMatch(/^down at first +80 +80 /m)
  expect(out).toMatch(
    /Every event arrived at every receiver: 80 events, 240 deliveries in \d+ attempts, 0 repeated/,
  )
})

test('demo leaves the server up with its address, key and a curl line that works', async () => {
  const demo = pombo(['demo', '--count', '10', '--listen', '127.0.0.1:0'])
  const [, line] = await demo.printed(/curl (http[^]+?'\{[^']*\}')/, 40_000)
  const [url] = /^\S+/.exec(line!)!
  const [, key] = /authorization: (Bearer \S+)'/.exec(line!)!
  const [, body] = /-d '(.*)'/.exec(line!)!
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: key!, 'content-type': 'application/json' },
    body: body!,
  })
  expect(response.status).toBe(202)
  demo.child.kill('SIGINT')
  expect(await demo.ended()).toBe(0)
  expect(demo.stderr()).toBe('')
})

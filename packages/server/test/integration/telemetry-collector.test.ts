// A collector that is away, slow or refuses: nothing waits for it, what is lost is counted and said once.
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { type Collector, startCollector } from '../support/collector.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const open: { close(): Promise<void> }[] = []
let pombo: TestPombo | undefined

afterEach(async () => {
  await pombo?.stop()
  pombo = undefined
  for (const one of open.splice(0)) await one.close()
})

async function start(
  env: Record<string, string>,
): Promise<{ receiver: Receiver; node: TestPombo }> {
  const receiver = await startReceiver()
  open.push(receiver)
  const node = (pombo = await startPombo({
    OTEL_BSP_SCHEDULE_DELAY: '10',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    POMBO_LOG_LEVEL: 'info',
    ...env,
  }))
  await call('POST', '/app', { name: 'a', uid: 'a' })
  await call('POST', '/app/a/endpoint', { url: receiver.url })
  return { receiver, node }
}

async function call(method: string, path: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${pombo!.key}` }
  const { status, text } = await pombo!.call(method, `/api/v1${path}`, { body, headers })
  if (status >= 300) throw new Error(text)
}

const send = async (count: number) => {
  for (let n = 0; n < count; n++)
    await call('POST', '/app/a/msg', { eventType: 'a.b', payload: { n } })
}

const said = (node: TestPombo, text: RegExp) =>
  node.errors.filter(({ msg }) => text.test(String(msg)))

const away = /^traces do not get to the collector/
const again = /^traces get to the collector again$/

test('while nobody takes the spans deliveries go on; it is said once, and once that they are taken again', async () => {
  const port = await freePort()
  const { receiver, node } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:hidden-word@127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: '50',
  })
  await send(20)
  await receiver.waitFor(20)
  const [line] = await until(async () => {
    const lines = said(node, away)
    return lines.length > 0 ? lines : undefined
  })
  expect(line).toMatchObject({
    level: 'warn',
    collector: `http://user:***@127.0.0.1:${port}/v1/traces`,
  })
  await send(20)
  await receiver.waitFor(40)
  expect(said(node, away)).toHaveLength(1)
  const collector = await startCollector(() => 200, port)
  open.push(collector)
  const back = await until(async () => {
    await send(1)
    return said(node, again)[0]
  })
  expect(back).toMatchObject({ level: 'info', lost: expect.any(Number) })
  expect(back!['lost']).toBeGreaterThan(0)
  expect(JSON.stringify(node.errors)).not.toContain('hidden-word')
})

test('a hanging collector leaves a bounded number waiting, what is lost is counted, and a stop goes on', async () => {
  const collector: Collector = await startCollector(() => 'hang')
  open.push(collector)
  const { receiver, node } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
    OTEL_BSP_MAX_QUEUE_SIZE: '10',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5',
  })
  await send(30)
  await receiver.waitFor(30)
  await until(async () => said(node, away)[0])
  pombo = undefined
  await node.app.stop()
  const [last] = said(node, /^not all traces were sent$/)
  // Of 30 messages with four spans each, and of two requests before them, 10 wait and a few are under way.
  expect(last).toMatchObject({ level: 'warn', lost: expect.any(Number) })
  expect(last!['lost']).toBeGreaterThanOrEqual(30 * 4 - 10 - 10)
  await node.database.drop()
})

test('a collector that refuses is named with its answer', async () => {
  const collector = await startCollector(() => 401)
  open.push(collector)
  const { node } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  await send(1)
  const line = await until(async () => said(node, away)[0])
  expect(line).toMatchObject({ error: expect.stringMatching(/unauthori[sz]ed|401/i) })
})

test('files that cannot be read stop the start, naming the variable', async () => {
  const starting = startPombo({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://127.0.0.1:1',
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere/ca.pem',
  })
  await expect(starting).rejects.toThrow(
    'OTEL_EXPORTER_OTLP_CERTIFICATE names /nowhere/ca.pem, which cannot be read.',
  )
})

test('variables of the standard that Pombo does not read are named in the log', async () => {
  const collector = await startCollector()
  open.push(collector)
  const { node } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_EXPORT_TIMEOUT: '1000',
    OTEL_NODE_RESOURCE_DETECTORS: 'all',
  })
  expect(said(node, /not read by Pombo/)).toMatchObject([
    { level: 'warn', variables: ['OTEL_BSP_EXPORT_TIMEOUT', 'OTEL_NODE_RESOURCE_DETECTORS'] },
  ])
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderPerTest, serve } from './served.ts'

const folder = folderPerTest()

test('a start loads nothing of what it does not use: memory and time of every server', async () => {
  const list = join(folder(), 'loaded')
  const hook = join(import.meta.dirname, '../support/loaded-modules.ts')
  const env = { NODE_OPTIONS: `--import=${hook}`, LOADED_MODULES: list }
  // From its source, whose modules have their names; the bundle is made of the same imports.
  const main = join(import.meta.dirname, '../../src/main.ts')
  const { process } = await serve(folder(), env, { main })
  process.child.kill('SIGTERM')
  await process.ended()
  const loaded = (await readFile(list, 'utf8')).split('\n')
  expect(loaded.filter((module) => module.endsWith('/src/app.ts'))).toHaveLength(1)
  const unused = [
    // Clients of brokers, and of destinations and sources that are not configured.
    /node_modules\/(ioredis|bullmq|amqplib|mqtt|@nats-io|pg-copy-streams)\//,
    // Telemetry that is off; schemas of event types (and those that Fastify could have); files; websockets.
    /node_modules\/(@opentelemetry\/(sdk|exporter|otlp)[^/]*|protobufjs|yaml|ws|jose)\//,
    /node_modules\/(ajv|ajv-formats|@fastify\/(ajv|fast-json-stringify)-compiler)\//,
    // undici, which calls gateways that have a websocket; Node's own, which Node's fetch loads.
    /node_modules\/undici\//,
    /^NativeModule internal\/deps\/undici/,
    // Other commands.
    /\/src\/backup\//,
    /\/src\/cli\/(demo|sink|doctor|pg|backup|restore|migrate|replay|listen|processes)\b/,
  ]
  for (const pattern of unused) expect(loaded.filter((module) => pattern.test(module))).toEqual([])
})

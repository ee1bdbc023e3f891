import { SystemClock } from '../../src/core/clock.ts'
import { createPayloadLinks, type PayloadLinks } from '../../src/core/payload-link.ts'
import { createSeal } from '../../src/db/seal.ts'
import { createGuard } from '../../src/deliver/guard/guard.ts'
import { createNetwork } from '../../src/deliver/send/network.ts'
import { transformProblem } from '../../src/deliver/transform/transform.ts'
import { createDestinations, destinationRules } from '../../src/destinations/destinations.ts'
import { dialects, endpointRules } from '../../src/dialects/dialects.ts'
import { Engine } from '../../src/engine.ts'
import type { EngineOptions } from '../../src/engine/options.ts'
import { openLog } from '../../src/observe/log.ts'
import { openMetrics } from '../../src/observe/metrics.ts'
import { createRegistry, type Registry } from '../../src/registry/registry.ts'
import { compileFilter } from '../../src/route/filter.ts'
import { createPayloads, type Payloads } from '../../src/db/payload.ts'
import { chatFilterProblems, compileChatFilter } from '../../src/whatsapp/chat-filter.ts'
import { openPool, type Pool } from '../../src/db/pool.ts'
import { refusedAddress } from '../../src/core/field-problem.ts'

export interface TestNode {
  engine: Engine
  pool: Pool
  registry: Registry
  payloadLinks: PayloadLinks
  payloads: Payloads
  personKeys: readonly Buffer[]
  /** The attempts' log lines, parsed. */
  lines: Record<string, unknown>[]
  stop(): Promise<{ unfinished: number; unrecorded: number }>
}

const sealKey = Buffer.alloc(32, 7).toString('base64')

/** An engine on a test database, as a node of its own, without HTTP. Loopback is allowed. */
export async function startNode(
  url: string,
  options: Partial<EngineOptions> = {},
): Promise<TestNode> {
  const node = makeNode(url, options)
  await node.engine.start()
  return node
}

/** The same before its start. */
export function makeNode(url: string, options: Partial<EngineOptions> = {}): TestNode {
  const pool = openPool(url, 10)
  const leasePool = openPool(url, 1)
  const clock = options.clock ?? new SystemClock()
  const seal = createSeal([sealKey])
  const guard = createGuard({ allowSubnets: ['127.0.0.0/8'], httpsOnly: false })
  const destinations =
    options.destinations ??
    createDestinations({
      network: createNetwork({ allowSubnets: ['127.0.0.0/8'], httpsOnly: false }),
      version: '0.0.0',
    })
  const lines: Record<string, unknown>[] = []
  const registry = createRegistry({
    pool,
    seal,
    clock,
    rules: {
      checkUrl: (text) => {
        const verdict = guard.checkUrl(text)
        return verdict.allowed ? undefined : refusedAddress(verdict)
      },
      checkFilter: (expression) => {
        const compiled = compileFilter(expression)
        return compiled.ok ? undefined : compiled.problem
      },
      checkTransform: transformProblem,
      chatFilterProblems,
      destinations: destinationRules(destinations),
      ...endpointRules(dialects),
    },
  })
  const payloadLinks = createPayloadLinks(seal.derived('payload links'), () => 'http://127.0.0.1')
  const payloads = createPayloads(seal)
  const personKeys = seal.derived('person keys')
  const engine = new Engine({
    pool,
    leasePool,
    clock,
    registry,
    log: openLog({
      level: 'info',
      format: 'json',
      write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    }),
    metrics: openMetrics({ node: false }),
    nodeName: 'test',
    version: '0.0.0',
    serverUrl: () => 'http://127.0.0.1',
    payloadLinks,
    payloads,
    personKeys,
    allowSubnets: ['127.0.0.0/8'],
    httpsOnly: false,
    leaseMs: 15_000,
    retentionDays: 30,
    commit: { maxBatch: 500, windowMs: 3, maxWaiting: 10_000, maxWaitingBytes: 64 * 1024 * 1024 },
    responseKeptBytes: 16_384,
    pollMs: 50,
    dialects,
    compileChatFilter,
    destinations,
    ...options,
  })
  return {
    engine,
    pool,
    registry,
    payloadLinks,
    payloads,
    personKeys,
    lines,
    async stop() {
      const result = await engine.stop(5_000)
      await Promise.all([pool.end(), leasePool.end()])
      return result
    },
  }
}

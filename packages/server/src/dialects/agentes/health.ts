/** How the services around are: each by itself; one that is not configured says so. */
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { iso } from '../../core/clock.ts'
import { waitAtMost } from '../../core/wait-at-most.ts'
import type { DialectPorts } from '../contract/ports.ts'
import type { AgentesValues } from './settings.ts'

export type ServiceState = 'healthy' | 'unhealthy' | 'configured' | 'not_configured'

export interface Services {
  webhook_manager: ServiceState
  redis: ServiceState
  supabase: ServiceState
  n8n: ServiceState
}

/** Whoever asks more often gets the answer of before: this path takes no key. */
const freshMs = 5_000
const deadlineMs = 2_000

export function createHealth(ports: DialectPorts, values: AgentesValues) {
  let last: { atMs: number; answer: Promise<object> } | undefined
  return async (): Promise<object> => {
    const nowMs = ports.clock.monotonic()
    if (!last || nowMs - last.atMs > freshMs) last = { atMs: nowMs, answer: ask(ports, values) }
    return await last.answer
  }
}

async function ask(ports: DialectPorts, values: AgentesValues): Promise<object> {
  const { redisUrl, supabaseUrl, supabaseKey } = values
  const absent = Promise.resolve('not_configured' as const)
  const [manager, redis, supabase, workflows] = await Promise.all([
    stateOf(askManager(ports)),
    redisUrl === undefined ? absent : stateOf(askRedis(redisUrl)),
    supabaseUrl === undefined ? absent : stateOf(askSupabase(supabaseUrl, supabaseKey)),
    hasWorkflows(ports).catch(() => false),
  ])
  const services: Services = {
    webhook_manager: manager,
    redis,
    supabase,
    n8n: values.n8nUrl !== undefined || workflows ? 'configured' : 'not_configured',
  }
  return {
    overall_status: overall(services),
    services,
    timestamp: iso(ports.clock.now()),
  }
}

/** Pombo itself is what delivers; the others are told of, and missed. */
export function overall(services: Services): 'healthy' | 'degraded' | 'unhealthy' {
  if (services.webhook_manager !== 'healthy') return 'unhealthy'
  return Object.values(services).includes('unhealthy') ? 'degraded' : 'healthy'
}

async function stateOf(question: Promise<unknown>): Promise<ServiceState> {
  let state: ServiceState = 'unhealthy'
  const answer = question.then(
    () => (state = 'healthy'),
    () => {},
  )
  await waitAtMost(deadlineMs, answer)
  return state
}

/** It is well when its database answers. */
async function askManager(ports: DialectPorts): Promise<void> {
  await ports.notes.get(await ports.operator(), 'agentes', 'health')
}

async function hasWorkflows(ports: DialectPorts): Promise<boolean> {
  const query = { dialect: 'agentes', metadata: { kind: 'n8n' }, limit: 1 } as const
  return (await ports.endpoints.list(await ports.operator(), query)).total > 0
}

async function askSupabase(url: string, key: string | undefined): Promise<void> {
  const response = await fetch(`${url}/rest/v1/`, {
    headers: key === undefined ? {} : { apikey: key, authorization: `Bearer ${key}` },
    redirect: 'manual',
    signal: AbortSignal.timeout(deadlineMs),
  })
  await response.body?.cancel()
  // A key that is not taken is a configuration that does not work.
  if (response.status >= 400) throw new Error(`status ${response.status}`)
}

/** One PING over a connection of its own. */
async function askRedis(address: string): Promise<void> {
  const { protocol, hostname, port, username, password } = new URL(address)
  const at = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) }
  const words = password
    ? [['AUTH', ...(username ? [decodeURIComponent(username)] : []), decodeURIComponent(password)]]
    : []
  const question = [...words, ['PING']].map(command).join('')
  await new Promise<void>((resolve, reject) => {
    const socket =
      protocol === 'rediss:' ? connectTls({ ...at, servername: at.host }) : connectTcp(at)
    const end = (error?: Error): void => {
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    let answer = ''
    socket.setTimeout(deadlineMs, () => end(new Error('it did not answer')))
    socket.on('error', end)
    socket.on('close', () => end(new Error('it hung up')))
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1')
      if (answer.startsWith('-')) end(new Error(answer.slice(1, 100)))
      else if (answer.includes('+PONG')) end()
    })
    socket.write(question)
  })
}

function command(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return `*${words.length}\r\n${parts.join('')}`
}

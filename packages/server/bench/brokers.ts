import { brokerSubjects } from '../test/support/broker-sources/subjects.ts'
import { openPool } from '../src/db/pool.ts'
import { startPart } from './parts/child.ts'
import { apiKey, call, type Stage } from './parts/stage.ts'
import type { Figure } from './throughput.ts'

/**
 * How fast one node drains each broker at its usual port on this machine, beside what the same node takes by its API,
 * over 64 connections. No endpoint: what is measured is intake. Brokers that do not answer are left out.
 */
export async function brokers(
  stage: Stage,
  { events }: { events: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const databaseUrl = await stage.database('brokers')
  const pombo = await startPart('pombo.ts', { databaseUrl, dataDir: stage.dataDir, apiKey })
  const pool = openPool(databaseUrl, 1, 'bench')
  const figures: Figure[] = []
  const note = (name: string, perSecond: number, detail: string) => {
    say(`  ${name}: ${Math.round(perSecond)} events/s ${detail}`)
    figures.push({
      name: `events in: ${name}`,
      value: perSecond,
      unit: 'events/s',
      goal: '',
      reached: true,
      detail,
    })
  }
  try {
    const url = await pombo.ask<string>('url')
    const { id: app } = await call<{ id: string }>(url, 'POST', '/app', { name: 'bench' })
    const post = async (count: number) => {
      const headers = { authorization: `Bearer ${apiKey}` }
      const urls = [`${url}/api/v1/app/${app}/msg?with_content=false`]
      const load = { urls, headers, count, firstNumber: 0, concurrency: 64 }
      return await stage.load.ask<{ acceptedMs: number }>('run', load)
    }
    await post(events / 4)
    const { acceptedMs } = await post(events)
    note('POST /msg', (events / acceptedMs) * 1_000, `${events} events`)
    for (const [name, open] of Object.entries(brokerSubjects)) {
      const subject = await open()
      if (subject.missing !== undefined) {
        say(subject.missing)
        continue
      }
      const { id } = await call<{ id: string }>(url, 'POST', '/app', { name })
      const count = Math.min(events, subject.most ?? events)
      const place = await subject.place()
      const path = `/app/${id}/source`
      const source = await call<{ id: string }>(url, 'POST', path, {
        gateway: 'events',
        broker: place.settings(),
      })
      const settle = async (paused: boolean) => {
        const broker = { ...place.settings(), paused }
        await call(url, 'PATCH', `${path}/${source.id}`, { broker })
      }
      await until(async () => (await readingOf(url, `${path}/${source.id}`)) === 'reading')
      await settle(true)
      await until(async () => (await readersOf(url, `${path}/${source.id}`)) === 0)
      const text = 'x'.repeat(200)
      const messages = Array.from({ length: count }, (_, n) => ({
        body: JSON.stringify({ eventType: 'bench.event', payload: { n, text } }),
        id: `b-${n}`,
      }))
      await place.publish(messages)
      const startedAt = performance.now()
      await settle(false)
      await until(async () => {
        const sql = `select count(*)::int as n from message m join app a on a.id = m.app_id where a.name = $1`
        return (await pool.query<{ n: number }>(sql, [name])).rows[0]!.n >= count
      })
      const ms = performance.now() - startedAt
      note(name, (count / ms) * 1_000, `${count} events, connecting included`)
      await call(url, 'DELETE', `${path}/${source.id}`)
      await subject.stop()
    }
    return figures
  } finally {
    await pool.end()
    await pombo.stop()
  }
}

interface Shown {
  reading: { state: string; nodes: unknown[] }
}

async function readingOf(url: string, path: string): Promise<string> {
  return (await call<Shown>(url, 'GET', path)).reading.state
}

async function readersOf(url: string, path: string): Promise<number> {
  return (await call<Shown>(url, 'GET', path)).reading.nodes.length
}

async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 50))
}

import { brokerSubjects } from '../test/support/broker-sources/subjects.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, figure } from './parts/figure.ts'
import { send, type Stage } from './parts/stage.ts'
import { withSubject } from './parts/subject.ts'

/**
 * How fast one node drains each broker at its usual port on this machine, beside what the same node takes by its API,
 * over 64 connections. No endpoint: what is measured is intake. Brokers that do not answer are left out.
 */
export async function brokers(
  stage: Stage,
  { events }: { events: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const figures: Figure[] = []
  const note = (name: string, perSecond: number, detail: string) => {
    say(`  ${name}: ${Math.round(perSecond)} events/s ${detail}`)
    figures.push(figure(`events in: ${name}`, perSecond, 'events/s', detail))
  }
  await withSubject(stage, 'brokers', async ({ url, pool, call }) => {
    const { id: app } = await call<{ id: string }>('POST', '/app', { name: 'bench' })
    const urls = [`${url}/api/v1/app/${app}/msg?with_content=false`]
    await send(stage, { urls, count: events / 4 })
    const { acceptedMs } = await send(stage, { urls, count: events })
    note('POST /msg', (events / acceptedMs) * 1_000, `${events} events`)
    for (const [name, open] of Object.entries(brokerSubjects)) {
      const subject = await open()
      if (subject.missing !== undefined) {
        say(subject.missing)
        continue
      }
      const { id } = await call<{ id: string }>('POST', '/app', { name })
      const count = Math.min(events, subject.most ?? events)
      const place = await subject.place()
      const made = { gateway: 'events', broker: place.settings() }
      const source = await call<{ id: string }>('POST', `/app/${id}/source`, made)
      const path = `/app/${id}/source/${source.id}`
      const settle = async (paused: boolean) =>
        await call('PATCH', path, { broker: { ...place.settings(), paused } })
      const reading = async () => (await call<Shown>('GET', path)).reading
      await until(async () => (await reading()).state === 'reading')
      await settle(true)
      await until(async () => (await reading()).nodes.length === 0)
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
      await call('DELETE', path)
      await subject.stop()
    }
  })
  return figures
}

interface Shown {
  reading: { state: string; nodes: unknown[] }
}

async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask())) await sleep(50)
}

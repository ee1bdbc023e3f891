import { startPart } from './parts/child.ts'
import { apiKey, call, drive, type Stage } from './parts/stage.ts'
import type { Figure } from './throughput.ts'

/**
 * A backlog of healthy endpoints: as fast as what is handed off straight from memory, in the same run. It is made by
 * pausing the endpoints, and drains once they go on.
 */
export async function drain(
  stage: Stage,
  { one, hundred, events }: { one: number; hundred: number; events: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const pombo = await startPart('pombo.ts', {
    databaseUrl: await stage.database('drain'),
    dataDir: stage.dataDir,
    apiKey,
  })
  try {
    const url = await pombo.ask<string>('url')
    let number = 0
    const send = { headers: { authorization: `Bearer ${apiKey}` }, concurrency: 64 }
    const endpointsOf = async (count: number) => {
      const made: { message: string; pause: string; resume: string }[] = []
      for (let i = 0; i < count; i++) {
        const { id } = await call<{ id: string }>(url, 'POST', '/app', { name: 'drain' })
        const endpoint = await call<{ id: string }>(url, 'POST', `/app/${id}/endpoint`, {
          url: `${stage.receiverUrl}/ok`,
          maxInFlight: 64,
        })
        const path = `/app/${id}/endpoint/${endpoint.id}`
        made.push({
          message: `${url}/api/v1/app/${id}/msg?with_content=false`,
          pause: `${path}/pause`,
          resume: `${path}/resume`,
        })
      }
      return made
    }
    const handOff = async (urls: string[], count: number) => {
      await stage.receiver.ask('reset')
      const { deliveredMs } = await drive(stage, { ...send, urls, count, firstNumber: number })
      number += count
      return (count / deliveredMs) * 1000
    }
    const figures: Figure[] = []
    for (const [name, count, waiting] of [
      ['one endpoint', 1, one],
      ['100 endpoints', 100, hundred],
    ] as const) {
      const endpoints = await endpointsOf(count)
      const urls = endpoints.map(({ message }) => message)
      await handOff(urls, Math.ceil(events / 4))
      const straight = await handOff(urls, events)
      for (const { pause } of endpoints) await call(url, 'POST', pause)
      await stage.load.ask('run', { ...send, urls, count: waiting, firstNumber: number })
      number += waiting
      await stage.receiver.ask('reset')
      const startedAt = performance.now()
      const done = stage.receiver.ask('waitFor', waiting)
      for (const { resume } of endpoints) await call(url, 'POST', resume)
      await done
      const drained = (waiting / (performance.now() - startedAt)) * 1000
      const detail = `${Math.round(drained)} against ${Math.round(straight)} events/s`
      say(`  ${waiting} of ${name}: ${detail}`)
      figures.push({
        name: `a backlog of ${name} drains, against sending what is new`,
        value: drained / straight,
        unit: '×',
        goal: '≥ 0.8',
        reached: drained / straight >= 0.8,
        detail,
      })
    }
    return figures
  } finally {
    await pombo.stop()
  }
}

import { type Figure, figure } from './parts/figure.ts'
import { drive, send, type Stage } from './parts/stage.ts'
import { type Target, withSubject } from './parts/subject.ts'

/**
 * A backlog of healthy endpoints: as fast as what is handed off straight from memory, in the same run. It is made by
 * pausing the endpoints, and drains once they go on.
 */
export async function drain(
  stage: Stage,
  { one, hundred, events }: { one: number; hundred: number; events: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  return await withSubject(stage, 'drain', async ({ call, target }) => {
    const figures: Figure[] = []
    for (const [name, count, waiting] of [
      ['one endpoint', 1, one],
      ['100 endpoints', 100, hundred],
    ] as const) {
      const targets: Target[] = []
      while (targets.length < count) targets.push(await target('drain'))
      const urls = targets.map(({ messages }) => messages)
      const tell = async (what: 'pause' | 'resume') => {
        for (const { endpoint } of targets) await call('POST', `${endpoint}/${what}`)
      }
      await stage.receiver.ask('reset')
      await drive(stage, { urls, count: Math.ceil(events / 4) })
      const straight = (await drive(stage, { urls, count: events })).perSecond
      await tell('pause')
      await send(stage, { urls, count: waiting })
      await stage.receiver.ask('reset')
      const startedAt = performance.now()
      const done = stage.receiver.ask('waitFor', waiting)
      await tell('resume')
      await done
      const drained = (waiting / (performance.now() - startedAt)) * 1000
      const detail = `${Math.round(drained)} against ${Math.round(straight)} events/s`
      say(`  ${waiting} of ${name}: ${detail}`)
      const what = `a backlog of ${name} drains, against sending what is new`
      figures.push(figure(what, drained / straight, '≥ 0.8 ×', detail))
    }
    return figures
  })
}

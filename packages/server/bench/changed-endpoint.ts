import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, figure } from './parts/figure.ts'
import { send, type Stage } from './parts/stage.ts'
import { withSubject } from './parts/subject.ts'

const perSecond = 100
const changesPerSecond = 2

/**
 * An application with one endpoint at a steady rate; then, beside it, one endpoint of very many of another is changed
 * twice a second, and the other is sent an event that none of its endpoints wants. What does the small one feel of it?
 */
export async function changedEndpoint(
  stage: Stage,
  { endpoints, seconds }: { endpoints: number; seconds: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  return await withSubject(stage, 'changed_endpoint', async ({ part, call, target }) => {
    const small = await target('small', '/small')
    const wide = await target('wide', '/wide', { eventTypes: ['other.type'] })
    const path = `/app/${wide.app}/endpoint`
    const ids: string[] = []
    while (ids.length < endpoints - 1) {
      const made = Array.from({ length: 8 }, async (_, i) => {
        const settings = {
          url: `${stage.receiverUrl}/wide/${ids.length + i}`,
          eventTypes: ['other.type'],
        }
        return (await call<{ id: string }>('POST', path, settings)).id
      })
      ids.push(...(await Promise.all(made)))
    }
    let changes = 0
    const change = async (): Promise<void> => {
      const n = changes++
      await call('PATCH', `${path}/${ids[(n * 7919) % ids.length]}`, { description: `change ${n}` })
      await send(stage, { urls: [wide.messages], count: 1 })
    }
    const measure = async (beside: boolean) => {
      await stage.receiver.ask('reset')
      await part.ask('longestStallMs')
      const { cpuMs: before } = await part.ask<{ cpuMs: number }>('usage')
      const changing: Promise<void>[] = []
      const timer = setInterval(() => {
        if (beside) changing.push(change())
      }, 1_000 / changesPerSecond)
      const count = seconds * perSecond
      const { answers } = await send(stage, { urls: [small.messages], count, perSecond })
      clearInterval(timer)
      await Promise.all(changing)
      const { cpuMs } = await part.ask<{ cpuMs: number }>('usage')
      while ((await stage.receiver.ask<{ received: number }>('count')).received < count)
        await sleep(100)
      const { p50, p99, max } = await stage.receiver.ask<Record<string, number>>(
        'latencies',
        '/small',
      )
      const stallMs = Math.round(await part.ask<number>('longestStallMs'))
      const cpu = Math.round((cpuMs - before) / seconds / 10)
      return { answers, received: { p50, p99, max }, stallMs, cpu, changes: changing.length }
    }
    await measure(true)
    const calm = await measure(false)
    const troubled = await measure(true)
    say(`  alone  ${JSON.stringify(calm)}\n  beside ${JSON.stringify(troubled)}`)
    return [
      figure(
        `p99 of one endpoint while one of another application's ${endpoints} endpoints is changed twice a second`,
        troubled.received.p99!,
        'ms',
        `alone ${calm.received.p99} ms; until the answer ${troubled.answers.p99} against ${calm.answers.p99}; worst ` +
          `${troubled.received.max}; the event loop's longest delay ${troubled.stallMs} against ${calm.stallMs}; CPU ` +
          `of the node ${troubled.cpu} against ${calm.cpu} %`,
      ),
    ]
  })
}

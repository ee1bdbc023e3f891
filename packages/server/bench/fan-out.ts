import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, figure } from './parts/figure.ts'
import { send, type Stage } from './parts/stage.ts'
import { withSubject } from './parts/subject.ts'

const perSecond = 100

/**
 * An application with one endpoint at a steady rate; then, beside it, an event every two seconds that goes to all
 * endpoints of another. What does the small one feel of it?
 */
export async function fanOut(
  stage: Stage,
  { endpoints, seconds }: { endpoints: number; seconds: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  return await withSubject(stage, 'fan_out', async ({ call, target }) => {
    const small = await target('small', '/small')
    const wide = await target('wide', '/wide/0', {})
    const path = `/app/${wide.app}/endpoint`
    for (let i = 1; i < endpoints; i++)
      await call('POST', path, { url: `${stage.receiverUrl}/wide/${i}` })
    const measure = async (beside: boolean) => {
      await stage.receiver.ask('reset')
      const [{ answers }] = await Promise.all([
        send(stage, { urls: [small.messages], count: seconds * perSecond, perSecond }),
        ...(beside
          ? [send(stage, { urls: [wide.messages], count: seconds / 2, perSecond: 0.5 })]
          : []),
      ])
      const count = seconds * perSecond + (beside ? (endpoints * seconds) / 2 : 0)
      while ((await stage.receiver.ask<{ received: number }>('count')).received < count)
        await sleep(100)
      const { p99, max } = await stage.receiver.ask<{ p99: number; max: number }>(
        'latencies',
        '/small',
      )
      return { answered: answers.p99, p99, max }
    }
    await measure(false)
    const calm = await measure(false)
    const troubled = await measure(true)
    say(`  alone ${JSON.stringify(calm)}, beside ${JSON.stringify(troubled)} ms`)
    return [
      figure(
        `p99 of one endpoint while another application's events go to ${endpoints} each`,
        troubled.p99,
        'ms',
        `alone ${calm.p99} ms; until the answer ${troubled.answered} against ${calm.answered}; worst ${troubled.max}`,
      ),
    ]
  })
}

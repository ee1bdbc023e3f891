import { type Figure, figure } from './parts/figure.ts'
import { send, type Stage } from './parts/stage.ts'
import { withSubject } from './parts/subject.ts'

/**
 * More requests in flight than a node delivers at once, to an endpoint that answers at once: deliveries must keep up
 * with what is accepted, or everything waits for seconds. Compared with accepting alone: the same load for an app
 * whose endpoint is paused.
 */
export async function overload(
  stage: Stage,
  { events, concurrencies }: { events: number; concurrencies: readonly number[] },
  say: (line: string) => void,
): Promise<Figure[]> {
  return await withSubject(stage, 'overload', async ({ call, target }) => {
    const delivering = await target('overload')
    const alone = await target('alone')
    await call('POST', `${alone.endpoint}/pause`)
    const deliver = async (count: number, concurrency: number) => {
      await stage.receiver.ask('reset')
      const sent = await send(stage, { urls: [delivering.messages], count, concurrency })
      const { distinct: delivered } = await stage.receiver.ask<{ distinct: number }>('count')
      await stage.receiver.ask('waitFor', count - sent.refused)
      const took = await stage.receiver.ask<{ p50: number; p99: number }>('latencies', '/ok')
      return { sent, delivered, took }
    }
    await deliver(Math.ceil(events / 4), 64)
    const figures: Figure[] = []
    for (const concurrency of concurrencies) {
      const bare = await send(stage, {
        urls: [alone.messages],
        count: Math.ceil(events / 2),
        concurrency,
      })
      const { sent, delivered, took } = await deliver(events, concurrency)
      const kept = delivered / (events - sent.refused)
      const p50 = took.p50 / bare.answers.p50
      const p99 = took.p99 / bare.answers.p99
      say(
        `  ${concurrency} in flight: ${Math.round((events / sent.acceptedMs) * 1000)} accepted/s, ` +
          `${kept.toFixed(3)} of them delivered meanwhile, received after p50 ${took.p50} ms, p99 ${took.p99} ms ` +
          `(answered after ${sent.answers.p50} and ${sent.answers.p99} ms; ` +
          `alone ${bare.answers.p50} and ${bare.answers.p99} ms)`,
      )
      const detail = `received after p50 ${took.p50} ms, p99 ${took.p99} ms`
      for (const [name, value, goal] of [
        ['delivered while sending, of what was accepted', kept, '≥ 0.95 ×'],
        ['accept → received, p50, against accepting alone', p50, '≤ 2 ×'],
        ['accept → received, p99, against accepting alone', p99, '≤ 4 ×'],
      ] as const)
        figures.push(figure(`${concurrency} in flight: ${name}`, value, goal, detail))
    }
    return figures
  })
}

import { startPart } from './parts/child.ts'
import { apiKey, call, type Stage } from './parts/stage.ts'
import type { Figure } from './throughput.ts'

interface Sent {
  refused: number
  acceptedMs: number
  answers: { p50: number; p99: number }
}
interface Latencies {
  p50: number
  p99: number
}

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
  const pombo = await startPart('pombo.ts', {
    databaseUrl: await stage.database('overload'),
    dataDir: stage.dataDir,
    apiKey,
  })
  try {
    const url = await pombo.ask<string>('url')
    const appOf = async (name: string, paused: boolean) => {
      const { id } = await call<{ id: string }>(url, 'POST', '/app', { name })
      const endpoint = await call<{ id: string }>(url, 'POST', `/app/${id}/endpoint`, {
        url: `${stage.receiverUrl}/ok`,
        maxInFlight: 64,
      })
      if (paused) await call(url, 'POST', `/app/${id}/endpoint/${endpoint.id}/pause`)
      return `${url}/api/v1/app/${id}/msg?with_content=false`
    }
    const delivering = await appOf('overload', false)
    const alone = await appOf('alone', true)
    let number = 0
    const send = async (to: string, count: number, concurrency: number) => {
      const load = {
        urls: [to],
        headers: { authorization: `Bearer ${apiKey}` },
        count,
        firstNumber: number,
        concurrency,
      }
      number += count
      return await stage.load.ask<Sent>('run', load)
    }
    const deliver = async (count: number, concurrency: number) => {
      await stage.receiver.ask('reset')
      const sent = await send(delivering, count, concurrency)
      const { distinct } = await stage.receiver.ask<{ distinct: number }>('count')
      await stage.receiver.ask('waitFor', count - sent.refused)
      return {
        sent,
        delivered: distinct,
        took: await stage.receiver.ask<Latencies>('latencies', '/ok'),
      }
    }
    await deliver(Math.ceil(events / 4), 64)
    const figures: Figure[] = []
    for (const concurrency of concurrencies) {
      const bare = await send(alone, Math.ceil(events / 2), concurrency)
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
      const figure = (name: string, value: number, goal: number, atLeast = false): Figure => ({
        name: `${concurrency} in flight: ${name}`,
        value,
        unit: '×',
        goal: `${atLeast ? '≥' : '≤'} ${goal}`,
        reached: atLeast ? value >= goal : value <= goal,
        detail: `received after p50 ${took.p50} ms, p99 ${took.p99} ms`,
      })
      figures.push(
        figure('delivered while sending, of what was accepted', kept, 0.95, true),
        figure('accept → received, p50, against accepting alone', p50, 2),
        figure('accept → received, p99, against accepting alone', p99, 4),
      )
    }
    return figures
  } finally {
    await pombo.stop()
  }
}

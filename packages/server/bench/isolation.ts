import { startPart } from './parts/child.ts'
import { apiKey, call, median, type Stage } from './parts/stage.ts'
import type { Figure } from './throughput.ts'

const endpoints = 100
const hanging = 5

/**
 * Those that hang now and then are told apart: what waited for them meanwhile arrives late, and is not the
 * others' trouble.
 */
const pathOf = (i: number) => (i < hanging ? `/h/${i}` : `/e/${i}`)

/** 100 endpoints at a steady rate; then five of them hang until their deadline. What do the other 95 feel of it? */
export async function isolation(
  stage: Stage,
  { seconds, rounds }: { seconds: number; rounds: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const pombo = await startPart('pombo.ts', {
    databaseUrl: await stage.database('isolation'),
    dataDir: stage.dataDir,
    apiKey,
  })
  try {
    const url = await pombo.ask<string>('url')
    const made = await Promise.all(
      Array.from({ length: endpoints }, async (_, i) => {
        const app = await call<{ id: string }>(url, 'POST', '/app', { name: `app ${i}` })
        const endpoint = await call<{ id: string }>(url, 'POST', `/app/${app.id}/endpoint`, {
          url: `${stage.receiverUrl}${pathOf(i)}`,
        })
        return { app: app.id, endpoint: endpoint.id }
      }),
    )
    const perSecond = 300
    const load = {
      urls: made.map(({ app }) => `${url}/api/v1/app/${app}/msg?with_content=false`),
      headers: { authorization: `Bearer ${apiKey}` },
      perSecond,
      concurrency: 64,
    }
    let first = 0
    const measure = async (): Promise<number> => {
      await stage.receiver.ask('reset')
      const count = seconds * perSecond
      await stage.load.ask('run', { ...load, count, firstNumber: first })
      first += count
      await settle(stage)
      return (await stage.receiver.ask<{ p95: number }>('latencies', '/e/')).p95
    }
    const hang = (on: boolean) =>
      Promise.all(
        made.slice(0, hanging).map(({ app, endpoint }, i) =>
          call(url, 'PATCH', `/app/${app}/endpoint/${endpoint}`, {
            url: `${stage.receiverUrl}${on ? '/hang' : pathOf(i)}`,
          }),
        ),
      )
    await measure()
    const calm: number[] = []
    const troubled: number[] = []
    for (let round = 0; round < rounds; round++) {
      calm.push(await measure())
      await hang(true)
      troubled.push(await measure())
      await hang(false)
      say(
        `  round ${round + 1}: p95 ${calm.at(-1)} ms with none hanging, ${troubled.at(-1)} ms with ${hanging} hanging`,
      )
    }
    const ratio = median(troubled) / median(calm)
    return [
      {
        name: `p95 of ${endpoints - hanging} endpoints while ${hanging} others hang, against none hanging`,
        value: ratio,
        unit: '×',
        goal: '≤ 1.5',
        reached: ratio <= 1.5,
        detail: `${median(troubled)} against ${median(calm)} ms, at ${perSecond} events/s`,
      },
    ]
  } finally {
    await pombo.stop()
  }
}

/** Waits until nothing more arrives. */
async function settle(stage: Stage): Promise<void> {
  for (let before = -1; ; ) {
    const { received } = await stage.receiver.ask<{ received: number }>('count')
    if (received === before) return
    before = received
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

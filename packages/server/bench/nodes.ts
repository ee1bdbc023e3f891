import { type Part, startPart } from './parts/child.ts'
import { apiKey, call, drive, median, type Stage } from './parts/stage.ts'
import type { Figure } from './throughput.ts'

/** The same load on one node and on two, on one PostgreSQL. Only meaningful with cores to spare; reported as it is. */
export async function nodes(
  stage: Stage,
  { rounds, events }: { rounds: number; events: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const databaseUrl = await stage.database('nodes')
  const started: Part[] = [
    await startPart('pombo.ts', { databaseUrl, dataDir: stage.dataDir, apiKey }),
  ]
  try {
    const urls = [await started[0]!.ask<string>('url')]
    const apps = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const { id } = await call<{ id: string }>(urls[0]!, 'POST', '/app', { name: `app ${i}` })
        await call(urls[0]!, 'POST', `/app/${id}/endpoint`, { url: `${stage.receiverUrl}/n/${i}` })
        return id
      }),
    )
    let first = 0
    const measure = async (): Promise<number> => {
      // All through the first node's address: the load generator keeps one origin, and sharing the delivering
      // is what is asked here too.
      const targets = urls.flatMap((url) =>
        apps.map((app) => `${url}/api/v1/app/${app}/msg?with_content=false`),
      )
      const perNode = Math.ceil(events / urls.length)
      const results = await Promise.all(
        urls.map((url, i) =>
          stage.load.ask<unknown>('run', {
            urls: targets.filter((target) => target.startsWith(url)),
            headers: { authorization: `Bearer ${apiKey}` },
            count: perNode,
            firstNumber: first + i * perNode,
            concurrency: 64 / urls.length,
          }),
        ),
      )
      first += perNode * results.length
      return perNode * results.length
    }
    const timed = async (): Promise<number> => {
      await stage.receiver.ask('reset')
      const startedAt = performance.now()
      const count = await measure()
      await stage.receiver.ask('waitFor', count)
      return (count / (performance.now() - startedAt)) * 1000
    }
    await drive(stage, {
      urls: [`${urls[0]!}/api/v1/app/${apps[0]!}/msg`],
      headers: { authorization: `Bearer ${apiKey}` },
      count: 2_000,
      firstNumber: 1_000_000_000,
    })
    const one: number[] = []
    for (let round = 0; round < rounds; round++) one.push(await timed())
    started.push(await startPart('pombo.ts', { databaseUrl, dataDir: stage.dataDir, apiKey }))
    urls.push(await started[1]!.ask<string>('url'))
    await timed()
    const two: number[] = []
    for (let round = 0; round < rounds; round++) two.push(await timed())
    say(
      `  one node ${one.map(Math.round).join(', ')}; two nodes ${two.map(Math.round).join(', ')} events/s`,
    )
    const ratio = median(two) / median(one)
    return [
      {
        name: 'two nodes against one',
        value: ratio,
        unit: '×',
        goal: '≥ 1 with cores to spare',
        reached: ratio >= 1,
        detail:
          `${Math.round(median(two))} against ${Math.round(median(one))} events/s, PostgreSQL, ` +
          'load and receiver on the same cores',
      },
    ]
  } finally {
    await Promise.all(started.map((part) => part.stop()))
  }
}

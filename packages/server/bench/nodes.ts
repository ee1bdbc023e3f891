import { type Part, startPart } from './parts/child.ts'
import { type Figure, figure, median } from './parts/figure.ts'
import { apiKey, drive, send, type Stage } from './parts/stage.ts'
import { withSubject } from './parts/subject.ts'

/** The same load on one node and on two, on one PostgreSQL. Only meaningful with cores to spare; reported as it is. */
export async function nodes(
  stage: Stage,
  { rounds, events }: { rounds: number; events: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  return await withSubject(stage, 'nodes', async ({ url, databaseUrl, target }) => {
    const targets = await Promise.all(
      Array.from({ length: 8 }, (_, i) => target(`app ${i}`, `/n/${i}`, {})),
    )
    const paths = targets.map(({ messages }) => messages.slice(url.length))
    /** Each node gets its share from a client of its own. */
    const timed = async (urls: string[]): Promise<number> => {
      await stage.receiver.ask('reset')
      const startedAt = performance.now()
      const count = Math.ceil(events / urls.length)
      await Promise.all(
        urls.map((one) =>
          send(stage, {
            urls: paths.map((path) => `${one}${path}`),
            count,
            concurrency: 64 / urls.length,
          }),
        ),
      )
      await stage.receiver.ask('waitFor', count * urls.length)
      return ((count * urls.length) / (performance.now() - startedAt)) * 1000
    }
    const measure = async (urls: string[]) => {
      const rates: number[] = []
      while (rates.length < rounds) rates.push(await timed(urls))
      return rates
    }
    await drive(stage, { urls: [targets[0]!.messages], count: 2_000 })
    const one = await measure([url])
    const second: Part = await startPart('pombo.ts', {
      databaseUrl,
      dataDir: stage.dataDir,
      apiKey,
    })
    try {
      const urls = [url, await second.ask<string>('url')]
      await timed(urls)
      const two = await measure(urls)
      const shown = (rates: number[]) => rates.map(Math.round).join(', ')
      say(`  one node ${shown(one)}; two nodes ${shown(two)} events/s`)
      return [
        {
          ...figure(
            'two nodes against one',
            median(two) / median(one),
            '≥ 1 ×',
            `${Math.round(median(two))} against ${Math.round(median(one))} events/s, PostgreSQL, ` +
              'load and receiver on the same cores',
          ),
          goal: '≥ 1 with cores to spare',
        },
      ]
    } finally {
      await second.stop()
    }
  })
}

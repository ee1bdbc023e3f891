import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, figure, median } from './parts/figure.ts'
import { send, type Stage } from './parts/stage.ts'
import { withSubject } from './parts/subject.ts'

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
  return await withSubject(stage, 'isolation', async ({ call, target }) => {
    const made = await Promise.all(
      Array.from({ length: endpoints }, (_, i) => target(`app ${i}`, pathOf(i), {})),
    )
    const perSecond = 300
    const load = {
      urls: made.map(({ messages }) => messages),
      count: seconds * perSecond,
      perSecond,
    }
    const measure = async (): Promise<number> => {
      await stage.receiver.ask('reset')
      await send(stage, load)
      await settle(stage)
      return (await stage.receiver.ask<{ p95: number }>('latencies', '/e/')).p95
    }
    const hang = (on: boolean) =>
      Promise.all(
        made.slice(0, hanging).map(({ endpoint }, i) => {
          const url = `${stage.receiverUrl}${on ? '/hang' : pathOf(i)}`
          return call('PATCH', endpoint, { url })
        }),
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
    return [
      figure(
        `p95 of ${endpoints - hanging} endpoints while ${hanging} others hang, against none hanging`,
        median(troubled) / median(calm),
        '≤ 1.5 ×',
        `${median(troubled)} against ${median(calm)} ms, at ${perSecond} events/s`,
      ),
    ]
  })
}

/** Waits until nothing more arrives. */
async function settle(stage: Stage): Promise<void> {
  for (let before = -1; ; ) {
    const { received } = await stage.receiver.ask<{ received: number }>('count')
    if (received === before) return
    before = received
    await sleep(300)
  }
}

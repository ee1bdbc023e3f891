import { setTimeout as sleep } from 'node:timers/promises'
import { openPool } from '../src/db/pool.ts'
import { startPart } from './parts/child.ts'
import { type Figure, figure, median } from './parts/figure.ts'
import { openDatabaseMeter } from './parts/postgres.ts'
import { drive, type Stage } from './parts/stage.ts'
import { openSubject, withSubject } from './parts/subject.ts'

interface Round {
  perSecond: number
  cpuMsPerEvent: number
  /** NaN: PostgreSQL is on another machine. */
  databaseCpuMsPerEvent: number
  walBytesPerEvent: number
  pagesPerEvent: number
}

const connections = 64

/**
 * One endpoint, 700-byte payloads, end to end: from the first request to the last event received. Pombo and the
 * bare loop take turns, so that both see the same machine; the medians are compared.
 */
export async function throughput(
  stage: Stage,
  { rounds, events }: { rounds: number; events: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const admin = openPool(stage.adminUrl, 1, 'bench')
  const meter = await openDatabaseMeter(admin)
  const bare = await startPart('bare.ts', {
    databaseUrl: await stage.database('bare'),
    receiverUrl: stage.receiverUrl,
    connections,
  })
  const pombo = await openSubject(stage, 'pombo')
  try {
    const { messages } = await pombo.target('bench', '/ok', { maxInFlight: connections })
    const bareLoad = { urls: await bare.ask<string[]>('urls'), headers: {} }
    const sides = {
      bare: { part: bare, load: bareLoad, rounds: [] as Round[] },
      pombo: { part: pombo.part, load: { urls: [messages] }, rounds: [] as Round[] },
    }
    for (let round = 0; round <= rounds; round++) {
      for (const [name, side] of Object.entries(sides)) {
        // The first round warms both up and does not count.
        const count = round === 0 ? Math.ceil(events / 4) : events
        const before = await side.part.ask<{ cpuMs: number }>('usage')
        const databaseBefore = await meter.look()
        const { perSecond } = await drive(stage, { ...side.load, count })
        const after = await side.part.ask<{ cpuMs: number }>('usage')
        // The server's counts of pages come in up to a second late.
        const database = await meter.since(databaseBefore)
        await sleep(1_100)
        const { pages } = await meter.since(databaseBefore)
        const figures = {
          perSecond,
          cpuMsPerEvent: (after.cpuMs - before.cpuMs) / count,
          databaseCpuMsPerEvent: (database.cpuMs ?? Number.NaN) / count,
          walBytesPerEvent: database.walBytes / count,
          pagesPerEvent: pages / count,
        }
        if (round > 0) side.rounds.push(figures)
        say(
          `  round ${round} ${name.padEnd(5)} ${Math.round(figures.perSecond)} events/s, ` +
            `${(figures.cpuMsPerEvent * 1000).toFixed(0)} µs of CPU an event, ` +
            `PostgreSQL ${(figures.databaseCpuMsPerEvent * 1000).toFixed(0)} µs, ` +
            `${figures.pagesPerEvent.toFixed(1)} pages and ` +
            `${figures.walBytesPerEvent.toFixed(0)} bytes of log`,
        )
      }
    }
    const of = (name: 'bare' | 'pombo', key: keyof Round) =>
      median(sides[name].rounds.map((round) => round[key]))
    const [pomboRate, bareRate] = [of('pombo', 'perSecond'), of('bare', 'perSecond')]
    const us = (name: 'bare' | 'pombo', key: 'cpuMsPerEvent' | 'databaseCpuMsPerEvent') =>
      of(name, key) * 1000
    const cpu = [us('pombo', 'cpuMsPerEvent'), us('bare', 'cpuMsPerEvent')] as const
    const database = [
      us('pombo', 'databaseCpuMsPerEvent'),
      us('bare', 'databaseCpuMsPerEvent'),
    ] as const
    const slowest = Math.min(
      ...sides.pombo.rounds.map((round, i) => round.perSecond / sides.bare.rounds[i]!.perSecond),
    )
    const against = (pair: readonly [number, number]) =>
      `${pair[0].toFixed(0)} against ${pair[1].toFixed(0)}`
    const wal = against([of('pombo', 'walBytesPerEvent'), of('bare', 'walBytesPerEvent')])
    return [
      figure(
        'throughput, one endpoint, against the bare loop',
        pomboRate / bareRate,
        '≥ 0.75 ×',
        `${against([pomboRate, bareRate])} events/s`,
      ),
      figure(
        'CPU of the server process an event, against the bare loop',
        cpu[0] / cpu[1],
        '≤ 1.5 ×',
        `${against(cpu)} µs`,
      ),
      figure(
        'throughput against the bare loop, the smallest of all rounds',
        slowest,
        '≥ 0.65 ×',
        `${rounds} rounds`,
      ),
      ...(Number.isNaN(database[1])
        ? []
        : [
            figure(
              "PostgreSQL's CPU an event, against the bare loop",
              database[0] / database[1],
              '≤ 1.6 ×',
              `${against(database)} µs, ${wal} bytes of its log`,
            ),
            figure(
              "PostgreSQL's CPU an event",
              database[0],
              '≤ 70 µs',
              `${of('pombo', 'pagesPerEvent').toFixed(1)} pages an event`,
            ),
          ]),
    ]
  } finally {
    await Promise.all([bare.stop(), pombo.stop(), admin.end()])
  }
}

/** Accept → received at a steady 200 events a second. */
export async function latency(
  stage: Stage,
  { seconds }: { seconds: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  return await withSubject(stage, 'latency', async ({ target }) => {
    const { messages } = await target('bench', '/latency', {})
    const load = { urls: [messages], perSecond: 200 }
    await drive(stage, { ...load, count: 400 })
    await stage.receiver.ask('reset')
    await drive(stage, { ...load, count: seconds * 200 })
    const found = await stage.receiver.ask<{ p50: number; p99: number; max: number }>(
      'latencies',
      '/latency',
    )
    say(`  p50 ${found.p50} ms, p99 ${found.p99} ms, longest ${found.max} ms`)
    const name = 'accept → received at 200 events/s'
    return [
      figure(`${name}, p50`, found.p50, '≤ 10 ms', `${seconds} s`),
      figure(`${name}, p99`, found.p99, '≤ 40 ms', `longest ${found.max} ms`),
    ]
  })
}

import { openPool } from '../src/db/pool.ts'
import { startPart } from './parts/child.ts'
import { openDatabaseMeter } from './parts/postgres.ts'
import { apiKey, call, drive, median, type Stage } from './parts/stage.ts'

export interface Figure {
  name: string
  value: number
  unit: string
  goal: string
  reached: boolean
  detail: string
}

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
  const pombo = await startPart('pombo.ts', {
    databaseUrl: await stage.database('pombo'),
    dataDir: stage.dataDir,
    apiKey,
  })
  try {
    const url = await pombo.ask<string>('url')
    const { id } = await call<{ id: string }>(url, 'POST', '/app', { name: 'bench' })
    await call(url, 'POST', `/app/${id}/endpoint`, {
      url: `${stage.receiverUrl}/ok`,
      maxInFlight: connections,
    })
    const sides = {
      bare: {
        part: bare,
        urls: await bare.ask<string[]>('urls'),
        headers: {},
        rounds: [] as Round[],
      },
      pombo: {
        part: pombo,
        urls: [`${url}/api/v1/app/${id}/msg?with_content=false`],
        headers: { authorization: `Bearer ${apiKey}` },
        rounds: [] as Round[],
      },
    }
    let first = 0
    await stage.receiver.ask('reset')
    for (let round = 0; round <= rounds; round++) {
      for (const [name, side] of Object.entries(sides)) {
        // The first round warms both up and does not count.
        const count = round === 0 ? Math.ceil(events / 4) : events
        const before = await side.part.ask<{ cpuMs: number }>('usage')
        const databaseBefore = await meter.look()
        const result = await drive(stage, {
          urls: side.urls,
          headers: side.headers,
          count,
          firstNumber: first,
        })
        const after = await side.part.ask<{ cpuMs: number }>('usage')
        // The server's counts of pages come in up to a second late.
        const database = await meter.since(databaseBefore)
        await new Promise((resolve) => setTimeout(resolve, 1_100))
        const { pages } = await meter.since(databaseBefore)
        first += count
        const figures = {
          perSecond: (count / result.deliveredMs) * 1000,
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
    const speed = of('pombo', 'perSecond') / of('bare', 'perSecond')
    const cpu = of('pombo', 'cpuMsPerEvent') / of('bare', 'cpuMsPerEvent')
    const databaseCpu = of('pombo', 'databaseCpuMsPerEvent') / of('bare', 'databaseCpuMsPerEvent')
    const databaseCpuUs = of('pombo', 'databaseCpuMsPerEvent') * 1000
    const slowest = Math.min(
      ...sides.pombo.rounds.map((round, i) => round.perSecond / sides.bare.rounds[i]!.perSecond),
    )
    return [
      {
        name: 'throughput, one endpoint, against the bare loop',
        value: speed,
        unit: '×',
        goal: '≥ 0.75',
        reached: speed >= 0.75,
        detail: `${Math.round(of('pombo', 'perSecond'))} against ${Math.round(of('bare', 'perSecond'))} events/s`,
      },
      {
        name: 'CPU of the server process an event, against the bare loop',
        value: cpu,
        unit: '×',
        goal: '≤ 1.5',
        reached: cpu <= 1.5,
        detail:
          `${(of('pombo', 'cpuMsPerEvent') * 1000).toFixed(0)} against ` +
          `${(of('bare', 'cpuMsPerEvent') * 1000).toFixed(0)} µs`,
      },
      {
        name: 'throughput against the bare loop, the smallest of all rounds',
        value: slowest,
        unit: '×',
        goal: '≥ 0.65',
        reached: slowest >= 0.65,
        detail: `${rounds} rounds`,
      },
      ...(Number.isNaN(databaseCpu)
        ? []
        : [
            {
              name: "PostgreSQL's CPU an event, against the bare loop",
              value: databaseCpu,
              unit: '×',
              goal: '≤ 1.6',
              reached: databaseCpu <= 1.6,
              detail:
                `${databaseCpuUs.toFixed(0)} against ` +
                `${(of('bare', 'databaseCpuMsPerEvent') * 1000).toFixed(0)} µs, ` +
                `${of('pombo', 'walBytesPerEvent').toFixed(0)} against ` +
                `${of('bare', 'walBytesPerEvent').toFixed(0)} bytes of its log`,
            },
            {
              name: "PostgreSQL's CPU an event",
              value: databaseCpuUs,
              unit: 'µs',
              goal: '≤ 70',
              reached: databaseCpuUs <= 70,
              detail: `${of('pombo', 'pagesPerEvent').toFixed(1)} pages an event`,
            },
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
  const pombo = await startPart('pombo.ts', {
    databaseUrl: await stage.database('latency'),
    dataDir: stage.dataDir,
    apiKey,
  })
  try {
    const url = await pombo.ask<string>('url')
    const { id } = await call<{ id: string }>(url, 'POST', '/app', { name: 'bench' })
    await call(url, 'POST', `/app/${id}/endpoint`, { url: `${stage.receiverUrl}/latency` })
    const load = {
      urls: [`${url}/api/v1/app/${id}/msg?with_content=false`],
      headers: { authorization: `Bearer ${apiKey}` },
      perSecond: 200,
    }
    await stage.receiver.ask('reset')
    await drive(stage, { ...load, count: 400, firstNumber: 0 })
    await stage.receiver.ask('reset')
    await drive(stage, { ...load, count: seconds * 200, firstNumber: 1_000 })
    const found = await stage.receiver.ask<{ p50: number; p99: number; max: number }>(
      'latencies',
      '/latency',
    )
    say(`  p50 ${found.p50} ms, p99 ${found.p99} ms, longest ${found.max} ms`)
    return [
      {
        name: 'accept → received at 200 events/s, p50',
        value: found.p50,
        unit: 'ms',
        goal: '≤ 10',
        reached: found.p50 <= 10,
        detail: `${seconds} s`,
      },
      {
        name: 'accept → received at 200 events/s, p99',
        value: found.p99,
        unit: 'ms',
        goal: '≤ 40',
        reached: found.p99 <= 40,
        detail: `longest ${found.max} ms`,
      },
    ]
  } finally {
    await pombo.stop()
  }
}

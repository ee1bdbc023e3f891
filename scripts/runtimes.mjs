// npm run runtimes: the packed SDK in Deno, Bun, workerd (Cloudflare's) and Node 20, each from its npm package, installed
// into a folder that is removed again. Not among the tests: they are 400 MB.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const versions = { node: '20.19.0', deno: '2.9.6', bun: '1.4.5', workerd: '1.20261117.1' }
const allowScripts = Object.fromEntries(Object.keys(versions).map((name) => [name, true]))
const folder = await mkdtemp(join(tmpdir(), 'pombo-runtimes-'))

/** Signs and verifies by each kind of key, refuses a changed body, opens media: all that needs WebCrypto. */
const check = `
import { MediaError, PomboClient, Webhook, decryptMedia, sign } from '@pombo/sdk'
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const whsk = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=='
const whpk = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='
export async function check() {
  const body = '{"text":"Olá","n":1}'
  const headers = await sign({ secret: [secret, whsk], body })
  for (const key of [secret, whpk, whsk]) await new Webhook(key).verify(body, new Headers(headers))
  const forged = await new Webhook(secret).verify('{}', headers).then(() => 'taken', (error) => error.code)
  if (forged !== 'signature_mismatch') throw new Error('a changed body was ' + forged)
  const media = await decryptMedia(new Uint8Array(64), btoa('x'.repeat(32)), 'image').then(() => 'opened', (error) => error)
  if (!(media instanceof MediaError)) throw new Error('media that was changed: ' + media)
  new PomboClient({ url: 'http://127.0.0.1:1', apiKey: 'key' })
  return 'signed, verified and refused'
}
`
const worker = `
import { check } from './check.mjs'
export default { fetch: async () => new Response(await check()) }
`

let failed = false
try {
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--pack-destination', folder, '--workspace=packages/sdk'],
    { cwd: root },
  )
  const [{ filename }] = Object.values(JSON.parse(stdout))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', allowScripts }))
  const wanted = Object.entries(versions).map(([name, version]) => `${name}@${version}`)
  const options = ['--no-audit', '--no-fund']
  await run('npm', ['install', ...options, `./${filename}`, ...wanted], { cwd: folder })
  await writeFile(join(folder, 'check.mjs'), check)
  await writeFile(join(folder, 'run.mjs'), `console.log(await (await import('./check.mjs')).check())`)
  await writeFile(join(folder, 'worker.mjs'), worker)
  await writeFile(join(folder, 'config.capnp'), await workerdConfig())
  await report('Node', () => inFolder('node', ['run.mjs']))
  await report('Deno', () => inFolder('deno', ['run', 'run.mjs']))
  await report('Bun', () => inFolder('bun', ['run.mjs']))
  await report('workerd', inWorkerd)
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exitCode = failed ? 1 : 0

async function report(name, attempt) {
  const version = versions[name.toLowerCase()]
  try {
    console.log(`ok     ${name} ${version}: ${(await attempt()).trim()}`)
  } catch (error) {
    failed = true
    console.log(`FAILED ${name} ${version}: ${error.stderr || error.message}`)
  }
}

async function inFolder(program, args) {
  const bin = join(folder, 'node_modules/.bin', program)
  return (await run(bin, args, { cwd: folder, timeout: 60_000 })).stdout
}

async function workerdConfig() {
  const dist = 'node_modules/@pombo/sdk/dist'
  const files = (await readdir(join(folder, dist))).filter((name) => name.endsWith('.js'))
  const modules = [
    `(name = "worker.mjs", esModule = embed "worker.mjs")`,
    `(name = "check.mjs", esModule = embed "check.mjs")`,
    `(name = "@pombo/sdk", esModule = embed "${dist}/sdk.js")`,
    ...files.map((name) => `(name = "@pombo/${name}", esModule = embed "${dist}/${name}")`),
  ]
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (compatibilityDate = "2026-01-01", modules = [${modules.join(', ')}]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`
}

async function inWorkerd() {
  const bin = join(folder, 'node_modules/.bin/workerd')
  const args = ['serve', 'config.capnp', '--control-fd=3']
  const child = spawn(bin, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  try {
    const listening = new Promise((resolve, reject) => {
      let text = ''
      child.once('exit', (code) => reject(new Error(`it ended with ${code}`)))
      child.stdio[3].on('data', (chunk) => {
        text += chunk
        const port = /"port":(\d+)/.exec(text)?.[1]
        if (port) resolve(port)
      })
    })
    const response = await fetch(`http://127.0.0.1:${await listening}/`)
    const text = await response.text()
    if (!response.ok) throw new Error(text)
    return text
  } finally {
    child.kill()
    if (child.exitCode === null) await once(child, 'exit')
  }
}

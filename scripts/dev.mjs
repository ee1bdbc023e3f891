// `npm run dev`: Pombo, started anew at every change of the server, and the dashboard's development server on top of it,
// which shows a change without a reload. The browser opens once both answer (`--no-open`, CI: it does not).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = join(import.meta.dirname, '..')
const args = process.argv.slice(2)
const server = start(['--watch', '--watch-preserve-output', join(root, 'packages/server/src/main.ts'), 'serve'])
const vite = join(createRequire(import.meta.url).resolve('vite/package.json'), '../bin/vite.js')
const dashboard = start([vite, '--logLevel', 'warn', '--clearScreen', 'false', '--strictPort'], join(root, 'packages/dashboard'))
const running = [server, dashboard]
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => running.forEach((child) => child.kill(signal)))
for (const child of running)
  void once(child, 'exit').then(() => running.forEach((other) => other !== child && other.kill('SIGTERM')))

const page = 'http://127.0.0.1:5173/'
if (await answers('http://127.0.0.1:8071/livez', server)) {
  console.error(`The dashboard, as it is in packages/dashboard/src: ${page}`)
  if (!args.includes('--no-open') && !process.env.CI) open(page)
}

function start(argv, cwd = root) {
  return spawn(process.execPath, argv, { cwd, stdio: 'inherit' })
}

async function answers(url, child) {
  while (child.exitCode === null && child.signalCode === null) {
    if (await fetch(url).then((response) => response.ok, () => false)) return true
    await sleep(200)
  }
  return false
}

/** Where there is no desktop, the address above is to be clicked on. */
function open(url) {
  const program = { darwin: 'open', win32: 'explorer' }[process.platform] ?? 'xdg-open'
  spawn(program, [url], { stdio: 'ignore', detached: true }).on('error', () => {}).unref()
}

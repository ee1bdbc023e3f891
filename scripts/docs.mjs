// npm run docs: docs/ as a site, in docs/.vitepress/dist. A dead link, to a page, a heading or a file, fails it.
// `-- --dev` serves it while the pages change. VitePress is installed in docs/ alone, with a lock file of its own.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const docs = join(root, 'docs')
const stage = join(docs, '.vitepress/stage.ts')
const dist = join(docs, '.vitepress/dist')
const bin = `${join(root, 'node_modules/.bin')}${delimiter}${join(docs, 'node_modules/.bin')}`
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
const shell = process.platform === 'win32' // the programs are .cmd files there

const lock = createHash('sha1').update(readFileSync(join(docs, 'package-lock.json'))).digest('hex')
const mark = join(docs, 'node_modules/.installed')
if (!existsSync(mark) || readFileSync(mark, 'utf8') !== lock) {
  // No scripts: esbuild's only checks what npm has installed.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', docs])
  writeFileSync(mark, lock)
}
run('node', [stage])

if (process.argv.includes('--dev')) {
  let timer
  for (const folder of [docs, join(root, 'packages')])
    watch(folder, { recursive: true }, (_, file) => {
      if (!file?.endsWith('.md') || /node_modules|\.vitepress/.test(file)) return
      clearTimeout(timer)
      timer = setTimeout(() => spawnSync('node', [stage], { cwd: root, env, stdio: 'inherit', shell }), 100)
    })
  const server = spawn('vitepress', ['dev'], { cwd: docs, env, stdio: 'inherit', shell })
  server.on('exit', (code) => process.exit(code ?? 1))
} else {
  run('tsc', ['-p', docs])
  run('vitepress', ['build'], docs)
  const dead = deadAnchors()
  for (const one of dead) console.error(one)
  if (dead.length > 0) process.exit(1)
}

/** VitePress looks whether a page is there, and not whether it has the heading. */
function deadAnchors() {
  const base = (process.env.DOCS_BASE ?? '/').replace(/\/$/, '')
  const pages = new Map(
    globSync('**/*.html', { cwd: dist }).map((file) => {
      const html = readFileSync(join(dist, file), 'utf8')
      const address = `/${file.replaceAll('\\', '/').replace(/(^|\/)index\.html$|\.html$/, '$1')}`
      return [address, { html, ids: new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)) }]
    }),
  )
  const dead = new Set()
  for (const [address, { html }] of pages)
    for (const [, href] of html.matchAll(/<a [^>]*?href="([^"]*)"/g)) {
      if (!href.startsWith('/') && !href.startsWith('#')) continue
      const [path, hash] = decodeURI(href).split('#')
      const target = path === '' ? address : path.slice(base.length)
      const page = pages.get(target)
      const there = page === undefined ? existsSync(join(dist, target)) : hash === undefined || page.ids.has(hash)
      if (!there) dead.add(`${address}: the link to ${href} is dead`)
    }
  return [...dead]
}

function run(program, args, cwd = root) {
  const { status } = spawnSync(program, args, { cwd, env, stdio: 'inherit', shell })
  if (status !== 0) process.exit(status ?? 1)
}

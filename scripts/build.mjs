// npm run build: what is published. The server is bundled with what it depends on, because finding and reading 900
// modules was most of its start (2.0 s against 0.6 s on two cores); the SDK, the Baileys package and the portal's
// are small and stay as they are.
import { spawnSync } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildNodes } from './build-n8n.mjs'
import { bundleServer } from './bundle.mjs'
import { licensesOf, materialsOf } from './licenses.mjs'

const root = join(import.meta.dirname, '..')
const server = join(root, 'packages/server')
await rm(join(server, 'dist'), { recursive: true, force: true })
const output = await bundleServer(join(server, 'dist'), { sourcemap: true })
// The dashboard, which the server serves from dist/dashboard. Not by way of packages/dashboard/dist: whoever looks at a
// dashboard that is served from there would lose the files that its pages still ask for. Nor does it wait its turn with a
// build that `npm start` makes there meanwhile, which Vite would otherwise refuse.
const dashboard = join(root, 'packages/dashboard')
const into = ['--outDir', join(server, 'dist/dashboard'), '--emptyOutDir', '--bypass-lock']
run('vite', ['build', '--logLevel', 'warn', ...into], dashboard)

const modules = [
  ...output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : [])),
  ...JSON.parse(await readFile(join(dashboard, 'bundled-modules.json'), 'utf8')),
]
const manifest = JSON.parse(await readFile(join(server, 'package.json'), 'utf8'))
await writeFile(join(server, 'dist/THIRD-PARTY-LICENSES.txt'), await licensesOf(modules))
await writeFile(join(server, 'dist/sbom.cdx.json'), JSON.stringify(await materialsOf(modules, manifest), null, 1))

await buildNodes()

for (const name of ['sdk', 'baileys', 'portal']) {
  await rm(join(root, 'packages', name, 'dist'), { recursive: true, force: true })
  run('tsc', ['-p', `packages/${name}/tsconfig.build.json`])
}

function run(program, args, cwd = root) {
  const path = `${join(root, 'node_modules/.bin')}:${process.env.PATH}`
  const env = { ...process.env, PATH: path }
  const { status } = spawnSync(program, args, { cwd, env, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
